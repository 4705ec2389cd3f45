import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createOwnAddresses } from '../../../src/agent/flows/learn-own-addresses.ts'
import { type ChatDb, openChatDb } from '../../../src/agent/imessage/chat-db.ts'
import { openStore, type Store } from '../../../src/agent/store/open-store.ts'
import { type ChatDbWriter, openChatDbWriter } from '../../../src/lab/messages-simulator/chat-db-writer.ts'

const ANNA = '+15622924139'
let dir: string
let writer: ChatDbWriter
let db: ChatDb
let store: Store

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-'))
  writer = openChatDbWriter(join(dir, 'chat.db'))
  db = openChatDb(join(dir, 'chat.db'))
  store = openStore(join(dir, 'state.db'))
})
afterEach(() => {
  for (const open of [db, store, writer]) open.close()
  rmSync(dir, { recursive: true })
})
const begin = (given: readonly string[] = []) =>
  createOwnAddresses({ table: store.ownAddresses, given, normalise: address => address.toLowerCase(), now: Date.now })

test('chat.db tells the account, where messages come to, and what was written from; never the other person', async () => {
  const chat = {
    guid: `any;-;${ANNA}`,
    accountLogin: 'E:me@example.com',
    columns: { last_addressed_handle: '+15550001' },
  }
  await writer.writeIncoming({ chat, from: ANNA, text: 'hi', columns: { destination_caller_id: '+15550002' } })
  await writer.writeOutgoing({ chat, text: 'yes', columns: { destination_caller_id: ANNA } })
  await writer.writeIncoming({ chat, from: ANNA, text: 'odd', columns: { destination_caller_id: ANNA } })
  expect(db.ownAddresses().toSorted()).toEqual(['+15550001', '+15550002', 'me@example.com'])
})

test('what was learned is kept, and given addresses count', () => {
  begin().learn(['Me@example.com'])
  const own = begin(['+15550009'])
  expect([own.has('ME@example.com'), own.has('+15550009'), own.has(ANNA)]).toEqual([true, true, false])
})

test('once may be chance: what comes back twice is learned', () => {
  const own = begin()
  own.cameBack(ANNA)
  expect(own.has(ANNA)).toBe(false)
  own.cameBack(ANNA)
  expect(own.has(ANNA)).toBe(true)
})
