import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore } from '../../../src/agent/store/open-store.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'store-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const DAY = 24 * 60 * 60_000

test('a first start, and one after a start that came to nothing, are no loss', () => {
  const first = openStore(dir)
  expect(first.startedOver).toBeUndefined()
  first.close()
  const second = openStore(dir)
  expect(second.startedOver).toBeUndefined()
  second.close()
})

test('a database that is gone is a loss, told with the time of the first start', () => {
  openStore(dir, 5_000).close()
  for (const name of readdirSync(dir)) if (name.startsWith('state.db')) rmSync(join(dir, name))
  const store = openStore(dir)
  expect(store.startedOver).toEqual({ reason: 'deleted', firstStartMs: 5_000 })
  store.close()
})

test('the lock holds as long as the database is open', () => {
  const store = openStore(dir)
  expect(() => openStore(dir)).toThrow(expect.objectContaining({ code: 'already_running', exit: 75 }))
  store.close()
  openStore(dir).close()
})

test('a transaction is all or nothing', () => {
  const { inbox, transaction, close } = openStore(dir)
  expect(() =>
    transaction(() => {
      inbox.add({ guid: 'a', threadId: 't', seenMs: 1, body: '{}' })
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(inbox.isKnown('a')).toBe(false)
  close()
})

test('what ended long ago is removed and stays counted; what waits or is parked stays', () => {
  const { inbox, outbox, commands, transaction, retire, close } = openStore(dir)
  transaction(() => {
    for (const guid of ['old', 'new', 'dead']) {
      inbox.add({ guid, threadId: 't', seenMs: guid === 'new' ? 40 * DAY : 0, body: '{}' })
      const id = inbox.idOf(guid) ?? 0
      inbox.startPost(id, 0)
      if (guid === 'dead') inbox.deadLetter(id, 'http_422', undefined)
      else inbox.markAnswered(id, 0, 'hi', 1)
    }
    inbox.add({ guid: 'skipped', seenMs: 0, skip: 'tapback' })
    const messageId = inbox.idOf('old') ?? 0
    const row = { threadId: 't', messageId, says: 'hi', text: 'hi', now: 0 }
    outbox.claimRow(outbox.planAnswer({ ...row, position: 0 }), 'confirmed', undefined, 'row', 0)
    outbox.move(outbox.planAnswer({ ...row, position: 1, messageId: inbox.idOf('new') ?? 0 }), 'parked', 'no_row', 0)
    const bubbleId = outbox.planCommand({
      threadId: 't',
      commandId: 'c',
      text: 'x',
      says: 'x',
      immediate: true,
      now: 0,
    })
    outbox.claimRow(bubbleId, 'confirmed', undefined, 'row2', 0)
    commands.add({ commandId: 'c', commandType: 's', digest: 'd', role: 'unmatched', bubbleId, nowMs: 0 })
    commands.finish('c', 'completed', 0)
  })
  const before = [inbox.counts(), outbox.counts(), commands.counts(), commands.reflexesSent()]
  while (retire(30 * DAY)) {}
  expect(commands.find('c')).toBeDefined() // its ack is still owed
  commands.ackDelivered('c', 'completed')
  while (retire(30 * DAY)) {}
  expect(commands.find('c')).toBeUndefined()
  expect(['old', 'new', 'dead', 'skipped'].filter(inbox.isKnown)).toEqual(['new', 'dead'])
  expect(outbox.waiting().map(({ state }) => state)).toEqual(['parked'])
  expect([inbox.counts(), outbox.counts(), commands.counts(), commands.reflexesSent()]).toEqual(before)
  close()
})
