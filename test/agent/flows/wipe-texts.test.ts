import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { EdgeError } from '../../../src/agent/core/errors.ts'
import { createTextWiping } from '../../../src/agent/flows/wipe-texts.ts'
import { NODE_TIMERS } from '../../../src/agent/node-timers.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** `pieces`: how many pieces are due at the first look. */
const setUp = (keepMs: number, { pieces = 0, windowMs = 10 * MINUTE, fail = (_: string): void => {} } = {}) => {
  const calls: string[] = []
  const asked: { readonly now: number; readonly ended: number; readonly undecided: number }[] = []
  const errors: unknown[] = []
  const world = { quiet: true, remains: false, pieces }
  const did = (what: string): void => {
    calls.push(what)
    fail(what)
  }
  const store = {
    wipe: (before: (typeof asked)[number]) => {
      asked.push(before)
      did('wipe')
      if (world.pieces === 0) return false
      world.remains = true
      world.pieces -= 1
      return true
    },
    emptyLog: () => did('empty log'),
    hasRemains: () => world.remains,
    rewrite: () => {
      did('rewrite')
      world.remains = false
    },
  }
  const settings = { keepMs, windowMs }
  const wiping = createTextWiping({
    store,
    settings,
    isQuiet: () => world.quiet,
    now: Date.now,
    timers: NODE_TIMERS,
    onError: error => errors.push(error),
  })
  return { wiping, calls, asked, errors, world }
}

test('piece by piece, then the log, then the whole file; a start empties the log whatever is due', () => {
  const { wiping, calls } = setUp(DAY, { pieces: 2 })
  wiping.wake()
  vi.advanceTimersByTime(1_000)
  expect(calls).toEqual(['wipe', 'wipe', 'wipe', 'empty log', 'rewrite'])
  vi.advanceTimersByTime(10 * MINUTE)
  expect(calls.slice(5)).toEqual(['wipe'])
  wiping.stop()
})

test('the file is written anew in a quiet moment, and seldom; in the end without one', () => {
  const { wiping, calls, world } = setUp(DAY, { pieces: 1 })
  const rewrites = () => calls.filter(call => call === 'rewrite').length
  world.quiet = false
  wiping.wake()
  vi.advanceTimersByTime(MINUTE)
  expect(rewrites()).toBe(0)
  world.quiet = true
  vi.advanceTimersByTime(MINUTE)
  expect(rewrites()).toBe(1)
  world.remains = true
  vi.advanceTimersByTime(5 * 60 * MINUTE)
  expect(rewrites()).toBe(1)
  world.quiet = false
  vi.advanceTimersByTime(12 * 60 * MINUTE)
  expect(rewrites()).toBe(2)
  wiping.stop()
})

test.each([
  ['a day', DAY, 10 * MINUTE, DAY, 30 * DAY],
  ['a minute: our own echo is known by its words', MINUTE, 10 * MINUTE, 11 * MINUTE, 30 * DAY],
  ['a minute, with a longer window of the dedupe', MINUTE, 60 * MINUTE, 60 * MINUTE, 30 * DAY],
  ['a year', 365 * DAY, 10 * MINUTE, 365 * DAY, 365 * DAY],
])('texts are kept for %s', (_, keepMs, windowMs, endedMs, undecidedMs) => {
  const { wiping, asked } = setUp(keepMs, { windowMs })
  wiping.wake()
  const { now = 0, ended = 0, undecided = 0 } = asked[0] ?? {}
  expect([now - ended, now - undecided]).toEqual([endedMs, undecidedMs])
  wiping.stop()
})

test('a full disk is tried again later and told elsewhere; damage is told', () => {
  const full = setUp(DAY, {
    fail: () => {
      throw new EdgeError('state_unwritable', 'full')
    },
  })
  full.wiping.wake()
  vi.advanceTimersByTime(20 * MINUTE)
  expect(full.calls).toEqual(['wipe', 'wipe', 'wipe'])
  expect(full.errors).toEqual([])
  full.wiping.stop()

  const damaged = setUp(DAY, {
    fail: () => {
      throw new EdgeError('state_damaged', 'damaged')
    },
  })
  damaged.wiping.wake()
  expect(damaged.errors).toEqual([expect.objectContaining({ code: 'state_damaged' })])
  damaged.wiping.stop()
})
