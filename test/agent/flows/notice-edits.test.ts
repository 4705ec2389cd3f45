import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFilter } from '../../../src/agent/core/filter.ts'
import { composeMessage, type Outgoing } from '../../../src/agent/flows/compose-message.ts'
import { createEditWatch } from '../../../src/agent/flows/notice-edits.ts'
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
let canRead: boolean
let laterMs: number
let deny: string[]
let ended: unknown[]
let edits: ReturnType<typeof createEditWatch>

let commits = 0
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-'))
  writer = openChatDbWriter(join(dir, 'chat.db'))
  db = openChatDb(join(dir, 'chat.db'))
  store = openStore(join(dir, 'state.db'))
  canRead = true
  laterMs = 0
  deny = []
  ended = []
  begin('minimal')
  receive()
})
afterEach(() => {
  for (const open of [db, store, writer]) open.close()
  rmSync(dir, { recursive: true })
})

const rules = () => {
  const settings = { allow: [], deny, groups: 'none', names: [], startWords: [], rules: [], people: {} } as const
  const filter = createFilter(settings, {
    normalise: address => address,
    compilePattern: () => ({ test: () => false }),
  })
  return { maxAgeMs: 60_000, filter }
}
const compose = (message: Outgoing) => composeMessage(message, text => ({ text, found: {} }))

