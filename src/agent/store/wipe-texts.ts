import type { Database } from 'better-sqlite3'

/** Which texts nobody needs any more. Unix milliseconds. */
export type WipeBefore = {
  readonly now: number
  /** What came to its end before this: answered, skipped, sent, failed. */
  readonly ended: number
  /** What waits for a person's decision since before this: dead letters, parked bubbles. */
  readonly undecided: number
}

/** Where words are kept, and until when. */
type Worded = {
  readonly table: string
  readonly key: string
  /** The words themselves, as SQL. */
  readonly text: string
  /** What else is removed with them. */
  readonly clear: string
  /** The index of what may be due: left to itself SQLite takes another, and reads a month of rows. */
  readonly index: string
  readonly due: string
}

/**
 * Puts a hash and a length in the place of texts, of at most `limit` rows of each kind; how many rows that were. Part of
 * the caller's transaction.
 */
export const wipeTexts = (db: Database, hash: (text: string) => string, before: WipeBefore, limit: number): number => {
  let wiped = 0
  for (const { table, key, text, clear, index, due } of WORDED) {
    const rows = db
      .prepare<[{ ended: number; undecided: number; limit: number }], { id: number | string; text: string | null }>(
        `SELECT ${key} AS id, ${text} AS text FROM ${table} t INDEXED BY ${index} WHERE ${due} LIMIT @limit`,
      )
      .all({ ended: before.ended, undecided: before.undecided, limit })
    const wipe = db.prepare<[string, number, number, number | string]>(
      `UPDATE ${table} SET text_hash = ?, text_length = ?, wiped_ms = ?, ${clear} WHERE ${key} = ?`,
    )
    for (const { id, text } of rows) wipe.run(hash(text ?? ''), [...(text ?? '')].length, before.now, id)
    wiped += rows.length
  }
  return wiped
}

const MESSAGE = {
  table: 'messages',
  key: 'id',
  text: "CASE WHEN json_valid(body) THEN json_extract(body, '$.filtered_text') ELSE body END",
  clear: 'body = NULL, first_says = NULL, detail = NULL',
}
const BUBBLE = { table: 'bubbles', key: 'id', text: 'text', clear: "text = '', says = ''" }
const ENDED_BUBBLE = 'MAX(planned_ms, COALESCE(ended_ms, 0), COALESCE(confirmed_ms, 0))'
const COMMAND = { table: 'commands', key: 'command_id', text: 'says', clear: 'says = NULL, held_text = NULL' }

/** Whoever keeps words in another table adds a line here, and the columns text_hash, text_length and wiped_ms there. */
const WORDED: readonly Worded[] = [
  {
    ...MESSAGE,
    index: 'messages_worded',
    due: "body IS NOT NULL AND state IN ('answered', 'skipped') AND COALESCE(answered_ms, seen_ms) < @ended",
  },
  {
    ...MESSAGE,
    index: 'messages_state',
    due: `body IS NOT NULL AND state = 'dead' AND seen_ms < @undecided AND NOT EXISTS (
      SELECT 1 FROM history h WHERE h.kind = 'message' AND h.subject = t.id AND h.at_ms >= @undecided)`,
  },
  {
    ...BUBBLE,
    index: 'bubbles_worded',
    due: `text_hash IS NULL AND state IN ('confirmed', 'failed') AND ${ENDED_BUBBLE} < @ended`,
  },
  {
    ...BUBBLE,
    index: 'bubbles_state',
    due: `text_hash IS NULL AND state = 'parked' AND ${ENDED_BUBBLE} < @undecided`,
  },
  {
    ...COMMAND,
    index: 'commands_worded',
    // The reflex of a message that is still on its way has to be told by its words when the answer comes.
    due: `says IS NOT NULL AND status <> 'received' AND COALESCE(finished_ms, received_ms) < @ended AND NOT EXISTS (
      SELECT 1 FROM messages m INDEXED BY messages_due WHERE m.thread_id = t.thread_id AND m.state IN ('queued', 'waiting')
        AND m.first_post_seq < t.received_seq) AND NOT EXISTS (
      SELECT 1 FROM messages m WHERE m.state = 'posting' AND m.thread_id = t.thread_id AND m.first_post_seq < t.received_seq)`,
  },
]
