import { fitOf, isLink } from './fit-of-row.ts'
import { ROW_GRACE_MS } from './limits.ts'
import type { MessageRow } from './message.ts'
import { type IsOwnAddress, isToOwner } from './own-addresses.ts'
import { SELFTEST_MARK } from './selftest.ts'

/** A bubble of ours whose send was begun at least once. */
export type StartedBubble = {
  readonly threadId: string
  readonly says: string
  readonly tries: number
  /** By the clock of sends; of the last try. */
  readonly startedMs: number
  /** Provably never left, as far as is known. */
  readonly failed: boolean
  /** The row that was found to be its own, and when. */
  readonly rowGuid?: string
  readonly confirmedMs?: number
}

export type OwnRowContext = {
  /** How long a hand-written row keeps us quiet; older ones mean nothing any more. */
  readonly pauseMs: number
  /** Wall clock, Unix milliseconds. */
  readonly now: number
  /** How long this row has been looked at already. */
  readonly waitedMs: number
  /** Whether an address is one of this Mac's own: its owner writes to themselves there. */
  readonly isOwnAddress: IsOwnAddress
  /** What we sent lately in its thread, and what is under way in any. */
  readonly started: (threadId: string) => readonly StartedBubble[]
}

export type OwnRowVerdict =
  | { readonly kind: 'by_hand'; readonly threadId: string; readonly atMs: number }
  /** Ours, or nothing that a person has written. */
  | { readonly kind: 'other' }
  /** Messages is still writing this row: look again. */
  | { readonly kind: 'wait'; readonly for: 'chat' | 'text' }

/**
 * A row that this account sent: has a person written it by hand? Where that is in doubt it is taken for ours: to hold
 * back answers for nothing is worse than to speak once more.
 */
export const judgeOwnRow = (row: MessageRow, context: OwnRowContext): OwnRowVerdict => {
  if (row.scheduleType !== 0 || row.system || row.itemType !== 0 || row.associatedType !== 0) return OTHER
  // Cloud sync inserts old messages again, under other guids, but with their date.
  if (row.dateMs === undefined || row.dateMs <= context.now - context.pauseMs) return OTHER
  if (row.emptied || row.text.startsWith(SELFTEST_MARK)) return OTHER
  const isWriting = context.waitedMs < ROW_GRACE_MS
  // A row that never comes into a chat was never seen by anybody.
  if (row.chat === undefined) return isWriting ? { kind: 'wait', for: 'chat' } : OTHER
  if (row.text.trim() === '' && !row.hasContent) return isWriting ? { kind: 'wait', for: 'text' } : OTHER

  const { threadId } = row.chat
  if (isToOwner(row, context.isOwnAddress)) return OTHER
  if (context.started(threadId).some(bubble => explains(bubble, row, context.now))) return OTHER
  return { kind: 'by_hand', threadId, atMs: Math.min(row.dateMs, context.now) }
}

const OTHER = { kind: 'other' } as const

/** Whether the row is, or may be, what became of that bubble. */
const explains = (bubble: StartedBubble, row: MessageRow, now: number): boolean => {
  const { rowGuid, startedMs, confirmedMs = 0 } = bubble
  if (rowGuid === row.guid) return true
  const sinceMs = now - startedMs
  const isFresh = sinceMs < UNDER_WAY_MS
  const fit = fitOf(bubble, row)
  if (fit === 'none') return false
  if (fit === 'rewritten' || fit === 'part') return isFresh || rowGuid === undefined
  // Messages may have put it into another chat of the same person.
  if (fit === 'elsewhere') return rowGuid === undefined && isFresh
  if (rowGuid === undefined) return !bubble.failed || isFresh
  if (isFresh && row.isLink && bubble.says.split(' ').some(isLink)) return true // once as words, once with its picture
  // It has its row. Another one is what a person has typed, unless it is of an earlier try, or a copy with the old date.
  if (bubble.tries > 1) return sinceMs < LATE_ROW_MS
  return row.dateMs !== undefined && row.dateMs >= startedMs && row.dateMs <= confirmedMs
}

/** For so long a send that seemed to fail may turn out to have been one. */
const UNDER_WAY_MS = 120_000
/** The row of an earlier try can be that late. */
const LATE_ROW_MS = 60 * 60_000
