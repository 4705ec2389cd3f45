import type { Database } from 'better-sqlite3'

/** What backends say first, by hash: a line that two or more messages had is a stock line. */
export const createLines = (db: Database) => {
  const note = db.prepare<[string, number]>(
    `INSERT INTO lines (hash, message_id) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET is_stock = 1
       WHERE is_stock = 0 AND message_id <> excluded.message_id`,
  )
  const isStock = db.prepare<[string], number>('SELECT is_stock FROM lines WHERE hash = ?').pluck()
  return {
    /** A message had it as reflex or first bubble. */
    note: (hash: string, messageId: number): void => {
      note.run(hash, messageId)
    },
    isStock: (hash: string): boolean => isStock.get(hash) === 1,
  }
}

/** From before lines were kept. Part of the caller's transaction. */
export const noteOldLines = (db: Database, hash: (text: string) => string): void => {
  const lines = createLines(db)
  const rows = db
    .prepare<[], { id: number; says: string }>(
      "SELECT id, first_says AS says FROM messages WHERE state = 'answered' AND first_says IS NOT NULL",
    )
    .all()
  for (const { id, says } of rows) lines.note(hash(says), id)
}
