import { beforeEach, expect, test } from 'vitest'
import type { Chat } from '../../../src/agent/core/message.ts'
import type { WarmTrial } from '../../../src/agent/core/warmth.ts'
import { createWarmth, type Slots, type WarmNeeds } from '../../../src/agent/flows/keep-warm.ts'

const A = 'anna'
const B = 'bert'
const C = 'carl'

let now: number
let timers: { at: number; run: () => void }[]
/** By attempt: the chat that it stands for. */
let standing: Map<string, string>
let gone: Map<string, Parameters<Slots['start']>[2]>
let isReady: boolean
let held: Set<string>
let waiting: Map<string, number>
let attempts: number

beforeEach(() => {
  now = 1_000_000
  timers = []
  standing = new Map()
  gone = new Map()
  isReady = true
  held = new Set()
  waiting = new Map()
  attempts = 0
})

const pass = (ms: number): void => {
  const end = now + ms
  for (;;) {
    const due = timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
    if (due === undefined) break
    timers = timers.filter(timer => timer !== due)
    now = due.at
    due.run()
  }
  now = end
}
const chatOf = (threadId: string): Chat => ({
  guid: `any;-;${threadId}`,
  threadId,
  isGroup: false,
  service: 'iMessage',
  accountId: '',
})
const start = (more: Partial<WarmNeeds> & { readonly trial?: Slots['trial'] } = {}) =>
  createWarmth({
    slots: {
      start: (attempt, chatGuid, onGone) => {
        standing.set(attempt, chatGuid)
        gone.set(attempt, onGone)
      },
      isReady: attempt => isReady && standing.has(attempt),
      handOver: async (attempt, _text, onHanded) => {
        standing.delete(attempt)
        onHanded()
        return { kind: 'exited', code: 0, warm: true }
      },
      end: attempt => {
        standing.delete(attempt)
      },
      ...(more.trial && { trial: more.trial }),
    },
    chatOf,
    holdOf: threadId =>
      held.has(threadId)
        ? { detail: 'held_paused', all: ['held_paused'], untilMs: Number.POSITIVE_INFINITY }
        : undefined,
    roomAt: () => 0,
    permission: { state: () => 'granted', atOnce: () => 16 },
    waitingIn: threadId => waiting.get(threadId) ?? 0,
    anyChat: () => undefined,
    newAttempt: () => `attempt-${++attempts}`,
    clock: { now: () => now, wall: () => now },
    timers: {
      after: (ms, run) => {
        const timer = { at: now + ms, run }
        timers.push(timer)
        return () => {
          timers = timers.filter(other => other !== timer)
        }
      },
      soon: run => run(),
    },
    onError: error => {
      throw error
    },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    ...more,
  })
const chats = (): string[] => [...standing.values()]

test('one for the chat of a message that is with the backend, and a message more is no reason for another', () => {
  const warmth = start()
  warmth.posting(A)
  warmth.posting(A)
  pass(10)
  expect(chats()).toEqual(['any;-;anna'])
})

test('after 45 s it makes room for a fresh one, as long as a bubble is expected', () => {
  const warmth = start()
  warmth.posting(A)
  pass(44_000)
  expect([...standing.keys()]).toEqual(['attempt-1'])
  pass(6_000)
  expect([...standing.keys()]).toEqual(['attempt-2'])
  warmth.posted(A)
  pass(60_000)
  expect(chats()).toEqual([])
})

test('two at most; one that nobody waits for makes way', () => {
  const warmth = start()
  for (const threadId of [A, B, C]) warmth.posting(threadId)
  pass(10)
  expect(chats()).toEqual(['any;-;anna', 'any;-;bert'])
  warmth.posted(A)
  warmth.posting(C)
  pass(10)
  expect(chats()).toEqual(['any;-;bert', 'any;-;carl'])
})

test('the next is started when one is used up, and a bubble is still to come', async () => {
  const warmth = start()
  warmth.posting(A)
  pass(10)
  const attempt = warmth.take(chatOf(A)) ?? ''
  await warmth.handOver(attempt, { threadId: A, text: 'R' }, () => {})
  pass(10)
  expect([...standing.keys()]).toEqual(['attempt-2'])
  warmth.posted(A)
  await warmth.handOver(warmth.take(chatOf(A)) ?? '', { threadId: A, text: 'B' }, () => {})
  pass(10)
  expect(chats()).toEqual([])
  expect(warmth.status().sent.warm).toBe(2)
})

