import { expect, test } from 'vitest'
import type { Pause } from '../../../src/agent/core/hold.ts'
import { createProblems } from '../../../src/agent/core/problems.ts'
import { createLoopWatch } from '../../../src/agent/flows/watch-for-loops.ts'
import { NODE_TIMERS } from '../../../src/agent/node-timers.ts'

const ANNA = '+15622924139'
const BERT = 'bert@example.com'

const start = () => {
  let now = 0
  const paused: Pause[] = []
  const problems = createProblems(() => now)
  const watch = createLoopWatch({
    rules: { rounds: 30, gapMs: 30_000, pauseMs: 3_600_000 },
    pauses: {
      extend: (threadId, cause, sinceMs, untilMs) => paused.push({ threadId, cause, sinceMs, untilMs }) > 0,
      list: () => paused,
    },
    clock: { now: () => now, wall: () => now },
    timers: NODE_TIMERS,
    problems,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
  let count = 0
  return {
    watch,
    problems,
    paused: () => paused.map(({ threadId }) => threadId),
    after: (ms: number) => {
      now += ms
    },
    hear: (threadId: string, { sender = threadId, isGroup = false } = {}) => {
      count += 1
      watch.incoming({ threadId, sender, isGroup, words: `w${count}` })
    },
  }
}

test('a loop through two threads, in by one and out by commands in the other, is found: both are held', () => {
  const { watch, after, hear, paused, problems } = start()
  for (let n = 0; n < 31; n += 1) {
    hear(ANNA)
    after(2_000)
    watch.sent(BERT, false)
    after(1_000)
  }
  expect(paused()).toEqual([ANNA, BERT])
  watch.wake()
  expect(problems.list()).toMatchObject([{ code: 'loop_breaker', message: expect.stringContaining('2 threads') }])
  watch.stop()
})

test('a backend that writes to others while somebody chats makes no loop of that', () => {
  const { watch, after, hear, paused } = start()
  for (let n = 0; n < 59; n += 1) {
    hear(ANNA)
    after(1_000)
    watch.sent(ANNA, true)
    watch.sent(BERT, false)
    after(20_000)
  }
  expect(paused()).toEqual([])
})

test('a lively group in which each of ten speaks once a minute is no loop, one machine in it is', () => {
  const { watch, after, hear, paused } = start()
  const speak = (sender: string, ms: number) => {
    hear('chat1', { sender, isGroup: true })
    after(ms / 2)
    watch.sent('chat1', true)
    after(ms / 2)
  }
  for (let n = 0; n < 400; n += 1) speak(`person ${n % 10}`, 6_000)
  expect(paused()).toEqual([])
  for (let n = 0; n < 31; n += 1) speak('machine', 2_000)
  expect(paused()).toEqual(['chat1'])
})

test('a message that the owner writes by hand begins the count anew', () => {
  const { watch, after, hear, paused } = start()
  for (let n = 0; n < 58; n += 1) {
    if (n === 29) watch.forget(ANNA)
    hear(ANNA)
    after(500)
    watch.sent(ANNA, true)
    after(500)
  }
  expect(paused()).toEqual([])
})
