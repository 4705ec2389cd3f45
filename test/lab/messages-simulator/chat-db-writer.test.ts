import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readAttributedBody } from '../../../src/agent/imessage/attributed-body.ts'
import { type ChatDbWriter, openChatDbWriter, toAppleDate } from '../../../src/lab/messages-simulator/chat-db-writer.ts'

const DIRECT = 'any;-;+15551234567'
const GROUP = 'iMessage;+;chat655321'

let dir: string
let path: string
let writer: ChatDbWriter
let reader: Database.Database

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chat-db-'))
  path = join(dir, 'chat.db')
  writer = openChatDbWriter(path)
  reader = new Database(path, { readonly: true })
})

afterEach(() => {
  reader.close()
  writer.close()
  rmSync(dir, { recursive: true })
})

test('a new chat.db has the tables, indexes and triggers of Messages, in WAL mode', () => {
  const count = (type: string) =>
    reader.prepare("SELECT count(*) FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_%'").pluck().get(type)
  expect([count('table'), count('index'), count('trigger')]).toEqual([23, 53, 20])
  expect(reader.pragma('table_info(message)')).toHaveLength(95)
  expect(reader.pragma('journal_mode', { simple: true })).toBe('wal')
})

test('a chat.db that is there is written on', async () => {
  const first = await writer.writeIncoming({ chat: DIRECT, from: '+15551234567', text: 'one' })
  const again = openChatDbWriter(path)
  const second = await again.writeIncoming({ chat: DIRECT, from: '+15551234567', text: 'two' })
  again.close()
  expect([first.rowid, second.rowid]).toEqual([1, 2])
  expect(all('SELECT guid FROM chat')).toEqual([{ guid: DIRECT }])
})

test('what a chat is follows from its guid', () => {
  writer.ensureChat(DIRECT)
  writer.ensureChat('SMS;-;+1999')
  writer.ensureChat({ guid: GROUP, participants: ['a@b.c', '+1888'], accountId: 'ACCOUNT', accountLogin: 'P:+1777' })
  expect(all('SELECT style, chat_identifier, service_name, room_name FROM chat')).toEqual([
    { style: 45, chat_identifier: '+15551234567', service_name: 'iMessage', room_name: null },
    { style: 45, chat_identifier: '+1999', service_name: 'SMS', room_name: null },
    { style: 43, chat_identifier: 'chat655321', service_name: 'iMessage', room_name: 'chat655321' },
  ])
  expect(writer.findChat(GROUP)).toMatchObject({ isGroup: true, accountId: 'ACCOUNT', accountLogin: 'P:+1777' })
  expect(
    all('SELECT h.id, h.service, j.chat_id FROM chat_handle_join j JOIN handle h ON h.ROWID = j.handle_id'),
  ).toEqual([
    { id: '+15551234567', service: 'iMessage', chat_id: 1 },
    { id: '+1999', service: 'SMS', chat_id: 2 },
    { id: 'a@b.c', service: 'iMessage', chat_id: 3 },
    { id: '+1888', service: 'iMessage', chat_id: 3 },
  ])
  expect(() => writer.ensureChat('+1555')).toThrow('not a chat')
})

test('the row is there before its join to the chat', async () => {
  const written = writer.writeIncoming({ chat: DIRECT, from: '+15551234567', text: 'hi', joinMs: 30 })
  expect(all('SELECT ROWID FROM message')).toHaveLength(1)
  expect(all('SELECT * FROM chat_message_join')).toEqual([])
  const { rowid, guid } = await written
  expect(all('SELECT chat_id, message_id FROM chat_message_join')).toEqual([{ chat_id: 1, message_id: rowid }])
  expect(all('SELECT guid FROM message')).toEqual([{ guid }])
})

test('row and join are two commits, even without a delay', async () => {
  writer.ensureChat(DIRECT)
  const before = countCommits()
  await writer.writeIncoming({ chat: DIRECT, from: '+15551234567', text: 'hi' })
  expect(countCommits() - before).toBe(2)
})

test('the words are in attributedBody unless they are wanted elsewhere', async () => {
  for (const body of [undefined, 'attributedBody', 'text', 'both'] as const)
    await writer.writeIncoming({ chat: DIRECT, from: '+1', text: 'words', ...(body && { body }) })
  await writer.writeIncoming({ chat: DIRECT, from: '+1' })
  const rows = reader.prepare('SELECT text, attributedBody FROM message').all() as {
    text: string | null
    attributedBody: Buffer | null
  }[]
  const seen = rows.map(({ text, attributedBody }) => [
    text,
    attributedBody && readAttributedBody(attributedBody)?.text,
  ])
  expect(seen).toEqual([
    [null, 'words'],
    [null, 'words'],
    ['words', null],
    ['words', 'words'],
    [null, null],
  ])
})

test('a column may get its true value only later', async () => {
  const written = writer.writeIncoming({
    chat: DIRECT,
    from: '+15551234567',
    text: 'late',
    columns: { is_from_me: 1 },
    atFirst: { handle_id: 0, is_from_me: 0, attributedBody: null, is_delivered: 0, error: 5 },
    settleMs: 30,
  })
  const state = () =>
    all('SELECT handle_id, is_from_me, attributedBody IS NULL AS empty, is_delivered, error FROM message')
  expect(state()).toEqual([{ handle_id: 0, is_from_me: 0, empty: 1, is_delivered: 0, error: 5 }])
  const { committedAt } = await written
  expect(state()).toEqual([{ handle_id: 1, is_from_me: 1, empty: 0, is_delivered: 1, error: 0 }])
  expect(Math.abs(Date.now() - committedAt)).toBeLessThan(1000)
})

