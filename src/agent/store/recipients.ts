import type { Database } from 'better-sqlite3'

/** With whom this agent has had to do since its first start. Triggers keep the table. */
export const createRecipients = (db: Database) => {
  const known = db.prepare<[string], number>('SELECT 1 FROM recipients WHERE thread_id = ?').pluck()
  const recent = db.prepare<[], string>('SELECT thread_id FROM recipients ORDER BY since_ms DESC LIMIT 10').pluck()
  const newSince = db
    .prepare<[number], number>('SELECT COUNT(*) FROM recipients WHERE is_new = 1 AND since_ms > ?')
    .pluck()
  const rebase = db.prepare<[{ now: number }]>('UPDATE recipients SET since_ms = @now WHERE since_ms > @now')

  return {
    isKnown: (threadId: string): boolean => known.get(threadId) !== undefined,
    /** A few, the newest first. */
    recent: (): string[] => recent.all(),
    /** How many threads a command was the first to write to, after `sinceMs`. */
    newSince: (sinceMs: number): number => newSince.get(sinceMs) ?? 0,
    /** The clock may have been set between two lives: nothing is in the future. */
    recover: (now: number): void => {
      rebase.run({ now })
    },
  }
}
