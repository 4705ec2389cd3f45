import type { Log } from '../core/log.ts'
import type { Timers } from '../core/timers.ts'

/**
 * A log whose warnings cannot be made a flood of by whoever causes them: a few of each event in a second, then how many
 * more there were.
 */
export const throttleLog = (log: Log, timers: Timers): Log => {
  const seen = new Map<string, number>()

  const endSecond = (): void => {
    for (const [event, count] of seen) {
      if (count > PER_SECOND) log.warn({ event, count: count - PER_SECOND }, 'log events left out')
    }
    seen.clear()
  }
  return {
    debug: (fields, event) => log.debug(fields, event),
    info: (fields, event) => log.info(fields, event),
    error: (fields, event) => log.error(fields, event),
    warn: (fields, event) => {
      if (seen.size === 0) timers.after(1_000, endSecond)
      const count = (seen.get(event) ?? 0) + 1
      seen.set(event, count)
      if (count <= PER_SECOND) log.warn(fields, event)
    },
  }
}

const PER_SECOND = 3
