import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openChatDb } from '../../../src/agent/imessage/chat-db.ts'
import { type ChatDbWriter, openChatDbWriter } from '../../../src/lab/messages-simulator/chat-db-writer.ts'

const ANNA = '+15622924139'
const GROUP = 'any;+;chat655333'

let path: string
let writer: ChatDbWriter

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'edge-')), 'chat.db')
  writer = openChatDbWriter(path)
})
afterEach(() => {
  writer.close()
  rmSync(join(path, '..'), { recursive: true })
})

const reading = <T>(read: (db: ReturnType<typeof openChatDb>) => T): T => {
  const db = openChatDb(path)
  try {
    return read(db)
  } finally {
    db.close()
  }
}

const change = (sql: string) => {
  const db = new Database(path)
  db.exec(sql)
  db.close()
}

describe('what was edited or withdrawn', () => {
  test('is told by the row, and so is when', async () => {
    const [kept, edited, gone] = await Promise.all(
      ['kept', 'at 5', 'oops'].map(text => writer.writeIncoming({ chat: GROUP, from: ANNA, text })),
    )
    writer.editMessage(edited?.guid ?? '', 'at 6')
    writer.unsendMessage(gone?.guid ?? '')
    const rows = reading(db => [kept, edited, gone].map(of => db.rowOf(of?.guid ?? '')))
    expect(rows.map(row => [row?.text, row?.emptied, row?.editedMs !== undefined])).toEqual([
      ['kept', false, false],
      ['at 6', false, true],
      ['', true, true],
    ])
    expect(Math.abs((rows[1]?.editedMs ?? 0) - Date.now())).toBeLessThan(60_000)
    expect(reading(db => db.changedSince(Date.now() - 60_000, 200)).map(({ guid }) => guid)).toEqual([
      edited?.guid,
      gone?.guid,
    ])
    expect(reading(db => db.changedSince(Date.now() - 60_000, 1)).map(({ guid }) => guid)).toEqual([gone?.guid])
    expect(reading(db => db.changedSince(Date.now() + 60_000, 200))).toEqual([])
  })

  test('is not what Messages is still writing, nor what has a summary for another reason', async () => {
    const unwritten = await writer.writeIncoming({ chat: GROUP, from: ANNA })
    const summary = { message_summary_info: Buffer.from('bplist00') }
    const noted = await writer.writeIncoming({ chat: GROUP, from: ANNA, text: 'hi', columns: summary })
    const halfWritten = await writer.writeIncoming({ chat: GROUP, from: ANNA, columns: summary })
    const rows = reading(db => [unwritten, noted, halfWritten].map(({ guid }) => db.rowOf(guid)?.emptied))
    expect(rows).toEqual([false, false, false])
  })

  test('has the words of the body, not those that the other column still has', async () => {
    const { guid } = await writer.writeIncoming({ chat: GROUP, from: ANNA, text: 'oops' })
    writer.unsendMessage(guid)
    writer.updateMessage(guid, { text: 'oops' })
    expect(reading(db => db.rowOf(guid))).toMatchObject({ text: '', emptied: true })
  })

  test('of a message in parts is partly withdrawn where one is left', async () => {
    const { guid } = await writer.writeIncoming({ chat: GROUP, from: ANNA, text: 'look', attachments: [{ name: 'a' }] })
    writer.editMessage(guid, '')
    expect(reading(db => db.rowOf(guid))).toMatchObject({ text: '', emptied: false, hasContent: true, places: 1 })
  })
})

