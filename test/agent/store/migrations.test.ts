import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore, type Store } from '../../../src/agent/store/open-store.ts'
import { ANNA } from '../../support/conversation.ts'
import { STOCK, UNCOMMON, writeVersion8 } from '../../support/write-version-8.ts'

const NOW = Date.now()
const DAY = 24 * 60 * 60_000

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'store-'))
  writeVersion8(dir, { nowMs: NOW })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const read = <T>(look: (db: Database.Database) => T): T => {
  const db = new Database(join(dir, 'state.db'), { readonly: true })
  try {
    return look(db)
  } finally {
    db.close()
  }
}

/** All rows of all tables, by the columns that there are now. */
const tables = () =>
  read(db =>
    Object.fromEntries(
      db
        .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .pluck()
        .all()
        .map(name => [name, db.prepare<[], Record<string, unknown>>(`SELECT * FROM ${name}`).all()]),
    ),
  )

const opened = <T>(use: (store: Store) => T): T => {
  const store = openStore(dir)
  try {
    return use(store)
  } finally {
    store.close()
  }
}

test('a state of version 8 loses nothing: each row is there, and says what it said', () => {
  const before = tables()
  opened(({ startedOver }) => expect(startedOver).toBeUndefined())
  const after = tables()
  for (const [name, rows] of Object.entries(before)) {
    expect(after[name]).toEqual(rows.map(row => expect.objectContaining(row)))
    expect(rows.length, name).toBeGreaterThan(name === 'pending_rows' ? -1 : 0)
  }
})

test('of what version 8 POSTed a WebSocket may have been open, and no late reflex of it can come: its connection has ended', () => {
  opened(() => {})
  const rows = read(db =>
    db
      .prepare<[], Record<string, unknown>>('SELECT guid, had_socket, late_reflex FROM messages ORDER BY id')
      .all()
      .map(row => Object.values(row).join(' ')),
  )
  expect(rows).toEqual([
    'long-ago 0 0', // longer than any window
    'lacking 1 0',
    'uncommon 1 0',
    'skipped 0 0',
    'dead 1 0', // it may be tried again
    'waiting 1 0',
    'posting 1 0',
    'queued 0 0',
    'wiped 0 0',
  ])
})

test('a line is stock if two messages of version 8 had it; of one that had it alone it goes with the message', () => {
  opened(({ lines, hash, transaction, retire }) => {
    expect([STOCK, UNCOMMON, 'on it'].map(line => lines.isStock(hash(line)))).toEqual([true, false, false])
    transaction(() => lines.note(hash(UNCOMMON), 6))
    expect(lines.isStock(hash(UNCOMMON))).toBe(true)
    while (retire(NOW - DAY)) {}
    expect(lines.isStock(hash(STOCK))).toBe(true)
  })
})

test('a reflex that version 8 sent is still that of the message in flight; none is taken for held back', () => {
  opened(({ inbox, commands, outbox }) => {
    const posted = inbox.posted(ANNA, NOW - DAY)
    expect(
      posted.map(({ id, posts, reflexes, hadSocket, answer }) => [id, posts, reflexes, hadSocket, answer?.firstSays]),
    ).toEqual([
      [2, 1, 0, true, STOCK],
      [3, 1, 1, true, UNCOMMON],
      [6, 1, 0, true, undefined],
    ])
    expect(commands.unmatched(ANNA, NOW - DAY).map(({ commandId }) => commandId)).toEqual(['unmatched'])
    expect(commands.heldBack(ANNA, 0)).toEqual([])
    expect(commands.acksOwed().map(({ commandId }) => commandId)).toEqual(['unmatched'])
    expect(outbox.plannedIn(ANNA)).toHaveLength(1)
  })
})
