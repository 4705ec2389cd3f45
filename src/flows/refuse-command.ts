import type { Hold } from '../core/hold.ts'

/** Rules 12 and 13 of the delivery rules: where a command may write at all, what, when, and how often. */
export const createRefusal =
  ({ settings, knowsChat, isFull, holdOf, recipients, now }: RefusalNeeds) =>
  /** Why a command may not write this there now; undefined where it may. */
  (threadId: string, text: string): string | undefined => {
    const { allow } = settings
    if (typeof allow !== 'string' && !allow.includes(threadId)) return 'not_allowed'
    if (!knowsChat(threadId)) return 'unknown_thread'
    if (text.length > settings.maxLength) return 'text_too_long'
    const reasons = holdOf(threadId)?.all ?? []
    if (reasons.includes('held_loop')) return 'loop_breaker'
    if (settings.quiet === 'refuse' && reasons.includes('held_quiet_hours')) return 'quiet_hours'
    if (isFull(threadId)) return 'rate_limited'
    const isNew = !recipients.isKnown(threadId)
    return isNew && recipients.newSince(now() - DAY_MS) >= settings.maxNewPerDay ? 'new_recipient_limit' : undefined
  }

const DAY_MS = 24 * 60 * 60_000

type RefusalNeeds = {
  readonly settings: {
    readonly allow: 'known' | 'any' | readonly string[]
    readonly maxLength: number
    readonly maxNewPerDay: number
    readonly quiet: 'hold' | 'refuse'
  }
  readonly knowsChat: (threadId: string) => boolean
  readonly isFull: (threadId: string) => boolean
  readonly holdOf: (threadId: string) => Hold | undefined
  readonly recipients: {
    readonly isKnown: (threadId: string) => boolean
    readonly newSince: (sinceMs: number) => number
  }
  readonly now: () => number
}
