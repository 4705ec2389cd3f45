import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { EdgeError, EXIT } from '../core/errors.ts'
import { createAudits } from './audits.ts'
import { createCommands } from './commands.ts'
import { createCounters } from './counters.ts'
import { createCursor } from './cursor.ts'
import { createInbox } from './inbox.ts'
import { createLines, noteOldLines } from './lines.ts'
import { MIGRATIONS } from './migrations.ts'
import { createOutbox } from './outbox.ts'
import { createOwnAddressTable } from './own-addresses.ts'
import { createPauses } from './pauses.ts'
import { createRecipients } from './recipients.ts'
import { retireOldRows } from './retire-old-rows.ts'
import { createSchedules } from './schedules.ts'
import { createStories } from './stories.ts'
import { createTextHash, keyOldHashes } from './text-key.ts'
import { type WipeBefore, wipeTexts } from './wipe-texts.ts'

export type Store = ReturnType<typeof openStore>

/** What was known is lost: why, when this agent first started (Unix milliseconds), and where the remains are. */
export type StartedOver = {
  readonly reason: 'damaged' | 'deleted'
  readonly firstStartMs: number
  readonly setAside?: string
}

/**
 * Opens the agent's own database `state.db` in `dir`, brings it to the current version and holds it under an exclusive
 * lock until `close` or the end of the process, however that comes. A damaged one is set aside and another begun, never
 * in silence: see `startedOver`.
 *
 * Its `transaction` throws EdgeError `state_gone` once the path names another file or none.
 *
 * @throws EdgeError `already_running` (exit 75), `state_newer`, `state_unusable`.
 */
export const openStore = (dir: string, nowMs = Date.now()) => {
  const path = join(dir, 'state.db')
  const existed = existsSync(path)
  const { db, ...remains } = openOrSetAside(path, nowMs)
  const start = noteStart(dir, nowMs, { existed, ...remains })
  const store = createStore(db, path)
  const { ino } = statSync(path, { bigint: true })
  const transaction: typeof store.transaction = work => {
    if (!names(path, ino)) throw gone(path)
    return store.transaction(work)
  }
  /** Removes damaged databases that were set aside before that time: they hold words. Their names. */
  const discardRemains = (beforeMs: number): string[] =>
    readdirSync(dir).filter(name => {
      const at = /^state\.db\.damaged-(\d{4}-\d\d-\d\dT)(\d\d)(\d\d)([\d.]+Z)/.exec(name)
      if (at === null || Date.parse(`${at[1]}${at[2]}:${at[3]}:${at[4]}`) >= beforeMs) return false
      rmSync(join(dir, name), { force: true })
      return true
    })
  return { ...store, transaction, discardRemains, ...start }
}

/** Whether the path still names that file; what cannot be looked at is taken for unchanged. */
const names = (path: string, ino: bigint): boolean => {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino === ino
  } catch {
    return true
  }
}

/** What is written to a file that nobody can find again is no record; and another agent may run on the new one. */
const gone = (path: string): EdgeError =>
  new EdgeError('state_gone', `the state database ${path} was removed or replaced while the agent was running`, {
    remedy: 'Stop edge-agent before you move its state. Recent messages may be unanswered.',
  })

/** The store on an open database of the current version; `path` is what its errors call it. */
export const createStore = (db: Database.Database, path: string) => {
  const counters = createCounters(db)
  const hash = createTextHash(db)
  let onCommit = () => {}
  let depth = 0
  const transaction = <T>(work: () => T): T => {
    depth += 1
    let result: T
    try {
      result = db.transaction(work).immediate()
    } catch (cause) {
      throw cause instanceof Database.SqliteError ? unwritable(path, cause) : cause
    } finally {
      depth -= 1
    }
    if (depth === 0) onCommit()
    return result
  }
  return {
    inbox: createInbox(db, counters),
    outbox: createOutbox(db, counters),
    commands: createCommands(db, counters),
    schedules: createSchedules(db, counters),
    lines: createLines(db),
    cursor: createCursor(db),
    pauses: createPauses(db),
    recipients: createRecipients(db),
    ownAddresses: createOwnAddressTable(db),
    counters,
    stories: createStories(db),
    audits: createAudits(db, counters),
    /** All of `work` or nothing of it, and on the disk when it returns. Throws EdgeError `state_unwritable`. */
    transaction,
    /** Calls back after each transaction that is on the disk; the last one who asked is called. */
    onCommit: (listener: () => void): void => {
      onCommit = listener
    },
    /** Removes what ended before `beforeMs`, a few hundred rows at a time; false where there is nothing left to remove. */
    retire: (beforeMs: number): boolean => transaction(() => retireOldRows(db, counters, beforeMs, RETIRE_ROWS)) > 0,
    /** A hash that means nothing outside of this installation. */
    hash,
    /** Removes texts that nobody needs any more, a few hundred at a time; false where there is nothing left to remove. */
    wipe: (before: WipeBefore): boolean =>
      transaction(() => {
        const wiped = wipeTexts(db, hash, before, WIPE_ROWS)
        if (wiped > 0) counters.count(LOOSE, wiped)
        return wiped > 0
      }),
    /** Empties the write-ahead log, in which removed texts still stand. */
    emptyLog: (): void => {
      guarded(path, () => db.pragma('wal_checkpoint(TRUNCATE)'))
    },
    /** Whether texts were removed since the file was last written anew. */
    hasRemains: (): boolean => counters.read(LOOSE) > 0,
    /**
     * Writes the whole file anew: SQLite overwrites what it removes, and yet leaves a copy behind where it has moved a row
     * from page to page before. Takes some 15 ms for each megabyte.
     */
    rewrite: (): void => {
      guarded(path, () => db.exec('VACUUM'))
      transaction(() => counters.count(LOOSE, -counters.read(LOOSE)))
      guarded(path, () => db.pragma('wal_checkpoint(TRUNCATE)'))
    },
    close: () => db.close(),
  }
}

