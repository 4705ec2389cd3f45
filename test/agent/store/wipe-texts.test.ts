import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createQueue } from '../../../src/agent/flows/tend-queue.ts'
import { MIGRATIONS } from '../../../src/agent/store/migrations.ts'
import { openStore, type Store } from '../../../src/agent/store/open-store.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'store-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const DAY = 24 * 60 * 60_000
const before = (ended: number, undecided = ended) => ({ now: 100 * DAY, ended, undecided })
const wipeAll = (store: Store, when: Parameters<Store['wipe']>[0]): void => {
  while (store.wipe(when)) {}
}

/** Which of the words stand anywhere in the files of the state, in whatever page. */
const wordsInFiles = (pattern: RegExp): string[] => {
  const files = readdirSync(dir).filter(name => name.startsWith('state.db'))
  return [
    ...new Set(files.flatMap(name => readFileSync(join(dir, name)).toString('latin1').match(pattern) ?? [])),
  ].sort()
}

/** One message with an answer and a reflex, all at their end at `at`. The words of each are its own. */
const converse = (store: Store, n: number, at = 0, end: 'confirmed' | 'failed' | 'parked' = 'confirmed') => {
  const { inbox, outbox, commands, transaction } = store
  return transaction(() => {
    const words = (what: string) => `${what}${n}x`
    const body = JSON.stringify({
      thread_id: 't',
      sender: 't',
      filtered_text: `${words('ASKED')} ${'é'.repeat(n % 700)}`,
    })
    inbox.add({ guid: `g${n}`, threadId: 't', seenMs: at, body, rule: 'default' })
    const messageId = inbox.idOf(`g${n}`) ?? 0
    inbox.startPost(messageId, at, 'https://backend.example')
    const plan = { threadId: 't', text: words('REFLEX'), says: words('REFLEX'), now: at }
    const bubbleId = outbox.planCommand({ ...plan, commandId: `c${n}`, immediate: true })
    commands.add({
      commandId: `c${n}`,
      commandType: 'send_message_now',
      digest: store.hash(words('REFLEX')),
      threadId: 't',
      says: words('REFLEX'),
      role: 'unmatched',
      rule: 'R5',
      bubbleId,
      nowMs: at,
    })
    commands.bind(`c${n}`, messageId, 'A1')
    const answer = { threadId: 't', messageId, position: 1, text: words('BUBBLE'), says: words('BUBBLE'), now: at }
    const second = outbox.planAnswer(answer)
    inbox.markAnswered(messageId, at, words('REFLEX'), 2, 'A1')
    for (const [index, id] of [bubbleId, second].entries()) {
      outbox.startSending(id, `attempt${n}-${index}`, 1, at)
      if (index === 1 && end !== 'confirmed') outbox.move(id, end, 'no_row', at)
      else outbox.claimRow(id, 'confirmed', undefined, `row${n}-${index}`, at)
    }
    commands.finish(`c${n}`, 'completed', at, undefined, 'sent')
    return { messageId, second }
  })
}

test('after the wipe no word is left in any file of the state, whatever was moved from page to page', () => {
  const store = openStore(dir)
  const { outbox, transaction } = store
  const open: number[] = []
  const random = mulberry(7)
  for (let round = 0; round < 60; round++) {
    transaction(() => {
      for (let n = 0; n < 25; n++) {
        const words = `BEGIN${round}-${n}x ${'é'.repeat(random() * (n % 3 === 0 ? 350 : 40))} END${round}-${n}x`
        const plan = { threadId: `t${n % 5}`, commandId: `c${round}-${n}`, immediate: false, now: round }
        open.push(outbox.planCommand({ ...plan, text: words, says: words }))
      }
    })
    // They end in no order, and their rows grow by it: pages split, and words are moved.
    transaction(() => {
      for (let n = 0; n < 22; n++) {
        const [id = 0] = open.splice(random() * open.length, 1)
        outbox.startSending(id, `attempt-${'a'.repeat(random() * 90)}`, 1, round)
        outbox.move(id, 'sent', undefined, round)
        outbox.claimRow(id, 'confirmed', undefined, `row-${id}-${'r'.repeat(random() * 90)}`, round)
      }
    })
    if (round % 3 === 0) wipeAll(store, before(round - 4))
  }
  const isLive = (words: string) => outbox.inState('planned').some(({ text }) => text.includes(words))
  wipeAll(store, before(DAY))
  store.emptyLog()
  expect(store.hasRemains()).toBe(true)
  store.rewrite()
  expect(store.hasRemains()).toBe(false)
  const left = wordsInFiles(WORDS)
  expect(left.length).toBeGreaterThan(100) // of bubbles that are not yet sent
  expect(left.filter(words => !isLive(words))).toEqual([])
  store.close()
})

