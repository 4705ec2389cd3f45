import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCommandEnd } from '../../../src/agent/flows/end-command.ts'
import { executeCommand } from '../../../src/agent/flows/execute-command.ts'
import { createAcks } from '../../../src/agent/flows/send-acks.ts'
import { createScheduled } from '../../../src/agent/flows/send-scheduled.ts'
import { createQueue } from '../../../src/agent/flows/tend-queue.ts'
import { NODE_TIMERS } from '../../../src/agent/node-timers.ts'
import { openStore } from '../../../src/agent/store/open-store.ts'
import type { CommandAckData } from '../../../src/protocol/wire.ts'

const ANNA = '+15622924139'
const BERT = '+15622924140'
const GROUP = 'chat655333'
const SECOND = 1_000
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

let agent: ReturnType<typeof createAgent>
let dir: string
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-23T09:00:00Z') })
  dir = mkdtempSync(join(tmpdir(), 'edge-'))
  agent = createAgent()
})
afterEach(() => {
  agent.end()
  rmSync(dir, { recursive: true })
  vi.useRealTimers()
})

/** The store and the flows of scheduled messages, with a clock that only the test moves; nothing is really sent. */
const createAgent = () => {
  const store = openStore(dir)
  const { commands, outbox, schedules, transaction } = store
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const allowed = new Set([ANNA, BERT, GROUP])
  const refusals = { kept: true }
  const limits = { maxLength: 20_000, maxLateMs: 10 * MINUTE, maxAheadMs: 365 * DAY, maxWaiting: 1000 }
  const heard: CommandAckData[] = []
  const changes: object[] = []
  const acks = createAcks({ commands, transaction })
  acks.use({
    send: (text, onDelivered) => {
      heard.push(JSON.parse(text).data)
      onDelivered?.()
    },
  })
  const fail = (error: unknown) => {
    throw error
  }
  const forbid = (threadId: string) => (allowed.has(threadId) ? undefined : 'not_allowed')
  const scheduled = createScheduled({
    transaction,
    schedules,
    commands,
    outbox,
    refuse: forbid,
    clock: { now: Date.now, wall: Date.now },
    timers: NODE_TIMERS,
    limits,
    onError: fail,
    log,
  })
  store.onCommit(() => {
    changes.push(commands.counts())
    scheduled.wake()
    acks.wake()
  })
  const onEnd = createCommandEnd({ commands, outbox, now: Date.now })
  const queue = createQueue({ ...store, onEnd, waitsFor: () => undefined, pauses: () => [], now: Date.now })

  return {
    allowed,
    refusals,
    limits,
    heard,
    changes,
    queue,
    store,
    /** What the backend says. */
    command: (command_id: string, command_type: string, payload: object, more: object = {}) =>
      executeCommand(JSON.stringify({ type: 'command', data: { command_id, command_type, payload, ...more } }), {
        ...store,
        refuse: () => undefined,
        mayKeepRefusal: () => refusals.kept,
        heldBy: () => undefined,
        scheduling: {
          schedules,
          cancelBubble: outbox.cancel,
          refuse: forbid,
          isGroup: threadId => threadId === GROUP,
          clock: Date.now,
          limits,
        },
        hash: text => text,
        now: Date.now,
        settings: { match: 'text', windowMs: MINUTE, maxLength: 20_000 },
        intend: () => () => {},
        acks,
        count: store.counters.count,
        log,
      }),
    /** The clock moves, and is looked at. */
    pass: (ms: number): void => {
      vi.setSystemTime(Date.now() + ms)
      scheduled.wake()
    },
    planned: () => outbox.inState('planned').map(({ text }) => text),
    /** A bubble begins, and where `end` says so ends. */
    send: (text: string, end?: 'sent' | 'failed' | 'unknown' | 'parked'): void => {
      const bubble = outbox.inState('planned').find(one => one.text === text)
      if (bubble === undefined) throw new Error(`${text} is not planned`)
      outbox.startSending(bubble.id, 'attempt', 0, Date.now())
      if (end === undefined) return
      outbox.move(bubble.id, end, end === 'failed' ? 'spawn_ENOENT' : undefined, Date.now())
      if (end === 'failed' || end === 'parked') onEnd(bubble.id, end, 'spawn_ENOENT')
      acks.wake()
    },
    confirm: (text: string): void => {
      const bubble = outbox.inState('sent').find(one => one.text === text)
      if (bubble === undefined) throw new Error(`${text} is not sent`)
      outbox.claimRow(bubble.id, 'confirmed', undefined, `row ${bubble.id}`, Date.now())
      onEnd(bubble.id, 'confirmed', undefined)
      acks.wake()
    },
    end: () => {
      scheduled.stop()
      store.close()
    },
  }
}

