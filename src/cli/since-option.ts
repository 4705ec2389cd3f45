import { z } from 'zod'
import { parseDuration } from '../config/duration.ts'

/**
 * `--since` → Unix milliseconds: so long ago (`90m`, `7d`), the begin of a day here (`2026-11-23`), or a time
 * (`2026-11-23T08:00`, of this place where it names no zone). Undefined where it is no time in the past.
 */
export const parseSince = (written: string, nowMs: number): number | undefined => {
  const text = written.trim()
  const span = /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text) ? parseDuration(text) : undefined
  const isDate = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text)
  const date = isDate ? Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T')) : Number.NaN
  const time = span === undefined ? date : nowMs - span
  return time >= 0 && time <= nowMs ? time : undefined
}

export const SINCE_HINT =
  'Use a duration with its unit (90m, 24h, 7d), a date (2026-11-23), or a time (2026-11-23T08:00).'

export const sinceOption = z.string().transform((written, context) => {
  const time = parseSince(written, Date.now())
  if (time !== undefined) return time
  context.addIssue({ code: 'custom', message: `Expected a time in the past. ${SINCE_HINT}` })
  return z.NEVER
})
