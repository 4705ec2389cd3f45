import type { Database } from 'better-sqlite3'
import type { Pause, PauseCause } from '../core/hold.ts'

export const createPauses = (db: Database) => {
  const of = db.prepare<[string], PauseRow>("SELECT * FROM pauses WHERE thread_id IN ('', ?)")
  const all = db.prepare<[], PauseRow>('SELECT * FROM pauses ORDER BY since_ms, thread_id')
  const write = db.prepare<[string, PauseCause, number, number | null]>(
    `INSERT INTO pauses (thread_id, cause, since_ms, until_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (thread_id, cause) DO UPDATE SET since_ms = excluded.since_ms, until_ms = excluded.until_ms`,
  )
  const extend = db.prepare<[string, PauseCause, number, number]>(
    `INSERT INTO pauses (thread_id, cause, since_ms, until_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (thread_id, cause) DO UPDATE SET until_ms = MAX(until_ms, excluded.until_ms)`,
  )
  const end = db.prepare<[string]>('DELETE FROM pauses WHERE thread_id = ?')
  const expire = db.prepare<[number]>('DELETE FROM pauses WHERE until_ms <= ?')
  // What began in the future was written by a clock that has been set back since.
  const rebase = db.prepare<[{ now: number }]>(
    'UPDATE pauses SET until_ms = until_ms - since_ms + @now, since_ms = @now WHERE since_ms > @now',
  )

  /** Whatever is over goes; nothing lasts longer because the clock was set. */
  const tidy = (now: number): void => {
    expire.run(now)
    rebase.run({ now })
  }

  return {
    /** Those of one thread, and those of everywhere; some may be over. */
    of: (threadId: string, now: number): Pause[] => {
      const found = of.all(threadId)
      if (!found.some(({ since_ms }) => since_ms > now)) return found.map(toPause)
      tidy(now)
      return of.all(threadId).map(toPause)
    },
    /** All that are not over, oldest first. */
    list: (now: number): Pause[] =>
      all
        .all()
        .map(toPause)
        .filter(({ untilMs }) => untilMs === undefined || untilMs > now),
    /** Holds a thread, in place of what held it for the same cause. */
    set: ({ threadId, cause, sinceMs, untilMs }: Pause): void => {
      tidy(sinceMs)
      write.run(threadId, cause, sinceMs, untilMs ?? null)
    },
    /** Holds a thread until then at least; true where nothing held it for that cause. */
    extend: (threadId: string, cause: PauseCause, now: number, untilMs: number): boolean => {
      tidy(now)
      const began = !of.all(threadId).some(row => row.thread_id === threadId && row.cause === cause)
      extend.run(threadId, cause, now, untilMs)
      return began
    },
    /** Ends all that holds this thread alone ('' for what holds everything); false where nothing did. */
    end: (threadId: string): boolean => end.run(threadId).changes > 0,
    tidy,
  }
}

type PauseRow = { thread_id: string; cause: PauseCause; since_ms: number; until_ms: number | null }

const toPause = (row: PauseRow): Pause => ({
  threadId: row.thread_id,
  cause: row.cause,
  sinceMs: row.since_ms,
  ...(row.until_ms !== null && { untilMs: row.until_ms }),
})