const at = (ms: number): string => new Date(Date.now() + ms).toISOString()
const schedule = (id: string, text: string, inMs: number, payload: object = {}, more: object = {}) =>
  agent.command(id, 'schedule_message', { thread_id: ANNA, message_text: text, send_at: at(inMs), ...payload }, more)
const cancel = (id: string, payload: object) => agent.command(id, 'cancel_scheduled', payload)
/** The last ack of a command, without its time. */
const last = (id: string) => {
  const { completed_at: _, ...ack } = agent.heard.findLast(({ command_id }) => command_id === id) ?? {}
  return ack
}

test('it is acked with its name and time as understood, waits until its second, and is acked again when sent', () => {
  schedule('c1', 'dentist', 0, { send_at: '2026-11-23T10:30:00', time_zone: 'Europe/Berlin', schedule_id: 'r1' })
  expect(agent.heard).toEqual([
    {
      command_id: 'c1',
      status: 'received',
      detail: 'scheduled',
      schedule_id: 'r1',
      send_at: '2026-11-23T09:30:00.000Z',
    },
  ])
  agent.pass(30 * MINUTE - 1)
  expect(agent.planned()).toEqual([])
  agent.pass(1)
  expect(agent.planned()).toEqual(['dentist'])
  agent.pass(SECOND)
  expect(agent.planned()).toEqual(['dentist'])
  agent.send('dentist', 'sent')
  agent.confirm('dentist')
  expect(last('c1')).toEqual({ command_id: 'c1', status: 'completed', detail: 'sent' })
})

test('under the same id again it is the same, and acked as it stands; with another time it is a conflict', () => {
  schedule('c1', 'dentist', MINUTE)
  const sendAt = at(MINUTE)
  const again = () =>
    agent.command('c1', 'schedule_message', {
      thread_id: ANNA,
      text: 'dentist',
      send_at: sendAt.replace('Z', '+00:00'),
    })
  again()
  expect(agent.heard).toHaveLength(2)
  expect(agent.heard[1]).toEqual(agent.heard[0])
  agent.pass(MINUTE)
  again()
  expect(agent.planned()).toEqual(['dentist'])
  expect(last('c1')).toMatchObject({ status: 'received', detail: 'scheduled', schedule_id: 'c1' })
  schedule('c1', 'dentist', MINUTE)
  expect(agent.heard.slice(-2)).toMatchObject([{ status: 'failed', error: 'conflict' }, { status: 'received' }])
  agent.send('dentist', 'sent')
  agent.confirm('dentist')
  again()
  expect(last('c1')).toMatchObject({ status: 'completed', detail: 'sent' })
})

describe('what cannot be kept is refused, and nothing waits', () => {
  test.each<[string, object, object]>([
    [
      'no text',
      { message_text: null },
      { error: 'invalid_payload', detail: 'message_text: expected a text here or in text' },
    ],
    [
      'two texts',
      { text: 'other' },
      { error: 'invalid_payload', detail: 'text: says something else than message_text' },
    ],
    ['a blank text', { message_text: ' \u200b' }, { error: 'invalid_payload', detail: 'text_is_blank' }],
    ['NUL', { message_text: 'a\0b' }, { error: 'invalid_payload', detail: 'text_has_nul' }],
    ['half a character', { message_text: 'a\ud800' }, { error: 'invalid_payload', detail: 'text_has_lone_surrogate' }],
    ['a time without a zone', { send_at: '2026-11-23T10:00:00' }, { error: 'invalid_payload' }],
    ['no time', { send_at: undefined }, { error: 'invalid_payload' }],
    ['a thread that is not allowed', { thread_id: '+4930999' }, { error: 'not_allowed' }],
    [
      'a group that is none',
      { is_group: true },
      { error: 'invalid_payload', detail: 'is_group: the thread is no group' },
    ],
    [
      'a group called none',
      { thread_id: GROUP, is_group: false },
      { error: 'invalid_payload', detail: 'is_group: the thread is a group' },
    ],
    ['a name that SQLite would not keep', { schedule_id: 'a\ud800' }, { error: 'invalid_payload' }],
  ])('%s', (_, payload, error) => {
    schedule('c1', 'dentist', MINUTE, payload)
    expect(last('c1')).toMatchObject({ status: 'failed', ...error })
    expect(agent.queue.list().schedules).toEqual([])
  })

  test.each([
    ['past by more than max_late', -10 * MINUTE - 1, 'too_late'],
    ['in the age of the Romans', -2000 * 365 * DAY, 'too_late'],
    ['further ahead than max_ahead', 365 * DAY + 1, 'too_far'],
  ])('a time that is %s', (_, inMs, error) => {
    schedule('c1', 'dentist', inMs)
    expect(last('c1')).toMatchObject({ status: 'failed', error })
    expect(agent.queue.list().schedules).toEqual([])
  })

  test('a number that is no time', () => {
    for (const [n, send_at] of [8.64e15, 1e300, -1e12].entries()) {
      schedule(`c${n}`, 'dentist', 0, { send_at })
      expect(last(`c${n}`)).toMatchObject({ status: 'failed' })
    }
  })

  test('a name that waits already', () => {
    schedule('c1', 'dentist', MINUTE, { schedule_id: 'r1' })
    schedule('c2', 'doctor', MINUTE, { schedule_id: 'r1' })
    expect(last('c2')).toMatchObject({ status: 'failed', error: 'conflict' })
    agent.pass(MINUTE)
    schedule('c3', 'doctor', MINUTE, { schedule_id: 'r1' })
    expect(last('c3')).toMatchObject({ status: 'received' })
  })
})

