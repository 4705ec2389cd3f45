import type { MessageRow } from '../core/message.ts'
import type { CursorPosition, PendingRow } from '../store/cursor.ts'
import { OVERLOOKED } from './find-overlooked.ts'
import type { ReceiveNeeds, ReceiveSource } from './receive-batch.ts'

/**
 * Where reading goes on in chat.db as it is now: behind the cursor; at its end where there is none yet; by date where the row
 * numbers mean nothing any more. What is to be looked at once more is noted in the same commit that moves the cursor.
 */
export const anchor = (db: ReceiveSource, needs: ReceiveNeeds): CursorPosition => {
  const position = needs.cursor.read() ?? startAtEnd(db, needs)
  const isOther = isOtherDatabase(db, position)
  const right = position.firstStartMs > needs.now() ? setRight(db, position, isOther, needs) : position
  return isOther ? reanchor(db, right, needs) : right
}

/** Whether these were answered is not known any more. */
export const STATE_LOST = 'state_lost'
/** It was in a chat.db that took the place of another. */
const REANCHORED = 'reanchor'
/** Re-reading a rebuilt database begins this much before the newest date seen; known messages are recognised. */
const REANCHOR_OVERLAP_MS = 60 * 60_000

/**
 * First start: history is never answered; what came since then is, however long chat.db could not be read. After a loss of
 * state, what is recent becomes dead letters.
 */
const startAtEnd = (db: ReceiveSource, needs: ReceiveNeeds): CursorPosition => {
  const rowid = db.highestRowid()
  const guid = db.guidAt(rowid)
  const now = needs.now()
  const firstStartMs = needs.startedOver?.firstStartMs ?? needs.firstStartMs ?? now
  const position = { file: db.file, rowid, newestMs: now, firstStartMs, ...(guid !== undefined && { guid }) }
  const isLost = needs.startedOver !== undefined
  const recent = db.rowidsSince(isLost ? now - needs.rules.maxAgeMs : firstStartMs, rowid)
  needs.transaction(() => {
    for (const each of recent) needs.cursor.awaitRow(each, now, isLost ? STATE_LOST : 'first_start')
    needs.cursor.move(position)
  })
  return position
}

/**
 * The clock was ahead at the first start. What came in since then came in behind the row at the cursor; in another file that
 * is some other row, and all that is there may be history.
 */
const setRight = (
  db: ReceiveSource,
  position: CursorPosition,
  isOther: boolean,
  needs: ReceiveNeeds,
): CursorPosition => {
  const now = needs.now()
  const firstStartMs = isOther ? now : (db.row(position.rowid)?.dateMs ?? now - needs.rules.maxAgeMs)
  const moved = { ...position, newestMs: Math.min(position.newestMs, now), firstStartMs: Math.min(firstStartMs, now) }
  needs.transaction(() => needs.cursor.move(moved))
  return moved
}

/**
 * What another file brings along, or stands below the cursor, is history where it is dated before the first start, as that
 * was noted then: the clock may have been set since, and the first start moved back with it.
 */
export const firstStartFor = (seen: PendingRow | undefined, position: CursorPosition, needs: ReceiveNeeds): number =>
  seen?.waitingFor === REANCHORED || seen?.waitingFor === OVERLOOKED
    ? Math.max(position.firstStartMs, needs.firstStartMs ?? 0)
    : position.firstStartMs

/** Replaced, restored or rebuilt: the row numbers we know mean nothing in it. */
const isOtherDatabase = (db: ReceiveSource, position: CursorPosition): boolean => {
  if (db.file !== position.file || db.highestRowid() < position.rowid) return true
  const guid = db.guidAt(position.rowid)
  return guid !== undefined && position.guid !== undefined && guid !== position.guid
}

/** Goes on by date: whatever is about as new as the newest seen is looked at again; known messages are recognised. */
const reanchor = (db: ReceiveSource, position: CursorPosition, needs: ReceiveNeeds): CursorPosition => {
  const now = needs.now()
  const rowid = db.highestRowid()
  const guid = db.guidAt(rowid)
  const since = Math.max(position.newestMs - REANCHOR_OVERLAP_MS, position.firstStartMs - REANCHOR_OVERLAP_MS)
  const rowids = db.rowidsSince(since, rowid)
  const { guid: _, ...rest } = position
  const moved = { ...rest, file: db.file, rowid, ...(guid !== undefined && { guid }) }
  needs.transaction(() => {
    needs.cursor.forgetAllRows()
    for (const recent of rowids) needs.cursor.awaitRow(recent, now, REANCHORED)
    for (const bubble of needs.outbox.awaitingRow(0)) {
      // Lower at most: in a copy of the old file its row numbers hold, and dates say little once the clock was set.
      needs.outbox.lowerWatermark(bubble.id, db.highestRowidBefore((bubble.startedMs ?? now) - 60_000))
    }
    needs.cursor.move(moved)
  })
  needs.onReanchored?.(db.file)
  return moved
}

/** Of the cursor, once it has passed these rows. */
export const newest = (
  rows: readonly Pick<MessageRow, 'dateMs'>[],
  position: CursorPosition,
  needs: ReceiveNeeds,
): number => {
  const now = needs.now() // a date from the future would hide what comes before it
  return rows.reduce((max, { dateMs = 0 }) => (dateMs <= now ? Math.max(max, dateMs) : max), position.newestMs)
}
