/** The life of a bubble; see "Outgoing" in docs/delivery-rules.md. */
export type BubbleState = 'planned' | 'sending' | 'sent' | 'confirmed' | 'failed' | 'unknown' | 'parked'

/** Why a bubble is parked, or a reflex refused: the message that it answers was unsent. */
export const MESSAGE_UNSENT = 'message_unsent'

/** How an attempt to send ended, as far as it can be proven. */
export type SendOutcome =
  /** `note`: what its story has to tell of it. */
  | { readonly kind: 'done'; readonly note?: string }
  | {
      readonly kind: 'not-started'
      readonly reason: string
      readonly cause: 'no-such-chat' | 'no-thread' | 'not-allowed' | 'other'
    }
  | { readonly kind: 'unknown'; readonly reason: string }

/** What becomes of the bubble after an attempt. */
export type AfterSend =
  | { readonly state: 'sent'; readonly reason?: string }
  | { readonly state: 'planned'; readonly reason: string; readonly delayMs: number }
  /** Planned as before, but nobody is sent anything until it is allowed. */
  | { readonly state: 'paused'; readonly reason: string }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'unknown'; readonly reason: string }

const RETRY_BASE_MS = 1_000
/** No bubble waits longer for its next try. */
export const RETRY_CAP_MS = 60_000

/**
 * Rule 8 of the delivery rules: only what provably did not start is tried again. A missing permission is nobody's
 * failure: it costs no try and pauses all sending.
 */
export const afterSend = (outcome: SendOutcome, tries: number, maxTries: number): AfterSend => {
  if (outcome.kind === 'done') return { state: 'sent', ...(outcome.note !== undefined && { reason: outcome.note }) }
  if (outcome.kind === 'unknown') return { state: 'unknown', reason: outcome.reason }
  const { reason } = outcome
  if (outcome.cause === 'not-allowed') return { state: 'paused', reason }
  // Nobody there has ever written here: later it is no other.
  if (outcome.cause === 'no-thread' || tries >= maxTries) return { state: 'failed', reason }
  const delayMs = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** (tries - 1))
  return { state: 'planned', reason, delayMs }
}

/** Why a text cannot be handed to Messages, however short its parts; undefined where it can. */
export const unsendable = (text: string): string | undefined => {
  if (text.includes('\0')) return 'text_has_nul'
  if (!text.isWellFormed()) return 'text_has_lone_surrogate'
  return undefined
}
