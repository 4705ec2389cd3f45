import { type Hold, holdOf } from '../core/hold.ts'
import { parseQuietHours, quietUntil } from '../core/quiet-hours.ts'
import type { Store } from '../store/open-store.ts'

export type HoldsNeeds = {
  readonly pauses: Pick<Store['pauses'], 'of'>
  /** Periods of the local day such as 22:00-07:00. */
  readonly quietHours: readonly string[]
  /** The local clock: minutes since midnight. */
  readonly minuteOfDay: (ms: number) => number
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
}

/** Whether something holds back what is to be sent: a pause of that thread or of all, or quiet hours. */
export const createHolds = ({ pauses, quietHours, minuteOfDay, now }: HoldsNeeds) => {
  const hours = quietHours.flatMap(written => parseQuietHours(written) ?? [])
  /** The last answer holds from one moment to another: to find the end of a night takes a while. */
  let known: { readonly fromMs: number; readonly toMs: number; readonly untilMs: number | undefined } | undefined

  const quiet = (at: number): number | undefined => {
    if (hours.length === 0) return undefined
    if (known === undefined || at < known.fromMs || at >= known.toMs) {
      const untilMs = quietUntil(hours, at, minuteOfDay)
      const nextMinute = (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS
      known = { fromMs: at, toMs: Math.min(untilMs ?? nextMinute, at + LONGEST_MS), untilMs }
    }
    return known.untilMs
  }
  return {
    of: (threadId: string): Hold | undefined => holdOf(pauses.of(threadId, now()), quiet(now()), now()),
    /** When the quiet hours of now end; undefined outside of them. */
    quietUntilMs: (): number | undefined => quiet(now()),
  }
}

const MINUTE_MS = 60_000
const LONGEST_MS = 60 * MINUTE_MS
