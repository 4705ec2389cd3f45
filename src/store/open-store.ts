import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { EdgeError, EXIT } from '../core/errors.ts'
import { createCommands } from './commands.ts'
import { createCounters } from './counters.ts'
import { createCursor } from './cursor.ts'
import { createInbox } from './inbox.ts'
import { MIGRATIONS } from './migrations.ts'
import { createOutbox } from './outbox.ts'

export type Store = ReturnType<typeof openStore>

/**
 * Opens the agent's own database at `path`, brings it to the current version and holds it under an exclusive lock
 * until `close` or the end of the process, however that comes.
 *
 * @throws EdgeError `already_running` (exit 75), `state_newer`, `state_damaged`, `state_unusable`.
 */
export const openStore = (path: string) => {
  const db = open(path)
  const counters = createCounters(db)
  return {
    inbox: createInbox(db, counters),
    outbox: createOutbox(db, counters),
    commands: createCommands(db, counters),
    cursor: createCursor(db),
    counters,
    /** All of `work` or nothing of it, and on the disk when it returns. Throws EdgeError `state_unwritable`. */
    transaction: <T>(work: () => T): T => {
      try {
        return db.transaction(work).immediate()
      } catch (cause) {
        throw cause instanceof Database.SqliteError ? unwritable(path, cause) : cause
      }
    },
    close: () => db.close(),
  }
}

const open = (path: string): Database.Database => {
  let db: Database.Database | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    db = new Database(path, { timeout: 0 })
    // Exclusive before the first access: the lock is held for life, and no -shm is needed.
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    db.exec('BEGIN IMMEDIATE; COMMIT')
    chmodSync(path, 0o600)
    migrate(db, path)
    return db
  } catch (cause) {
    db?.close()
    throw explain(cause, path)
  }
}

const migrate = (db: Database.Database, path: string): void => {
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > MIGRATIONS.length) {
    throw new EdgeError(
      'state_newer',
      `the state database ${path} was written by a newer edge-agent (${version} > ${MIGRATIONS.length})`,
      {
        remedy: 'Install the newer edge-agent again, or point --state-dir at another folder. Nothing was changed.',
      },
    )
  }
  db.transaction(() => {
    for (const step of MIGRATIONS.slice(version)) db.exec(step)
    db.pragma(`user_version = ${MIGRATIONS.length}`)
  }).immediate()
}

const unwritable = (path: string, cause: Error): EdgeError =>
  new EdgeError('state_unwritable', `the state database ${path} cannot be written: ${cause.message}`, {
    remedy: 'Make room on the disk and check that the folder can be written. Nothing is sent without a record of it.',
    cause,
  })

const explain = (cause: unknown, path: string): EdgeError => {
  if (cause instanceof EdgeError) return cause
  const code = (cause as { code?: string }).code ?? ''
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new EdgeError('already_running', `another edge-agent runs on ${dirname(path)}`, {
      exit: EXIT.alreadyRunning,
      remedy: 'Stop it first (edge-agent status tells its pid), or give this one a --state-dir of its own.',
      cause,
    })
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new EdgeError('state_damaged', `the state database ${path} is damaged: ${String(cause)}`, {
      remedy: `Move it aside (mv '${path}' '${path}.damaged') and start again: history is not answered twice.`,
      cause,
    })
  }
  return new EdgeError('state_unusable', `the state database ${path} cannot be used: ${String(cause)}`, {
    exit: code.includes('EACCES') || code.includes('EPERM') ? EXIT.permission : EXIT.failure,
    remedy: 'Check that the folder exists, belongs to you and has space, or choose another with --state-dir.',
    cause,
  })
}