test('a time that is past by no more than max_late: sent at once', () => {
  schedule('c1', 'dentist', -10 * MINUTE)
  expect(agent.planned()).toEqual(['dentist'])
  expect(agent.heard.map(({ status }) => status)).toEqual(['received'])
})

describe('how much may wait is bounded', () => {
  test('in all, and what is refused leaves no text behind', () => {
    agent.limits.maxWaiting = 2
    schedule('c1', 'one', MINUTE)
    schedule('c2', 'two', MINUTE, { thread_id: BERT })
    schedule('c3', 'three', MINUTE)
    expect(last('c3')).toMatchObject({ status: 'failed', error: 'too_many_scheduled', detail: 'in_all' })
    cancel('c4', { schedule_id: 'c1' })
    schedule('c5', 'three', MINUTE)
    expect(last('c5')).toMatchObject({ status: 'received' })
  })

  test('in one thread', () => {
    for (let n = 0; n <= 250; n++) schedule(`c${n}`, `${n}`, MINUTE)
    expect(last('c249')).toMatchObject({ status: 'received' })
    expect(last('c250')).toMatchObject({ status: 'failed', error: 'too_many_scheduled', detail: 'in_thread' })
    schedule('b', 'hi', MINUTE, { thread_id: BERT })
    expect(last('b')).toMatchObject({ status: 'received' })
  })

  test('what is due and waits for its turn takes its place, too', () => {
    agent.limits.maxWaiting = 2
    schedule('c1', 'one', -SECOND)
    schedule('c2', 'two', -SECOND)
    schedule('c3', 'three', -SECOND)
    expect(last('c3')).toMatchObject({ status: 'failed', error: 'too_many_scheduled', detail: 'in_all' })
    agent.send('one', 'sent')
    schedule('c4', 'three', -SECOND)
    expect(last('c4')).toMatchObject({ status: 'received' })
  })

  test('a flood of cancellations that change nothing is acked and not kept', () => {
    schedule('c1', 'one', MINUTE)
    agent.refusals.kept = false
    cancel('x1', { schedule_id: 'c1' })
    cancel('x2', { schedule_id: 'c1' })
    expect([last('c1'), last('x1'), last('x2')]).toMatchObject([
      { status: 'failed', error: 'cancelled' },
      { status: 'completed', detail: 'cancelled' },
      { status: 'completed', detail: 'cancelled' },
    ])
    expect(agent.store.commands.counts()).toEqual({ failed: 1, completed: 1 })
  })

  test('in characters', () => {
    for (let n = 0; n <= 100; n++) schedule(`c${n}`, 'x'.repeat(20_000), MINUTE)
    expect(last('c99')).toMatchObject({ status: 'received' })
    expect(last('c100')).toMatchObject({ status: 'failed', error: 'too_many_scheduled', detail: 'characters' })
  })
})

