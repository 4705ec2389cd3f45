import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { within } from '../../agent/backend/within.ts'

export type StateFacts = {
  readonly stateDir: string
  /** Undefined where there is none yet. */
  readonly folder: { readonly uid: number; readonly mode: number; readonly writable: boolean } | undefined
  readonly database: DatabaseFacts
  /** Damaged databases that were set aside. */
  readonly setAside: readonly string[]
  /** Free for this user; undefined where the system does not tell. */
  readonly freeBytes: number | undefined
  readonly logDir: string
  readonly logs: 'writable' | 'forbidden' | 'missing'
}

export type DatabaseFacts =
  | { readonly kind: 'none' }
  | { readonly kind: 'sound'; readonly version: number }
  /** Somebody holds it: the agent, which looks after it itself. */
  | { readonly kind: 'in-use' }
  | { readonly kind: 'damaged' | 'unreadable'; readonly said: string }

/** `agentRuns`: then its database is left to it. */
export const lookAtState = async (stateDir: string, logDir: string, agentRuns: boolean): Promise<StateFacts> => ({
  stateDir,
  folder: readFolder(stateDir),
  database: agentRuns ? { kind: 'in-use' } : readDatabase(join(stateDir, 'state.db')),
  setAside: listSetAside(stateDir),
  freeBytes: await within(3_000, free(stateDir), undefined),
  logDir,
  logs: !existsSync(logDir) ? 'missing' : isWritable(logDir) ? 'writable' : 'forbidden',
})

const readFolder = (path: string): StateFacts['folder'] => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && { uid: stat.uid, mode: stat.mode & 0o777, writable: isWritable(path) }
}

/** Reads it through, and changes nothing. */
const readDatabase = (path: string): DatabaseFacts => {
  if (!existsSync(path)) return { kind: 'none' }
  let db: Database.Database | undefined
  try {
    db = new Database(path, { readonly: true, fileMustExist: true, timeout: 0 })
    const check = db.pragma('quick_check(1)', { simple: true })
    if (check !== 'ok') return { kind: 'damaged', said: String(check) }
    return { kind: 'sound', version: Number(db.pragma('user_version', { simple: true })) }
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string }
    if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return { kind: 'in-use' }
    return { kind: /^SQLITE_(CORRUPT|NOTADB)/.test(code) ? 'damaged' : 'unreadable', said: message }
  } finally {
    db?.close()
  }
}

const listSetAside = (stateDir: string): readonly string[] => {
  try {
    return readdirSync(stateDir).filter(
      name => /^state\.db\.damaged-[^-]+-[^-]+-[^-]+$/.test(name) || /\.damaged-.*Z$/.test(name),
    )
  } catch {
    return []
  }
}

const free = async (path: string): Promise<number> => {
  const there = existsSync(path) || dirname(path) === path
  if (!there) return free(dirname(path))
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
