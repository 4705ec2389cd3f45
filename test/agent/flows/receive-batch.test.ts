import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createOverlooked } from '../../../src/agent/flows/find-overlooked.ts'
import { createReadAhead } from '../../../src/agent/flows/read-ahead.ts'
import { receiveBatch } from '../../../src/agent/flows/receive-batch.ts'
import { type ChatDb, openChatDb } from '../../../src/agent/imessage/chat-db.ts'
import { openStore, type Store } from '../../../src/agent/store/open-store.ts'
import { type ChatDbWriter, openChatDbWriter, toAppleDate } from '../../../src/lab/messages-simulator/chat-db-writer.ts'
import { rowNeeds } from '../../support/row-needs.ts'

const ANNA = '+15622924139'
const CHAT = `any;-;${ANNA}`

let dir: string
let writer: ChatDbWriter
let db: ChatDb
let store: Store
let cursor: ReturnType<typeof createReadAhead>
let commits: number

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-'))
  writer = openChatDbWriter(join(dir, 'chat.db'))
  db = openChatDb(join(dir, 'chat.db'))
  store = openStore(join(dir, 'state.db'))
  cursor = createReadAhead(store.cursor, store.counters.count)
  receive(Date.now()) // the first start begins at the end of chat.db
  commits = 0
})
afterEach(() => {
  for (const open of [db, store, writer]) open.close()
  rmSync(dir, { recursive: true })
})

const receive = (now: number, attended = true) =>
  receiveBatch(db, {
    rules: { maxAgeMs: 60_000, filter: () => ({ action: 'forward', rule: 'default', steps: [] }) },
    now: () => now,
    commitMs: now,
    attended,
    hash: text => text,
    transaction: work => {
      commits += 1
      return store.transaction(work)
    },
    cursor,
    inbox: store.inbox,
    outbox: store.outbox,
    ...rowNeeds(() => db, store),
    compose: ({ text }) => ({ body: text, redacted: {} }),
    count: store.counters.count,
    startedOver: store.startedOver,
    firstStartMs: store.firstStartMs,
  })

test('a row whose join to its chat follows at once is stored once, whole, in one commit', async () => {
  const written = writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'hi', joinMs: 50 })
  expect(receive(Date.now())).toEqual({ queued: 0, pending: 1, more: false })
  expect({ commits, noted: store.cursor.pendingRows() }).toEqual({ commits: 0, noted: [] })
  await written
  expect(receive(Date.now())).toEqual({ queued: 1, pending: 0, more: false })
  expect(commits).toBe(1)
})

test('a row that stays without its chat is noted, and holds up nobody', async () => {
  const { rowid } = await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'late', joinMs: 'never' })
  expect(receive(Date.now() + 1_000)).toEqual({ queued: 0, pending: 1, more: false })
  expect(store.cursor.pendingRows()).toMatchObject([{ rowid }])
  await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'whole' })
  expect(receive(Date.now())).toEqual({ queued: 1, pending: 1, more: false })
})

test('a row that was just written is noted when a whole one stands behind it', async () => {
  await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'half', joinMs: 'never' })
  await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'whole' })
  expect(receive(Date.now())).toEqual({ queued: 1, pending: 1, more: false })
})

test('rows of our own alone cost no commit, and are counted with the next', async () => {
  await writer.writeOutgoing({ chat: CHAT, text: 'the first, which tells who we are' })
  receive(Date.now())
  commits = 0
  const started = store.cursor.read()
  await writer.writeOutgoing({ chat: CHAT, text: 'R' })
  receive(Date.now())
  await writer.writeOutgoing({ chat: CHAT, text: 'B' })
  receive(Date.now())
  expect({ commits, passed: cursor.passed(), onDisk: store.cursor.read() }).toEqual({
    commits: 0,
    passed: 2,
    onDisk: started,
  })
  const { rowid } = await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'hi' })
  expect(receive(Date.now())).toEqual({ queued: 1, pending: 0, more: false })
  expect({ commits, passed: cursor.passed(), own: store.counters.read('skipped.own') }).toEqual({
    commits: 1,
    passed: 0,
    own: 3,
  })
  expect(store.cursor.read()).toMatchObject({ rowid })
})

test('a row with a date from the future is no newer than another', async () => {
  const date = BigInt(Date.now() + 86_400_000 - Date.UTC(2001, 0, 1)) * 1_000_000n
  await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'later', joinMs: 'never', columns: { date } })
  expect(receive(Date.now())).toEqual({ queued: 0, pending: 1, more: false })
  expect(store.cursor.pendingRows()).toHaveLength(1)
})

test('the row of a send is found in a copy of chat.db, though the clock was set since', async () => {
  const HOUR_MS = 3_600_000
  await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'hi' })
  receive(Date.now())
  const messageId = store.inbox.heads()[0]?.id ?? 0
  const id = store.outbox.planAnswer({ threadId: ANNA, messageId, position: 0, text: 'B', says: 'B', now: Date.now() })
  store.outbox.startSending(id, 'attempt', db.highestRowid(), Date.now() + HOUR_MS)
  store.outbox.move(id, 'sent', undefined, Date.now() + HOUR_MS)
  const { rowid } = await writer.writeOutgoing({ chat: CHAT, text: 'B' })

  writer.checkpoint('TRUNCATE')
  copyFileSync(join(dir, 'chat.db'), join(dir, 'copy.db'))
  for (const open of [db, writer]) open.close()
  renameSync(join(dir, 'copy.db'), join(dir, 'chat.db'))
  writer = openChatDbWriter(join(dir, 'chat.db'))
  db = openChatDb(join(dir, 'chat.db'))
  receive(Date.now())
  expect(store.outbox.awaitingRow(0)[0]?.watermark).toBeLessThan(rowid)
})

