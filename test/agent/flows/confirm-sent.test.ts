import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BubbleState } from '../../../src/agent/core/bubble.ts'
import { confirmSent } from '../../../src/agent/flows/confirm-sent.ts'
import { type ChatDb, openChatDb } from '../../../src/agent/imessage/chat-db.ts'
import { openStore, type Store } from '../../../src/agent/store/open-store.ts'
import { type ChatDbWriter, openChatDbWriter } from '../../../src/lab/messages-simulator/chat-db-writer.ts'

const ANNA = '+15622924139'
const CHAT = `any;-;${ANNA}`

let dir: string
let writer: ChatDbWriter
let db: ChatDb
let store: Store
let ends: { bubble: number; state: BubbleState; reason: string | undefined }[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-'))
  writer = openChatDbWriter(join(dir, 'chat.db'))
  db = openChatDb(join(dir, 'chat.db'))
  store = openStore(dir)
  ends = []
})
afterEach(() => {
  for (const open of [db, store, writer]) open.close()
  rmSync(dir, { recursive: true })
})

const confirm = (now: number) =>
  confirmSent(db, {
    transaction: store.transaction,
    outbox: store.outbox,
    now: () => now,
    settings: { settleMs: 10_000, unknown: 'park' },
    onEnd: (bubble, state, reason) => ends.push({ bubble, state, reason }),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })

/** A bubble that osascript has handed over. */
const sent = (text: string): number => {
  const { outbox } = store
  const now = Date.now()
  const id = outbox.planCommand({ threadId: ANNA, commandId: `c-${text}`, text, says: text, immediate: false, now })
  outbox.startSending(id, `attempt-${id}`, db.highestRowid(), now)
  outbox.move(id, 'sent', undefined, now)
  return id
}

test('an error that Messages puts on a confirmed row makes its bubble failed, once and no other', async () => {
  const bubbles = [sent('one'), sent('two'), sent('three')]
  const rows = [
    await writer.writeOutgoing({ chat: CHAT, text: 'one' }),
    await writer.writeOutgoing({ chat: CHAT, text: 'two' }),
    await writer.writeOutgoing({ chat: CHAT, text: 'three' }),
  ]
  confirm(Date.now())
  expect(ends.map(({ state }) => state)).toEqual(['confirmed', 'confirmed', 'confirmed'])

  writer.updateMessage(rows[1]?.guid ?? '', { error: 22 })
  ends = []
  confirm(Date.now())
  confirm(Date.now())
  expect(ends).toEqual([{ bubble: bubbles[1], state: 'failed', reason: 'messages_row_error_22' }])
})

test('an error on a row of somebody else is nobody of ours', async () => {
  sent('mine')
  await writer.writeOutgoing({ chat: CHAT, text: 'mine' })
  await writer.writeOutgoing({ chat: CHAT, text: 'typed by hand', columns: { error: 22, is_sent: 0 } })
  confirm(Date.now())
  expect(ends.map(({ state }) => state)).toEqual(['confirmed'])
})

test('an error that comes half an hour after the row makes its bubble failed', async () => {
  const bubble = sent('late')
  const row = await writer.writeOutgoing({ chat: CHAT, text: 'late' })
  confirm(Date.now())
  writer.updateMessage(row.guid, { error: 22 })
  ends = []
  confirm(Date.now() + 30 * 60_000)
  expect(ends).toEqual([{ bubble, state: 'failed', reason: 'messages_row_error_22' }])
})
