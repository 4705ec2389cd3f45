import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AutomationProbe } from '../../../src/agent/core/probes.ts'
import { createProblems } from '../../../src/agent/core/problems.ts'
import { createAutomationWatch } from '../../../src/agent/flows/watch-automation.ts'
import { NODE_TIMERS } from '../../../src/agent/node-timers.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A watch whose next probes find these; the last one stays. */
const start = (...states: AutomationProbe['state'][]) => {
  const problems = createProblems(Date.now)
  const seen = { probes: 0, freed: 0 }
  const watch = createAutomationWatch({
    probe: () => {
      seen.probes += 1
      const state = (states.length > 1 ? states.shift() : states[0]) ?? 'unclear'
      return Promise.resolve({ state, tookMs: 1 })
    },
    onFree: () => {
      seen.freed += 1
    },
    timers: NODE_TIMERS,
    problems,
    program: '/bin/node',
  })
  return { watch, seen, codes: () => problems.list().map(({ code }) => code) }
}
const HALF_A_MINUTE = 30_000

test('refused to a send: asked every half minute, harmlessly, until it is granted, and no more after that', async () => {
  const { watch, seen, codes } = start('denied', 'denied', 'granted')
  watch.learn(false)
  expect({ ...seen, codes: codes(), state: watch.state() }).toEqual({
    probes: 0,
    freed: 0,
    codes: ['automation_denied'],
    state: 'missing',
  })
  expect(watch.atOnce()).toBe(0)
  await vi.advanceTimersByTimeAsync(2 * HALF_A_MINUTE)
  expect({ ...seen, codes: codes() }).toEqual({ probes: 2, freed: 0, codes: ['automation_denied'] })
  await vi.advanceTimersByTimeAsync(10 * HALF_A_MINUTE)
  expect({ ...seen, codes: codes(), state: watch.state() }).toEqual({
    probes: 3,
    freed: 1,
    codes: [],
    state: 'granted',
  })
  expect(watch.atOnce()).toBe(Number.POSITIVE_INFINITY)
})

test('a probe that was under way when a send was refused is out of date', async () => {
  const { watch } = start('granted')
  const probing = watch.ask()
  watch.learn(false)
  await probing
  expect({ atOnce: watch.atOnce(), state: watch.state() }).toEqual({ atOnce: 0, state: 'missing' })
})

test('where it cannot be asked, a send has to find out, one at a time', async () => {
  const { watch, seen, codes } = start('unclear')
  watch.learn(false)
  await vi.advanceTimersByTimeAsync(HALF_A_MINUTE)
  expect({ atOnce: watch.atOnce(), freed: seen.freed, codes: codes() }).toEqual({
    atOnce: 1,
    freed: 1,
    codes: ['automation_denied'],
  })
  watch.learn(true)
  expect({ state: watch.state(), codes: codes() }).toEqual({ state: 'granted', codes: [] })
})

test('stopped, it asks no more', async () => {
  const { watch, seen } = start('denied')
  watch.learn(false)
  watch.stop()
  await vi.advanceTimersByTimeAsync(10 * HALF_A_MINUTE)
  expect(seen.probes).toBe(0)
})
