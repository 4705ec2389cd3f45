/** Rules 12 and 13 of the delivery rules: where a command may write at all, and how often. */
export const createRefusal =
  ({ settings, isListed, knowsChat, outbox, now }: RefusalNeeds) =>
  /** Why a command may not write there now; undefined where it may. */
  (threadId: string): string | undefined => {
    const { allow, maxPerMinute, maxPerMinutePerThread } = settings
    if (typeof allow !== 'string' && !isListed(allow, threadId)) return 'not_allowed'
    if (!knowsChat(threadId)) return 'unknown_thread'
    const since = now() - 60_000
    // What was accepted and still waits takes its place as well, or a flood of commands would queue up for hours.
    const taken = (thread?: string) => outbox.startedSince(since, thread) + outbox.commandsPlanned(thread)
    return taken() >= maxPerMinute || taken(threadId) >= maxPerMinutePerThread ? 'rate_limited' : undefined
  }

type RefusalNeeds = {
  readonly settings: {
    readonly allow: 'known' | 'any' | readonly string[]
    readonly maxPerMinute: number
    readonly maxPerMinutePerThread: number
  }
  /** Whether a thread is in a list, however its number or address is written there. */
  readonly isListed: (list: readonly string[], threadId: string) => boolean
  readonly knowsChat: (threadId: string) => boolean
  readonly outbox: {
    readonly startedSince: (sinceMs: number, threadId?: string) => number
    readonly commandsPlanned: (threadId?: string) => number
  }
  readonly now: () => number
}
