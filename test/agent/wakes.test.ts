import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MIGRATIONS } from '../../src/agent/store/migrations.ts'
import { createStore } from '../../src/agent/store/open-store.ts'
import { createLife, type Life } from '../interleavings/life.ts'
import { ONE_MESSAGE, START_MS } from '../interleavings/scenario.ts'
import { createTimers, type Timers } from '../interleavings/timers.ts'
import { chatDbOf, guidOf, newWorld, output, type World } from '../interleavings/world.ts'

/** The engine in a world in which no timer goes off: what happens here happens because somebody was woken. */
let store: ReturnType<typeof createStore>
let world: World
let timers: Timers
let life: Life
beforeEach(() => {
  const db = new Database(':memory:')
  for (const step of MIGRATIONS) db.exec(step)
  store = createStore(db, ':memory:')
  world = newWorld(SCENARIO)
  timers = createTimers(() => world.now)
  life = createLife(world, store, SCENARIO, timers)
  store.transaction(() => store.cursor.rememberChat({ ...CHAT, guid: 'any;-;anna' }))
})
afterEach(() => store.close())

const SCENARIO = { ...ONE_MESSAGE, acks: true }
const CHAT = { threadId: 'anna', isGroup: false, service: 'iMessage', accountId: '' }

/** Whatever was woken has done what it can. */
const settle = () => new Promise(resolve => setImmediate(resolve))

const plan = (commandId: string): number => {
  const bubble = { threadId: 'anna', commandId, text: 'hi', says: 'hi', immediate: true, now: world.now }
  const id = store.outbox.planCommand(bubble)
  const command = { commandId, commandType: 'send_message_now', digest: '', threadId: 'anna', says: 'hi' }
  store.commands.add({ ...command, role: 'plain', bubbleId: id, nowMs: world.now })
  return id
}
const queueMessage = (): void => {
  store.inbox.add({ guid: guidOf(1), threadId: 'anna', seenMs: world.now, body: JSON.stringify('question 1') })
}
const receiveMessage = (): void => {
  world.rows.push({ guid: guidOf(1), thread: 'anna', text: 'question 1', fromMe: false, atMs: START_MS })
  world.version += 1
}

test('what the last life left goes when a life begins', async () => {
  plan('c1')
  life.engine.recover()
  await settle()
  expect(life.sends.size).toBe(1)
})

test('a commit wakes whoever may have work: what a person tries again goes at once', async () => {
  const id = plan('c1')
  store.transaction(() => store.outbox.move(id, 'failed', 'no_chat', world.now))
  await settle()
  expect(life.sends.size).toBe(0)
  life.engine.queue.retry([`b${id}`])
  await settle()
  expect(life.sends.size).toBe(1)
})

test('the Mac woke up: what came due by the clock on the wall while it slept goes', async () => {
  life.engine.pausing.pause({ forMs: 3_600_000 })
  store.transaction(() => plan('c1'))
  await settle()
  world.now += 3_600_000
  await settle()
  expect(life.sends.size).toBe(0)
  life.engine.wake()
  expect(life.sends.size).toBe(1)
})

test('chat.db changed: a row of ours on which Messages puts an error, while there is nothing to take in', async () => {
  world.rows.push({ guid: 'own-1', thread: 'anna', text: 'hi', fromMe: true, atMs: world.now })
  let hasError = false
  const rows = chatDbOf(world).outgoingAfter
  const db = { ...chatDbOf(world), failedSince: () => (hasError ? rows(0).map(row => ({ ...row, error: 22 })) : []) }
  const id = plan('c1')
  store.outbox.startSending(id, 'attempt-1', 0, world.now)
  store.outbox.claimRow(id, 'confirmed', undefined, 'own-1', world.now)
  life.engine.useChatDb(db)
  life.engine.look(db)
  await settle()
  expect(store.outbox.byId(id).state).toBe('confirmed')
  hasError = true
  world.version += 1
  life.engine.look(db)
  await settle()
  expect(store.outbox.byId(id).state).toBe('failed')
})

test('chat.db can be read again: a message that waits for a last look at its row is POSTed', async () => {
  receiveMessage()
  store.transaction(queueMessage)
  await settle()
  expect(life.posts.size).toBe(0)
  life.openChatDb()
  await settle()
  expect(life.posts.size).toBe(1)
})

test('a connection opens: acks that are owed go, and what waits for the network alone is POSTed', async () => {
  life.openChatDb()
  receiveMessage()
  store.transaction(() => {
    queueMessage()
    store.inbox.startPost(1, world.now)
    store.inbox.waitForRetry(1, 'network_ECONNREFUSED', undefined, world.now, 60_000, false)
    plan('c1')
    store.commands.finish('c1', 'failed', world.now)
  })
  await settle()
  expect([life.posts.size, world.acks]).toEqual([0, []])
  life.connect()
  await settle()
  expect([life.posts.size, world.acks]).toEqual([1, [{ id: 'c1', status: 'failed' }]])
})

test('the backend is there again: a closed road is tried at once', async () => {
  life.openChatDb()
  receiveMessage()
  store.transaction(queueMessage)
  await settle()
  life.posts.get(1)?.end({ kind: 'refuses-all', reason: 'http_401', detail: '' })
  life.posts.clear()
  world.posts = []
  await settle()
  expect(life.posts.size).toBe(0)
  life.engine.backendIsBack()
  await settle()
  expect(life.posts.size).toBe(1)
})

test('macOS lets us control Messages again: what waited for that is sent', async () => {
  store.transaction(() => plan('c1'))
  await settle()
  const [attempt = ''] = life.sends.keys()
  world.files[attempt] = output(['resolve'], -1743)
  life.sends.get(attempt)?.({ kind: 'exited', code: 1 })
  life.sends.clear()
  await settle()
  expect(life.sends.size).toBe(0)
  await life.engine.automation.ask()
  await settle()
  expect(life.sends.size).toBe(1)
})