test('it is given to bubbles of its own chat, once, and only when it is ready', () => {
  const warmth = start()
  warmth.posting(A)
  pass(10)
  expect(warmth.take(chatOf(B))).toBeUndefined()
  expect(warmth.take({ ...chatOf(A), guid: 'iMessage;-;anna' })).toBeUndefined()
  isReady = false
  expect(warmth.take(chatOf(A))).toBeUndefined()
  isReady = true
  expect(warmth.take(chatOf(A))).toBe('attempt-1')
  expect(warmth.take(chatOf(A))).toBeUndefined()
})

test('one that was given to a bubble whose intent was never stored is ended', () => {
  const warmth = start()
  warmth.posting(A)
  pass(10)
  warmth.take(chatOf(A))
  warmth.posted(A)
  warmth.wake()
  expect(chats()).toEqual([])
})

test('a hold ends it, by itself too, and none is started while it lasts', () => {
  const warmth = start()
  warmth.posting(A)
  pass(10)
  held.add(A)
  pass(5_000) // quiet hours begin without anybody's doing
  expect(chats()).toEqual([])
  warmth.posting(A)
  pass(10)
  expect(chats()).toEqual([])
})

test.each<[string, Partial<WarmNeeds>]>([
  ['over a limit', { roomAt: () => Number.POSITIVE_INFINITY }],
  ['not allowed to control Messages', { permission: { state: () => 'missing', atOnce: () => 1 } }],
  ['a prompt waits at the screen', { permission: { state: () => 'unknown', atOnce: () => 0 } }],
  ['no such chat', { chatOf: () => undefined }],
])('none where nothing may be sent: %s', (_, more) => {
  start(more).posting(A)
  pass(10)
  expect(attempts).toBe(0)
})

test('after a sleep of the Mac none is left', () => {
  const warmth = start()
  warmth.posting(A)
  pass(10)
  warmth.dropAll()
  expect(chats()).toEqual([])
})

test('never ready, three times: it rests for ten minutes, and then one failure more is enough', () => {
  const warmth = start()
  isReady = false
  for (let n = 0; n < 3; n += 1) {
    warmth.posting(A)
    pass(16_000)
    warmth.posted(A)
    expect(chats()).toEqual([])
  }
  expect(warmth.status()).toMatchObject({ state: 'fallen_back', reason: 'it did not stand ready within 15 s' })
  warmth.posting(A)
  pass(1_000)
  expect(chats()).toEqual([])
  pass(10 * 60_000)
  expect(warmth.status().state).toBe('in_use')
  warmth.posting(A)
  pass(16_000)
  expect(warmth.status().state).toBe('fallen_back')
})

test('what is no fault of the warm way does not count; a chat that is not listed is left alone for a while', () => {
  const warmth = start()
  const fail = (evidence: string): void => {
    warmth.posting(A)
    pass(10)
    const [attempt = ''] = standing.keys()
    standing.clear()
    gone.get(attempt)?.({ end: { kind: 'exited', code: 1 }, evidence })
    warmth.posted(A)
  }
  for (let n = 0; n < 4; n += 1) fail('execution error: Messages is not running. (-600)')
  expect(warmth.status().state).toBe('in_use')
  fail('execution error: Can’t get chat id. (-1728)')
  const before = attempts
  warmth.posting(A)
  pass(10)
  expect(attempts).toBe(before)
})

test('a good send makes good for failures before it', () => {
  const warmth = start()
  const bad = { kind: 'unknown', reason: 'timed_out' } as const
  for (const outcome of [bad, bad, { kind: 'done' } as const, bad, bad]) warmth.learn(outcome)
  expect(warmth.status().state).toBe('in_use')
  warmth.learn(bad)
  expect(warmth.status().state).toBe('fallen_back')
})

test('untried it waits for the trial, then serves the message that is with the backend still', async () => {
  const result = Promise.withResolvers<WarmTrial>()
  const asked: string[] = []
  const run = (chatGuid: string) => {
    asked.push(chatGuid)
    return result.promise
  }
  const warmth = start({ trial: { known: () => undefined, run } })
  warmth.posting(A)
  warmth.posting(B)
  pass(10)
  expect(asked).toEqual(['any;-;anna'])
  expect(chats()).toEqual([])
  expect(warmth.status().state).toBe('trying')
  result.resolve({ verdict: 'passed', readyMs: 300 })
  await result.promise
  await expect.poll(chats).toEqual(['any;-;anna', 'any;-;bert'])
  expect(warmth.status()).toMatchObject({ state: 'in_use', readyMs: 300 })
})

test('for the self-test one thread is kept cold', () => {
  const warmth = start()
  warmth.posting(A)
  pass(10)
  const letGo = warmth.keepCold(A)
  expect(warmth.take(chatOf(A))).toBeUndefined()
  letGo()
  expect(warmth.take(chatOf(A))).toBe('attempt-1')
})
