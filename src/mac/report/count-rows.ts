import { existsSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { word } from './word.ts'

/** How many rows of which kind are in a state database that no agent holds. Nothing in it is changed. */
export const countRows = (path: string): unknown => {
  if (!existsSync(path)) return { exists: false }
  const file = { exists: true, bytes: statSync(path).size }
  let db: Database.Database | undefined
  try {
    db = new Database(path, { readonly: true, fileMustExist: true, timeout: 0 })
    return { ...file, version: db.pragma('user_version', { simple: true }), tables: tablesOf(db), states: statesOf(db) }
  } catch (error) {
    return { ...file, cannotBeRead: word((error as { code?: unknown }).code) ?? 'other' }
  } finally {
    db?.close()
  }
}

const TABLES = [
  'messages',
  'bubbles',
  'commands',
  'schedules',
  'threads',
  'pending_rows',
  'counters',
  'cursor',
  'history',
]

const tablesOf = (db: Database.Database): Readonly<Record<string, number>> => {
  const there = namesOf(db)
  return Object.fromEntries(
    TABLES.filter(table => there.includes(table)).map(table => [
      table,
      db.prepare<[], number>(`SELECT COUNT(*) FROM ${table}`).pluck().get() ?? 0,
    ]),
  )
}

/** An older agent's database has not all of the tables. */
const namesOf = (db: Database.Database): readonly string[] =>
  db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()

const statesOf = (db: Database.Database): Readonly<Record<string, Readonly<Record<string, number>>>> =>
  Object.fromEntries(
    [
      ['messages', 'state'],
      ['bubbles', 'state'],
      ['commands', 'status'],
      ['schedules', 'state'],
    ]
      .filter(([table = '']) => namesOf(db).includes(table))
      .map(([table, state]) => {
        const rows = db
          .prepare<[], { state: string; reason: string | null; n: number }>(
            `SELECT ${state} AS state, ${table === 'commands' ? 'error' : 'reason'} AS reason, COUNT(*) AS n
           FROM ${table} GROUP BY 1, 2`,
          )
          .all()
        const named: Record<string, number> = {}
        for (const { state, reason, n } of rows) {
          const name = `${word(state) ?? 'other'}, ${reason === null ? 'none' : (word(reason) ?? 'other')}`
          named[name] = (named[name] ?? 0) + n
        }
        return [table, named]
      }),
  )