describe('the details of a message', () => {
  const details = (guid: string) =>
    reading(db => {
      const row = db.rowOf(guid)
      return row?.chat && db.detailsOf(row.rowid, row.chat.guid)
    })

  test('name each person once, whatever services they use, and a file without its folder', async () => {
    const chat = { guid: GROUP, participants: [ANNA, 'bert@example.com'], name: 'Us' }
    const attachments = [{ name: 'cat.heic', mimeType: 'image/heic', bytes: 7 }]
    const { guid } = await writer.writeIncoming({ chat, from: ANNA, attachments })
    change(`
      INSERT INTO handle (id, service) VALUES ('${ANNA}', 'SMS');
      INSERT INTO chat_handle_join (chat_id, handle_id) SELECT 1, MAX(ROWID) FROM handle;
      UPDATE attachment SET transfer_name = NULL, filename = '/Users/anna/Library/Messages/secret folder/cat.heic'`)
    expect(details(guid)).toEqual({
      groupName: 'Us',
      participants: [ANNA, 'bert@example.com'],
      attachments: [{ name: 'cat.heic', mimeType: 'image/heic', bytes: 7, isSticker: false }],
    })
  })

  test('are bounded', async () => {
    const participants = Array.from({ length: 100 }, (_, n) => `p${n}@example.com`)
    const attachments = Array.from({ length: 50 }, (_, n) => ({ name: `${n}.jpg` }))
    const { guid } = await writer.writeIncoming({ chat: { guid: GROUP, participants }, from: ANNA, attachments })
    const found = details(guid)
    expect([found?.participants.length, found?.attachments.length]).toEqual([64, 32])
  })

  test('leave out the picture of a link and whatever else is hidden', async () => {
    const attachments = [{ name: 'A1B2.pluginPayloadAttachment' }, { name: 'hidden' }, { name: 'seen' }]
    const { guid, rowid } = await writer.writeIncoming({ chat: GROUP, from: ANNA, attachments })
    change("UPDATE attachment SET hide_attachment = 1 WHERE transfer_name = 'hidden'")
    expect(details(guid)?.attachments.map(({ name }) => name)).toEqual(['seen'])
    expect(reading(db => db.attachmentsOf(rowid))).toBe(3)
  })

  test('are none in a chat.db that has no tables or columns for them', async () => {
    const { guid, rowid } = await writer.writeIncoming({ chat: GROUP, from: ANNA, text: 'hi' })
    const triggers = readFileSync(new URL('../../../src/lab/messages-simulator/schema.sql', import.meta.url), 'utf8')
    for (const [, name] of triggers.matchAll(/CREATE TRIGGER (\w+)/g)) change(`DROP TRIGGER IF EXISTS ${name}`)
    change(`DROP TABLE message_attachment_join; DROP TABLE attachment; DROP TABLE chat_handle_join`)
    for (const column of ['date_edited', 'date_retracted', 'message_summary_info', 'is_empty', 'service']) {
      change(dropIndexesOf(column))
      change(`ALTER TABLE message DROP COLUMN ${column}`)
    }
    expect(details(guid)).toEqual({ participants: [], attachments: [] })
    expect(reading(db => db.attachmentsOf(rowid))).toBeUndefined()
    expect(reading(db => db.changedSince(0, 200))).toEqual([])
    expect(reading(db => db.rowOf(guid))).toMatchObject({ text: 'hi', emptied: false })
  })
})

const dropIndexesOf = (column: string): string => {
  const db = new Database(path)
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE ?")
    .pluck()
    .all(`%${column}%`)
  db.close()
  return names.map(name => `DROP INDEX ${name}`).join(';')
}

test('what an app or a watch has sent is put onto no other message', async () => {
  const types = [0, 2, 3, 1000, 2001, 4000]
  for (const associated_message_type of types) {
    await writer.writeIncoming({ chat: GROUP, from: ANNA, text: 'hi', columns: { associated_message_type } })
  }
  const rows = reading(db => db.rowsAfter(0, 10))
  expect(rows.map(({ associatedType }) => associatedType)).toEqual([0, 0, 0, 1000, 2001, 4000])
})

test('values that nobody knows are named, each once', async () => {
  for (const [n, isFiltered] of [0, 1, 9, 9].entries()) {
    const from = `person${n}@example.com`
    await writer.writeIncoming({
      chat: { guid: `any;-;${from}`, isFiltered },
      from,
      text: 'hi',
      columns: { is_spam: n },
    })
  }
  expect(reading(db => db.unknownValues())).toEqual([
    'chat.is_filtered = 9',
    'message.is_spam = 3',
    'message.is_spam = 2',
  ])
})