const WORDS = /(BEGIN|END)\d+-\d+x/g

/** The same numbers each time. */
const mulberry = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

test('length, hash and time are left of it; the hash means nothing in another installation', () => {
  const store = openStore(dir)
  const { messageId, second } = converse(store, 5)
  wipeAll(store, before(DAY))
  const story = store.stories.read({ id: `b${second}` })
  expect(story?.message).toMatchObject({ id: `m${messageId}`, length: 13, wipedMs: 100 * DAY })
  expect(story?.bubbles.map(({ length, wipedMs }) => [length, wipedMs])).toEqual([
    [8, 100 * DAY],
    [8, 100 * DAY],
  ])
  store.close()
  const other = mkdtempSync(join(tmpdir(), 'store-'))
  const elsewhere = openStore(other)
  const again = openStore(dir)
  expect(again.hash('yes')).toBe(again.hash('yes'))
  expect(again.hash('yes')).not.toBe(elsewhere.hash('yes'))
  again.close()
  elsewhere.close()
  rmSync(other, { recursive: true })
})

test('what delivery, a person or the dedupe may still need is kept', () => {
  const store = openStore(dir)
  const { inbox, outbox, commands, transaction } = store
  transaction(() => {
    for (const guid of ['queued', 'waiting', 'dead']) {
      inbox.add({ guid, threadId: guid, seenMs: 0, body: `{"filtered_text":"KEPT-${guid}"}` })
      const id = inbox.idOf(guid) ?? 0
      if (guid !== 'queued') inbox.startPost(id, 0)
      if (guid === 'waiting') inbox.waitForRetry(id, 'http_401', 'KEPT-detail', 0, 1, false)
      if (guid === 'dead') inbox.deadLetter(id, 'http_422', 'KEPT-head')
    }
    // Its answer may still be known by these words.
    const send = { threadId: 'waiting', text: 'KEPT-reflex', says: 'KEPT-reflex', now: 0 }
    const bubbleId = outbox.planCommand({ ...send, commandId: 'c', immediate: true })
    outbox.claimRow(bubbleId, 'confirmed', undefined, 'row', 200 * DAY)
    const command = { commandType: 's', digest: 'd', threadId: 'waiting', says: 'KEPT-says', bubbleId, nowMs: 0 }
    commands.add({ commandId: 'c', role: 'unmatched', rule: 'R5', ...command })
    commands.finish('c', 'completed', 0, undefined, 'sent')
  })
  converse(store, 1, 0, 'parked')
  wipeAll(store, before(100 * DAY, -1))
  store.emptyLog()
  store.rewrite()
  expect(wordsInFiles(/KEPT-(queued|waiting|dead|detail|head|reflex|says)|(ASKED|REFLEX|BUBBLE)1x/g)).toEqual([
    'BUBBLE1x',
    'KEPT-dead',
    'KEPT-detail',
    'KEPT-head',
    'KEPT-queued',
    'KEPT-reflex',
    'KEPT-says',
    'KEPT-waiting',
  ])
  store.close()
})