describe('the clock', () => {
  test('is set forward, or the machine slept, by less than max_late: sent', () => {
    schedule('c1', 'dentist', MINUTE)
    agent.pass(11 * MINUTE)
    expect(agent.planned()).toEqual(['dentist'])
  })

  test('by more: too late, told once, and listed for a person', () => {
    schedule('c1', 'dentist', MINUTE)
    agent.pass(11 * MINUTE + 1)
    agent.pass(SECOND)
    expect(agent.planned()).toEqual([])
    expect(agent.heard.map(({ status, error }) => [status, error])).toEqual([
      ['received', undefined],
      ['failed', 'too_late'],
    ])
    const [listed] = agent.queue.list().schedules
    expect(listed).toMatchObject({ id: 's1', state: 'too_late', threadId: ANNA, length: 7 })
    expect(agent.store.schedules.counts()).toEqual({ too_late: 1 })
    agent.queue.drop(['s1'])
    expect(agent.queue.list().schedules).toEqual([])
    expect(last('c1')).toMatchObject({ error: 'too_late' })
  })

  test('is set back: it waits the longer', () => {
    schedule('c1', 'dentist', MINUTE)
    agent.pass(-DAY)
    agent.pass(DAY)
    expect(agent.planned()).toEqual([])
    agent.pass(MINUTE)
    expect(agent.planned()).toEqual(['dentist'])
  })
})

test('what is due together goes in the order of its times, then of its arrival; immediate goes ahead in its thread', () => {
  schedule('c1', 'third', 2 * SECOND)
  schedule('c2', 'fourth', 2 * SECOND)
  schedule('c3', 'second', SECOND)
  schedule('c4', 'first', 3 * SECOND, {}, { priority: 'immediate' })
  agent.pass(5 * SECOND)
  const sent: string[] = []
  for (let head = agent.store.outbox.head(ANNA); head !== undefined; head = agent.store.outbox.head(ANNA)) {
    sent.push(head.bubble.text)
    agent.send(head.bubble.text, 'sent')
  }
  expect(sent).toEqual(['first', 'second', 'third', 'fourth'])
})

test('more than go into one commit', async () => {
  for (let n = 0; n < 250; n++) schedule(`c${n}`, `${n}`, MINUTE)
  agent.pass(MINUTE)
  await expect.poll(agent.planned).toEqual(Array.from({ length: 250 }, (_, n) => `${n}`))
})

test('a thread that may no longer be written to when the time comes: refused, told, listed', () => {
  schedule('c1', 'dentist', MINUTE)
  agent.allowed.delete(ANNA)
  agent.pass(MINUTE)
  expect(agent.planned()).toEqual([])
  expect(last('c1')).toEqual({ command_id: 'c1', status: 'failed', error: 'not_allowed' })
  expect(agent.queue.list().schedules).toMatchObject([{ state: 'refused', reason: 'not_allowed' }])
})

