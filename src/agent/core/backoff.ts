/** No `Retry-After` holds the agent back for longer than this, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 3_600_000

/**
 * How long to wait before the next try, in milliseconds: it doubles from `baseMs` up to `capMs`, and a random half of
 * it is taken off, so that many agents do not come back in the same instant.
 * `attempt` counts the failures in a row so far, from 0; `random` gives 0 ≤ x < 1.
 */
export const backoff = ({
  attempt,
  baseMs,
  capMs,
  random,
}: {
  readonly attempt: number
  readonly baseMs: number
  readonly capMs: number
  readonly random: () => number
}): number => Math.round((0.5 + random() / 2) * Math.min(capMs, baseMs * 2 ** attempt))

/**
 * The wait that a `Retry-After` header asks for, in milliseconds, at most an hour; `undefined` where there is none or
 * it makes no sense. Both forms of RFC 9110 are read: seconds and an HTTP date. `nowMs` is in epoch milliseconds.
 */
export const retryAfterMs = (header: string | null | undefined, nowMs: number): number | undefined => {
  const value = header?.trim() ?? ''
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : parseHttpDate(value) - nowMs
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER_MS)
}

// Date.parse alone would take "-5" for a year.
const parseHttpDate = (value: string): number => (/^[A-Z][a-z]+, .* GMT$/.test(value) ? Date.parse(value) : Number.NaN)
