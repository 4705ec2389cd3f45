import type { Store } from '../store/open-store.ts'

export type SendLimitsNeeds = {
  readonly settings: {
    readonly maxPerMinute: number
    readonly maxPerMinutePerThread: number
    readonly maxPerDay: number
    readonly maxPerDayPerThread: number
  }
  readonly outbox: Pick<Store['outbox'], 'nthLatestStart' | 'commandsPlanned'>
  readonly commands: Pick<Store['commands'], 'boundSince'>
  readonly now: () => number
}

/** Rule 13 of the delivery rules: how much may be sent, in a sliding minute and in sliding 24 hours. */
export const createSendLimits = ({ settings, outbox, commands, now }: SendLimitsNeeds) => {
  const limits = [
    { most: settings.maxPerMinute, windowMs: MINUTE_MS, isOfThread: false },
    { most: settings.maxPerMinutePerThread, windowMs: MINUTE_MS, isOfThread: true },
    { most: settings.maxPerDay, windowMs: DAY_MS, isOfThread: false },
    { most: settings.maxPerDayPerThread, windowMs: DAY_MS, isOfThread: true },
  ]
  return {
    /** When they next leave room for a send in this thread; 0 where they do. */
    roomAt: (threadId: string): number => {
      const at = now()
      const ends = limits.map(({ most, windowMs, isOfThread }) => {
        const nth = outbox.nthLatestStart(most, at - windowMs, isOfThread ? threadId : undefined)
        return nth === undefined ? 0 : nth + windowMs
      })
      return Math.max(...ends)
    },
    /** Whether as many commands came to nothing in a day as may be sent in one: scheduled and cancelled, or bound. */
    isIdling: (): boolean => commands.boundSince(now() - DAY_MS) >= settings.maxPerDay,
    /** Whether a command for this thread would be one too many. */
    isFull: (threadId: string): boolean =>
      limits.some(({ most, windowMs, isOfThread }) => {
        const thread = isOfThread ? threadId : undefined
        const since = now() - windowMs
        // What was accepted and still waits takes its place as well, or a flood of commands would queue up for hours; and
        // what is bound to an answer costs a row of the database.
        const taken = outbox.commandsPlanned(thread) + (isOfThread ? 0 : commands.boundSince(since))
        return taken >= most || outbox.nthLatestStart(most - taken, since, thread) !== undefined
      }),
  }
}

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
