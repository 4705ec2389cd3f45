import { expect, test } from 'vitest'
import { createSendLimits } from '../../../src/agent/flows/send-limits.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = 1_000 * HOUR

/** Limits of 3 and 2 in a minute, 5 and 4 in a day; sends that began so many milliseconds ago, in thread a or b. */
const limitsAfter = (
  starts: readonly (readonly [thread: string, agoMs: number])[],
  { planned = 0, bound = 0 } = {},
) => {
  const latest = starts.toSorted(([, a], [, b]) => a - b)
  return createSendLimits({
    settings: { maxPerMinute: 3, maxPerMinutePerThread: 2, maxPerDay: 5, maxPerDayPerThread: 4 },
    outbox: {
      nthLatestStart: (n, sinceMs, threadId) => {
        const [, agoMs] = latest.filter(([thread]) => threadId === undefined || thread === threadId)[n - 1] ?? []
        return agoMs !== undefined && NOW - agoMs > sinceMs ? NOW - agoMs : undefined
      },
      commandsPlanned: () => planned,
    },
    commands: { boundSince: () => bound },
    now: () => NOW,
  })
}

test.each([
  ['none yet', [], 0],
  [
    'one more fits',
    [
      ['a', 10_000],
      ['b', 20_000],
    ],
    0,
  ],
  [
    'the thread is full for this minute',
    [
      ['a', 10_000],
      ['a', 20_000],
    ],
    NOW + 40_000,
  ],
  [
    'all are full for this minute',
    [
      ['b', 10_000],
      ['b', 20_000],
      ['c', 30_000],
    ],
    NOW + 30_000,
  ],
  [
    'what is older than a minute does not count for it',
    [
      ['a', 10_000],
      ['a', 61_000],
    ],
    0,
  ],
  [
    'the thread is full for today',
    [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR].map(ago => ['a', ago] as const),
    NOW + 20 * HOUR,
  ],
  ['all are full for today', [1, 2, 3, 4, 5].map(n => [`t${n}`, n * HOUR] as const), NOW + 19 * HOUR],
  ['yesterday does not count', [25, 26, 27, 28, 29].map(n => ['a', n * HOUR] as const), 0],
] as const)('%s', (_, starts, roomAt) => {
  const limits = limitsAfter(starts)
  expect(limits.roomAt('a')).toBe(roomAt)
  expect(limits.isFull('a')).toBe(roomAt !== 0)
})

test('commands that wait take their place, and those that were bound to an answer', () => {
  expect(limitsAfter([], { planned: 1 }).isFull('a')).toBe(false)
  expect(limitsAfter([], { planned: 2 }).isFull('a')).toBe(true)
  expect(limitsAfter([['a', HOUR]], { bound: 3 }).isFull('a')).toBe(true)
})

test('commands that come to nothing are as many in a day as may be sent in one', () => {
  expect(limitsAfter([], { bound: 4 }).isIdling()).toBe(false)
  expect(limitsAfter([], { bound: 5 }).isIdling()).toBe(true)
})
