import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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
let commits: number

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-'))
  writer = openChatDbWriter(join(dir, 'chat.db'))
  db = openChatDb(join(dir, 'chat.db'))
  store = openStore(join(dir, 'state.db'))
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
    cursor: store.cursor,
    inbox: store.inbox,
    outbox: store.outbox,
    ...rowNeeds(() => db, store),
    compose: ({ text }) => ({ body: text, redacted: {} }),
    count: store.counters.count,
    startedOver: store.startedOver,
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
