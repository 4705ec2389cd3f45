import type { Database } from 'better-sqlite3'
import type { Counters } from './counters.ts'

/**
 * Removes what came to its end before `beforeMs`, at most `limit` rows of each kind; how many there were stays counted.
 * What waits, is parked, dead, or owes an ack is never removed. Part of the caller's transaction; the number removed.
 */
export const retireOldRows = (db: Database, counters: Counters, beforeMs: number, limit: number): number => {
  const retire = (what: string, state: string, table: string, key: string, ended: string): number => {
    const rows = db
      .prepare<[number, number], { id: string | number; state: string }>(
        `SELECT ${key} AS id, ${state} AS state FROM ${table} t WHERE ${ended} LIMIT ?`,
      )
      .all(beforeMs, limit)
    const remove = db.prepare<[string | number]>(`DELETE FROM ${table} WHERE ${key} = ?`)
    for (const row of rows) {
      remove.run(row.id)
      counters.count(`retired.${what}.${row.state}`)
    }
    return rows.length
  }
  counters.count('retired.reflexes', countSentReflexes(db, beforeMs, limit))
  // In the order of who points at whom.
  return (
    retire('commands', 'status', 'commands', 'command_id', ENDED_COMMANDS) +
    retire(
      'schedules',
      'state',
      'schedules',
      'id',
      `t.state <> 'waiting' AND t.created_ms < ?
       AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.command_id = t.command_id)`,
    ) +
    retire(
      'bubbles',
      'state',
      'bubbles',
      'id',
      `t.state IN ('confirmed', 'failed') AND t.planned_ms < ?
       AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.bubble_id = t.id)`,
    ) +
    retire(
      'messages',
      'state',
      'messages',
      'id',
      `t.state IN ('answered', 'skipped') AND t.seen_ms < ?
       AND NOT EXISTS (SELECT 1 FROM bubbles b WHERE b.message_id = t.id)
       AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.message_id = t.id)`,
    )
  )
}

/** A scheduled message may end long after it came: it, too, is remembered as long as its repetition could be sent. */
const ENDED_COMMANDS = `t.status <> 'received' AND t.ack_owed = 0 AND MAX(t.received_ms, COALESCE(t.finished_ms, 0)) < ?
  AND NOT EXISTS (SELECT 1 FROM bubbles b WHERE b.id = t.bubble_id AND b.state NOT IN ('confirmed', 'failed'))
  AND NOT EXISTS (SELECT 1 FROM bubbles b WHERE b.first_part = t.bubble_id AND b.state NOT IN ('confirmed', 'failed'))`

/** Those among the commands that are about to go. */
const countSentReflexes = (db: Database, beforeMs: number, limit: number): number =>
  db
    .prepare<[number, number], number>(
      `SELECT COUNT(*) FROM (SELECT * FROM commands t WHERE ${ENDED_COMMANDS} LIMIT ?) t
       JOIN bubbles b ON b.id = t.bubble_id WHERE t.role IN ('unmatched', 'bound') AND b.state = 'confirmed'`,
    )
    .pluck()
    .get(beforeMs, limit) ?? 0