/** A life of the agent: what it keeps in mind is gone. */
const begin = (payload: 'minimal' | 'extended') => {
  edits = createEditWatch({
    chatDb: () => (canRead ? db : undefined),
    get rules() {
      return rules()
    },
    now: () => Date.now() + laterMs,
    steadyNow: Date.now,
    hash: text => text,
    transaction: work => {
      commits += 1
      return store.transaction(work)
    },
    inbox: store.inbox,
    outbox: store.outbox,
    commands: store.commands,
    gathering: rowNeeds(() => db, store).gathering,
    compose: message =>
      message.text.includes('my code') ? { skip: 'redact:code', redacted: { code: 1 } } : compose(message),
    ...(payload === 'extended' && { details: (row, chat) => db.detailsOf(row.rowid, chat.guid) }),
    onEnd: (...end) => ended.push(end),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
}

const receive = () =>
  receiveBatch(db, {
    rules: rules(),
    now: Date.now,
    commitMs: Date.now(),
    attended: true,
    hash: text => text,
    transaction: store.transaction,
    cursor: createReadAhead(store.cursor, store.counters.count),
    inbox: store.inbox,
    outbox: store.outbox,
    ...rowNeeds(() => db, store),
    compose,
    count: store.counters.count,
  })

/** A message that came in. */
const written = async (text = 'meet at 5', more: object = {}) => {
  const { guid } = await writer.writeIncoming({ chat: CHAT, from: ANNA, text, ...more })
  receive()
  return { guid, id: store.inbox.idOf(guid) ?? 0 }
}

const posted = async (text?: string) => {
  const message = await written(text)
  store.inbox.startPost(message.id, Date.now())
  return message
}

const answered = async (...bubbles: readonly string[]) => {
  const message = await posted()
  for (const [position, words] of bubbles.entries()) plan(message.id, position, words)
  store.inbox.markAnswered(message.id, Date.now(), bubbles[0], bubbles.length)
  return message
}

const plan = (messageId: number, position: number, text: string) =>
  store.outbox.planAnswer({ threadId: ANNA, messageId, position, text, says: text, now: Date.now() })

const reflex = (commandId: string, message?: { readonly id: number }) => {
  const bubbleId = store.outbox.planCommand({
    threadId: ANNA,
    commandId,
    text: commandId,
    says: commandId,
    immediate: true,
    now: Date.now(),
  })
  const of = message === undefined ? { role: 'unmatched' as const } : { role: 'bound' as const, messageId: message.id }
  const command = { commandId, commandType: 'send_message_now', digest: commandId, threadId: ANNA, says: commandId }
  store.commands.add({ ...command, ...of, bubbleId, nowMs: Date.now() })
  return bubbleId
}

/** Whether something became of a message. */
const look = (): boolean => {
  const before = commits
  edits.look(db, { isFirst: false })
  return commits > before
}
const state = (guid: string) => store.inbox.lookUp(guid)?.state
const bodyOf = (guid: string) => {
  const { id = 0 } = store.inbox.lookUp(guid) ?? {}
  return JSON.parse(store.inbox.startPost(id, Date.now()).body)
}
const queue = () => store.outbox.waiting().map(({ state, reason }) => `${state} ${reason}`)

describe('before its POST', () => {
  test('a message that is unsent is never POSTed', async () => {
    const { guid, id } = await written()
    writer.unsendMessage(guid)
    expect(edits.lookAgain(id)).toBe('ended')
    expect(state(guid)).toBe('skipped')
    expect(store.counters.under('skipped')).toEqual({ unsent: 1 })
    expect(store.inbox.heads()).toEqual([])
    store.close()
    const file = new Database(join(dir, 'state.db', 'state.db'))
    expect(file.prepare('SELECT body FROM messages').pluck().all()).toEqual([null])
    file.close()
    store = openStore(join(dir, 'state.db'))
  })

  test.each([
    ['no date', { date_edited: 0, text: null, is_empty: 1 }],
    ['a date of retraction alone', { date_retracted: 800_000_000_000_000_000n, text: null, attributedBody: null }],
    ['no body, and no mark at all', { text: null, attributedBody: null }],
    ['an old text beside the empty body', { text: 'meet at 5' }],
  ])('that is seen with %s, too', async (_, columns) => {
    const { guid, id } = await written()
    writer.unsendMessage(guid)
    writer.updateMessage(guid, { date_edited: 0, message_summary_info: null, ...columns })
    if ('text' in columns && columns.text !== null) writer.updateMessage(guid, { date_edited: 1_000_000_000_000_000n })
    expect(edits.lookAgain(id)).toBe('ended')
  })

  test('a dead letter that never left is none any more, and one that was refused stays', async () => {
    const [kept, refused] = [await written('kept for a person'), await posted('refused')]
    for (const { id } of [kept, refused]) store.inbox.deadLetter(id, 'reason', undefined)
    for (const { guid } of [kept, refused]) writer.unsendMessage(guid)
    expect(look()).toBe(true)
    expect([kept, refused].map(({ guid }) => state(guid))).toEqual(['skipped', 'dead'])
  })

  test('a message that is unsent before it was seen is skipped', async () => {
    const { guid } = await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'oops' })
    writer.unsendMessage(guid)
    receive()
    expect(store.counters.under('skipped')).toEqual({ unsent: 1 })
  })

  test('the words of an edit take the place of the old ones', async () => {
    const { guid, id } = await written('meet at 5')
    writer.editMessage(guid, 'meet at 6')
    expect(edits.lookAgain(id)).toBe('go')
    expect(bodyOf(guid)).toEqual({ thread_id: ANNA, sender: ANNA, filtered_text: 'meet at 6' })
  })

  test('an edit may turn it into one that is not forwarded', async () => {
    const { guid, id } = await written()
    writer.editMessage(guid, 'meet at 6')
    deny = [ANNA]
    expect(edits.lookAgain(id)).toBe('ended')
    expect(store.counters.under('skipped')).toEqual({ denied: 1 })
    expect(state(guid)).toBe('skipped')
  })

  test('so may a redaction that keeps the new words back', async () => {
    const { guid, id } = await written()
    writer.editMessage(guid, 'my code is 4711')
    expect(edits.lookAgain(id)).toBe('ended')
    expect(store.counters.under('skipped')).toEqual({ 'redact:code': 1 })
  })

  test('it does not become too old by an edit, however long it has waited', async () => {
    const { guid, id } = await written()
    writer.editMessage(guid, 'meet at 6')
    laterMs = 3_600_000
    expect(edits.lookAgain(id)).toBe('go')
    expect(bodyOf(guid).filtered_text).toBe('meet at 6')
  })

  test('it waits while chat.db cannot be read; a retry does not, and one whose row is gone neither', async () => {
    const [fresh, retried, deleted] = [await written('a'), await posted('b'), await written('c')]
    canRead = false
    expect([fresh, retried].map(({ id }) => edits.lookAgain(id))).toEqual(['wait', 'go'])
    canRead = true
    writer.updateMessage(deleted.guid, { guid: 'another' })
    expect(edits.lookAgain(deleted.id)).toBe('go')
  })
})

