import { gatherRows } from '../core/gather-rows.ts'
import { wordsOf } from '../core/judge-edit.ts'
import type { Chat, MessageDetails, MessageRow } from '../core/message.ts'
import type { ChatDb } from '../imessage/chat-db.ts'
import type { KnownMessage, NewMessage } from '../store/inbox.ts'
import type { Store } from '../store/open-store.ts'
import { type ComposedNow, type Outgoing, outgoingOf } from './compose-message.ts'

export type GatherNeeds = {
  /** chat.db, while it is open. */
  readonly chatDb: () => Pick<ChatDb, 'rowsOf'> | undefined
  readonly inbox: Pick<Store['inbox'], 'add' | 'skip' | 'lastQueued' | 'partsOf' | 'holding' | 'extend'>
  /** How long one person's rows are waited for; 0: each row is a message. */
  readonly gatherMs: number
  readonly hash: (text: string) => string
  readonly compose: (message: Outgoing) => ComposedNow
  readonly details?: (row: MessageRow, chat: Chat) => MessageDetails
  /** Wall clock, Unix milliseconds, and the one by which POSTs are due. */
  readonly now: () => number
  readonly steadyNow: () => number
}

export type Gathering = ReturnType<typeof createGathering>

/**
 * One message may be several rows: with `forward.gather` all that one person writes without a longer pause, and always a
 * picture and its caption, where a rule forwards pictures. The first row is the message and waits, its key is its guid; each
 * further one is on record as `gathered`. All of it is on the disk, and what is POSTed is read from the rows anew.
 */
export const createGathering = (needs: GatherNeeds) => {
  const { inbox, gatherMs } = needs
  /** Threads in which a message may be waiting for more rows: of others nothing is asked. */
  const holding = new Set(inbox.holding())

  /** How long a row is waited for more of the same message. */
  const pauseAfter = (row: MessageRow): number => (row.text === '' ? Math.max(gatherMs, CAPTION_MS) : gatherMs)

  return {
    /** How long a new message waits before it is POSTed, from when it was written; 0: not at all. */
    hold: (row: MessageRow): { readonly dueMs: number; readonly waitMs: number } | undefined => {
      const pauseMs = pauseAfter(row)
      if (pauseMs === 0 || row.chat === undefined) return undefined
      holding.add(row.chat.threadId)
      return dueAfter(row, pauseMs, needs)
    },

    /**
     * Takes a row into the message before it, where that still waits and is of the same person; false where it is a message
     * of its own. Part of the caller's transaction.
     */
    join: (
      row: MessageRow,
      record: Pick<NewMessage, 'guid' | 'threadId' | 'fingerprint' | 'dateMs' | 'seenMs'>,
    ): boolean => {
      const { chat, sender } = row
      if (chat === undefined || sender === undefined || !holding.has(chat.threadId)) return false
      const first = inbox.lastQueued(chat.threadId)
      if (first?.waitMs === undefined) {
        holding.delete(chat.threadId)
        return false
      }
      if (first.sender !== sender) return false
      const whole = wholeOf(first.guid, needs)
      if (whole === undefined || !isOnTime(row, whole, Math.max(first.waitMs, gatherMs))) return false
      const all = gatherRows([...(whole.parts ?? [whole]), row])
      const details = needs.details?.(all, chat)
      const composed = needs.compose(outgoingOf(all, chat, sender, { messageId: first.guid, details }))
      inbox.add({ ...record, skip: 'gathered', about: first.guid })
      if ('skip' in composed) inbox.skip(first.id, composed.skip, composed)
      else {
        // The words to a picture are what was waited for.
        const due =
          pauseAfter(row) === 0 ? { dueMs: needs.steadyNow(), waitMs: 0 } : dueAfter(row, pauseAfter(row), needs)
        inbox.extend(first.id, { ...composed, ...due, words: needs.hash(wordsOf(all)) })
      }
      return true
    },

    /** A message as its rows are now; undefined where they cannot be read, or one is gone. */
    wholeOf: (known: Pick<KnownMessage, 'guid'>): MessageRow | undefined => wholeOf(known.guid, needs),
  }
}

/** Pictures and their caption are written at once. */
const CAPTION_MS = 3_000
/** Somebody who does not stop writing is answered all the same. */
const LONGEST_MS = 60_000

const wholeOf = (guid: string, { chatDb, inbox }: GatherNeeds): MessageRow | undefined => {
  const guids = [guid, ...inbox.partsOf(guid)]
  const rows = chatDb()?.rowsOf(guids) ?? []
  return rows.length === guids.length ? gatherRows(rows) : undefined
}

const isOnTime = ({ dateMs = 0 }: MessageRow, whole: MessageRow, pauseMs: number): boolean => {
  const dates = (whole.parts ?? [whole]).map(part => part.dateMs ?? 0)
  return (
    dates.some(date => Math.abs(dateMs - date) <= pauseMs) &&
    dateMs - Math.min(...dates) <= Math.max(LONGEST_MS, pauseMs)
  )
}

const dueAfter = ({ dateMs = 0 }: MessageRow, pauseMs: number, { now, steadyNow }: GatherNeeds) => {
  const waitMs = Math.min(Math.max(dateMs + pauseMs - now(), 0), pauseMs)
  return { dueMs: steadyNow() + waitMs, waitMs: pauseMs }
}
