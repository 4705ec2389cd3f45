import { join } from 'node:path'
import Database from 'better-sqlite3'

/** One row on the disk, by the rules of the agent's own database: what no durable step can be faster than here. */
export const createDurableCommit = (dir: string) => {
  const db = new Database(join(dir, 'durable.db'))
  db.pragma('locking_mode = EXCLUSIVE')
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec('CREATE TABLE rows (text TEXT)')
  const insert = db.prepare('INSERT INTO rows VALUES (?)')
  return {
    /** Milliseconds it took. */
    run: (): number => {
      const started = performance.now()
      insert.run('x'.repeat(200))
      return performance.now() - started
    },
    close: (): void => {
      db.close()
    },
  }
}