test('a dead letter goes 30 days after its last try, not after it came; a parked bubble as long after its doubt', () => {
  const store = openStore(dir)
  const { inbox, transaction } = store
  transaction(() => {
    inbox.add({ guid: 'dead', threadId: 't', seenMs: 0, body: '{"filtered_text":"word"}' })
    inbox.startPost(inbox.idOf('dead') ?? 0, 0)
    inbox.deadLetter(inbox.idOf('dead') ?? 0, 'http_422', undefined)
  })
  const died = store.stories.read({ id: 'dead' })?.message?.steps.at(-1)?.atMs ?? 0
  wipeAll(store, before(0, died))
  expect(inbox.isWiped(inbox.idOf('dead') ?? 0)).toBe(false)
  wipeAll(store, before(0, died + 1))
  expect(inbox.isWiped(inbox.idOf('dead') ?? 0)).toBe(true)
  store.close()
})

test('what lost its words is not tried again, and says why; nothing else can bring it back either', () => {
  const store = openStore(dir)
  const { second } = converse(store, 1, 0, 'failed')
  const queue = createQueue({ ...store, onEnd: () => {}, waitsFor: () => undefined, pauses: () => [], now: Date.now })
  wipeAll(store, before(DAY))
  expect(queue.list().bubbles).toMatchObject([{ id: `b${second}`, state: 'failed', length: 8 }])
  expect(() => queue.retry([`b${second}`])).toThrow(
    expect.objectContaining({
      code: 'text_removed',
      message: `b${second} cannot be retried: the text has been removed`,
    }),
  )
  expect(() => store.transaction(() => store.outbox.move(second, 'planned', undefined, 0))).toThrow('no longer kept')
  expect(queue.drop([`b${second}`])).toEqual({ done: [`b${second}`] })
  store.close()
})

test('files of the state are private from the start, also in a folder that is not', () => {
  const open = join(dir, 'open')
  writeFileSync(join(dir, 'x'), '')
  const umask = process.umask(0o022)
  try {
    const store = openStore(open)
    converse(store, 1)
    for (const name of ['state.db', 'state.db-wal', 'first-start']) {
      expect([name, statSync(join(open, name)).mode & 0o777]).toEqual([name, 0o600])
    }
    store.close()
  } finally {
    process.umask(umask)
  }
})

test('of a database from before, hashes are keyed once, and what it removed without overwriting is overwritten', () => {
  const path = join(dir, 'state.db')
  const old = new Database(path)
  for (const migration of MIGRATIONS.slice(0, 3)) old.exec(migration)
  old.pragma('user_version = 3')
  old.exec(`
    INSERT INTO messages (guid, thread_id, fingerprint, seen_ms, state, body) VALUES
      ('a', 't', 'print', 1, 'answered', '{"filtered_text":"ASKED1x"}'), ('gone', 't', NULL, 1, 'answered', 'REMOVED1x');
    DELETE FROM messages WHERE guid = 'gone';
    INSERT INTO commands (command_id, command_type, digest, says, role, received_seq, received_ms, status) VALUES
      ('c', 's', 'digest', 'REFLEX1x', 'plain', 1, 1, 'completed');`)
  old.close()
  expect(readFileSync(path).includes('REMOVED1x')).toBe(true)

  const store = openStore(dir)
  const digest = store.commands.find('c')?.digest
  expect(digest).toHaveLength(43)
  expect(store.hasRemains()).toBe(true)
  wipeAll(store, before(DAY))
  store.rewrite()
  store.close()
  expect(wordsInFiles(/(ASKED|REFLEX|REMOVED)1x/g)).toEqual([])
  const again = openStore(dir)
  expect(again.commands.find('c')?.digest).toBe(digest)
  again.close()
})

test('a damaged database that was set aside goes after its time', () => {
  const nowMs = Date.parse('2026-11-23T00:07:38.012Z')
  writeFileSync(join(dir, 'state.db'), 'SQLite format 3\0 and then no more')
  const store = openStore(dir, nowMs)
  const setAside = store.startedOver?.setAside ?? ''
  expect(existsSync(setAside)).toBe(true)
  expect(store.discardRemains(nowMs)).toEqual([])
  expect(store.discardRemains(nowMs + 1)).toEqual(['state.db.damaged-2026-11-23T000738.012Z'])
  expect(existsSync(setAside)).toBe(false)
  store.close()
})
