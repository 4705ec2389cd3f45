import type { ChatDb } from '../imessage/chat-db.ts'
import type { Store } from '../store/open-store.ts'

export type OverlookedNeeds = {
  readonly transaction: <T>(work: () => T) => T
  readonly cursor: Pick<Store['cursor'], 'read' | 'pendingRows' | 'awaitRow'>
  readonly inbox: Pick<Store['inbox'], 'isKnown'>
  readonly maxAgeMs: number
  /** When this agent first started, as that was noted then; Unix milliseconds. */
  readonly firstStartMs: number
}

/**
 * Messages gives each row a higher number than any before; a tool that restores or merges may not. So now and then, when
 * chat.db has changed and is looked at anyway, the incoming rows of late are counted over: one below the cursor that nobody
 * knows is taken in like one that was still being written. Costs a millisecond at most, and nothing where nothing changes.
 */
export const createOverlooked = ({ transaction, cursor, inbox, maxAgeMs, firstStartMs }: OverlookedNeeds) => {
  let nextMs = Number.NEGATIVE_INFINITY
  let isOwed = false
  // A clock that was set back makes no wait longer.
  const isTime = (nowMs: number): boolean => nowMs >= nextMs || nextMs - nowMs > EVERY_MS
  return {
    /** chat.db has changed since, and it is time by now. */
    isDue: (nowMs: number): boolean => isOwed && isTime(nowMs),
    /** Whether there were such rows: they are to be looked at again soon. Throws what SQLite throws. */
    find: (db: Pick<ChatDb, 'incomingSince'>, nowMs: number): boolean => {
      isOwed = !isTime(nowMs)
      if (isOwed) return false
      nextMs = nowMs + EVERY_MS
      const position = cursor.read()
      if (position === undefined) return false
      const since = Math.max(nowMs - Math.min(maxAgeMs, DAY_MS), position.firstStartMs, firstStartMs)
      const awaited = new Set(cursor.pendingRows().map(({ rowid }) => rowid))
      const overlooked = db
        .incomingSince(since, position.rowid, MOST_ROWS)
        .filter(({ rowid, guid }) => !awaited.has(rowid) && !inbox.isKnown(guid))
      if (overlooked.length === 0) return false
      transaction(() => {
        for (const { rowid } of overlooked) cursor.awaitRow(rowid, nowMs, OVERLOOKED)
      })
      return true
    },
  }
}

/** What such a row is kept in mind for. */
export const OVERLOOKED = 'overlooked'
const EVERY_MS = 30_000
const DAY_MS = 24 * 60 * 60_000
/** Of the newest. */
const MOST_ROWS = 500