test('any column can be given: dates to the nanosecond, a guid, a ROWID, a tapback', async () => {
  const date = 712_345_678_123_456_789n
  const columns = { ROWID: 500, guid: 'MINE', date, associated_message_type: 2001, associated_message_guid: 'p:0/X' }
  const committed = await writer.writeIncoming({ chat: DIRECT, from: '+1', text: 'Liked “hi”', columns })
  expect(committed).toMatchObject({ rowid: 500, guid: 'MINE' })
  const row = reader
    .prepare(
      'SELECT m.date, j.message_date, associated_message_type FROM message m JOIN chat_message_join j ON j.message_id = m.ROWID',
    )
    .safeIntegers()
    .get()
  expect(row).toEqual({ date, message_date: date, associated_message_type: 2001n })
  await expect(writer.writeIncoming({ chat: DIRECT, from: '+1', columns: { no_such: 1 } })).rejects.toThrow('no_such')
})

test('dates count from 2001, in nanoseconds', async () => {
  expect(toAppleDate(Date.UTC(2001, 0, 1, 0, 0, 1))).toBe(1_000_000_000n)
  await writer.writeIncoming({ chat: DIRECT, from: '+1', text: 'now' })
  const date = reader.prepare('SELECT date FROM message').pluck().get() as number
  expect(Math.abs(date / 1e6 + Date.UTC(2001, 0, 1) - Date.now())).toBeLessThan(1000)
})

test('attachments come with the join, and stand for themselves in the text', async () => {
  const attachments = [{ name: 'a.heic', mimeType: 'image/heic', bytes: 7 }, { name: 'b.pdf' }]
  await writer.writeIncoming({ chat: DIRECT, from: '+1', text: 'look', attachments })
  const { attributedBody, cache } = reader
    .prepare('SELECT attributedBody, cache_has_attachments AS cache FROM message')
    .get() as { attributedBody: Buffer; cache: number }
  expect(readAttributedBody(attributedBody)?.parts).toEqual(['\uFFFC', '\uFFFC', 'look'])
  expect(cache).toBe(1)
  const files = all(
    'SELECT a.guid, transfer_name, total_bytes FROM attachment a JOIN message_attachment_join j ON j.attachment_id = a.ROWID',
  )
  expect(files).toMatchObject([
    { transfer_name: 'a.heic', total_bytes: 7 },
    { transfer_name: 'b.pdf', total_bytes: 1024 },
  ])
  for (const { guid } of files as { guid: string }[]) expect(attributedBody.includes(guid)).toBe(true)
})

test('an outgoing row names the other in a direct chat and nobody in a group', async () => {
  await writer.writeOutgoing({ chat: DIRECT, text: 'to one' })
  await writer.writeOutgoing({ chat: { guid: GROUP, participants: ['+1', '+2'] }, text: 'to many' })
  expect(all('SELECT is_from_me, is_sent, is_delivered, handle_id, cache_roomnames FROM message')).toEqual([
    { is_from_me: 1, is_sent: 1, is_delivered: 0, handle_id: 1, cache_roomnames: null },
    { is_from_me: 1, is_sent: 1, is_delivered: 0, handle_id: 0, cache_roomnames: 'chat655321' },
  ])
})

test('a ghost is an empty SMS of ours in no chat, to a handle called like the chat', async () => {
  await writer.writeGhost(GROUP)
  expect(
    all(
      `SELECT m.text, m.attributedBody, m.service, m.is_from_me, m.is_sent, h.id, j.chat_id FROM message m
       JOIN handle h ON h.ROWID = m.handle_id LEFT JOIN chat_message_join j ON j.message_id = m.ROWID`,
    ),
  ).toEqual([
    { text: '', attributedBody: null, service: 'SMS', is_from_me: 1, is_sent: 0, id: 'chat655321', chat_id: null },
  ])
})

test('receipts and errors are updates of the row', async () => {
  const { guid, rowid } = await writer.writeOutgoing({ chat: DIRECT, text: 'hi' })
  expect(writer.updateMessage(guid, { is_delivered: 1, date_delivered: 5n, error: 22 })).toMatchObject({ guid, rowid })
  expect(all('SELECT is_delivered, date_delivered, error FROM message')).toEqual([
    { is_delivered: 1, date_delivered: 5, error: 22 },
  ])
  expect(all("SELECT value FROM kvtable WHERE key = 'lastFailedMessageRowID'")).toEqual([{ value: rowid }])
  expect(() => writer.updateMessage('NONE', { error: 1 })).toThrow('NONE')
})

test('a checkpoint empties the -wal', async () => {
  await writer.writeIncoming({ chat: DIRECT, from: '+1', text: 'hi' })
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0)
  writer.checkpoint()
  expect(statSync(`${path}-wal`).size).toBe(0)
})

const all = (sql: string): unknown[] => reader.prepare(sql).all()

/** A frame of the -wal that ends a commit says how large the database is then; other frames say 0. */
const countCommits = (): number => {
  const wal = readFileSync(`${path}-wal`)
  const pageSize = wal.readUInt32BE(8)
  let commits = 0
  for (let at = 32; at < wal.length; at += 24 + pageSize) if (wal.readUInt32BE(at + 4) > 0) commits += 1
  return commits
}