describe('cancelled', () => {
  test.each([
    ['by its own name', { schedule_id: 'r1' }],
    ['by its command', { command_id: 'c1' }],
    ['by both', { schedule_id: 'r1', command_id: 'c1' }],
  ])('%s: not sent, and both commands are told', (_, payload) => {
    schedule('c1', 'dentist', MINUTE, { schedule_id: 'r1' })
    cancel('x', payload)
    agent.pass(MINUTE)
    expect(agent.planned()).toEqual([])
    expect(last('c1')).toEqual({ command_id: 'c1', status: 'failed', error: 'cancelled' })
    expect(last('x')).toEqual({ command_id: 'x', status: 'completed', detail: 'cancelled' })
    expect(agent.queue.list().schedules).toEqual([])
  })

  test.each<[string, object, object]>([
    ['nothing that there is', { schedule_id: 'r2' }, { error: 'unknown_schedule' }],
    ['nothing that there is, by its command', { command_id: 'c2' }, { error: 'unknown_schedule' }],
    ['two different ones', { schedule_id: 'r2', command_id: 'c1' }, { error: 'unknown_schedule' }],
    ['a command that is none for later', { command_id: 'now' }, { error: 'unknown_schedule' }],
    ['nothing at all', {}, { error: 'invalid_payload' }],
  ])('%s: refused, and what waits still waits', (_, payload, error) => {
    schedule('c1', 'dentist', MINUTE, { schedule_id: 'r1' })
    agent.command('now', 'send_message_now', { thread_id: BERT, text: 'hi' })
    cancel('x', payload)
    expect(last('x')).toMatchObject({ status: 'failed', ...error })
    agent.pass(MINUTE)
    expect(agent.planned()).toEqual(['hi', 'dentist'])
  })

  test('again, under another id: it is cancelled, as was asked', () => {
    schedule('c1', 'dentist', MINUTE)
    cancel('x', { schedule_id: 'c1' })
    cancel('y', { schedule_id: 'c1' })
    expect(last('y')).toMatchObject({ status: 'completed', detail: 'cancelled' })
    expect(agent.heard.filter(({ command_id }) => command_id === 'c1')).toHaveLength(2)
  })

  test('when its bubble has not begun: that is taken back', () => {
    schedule('c1', 'dentist', MINUTE)
    agent.pass(MINUTE)
    cancel('x', { schedule_id: 'c1' })
    expect(agent.planned()).toEqual([])
    expect(last('c1')).toMatchObject({ status: 'failed', error: 'cancelled' })
    expect(last('x')).toMatchObject({ status: 'completed', detail: 'cancelled' })
    expect(agent.queue.list().bubbles).toEqual([])
    // What waited behind it may go.
    expect(agent.changes.at(-1)).toEqual({ completed: 1, failed: 1 })
  })

  test.each([
    ['while it is being sent', undefined, 'sending'],
    ['when it was sent', 'sent', 'sent'],
    ['while that is not known', 'unknown', 'unknown'],
    ['when that was never known', 'parked', 'parked'],
  ] as const)('%s: too late for that', (_, end, detail) => {
    schedule('c1', 'dentist', MINUTE)
    agent.pass(MINUTE)
    agent.send('dentist', end)
    const before = last('c1')
    cancel('x', { schedule_id: 'c1' })
    expect(last('x')).toMatchObject({ status: 'failed', error: 'already_sent', detail })
    expect(last('c1')).toEqual(before)
  })

  test('of two that had the same name the one that waits', () => {
    schedule('c1', 'one', MINUTE, { schedule_id: 'r1' })
    agent.pass(MINUTE)
    schedule('c2', 'two', MINUTE, { schedule_id: 'r1' })
    cancel('x', { schedule_id: 'r1' })
    agent.pass(MINUTE)
    expect(agent.planned()).toEqual(['one'])
    expect(last('c2')).toMatchObject({ error: 'cancelled' })
  })
})

test('a person drops one: not sent, and the backend is told', () => {
  schedule('c1', 'dentist', MINUTE)
  schedule('c2', 'doctor', MINUTE)
  expect(agent.queue.list().schedules.map(({ id }) => id)).toEqual(['s1', 's2'])
  agent.queue.drop(['s1'])
  agent.pass(MINUTE)
  expect(agent.planned()).toEqual(['doctor'])
  expect(last('c1')).toMatchObject({ status: 'failed', error: 'dropped' })
  expect(() => agent.queue.drop(['s1'])).toThrow(/cannot be dropped/)
  expect(() => agent.queue.retry(['s1'])).toThrow(/cannot be retried/)
})

test('another life takes up what waits; no text is kept of what waits no more', () => {
  schedule('c1', 'dentist', MINUTE)
  schedule('c2', 'doctor', DAY)
  schedule('c3', 'lawyer', MINUTE)
  cancel('x', { schedule_id: 'c3' })
  agent.end()
  agent = createAgent()
  agent.pass(MINUTE)
  expect(agent.planned()).toEqual(['dentist'])
  agent.end()
  const db = new Database(join(dir, 'state.db'))
  expect(db.prepare('SELECT text FROM schedules ORDER BY id').pluck().all()).toEqual(['', 'doctor', ''])
  db.close()
  agent = createAgent()
})

test('one that waited longer than commands are remembered is remembered as long after its end', () => {
  schedule('c1', 'dentist', 60 * DAY)
  const sendAt = at(60 * DAY)
  const retire = () => agent.store.retire(Date.now() - 30 * DAY)
  agent.pass(59 * DAY)
  retire()
  agent.pass(DAY)
  agent.send('dentist', 'sent')
  agent.confirm('dentist')
  retire()
  agent.command('c1', 'schedule_message', { thread_id: ANNA, text: 'dentist', send_at: sendAt })
  expect(agent.planned()).toEqual([])
  expect(last('c1')).toMatchObject({ status: 'completed', detail: 'sent' })
  agent.pass(31 * DAY)
  agent.store.retire(Date.now() + 1000 * DAY)
  expect(agent.store.schedules.ofCommand('c1')).toBeUndefined()
  expect(agent.store.counters.under('retired.schedules')).toEqual({ planned: 1 })
  expect(agent.store.schedules.counts()).toEqual({ planned: 1 })
})
