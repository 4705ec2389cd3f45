import type { Filter, FilterReason } from './filter.ts'
import { DOUBTFUL_ROW_GRACE_MS, ROW_GRACE_MS, TRANSCRIPT_GRACE_MS } from './limits.ts'
import type { MessageRow } from './message.ts'
import { SELFTEST_MARK } from './selftest.ts'

/** Why a row does not go to the backend. */
export type SkipReason =
  | 'own'
  | 'own_echo'
  | 'link_preview'
  | 'gathered'
  | 'edit_notice'
  | 'tapback'
  | 'associated'
  | 'group_event'
  | 'system'
  | 'send_later'
  | 'before_first_start'
  | 'stale'
  | 'twin'
  | 'empty'
  | 'unsent'
  | 'incomplete'
  | FilterReason

export type Verdict =
  /** By that rule of the filter. */
  | { readonly kind: 'forward'; readonly rule: string }
  /** By that rule of the filter, where it came so far. */
  | { readonly kind: 'skip'; readonly reason: SkipReason; readonly rule?: string }
  /** Messages is still writing this row: look again. */
  | {
      readonly kind: 'wait'
      readonly for: 'chat' | 'sender' | 'text' | 'finished' | 'own_echo' | 'attachments' | 'transcript'
    }

export type ForwardRules = {
  readonly maxAgeMs: number
  readonly filter: Filter
}

export type ForwardContext = {
  readonly rules: ForwardRules
  /** Wall clock, Unix milliseconds: it is compared with the dates of messages. */
  readonly now: number
  readonly firstStartMs: number
  /** How long this row has been looked at already. */
  readonly waitedMs: number
  /** Whether this chat.db marks its finished rows at all. */
  readonly marksFinished: boolean
  /** A message with the same chat, sender, date and text was handled under another guid. */
  readonly isTwin: boolean
  /** One of our own bubbles says the same in this thread: `open` while its row is still expected. */
  readonly ownBubble: 'none' | 'open' | 'sent'
  /** Its sender is the owner of this Mac; or it came back sooner than a person could have written it. */
  readonly comesBack?: boolean
  /** What it is beside another row of its thread: the preview of that one's link, or a tapback or an edit told in words. */
  readonly relation?: 'link_preview' | 'tapback' | 'edit_notice' | undefined
  /** Attachments are to be told of, and not all of them are there yet. */
  readonly lacksAttachments?: boolean
}

/** Should the backend see this row, and if not, why not. */
export const decideForward = (row: MessageRow, context: ForwardContext): Verdict => {
  if (row.fromMe) return skip('own')
  const verdict = judge(row, context)
  const gone = context.waitedMs >= ROW_GRACE_MS
  if (verdict.kind === 'wait' && gone) return skip(verdict.for === 'text' ? 'empty' : 'incomplete')
  return verdict
}

const judge = (row: MessageRow, context: ForwardContext): Verdict => {
  const { rules, now } = context
  if (row.scheduleType !== 0) return skip('send_later')
  if (row.system) return skip('system')
  if (row.itemType !== 0) return skip('group_event')
  if (row.associatedType >= 2000 && row.associatedType < 4000) return skip('tapback')
  if (row.associatedType !== 0) return skip('associated')
  // Without a date it is older than anything; one that is being written may still get one.
  if (row.dateMs === undefined && !row.finished && context.waitedMs < DOUBTFUL_ROW_GRACE_MS) {
    return { kind: 'wait', for: 'finished' }
  }
  if (row.dateMs === undefined) return skip('stale')
  if (row.dateMs < context.firstStartMs - CLOCK_SLACK_MS) return skip('before_first_start')
  if (row.dateMs < now - rules.maxAgeMs) return skip('stale')
  if (row.emptied) return skip('unsent')
  if (row.chat === undefined) return { kind: 'wait', for: 'chat' }
  if (row.sender === undefined) return { kind: 'wait', for: 'sender' }
  if (row.text === '' && !row.hasContent) return row.isBlank ? skip('empty') : { kind: 'wait', for: 'text' }

  const doubtful = context.waitedMs < DOUBTFUL_ROW_GRACE_MS
  if (!row.finished && context.marksFinished && doubtful) return { kind: 'wait', for: 'finished' }
  if (context.lacksAttachments && doubtful) return { kind: 'wait', for: 'attachments' }
  if (row.isVoice && row.text === '' && context.waitedMs < TRANSCRIPT_GRACE_MS)
    return { kind: 'wait', for: 'transcript' }
  // Messages may insert our own text first and mark it as ours by a later update.
  if (context.ownBubble === 'open' && doubtful) return { kind: 'wait', for: 'own_echo' }
  // A self-test goes to another device of the same person, whose address may be another one.
  const comesBack = context.comesBack || row.text.startsWith(SELFTEST_MARK)
  if (comesBack && context.ownBubble !== 'none') return skip('own_echo')
  if (context.relation !== undefined) return skip(context.relation)

  if (context.isTwin) return skip('twin')
  const decision = rules.filter({
    threadId: row.chat.threadId,
    sender: row.sender,
    senderAliases: row.senderAliases ?? [],
    isGroup: row.chat.isGroup,
    service: row.service ?? row.chat.service,
    text: row.text,
    category: row.category ?? 'known',
    mentions: row.mentions ?? [],
    ownAddresses: row.ownAddresses ?? [],
  })
  return decision.action === 'forward'
    ? { kind: 'forward', rule: decision.rule }
    : { kind: 'skip', reason: decision.reason, rule: decision.rule }
}

/** The sender's clock may be a little behind ours. */
const CLOCK_SLACK_MS = 60_000

const skip = (reason: SkipReason): Verdict => ({ kind: 'skip', reason })
