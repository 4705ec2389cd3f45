import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Database } from 'better-sqlite3'

/**
 * The hash of this installation: HMAC-SHA256 under a random key that never leaves its database, so that no list of common
 * texts, made once for all, tells what a hash stands for.
 */
export const createTextHash = (db: Database): ((text: string) => string) => {
  const key = readKey(db)
  return text => keyed(key, plainHash(text))
}

/** For a database from before there was a key: its hashes had none. Part of the caller's transaction. */
export const keyOldHashes = (db: Database): void => {
  const key = readKey(db)
  for (const [table, column] of HASHES) {
    const update = db.prepare<[string, number]>(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`)
    const rows = db
      .prepare<[], { id: number; hash: string }>(
        `SELECT rowid AS id, ${column} AS hash FROM ${table} WHERE ${column} IS NOT NULL`,
      )
      .all()
    for (const { id, hash } of rows) update.run(keyed(key, hash), id)
  }
}

const HASHES = [
  ['messages', 'fingerprint'],
  ['commands', 'digest'],
] as const

const readKey = (db: Database): Buffer => {
  db.prepare<[Buffer]>("INSERT INTO installation VALUES ('text_key', ?) ON CONFLICT DO NOTHING").run(randomBytes(32))
  const key = db.prepare<[], Buffer>("SELECT value FROM installation WHERE name = 'text_key'").pluck().get()
  if (key === undefined) throw new Error('the state database has no text_key')
  return key
}

const plainHash = (text: string): string => createHash('sha256').update(text).digest('base64url')
const keyed = (key: Buffer, hash: string): string => createHmac('sha256', key).update(hash).digest('base64url')
