import { EdgeError } from '../core/errors.ts'
import type { Received, ReceiveNeeds } from './receive-batch.ts'

/** When to look again though nothing changes. */
export type Again = 'at a change' | 'soon' | 'at once'

export type Look = {
  /** chat.db has changed since the last look. */
  readonly isChanged: boolean
  readonly again: Again
}

type IntendPosts = NonNullable<ReceiveNeeds['intendPosts']>

type Versioned = { readonly dataVersion: () => number }

export type LookNeeds<Db extends Versioned> = {
  /** chat.db, while it is open. */
  readonly chatDb: () => Db | undefined
  /** Takes in new rows. `attended`: somebody looked a moment ago by the wall clock. */
  readonly receive: (
    db: Db,
    at: { readonly nowMs: number; readonly attended: boolean; readonly intendPosts: IntendPosts | undefined },
  ) => Received
  /** Follows rows that changed; `isFirst`: nobody has looked at this connection yet. */
  readonly followEdits: (db: Db, at: { readonly isFirst: boolean }) => void
  /** Takes note of rows that were passed over; true where there are some, to be taken in soon. */
  readonly overlooked?: {
    readonly isDue: (nowMs: number) => boolean
    readonly find: (db: Db, nowMs: number) => boolean
  }
  /** Somebody looked, with whatever result. */
  readonly onLooked: () => void
  /** The store could not take it in. */
  readonly onError: (error: EdgeError) => void
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
}

/** The one place that knows up to which of its changes chat.db was read. */
export const createLook = <Db extends Versioned>(needs: LookNeeds<Db>) => {
  let seen: { readonly db: Db; readonly version: number } | undefined
  /** The connection and its change whose edits were followed. */
  let followed: { readonly db: Db; readonly version: number } | undefined
  let again: Again = 'at a change'
  let lookedMs = Number.NEGATIVE_INFINITY

  const isNew = (db: Db): boolean => seen?.db !== db || seen.version !== db.dataVersion()

  /**
   * Reads what is new; undefined where nothing is. Throws what SQLite throws. `intendPosts`: first POSTs become part of the
   * commit; without it they begin once that wakes whoever makes them.
   */
  const look = (db: Db, intendPosts?: IntendPosts): Look | undefined => {
    const isChanged = isNew(db)
    const isOwed = needs.overlooked?.isDue(needs.now()) === true
    if (!isChanged && !isOwed && again === 'at a change') return undefined
    const version = db.dataVersion()
    const nowMs = needs.now() // once: a clock that is set meanwhile counts at the next look
    const attended = Math.abs(nowMs - lookedMs) < UNATTENDED_MS
    lookedMs = nowMs
    seen = { db, version }
    again = 'soon' // unless it ends well
    try {
      const { pending, more } = needs.receive(db, { nowMs, attended, intendPosts })
      if (followed?.db !== db || followed.version !== version) {
        needs.followEdits(db, { isFirst: followed?.db !== db })
        followed = { db, version }
      }
      again = more ? 'at once' : pending > 0 ? 'soon' : 'at a change'
      if (needs.overlooked?.find(db, nowMs) && again === 'at a change') again = 'soon'
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error // chat.db's
      needs.onError(error)
    }
    needs.onLooked()
    return { isChanged, again }
  }

  return {
    look,
    /** The same where chat.db has changed and can be read; where it cannot, whoever follows it tells why. */
    lookIfChanged: (): void => {
      const db = needs.chatDb()
      try {
        if (db !== undefined && isNew(db)) look(db)
      } catch {
        again = 'soon'
      }
    },
  }
}

/** While a row is being written chat.db is looked at many times a second. */
const UNATTENDED_MS = 5_000