test('a row is given up after it was looked at for its time, not after so long a sleep', async () => {
  const HOUR_MS = 3_600_000
  const date = toAppleDate(Date.now() + HOUR_MS)
  await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'late', joinMs: 'never', columns: { date } })
  receive(Date.now())
  expect(receive(Date.now() + HOUR_MS, false)).toEqual({ queued: 0, pending: 1, more: false })
  expect(receive(Date.now() + HOUR_MS + 59_000)).toEqual({ queued: 0, pending: 1, more: false })
  expect(receive(Date.now() + HOUR_MS + 61_000)).toEqual({ queued: 0, pending: 0, more: false })
})

test('a backlog is taken in a little at a time, so that the rest of the program has its turn', async () => {
  for (let i = 0; i < 450; i++) await writer.writeIncoming({ chat: CHAT, from: ANNA, text: `message ${i}` })
  expect([1, 2, 3].map(() => receive(Date.now()))).toEqual([
    { queued: 200, pending: 0, more: true },
    { queued: 200, pending: 0, more: true },
    { queued: 50, pending: 0, more: false },
  ])
})

test.each([
  ['edited', (guid: string) => writer.editMessage(guid, 'new words')],
  ['withdrawn', (guid: string) => writer.unsendMessage(guid)],
])('a copy with the words from before is known, where the message was %s before it was seen', async (_, change) => {
  const columns = { date: toAppleDate(Date.now()) }
  const { guid } = await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'old words', columns })
  change(guid)
  receive(Date.now())
  await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'old words', columns })
  expect(receive(Date.now())).toEqual({ queued: 0, pending: 0, more: false })
  await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'old words' })
  expect(receive(Date.now())).toEqual({ queued: 1, pending: 0, more: false })
})

/** The texts that are queued, in the order in which they are to be POSTed. */
const queuedTexts = (): string[] => {
  const texts: string[] = []
  for (let head = store.inbox.heads()[0]; head !== undefined; head = store.inbox.heads()[0]) {
    texts.push(store.inbox.startPost(head.id, 0).body)
  }
  return texts
}
const writeAt = (ms: number, text: string, columns: Record<string, bigint | number> = {}) =>
  writer.writeIncoming({ chat: CHAT, from: ANNA, text, columns: { date: toAppleDate(ms), ...columns } })

/** Another file at its place, with these messages and no other. */
const replaceBy = async (messages: readonly (readonly [ms: number, text: string])[]): Promise<void> => {
  db.close()
  writer.close()
  const path = join(dir, 'other.db')
  writer = openChatDbWriter(path)
  for (const [ms, text] of messages) await writeAt(ms, text)
  writer.checkpoint()
  writer.close()
  for (const suffix of ['-wal', '-shm']) rmSync(join(dir, `chat.db${suffix}`), { force: true })
  renameSync(path, join(dir, 'chat.db'))
  writer = openChatDbWriter(join(dir, 'chat.db'))
  db = openChatDb(join(dir, 'chat.db'))
}

const HOUR = 60 * 60_000
test.each([
  ['at once', false],
  ['after a look at the old file', true],
])(
  'case 23: the clock is set back beyond the first start, and chat.db replaced by older history (%s)',
  async (_, looks) => {
    await writeAt(Date.now() - 5 * HOUR, 'long ago')
    const now = Date.now() - HOUR
    if (looks) receive(now)
    await replaceBy([
      [now - 30_000, 'history'],
      [now - 20_000, 'more of it'],
      [now + 20_000, 'by a right clock it is older than the first start, too'],
    ])
    for (let look = 0; look < 3; look += 1) receive(now + look)
    // No row of the new file tells when the first start was.
    if (!looks) expect(store.cursor.read()?.firstStartMs).toBe(now)
    expect(queuedTexts()).toEqual([])
    await writeAt(now + 1_000, 'new')
    receive(now + 1_000)
    expect(queuedTexts()).toEqual(['new'])
  },
)

test.each([3, 120])('%i rows that come at once out of the order of their dates are POSTed by date', async count => {
  const now = Date.now()
  const ages = Array.from({ length: count }, (_, n) => ((n * 37) % count) + 1)
  for (const age of ages) await writeAt(now + 30_000 - age, `${count - age}`)
  receive(now + 30_000)
  expect(queuedTexts()).toEqual(Array.from({ length: count }, (_, n) => `${n}`))
  expect(store.cursor.pendingRows()).toEqual([])
})

test('a row below the cursor, which no Messages writes, is found at a later look, once', async () => {
  const now = Date.now()
  const { firstStartMs } = store
  const overlooked = createOverlooked({ ...store, maxAgeMs: HOUR, firstStartMs })
  await writeAt(now + 1, 'first', { ROWID: 10 })
  receive(now + 10)
  expect(overlooked.find(db, now + 10)).toBe(false)
  await writeAt(now + 2, 'below', { ROWID: 5 })
  await writeAt(firstStartMs - HOUR / 2, 'history below', { ROWID: 4 })
  receive(now + 20)
  expect(overlooked.find(db, now + 20)).toBe(false)
  expect([overlooked.isDue(now + 20), overlooked.isDue(now + 40_000)]).toEqual([false, true])
  expect(overlooked.find(db, now + 40_000)).toBe(true)
  receive(now + 40_000)
  expect(queuedTexts()).toEqual(['first', 'below'])
  expect(overlooked.find(db, now + 80_000)).toBe(false)
  expect(overlooked.isDue(now + 200_000)).toBe(false)
})