/** At once, of each kind: some 20 ms, in which nothing else happens. */
const RETIRE_ROWS = 200
const WIPE_ROWS = 100
/** Counts texts of which a copy may be left in the file. */
const LOOSE = 'texts.loose'

/** Work outside of any transaction of ours. */
const guarded = (path: string, work: () => unknown): void => {
  try {
    work()
  } catch (cause) {
    throw cause instanceof Database.SqliteError ? unwritable(path, cause) : cause
  }
}

const openOrSetAside = (path: string, nowMs: number): { db: Database.Database; setAside?: string } => {
  try {
    return { db: open(path) }
  } catch (error) {
    if (!(error instanceof EdgeError) || error.code !== 'state_damaged') throw error
    const setAside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(':', '')}`
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
    }
    return { db: open(path), setAside }
  }
}

/** A file beside the database remembers that there was one, and since when. */
const noteStart = (
  dir: string,
  nowMs: number,
  { existed, setAside }: { readonly existed: boolean; readonly setAside?: string },
): { readonly firstStartMs: number; readonly startedOver: StartedOver | undefined } => {
  const file = join(dir, 'first-start')
  const noted = statSync(file, { throwIfNoEntry: false })?.isFile()
    ? Date.parse(readFileSync(file, 'utf8').trim())
    : Number.NaN
  const firstStartMs = Number.isNaN(noted) ? nowMs : noted
  if (Number.isNaN(noted)) writeFileSync(file, `${new Date(nowMs).toISOString()}\n`, { mode: 0o600, flush: true })
  const isDeleted = !existed && !Number.isNaN(noted)
  if (setAside !== undefined) return { firstStartMs, startedOver: { reason: 'damaged', firstStartMs, setAside } }
  return { firstStartMs, startedOver: isDeleted ? { reason: 'deleted', firstStartMs } : undefined }
}

const open = (path: string): Database.Database => {
  let db: Database.Database | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    makePrivate(path)
    db = new Database(path, { timeout: 0 })
    // Exclusive before the first access: the lock is held for life, and no -shm is needed.
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    db.pragma('secure_delete = ON')
    db.exec('BEGIN IMMEDIATE; COMMIT')
    const check = db.pragma('quick_check(1)', { simple: true })
    if (check !== 'ok') throw damaged(path, check)
    migrate(db, path)
    return db
  } catch (cause) {
    db?.close()
    throw explain(cause, path)
  }
}

/** From the first byte on. A new -wal takes its mode from the database. */
const makePrivate = (path: string): void => {
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600))
  for (const file of [path, `${path}-wal`]) if (existsSync(file)) chmodSync(file, 0o600)
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
    if (version > 0 && version < KEYED_SINCE) {
      keyOldHashes(db)
      createCounters(db).count(LOOSE) // what was removed before was not overwritten
    }
    if (version > 0 && version < LINES_SINCE) noteOldLines(db, createTextHash(db))
    db.pragma(`user_version = ${MIGRATIONS.length}`)
  }).immediate()
}

/** The first version of which the hashes have a key. */
const KEYED_SINCE = 5
/** The first version that keeps lines. */
const LINES_SINCE = 9

const unwritable = (path: string, cause: InstanceType<typeof Database.SqliteError>): EdgeError =>
  isDamage(cause.code)
    ? damaged(path, cause)
    : new EdgeError('state_unwritable', `the state database ${path} cannot be written: ${cause.message}`, {
        remedy:
          'Free some disk space and check that the folder is writable. Nothing is sent until sends can be recorded.',
        cause,
      })

const isDamage = (code: string): boolean => code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')

const damaged = (path: string, cause: unknown): EdgeError =>
  new EdgeError('state_damaged', `the state database ${path} is damaged: ${String(cause)}`, {
    remedy: 'Start edge-agent again: it sets the damaged file aside and reports what was lost.',
    cause,
  })

const explain = (cause: unknown, path: string): EdgeError => {
  if (cause instanceof EdgeError) return cause
  const code = (cause as { code?: string }).code ?? ''
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new EdgeError(
      'already_running',
      `another edge-agent is running on ${dirname(path)}, or another program has ${basename(path)} open`,
      {
        exit: EXIT.alreadyRunning,
        remedy: 'Stop that first (edge-agent status shows the pid of an agent), or give this one its own --state-dir.',
        cause,
      },
    )
  }
  if (isDamage(code)) return damaged(path, cause)
  return new EdgeError('state_unusable', `the state database ${path} cannot be used: ${String(cause)}`, {
    exit: code.includes('EACCES') || code.includes('EPERM') ? EXIT.permission : EXIT.failure,
    remedy: 'Check that the folder exists, belongs to you and has space, or choose another with --state-dir.',
    cause,
  })
}