describe('after its POST', () => {
  test('one that waits for a retry is not POSTed again once it is unsent, and its bytes stay where it is edited', async () => {
    const [first, second] = [await posted('one'), await posted('two')]
    for (const { id } of [first, second]) store.inbox.waitForRetry(id, 'http_503', undefined, Date.now(), 0, false)
    writer.unsendMessage(first.guid)
    writer.editMessage(second.guid, 'two and a half')
    expect([first, second].map(({ id }) => edits.lookAgain(id))).toEqual(['ended', 'go'])
    expect(state(first.guid)).toBe('skipped')
    expect(bodyOf(second.guid).filtered_text).toBe('two')
  })

  test('what is planned of its answer is parked, and a person may have it sent all the same', async () => {
    const message = await answered('one', 'two')
    const named = reflex('named', message)
    writer.unsendMessage(message.guid)
    expect([look(), look()]).toEqual([true, false])
    expect(queue()).toEqual(Array(3).fill('parked message_unsent'))
    expect(ended).toContainEqual([named, 'parked', 'message_unsent'])
    expect(store.outbox.threadsWithPlanned()).toEqual([])
    // Nothing was tried: no row of chat.db is looked for.
    expect(store.outbox.awaitingRow(0)).toEqual([])

    expect(store.outbox.retry(named)).toBe(true)
    begin('minimal') // a new life
    expect([look(), store.outbox.threadsWithPlanned()]).toEqual([false, [ANNA]])
  })

  test('a reflex that names nobody is held with it where no other message is in flight', async () => {
    const message = await posted('one')
    reflex('ok')
    writer.unsendMessage(message.guid)
    look()
    expect(queue()).toEqual(['parked message_unsent'])
  })

  test('a reflex that comes later is refused, though the clock was set back', async () => {
    laterMs = -3_600_000
    const { guid, id } = await posted()
    store.inbox.waitForRetry(id, 'http_503', undefined, Date.now(), 1_000, false)
    writer.unsendMessage(guid)
    look()
    expect(store.inbox.posted(ANNA, Date.now() - 600_000)).toMatchObject([{ id, unsent: true }])
  })

  test('and goes where it may be for another message', async () => {
    const message = await posted('one')
    reflex('ok')
    await posted('two')
    writer.unsendMessage(message.guid)
    look()
    expect(queue()).toEqual(['planned null'])
  })

  test('a bubble whose send runs is known to answer what was unsent', async () => {
    const { id, guid } = await answered('one')
    const bubble = store.outbox.head(ANNA)?.bubble.id ?? 0
    store.outbox.startSending(bubble, 'attempt', 0, Date.now())
    expect(store.outbox.answersUnsent(bubble)).toBe(false)
    writer.unsendMessage(guid)
    look()
    expect([store.outbox.answersUnsent(bubble), store.inbox.isWithdrawn(id)]).toEqual([true, true])
  })

  test('an edit is put on record, and the answer goes on', async () => {
    const { guid } = await answered('one')
    writer.editMessage(guid, 'meet at 6')
    expect([look(), queue(), state(guid)]).toEqual([true, ['planned null'], 'answered'])
  })

  test('with the minimal payload the backend is told nothing', async () => {
    const [first, second] = [await answered('one'), await answered('two')]
    writer.editMessage(first.guid, 'meet at 6')
    writer.unsendMessage(second.guid)
    look()
    expect(store.inbox.heads()).toEqual([])
  })
})

