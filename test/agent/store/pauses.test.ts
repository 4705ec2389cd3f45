import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { MIGRATIONS } from '../../../src/agent/store/migrations.ts'
import { createStore } from '../../../src/agent/store/open-store.ts'

const ANNA = '+15622924139'
const HOUR = 3_600_000

const open = () => {
  const db = new Database(':memory:')
  for (const migration of MIGRATIONS) db.exec(migration)
  return createStore(db, ':memory:')
}

test('a pause ends by itself, lasts no longer because the clock was set back, and is replaced by another', () => {
  const { pauses } = open()
  pauses.set({ threadId: ANNA, cause: 'operator', sinceMs: 100 * HOUR, untilMs: 102 * HOUR })
  expect(pauses.list(102 * HOUR)).toEqual([])
  expect(pauses.of(ANNA, 50 * HOUR)).toEqual([
    { threadId: ANNA, cause: 'operator', sinceMs: 50 * HOUR, untilMs: 52 * HOUR },
  ])
  pauses.set({ threadId: ANNA, cause: 'operator', sinceMs: 51 * HOUR })
  expect(pauses.of(ANNA, 900 * HOUR)).toEqual([{ threadId: ANNA, cause: 'operator', sinceMs: 51 * HOUR }])
})

test('a takeover is extended, never shortened; only its begin is one', () => {
  const { pauses } = open()
  expect(pauses.extend(ANNA, 'takeover', HOUR, 2 * HOUR)).toBe(true)
  expect(pauses.extend(ANNA, 'takeover', HOUR, 1.5 * HOUR)).toBe(false)
  expect(pauses.of(ANNA, HOUR)).toMatchObject([{ untilMs: 2 * HOUR }])
  expect(pauses.extend(ANNA, 'takeover', 3 * HOUR, 4 * HOUR)).toBe(true)
})

test('whom a message came from, or a command wrote to, is known for good, and only commands count as new', () => {
  const { inbox, outbox, recipients, retire } = open()
  inbox.add({ guid: 'g', threadId: ANNA, seenMs: HOUR, skip: 'tapback' })
  const bubble = { text: 'hi', says: 'hi', immediate: false, now: 2 * HOUR }
  outbox.planCommand({ ...bubble, threadId: ANNA, commandId: 'a' })
  outbox.planCommand({ ...bubble, threadId: 'b@example.com', commandId: 'b' })
  outbox.planCommand({ ...bubble, threadId: 'b@example.com', commandId: 'c' })
  outbox.planCommand({ ...bubble, threadId: 'selftest' })
  expect(recipients.newSince(0)).toBe(1)
  for (const id of [1, 2, 3, 4]) outbox.drop(id)
  while (retire(1_000 * HOUR));
  expect(outbox.counts()).toEqual({ failed: 4 })
  expect([ANNA, 'b@example.com', 'selftest', 'c@example.com'].map(recipients.isKnown)).toEqual([
    true,
    true,
    true,
    false,
  ])
})

test('of refused commands the latest are kept, and all stay counted; the others are not touched', () => {
  const { commands } = open()
  const add = (commandId: string) =>
    commands.add({ commandId, commandType: 'x', digest: 'd', role: 'plain', nowMs: HOUR })
  add('accepted')
  for (const n of [1, 2, 3, 4, 5]) {
    add(`refused ${n}`)
    commands.finish(`refused ${n}`, 'failed', HOUR, 'unknown_thread')
    commands.forgetRefused(2)
  }
  expect(['accepted', 'refused 3', 'refused 4', 'refused 5'].map(id => commands.find(id) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ])
  expect(commands.counts()).toEqual({ failed: 5, received: 1 })
})
