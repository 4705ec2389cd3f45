/** Rules 12 and 13 of the delivery rules: where a command may write at all, and how often. */
export const createRefusal =
  ({ settings, knowsChat, outbox, now }: RefusalNeeds) =>
  /** Why a command may not write there now; undefined where it may. */
  (threadId: string): string | undefined => {
    const { maxPerMinute, maxPerMinutePerThread } = settings
    const forbidden = forbidThread(settings, threadId)
    if (forbidden !== undefined) return forbidden
    if (!knowsChat(threadId)) return 'unknown_thread'
    const since = now() - 60_000
    // What was accepted and still waits takes its place as well, or a flood of commands would queue up for hours.
    const taken = (thread?: string) => outbox.startedSince(since, thread) + outbox.commandsPlanned(thread)
    return taken() >= maxPerMinute || taken(threadId) >= maxPerMinutePerThread ? 'rate_limited' : undefined
  }

/** Rule 12, as far as the settings go: true of later times, too. */
export const forbidThread = (
  { allow }: Pick<RefusalNeeds['settings'], 'allow'>,
  threadId: string,
): string | undefined => (typeof allow === 'string' || allow.includes(threadId) ? undefined : 'not_allowed')

type RefusalNeeds = {
  readonly settings: {
    readonly allow: 'known' | 'any' | readonly string[]
    readonly maxPerMinute: number
    readonly maxPerMinutePerThread: number
  }
  readonly knowsChat: (threadId: string) => boolean
  readonly outbox: {
    readonly startedSince: (sinceMs: number, threadId?: string) => number
    readonly commandsPlanned: (threadId?: string) => number
  }
  readonly now: () => number
}