describe('with the extended payload the backend is told', () => {
  beforeEach(() => begin('extended'))

  test('of each edit once, under a key of its own', async () => {
    const { guid } = await answered('one')
    for (const text of ['meet at 6', 'meet at 7']) {
      writer.editMessage(guid, text)
      look()
      const [head] = store.inbox.heads()
      const { event, message_id, filtered_text, edited_at } = JSON.parse(
        store.inbox.startPost(head?.id ?? 0, Date.now()).body,
      )
      expect({ event, message_id, filtered_text }).toEqual({ event: 'edited', message_id: guid, filtered_text: text })
      expect(Date.now() - Date.parse(edited_at)).toBeLessThan(60_000)
      begin('extended')
      look()
      expect(store.inbox.heads()).toEqual([])
    }
    expect(store.inbox.editsOf(guid).map(edit => edit.guid)).toEqual([`${guid}:edited:1`, `${guid}:edited:2`])
  })

  test('of the last of several that it has not heard of', async () => {
    const { guid } = await answered('one')
    writer.editMessage(guid, 'meet at 6')
    look()
    writer.editMessage(guid, 'meet at 7')
    const [head] = store.inbox.heads()
    expect(edits.lookAgain(head?.id ?? 0)).toBe('go')
    expect(store.inbox.heads()).toHaveLength(1)
    expect(bodyOf(`${guid}:edited:1`).filtered_text).toBe('meet at 7')
  })

  test('of no edit that says the same, and of none that the filter keeps back', async () => {
    const { guid } = await answered('one')
    writer.editMessage(guid, ' meet  at 5\u200B')
    expect(look()).toBe(false)
    writer.editMessage(guid, 'my code is 4711')
    look()
    deny = [ANNA]
    writer.editMessage(guid, 'a secret')
    look()
    expect(store.inbox.heads()).toEqual([])
    expect([1, 2].map(n => state(`${guid}:edited:${n}`))).toEqual(['skipped', 'skipped'])
  })

  test('that a message is unsent: once, without its words, and of no edit that it has not heard of', async () => {
    const { guid } = await answered('one')
    writer.editMessage(guid, 'meet at 6')
    look()
    writer.unsendMessage(guid)
    look()
    begin('extended')
    look()
    expect(state(`${guid}:edited:1`)).toBe('skipped')
    expect(store.inbox.heads()).toHaveLength(1)
    const [head] = store.inbox.heads()
    expect(edits.lookAgain(head?.id ?? 0)).toBe('go')
    const body = bodyOf(`${guid}:unsent`)
    expect(body).toMatchObject({ event: 'unsent', message_id: guid, filtered_text: '', attachments: [] })
    expect(Object.keys(body)).not.toContain('edited_at')
  })

  test('nothing of what it never had', async () => {
    const { guid } = await written()
    writer.unsendMessage(guid)
    look()
    expect([store.inbox.heads(), state(`${guid}:unsent`)]).toEqual([[], undefined])
  })

  test('once, though chat.db is rebuilt and has the message again under another guid', async () => {
    const { guid } = await answered('one')
    const date = toAppleDate(Date.now() - 1_000)
    await writer.writeIncoming({ chat: CHAT, from: ANNA, text: 'before', columns: { guid: 'twin-1', date } })
    receive()
    writer.editMessage(guid, 'meet at 6')
    writer.editMessage('twin-1', 'after')
    look()
    const [head] = store.inbox.heads()
    store.inbox.startPost(head?.id ?? 0, Date.now())
    await writer.writeIncoming({
      chat: CHAT,
      from: ANNA,
      text: 'after again',
      columns: { guid: 'twin-2', date, date_edited: date },
    })

    writer.checkpoint('TRUNCATE')
    copyFileSync(join(dir, 'chat.db'), join(dir, 'copy.db'))
    for (const open of [db, writer]) open.close()
    renameSync(join(dir, 'copy.db'), join(dir, 'chat.db'))
    writer = openChatDbWriter(join(dir, 'chat.db'))
    db = openChatDb(join(dir, 'chat.db'))
    receive()
    look()
    expect(store.inbox.editsOf(guid)).toHaveLength(1)
    expect(state('twin-2')).toBe('skipped')
    expect(store.counters.under('skipped')).toEqual({ twin: 1 })
  })
})
