import type { Hold } from '../core/hold.ts'
import { splitText } from '../core/split-text.ts'
import type { Store } from '../store/open-store.ts'

/**
 * Rules 12 and 13 of the delivery rules: where the backend may write at all, what, when, and how often. Each one says why
 * not; undefined where it may.
 */
export const createRefusal = (needs: RefusalNeeds) => {
  const { settings, knowsChat, isFull, isIdling, holdOf, recipients, now } = needs
  const { allow } = settings

  const isForbidden = (threadId: string): boolean => typeof allow !== 'string' && !needs.isListed(allow, threadId)

  const atAnyTime = (threadId: string, text: string): string | undefined => {
    if (isForbidden(threadId)) return 'not_allowed'
    if (!knowsChat(threadId)) return 'unknown_thread'
    return splitText(text, settings.maxLength).length > settings.maxPerDayPerThread ? 'text_too_long' : undefined
  }

  const atThisTime = (threadId: string): string | undefined => {
    const reasons = holdOf(threadId)?.all ?? []
    if (reasons.includes('held_loop')) return 'loop_breaker'
    return settings.quiet === 'refuse' && reasons.includes('held_quiet_hours') ? 'quiet_hours' : undefined
  }

  const asStranger = (threadId: string): string | undefined => {
    const isNew = !recipients.isKnown(threadId)
    return isNew && recipients.newSince(now() - DAY_MS) >= settings.maxNewPerDay ? 'new_recipient_limit' : undefined
  }

  return {
    /** A text to be sent now. */
    command: (threadId: string, text: string): string | undefined =>
      atAnyTime(threadId, text) ??
      atThisTime(threadId) ??
      (isFull(threadId) ? 'rate_limited' : undefined) ??
      asStranger(threadId),
    /** A text for later. */
    schedule: (threadId: string, text: string): string | undefined =>
      atAnyTime(threadId, text) ?? (isIdling() ? 'rate_limited' : undefined),
    /** The same when its time has come; what is too much of a minute waits its turn. */
    due: (threadId: string): string | undefined =>
      isForbidden(threadId) ? 'not_allowed' : (atThisTime(threadId) ?? asStranger(threadId)),
  }
}

const DAY_MS = 24 * 60 * 60_000

type RefusalNeeds = {
  readonly settings: {
    readonly allow: 'known' | 'any' | readonly string[]
    readonly maxLength: number
    readonly maxPerDayPerThread: number
    readonly maxNewPerDay: number
    readonly quiet: 'hold' | 'refuse'
  }
  /** Whether a thread is in a list, however its number or address is written there. */
  readonly isListed: (list: readonly string[], threadId: string) => boolean
  /** Or may know it: while that cannot be told, what is for it waits. */
  readonly knowsChat: (threadId: string) => boolean
  readonly isFull: (threadId: string) => boolean
  /** Whether too many commands of late were for nothing. */
  readonly isIdling: () => boolean
  readonly holdOf: (threadId: string) => Hold | undefined
  readonly recipients: Pick<Store['recipients'], 'isKnown' | 'newSince'>
  readonly now: () => number
}
