import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AutomationProbe } from '../../src/core/probes.ts'
import { createProblems } from '../../src/core/problems.ts'
import { createAutomationWatch } from '../../src/flows/watch-automation.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A watch whose next probes find these; the last one stays. */
const start = (...states: AutomationProbe['state'][]) => {
  const problems = createProblems(Date.now)
  const seen = { probes: 0, paused: false }
  const watch = createAutomationWatch({
    probe: () => {
      seen.probes += 1
      const state = (states.length > 1 ? states.shift() : states[0]) ?? 'unclear'
      return Promise.resolve({ state, tookMs: 1 })
    },
    pause: () => {
      seen.paused = true
    },
    resume: () => {
      seen.paused = false
    },
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
    paused: true,
    codes: ['automation_denied'],
    state: 'missing',
  })
  await vi.advanceTimersByTimeAsync(2 * HALF_A_MINUTE)
  expect({ ...seen, codes: codes() }).toEqual({ probes: 2, paused: true, codes: ['automation_denied'] })
  await vi.advanceTimersByTimeAsync(10 * HALF_A_MINUTE)
  expect({ ...seen, codes: codes(), state: watch.state() }).toEqual({
    probes: 3,
    paused: false,
    codes: [],
    state: 'granted',
  })
})

test('a probe that was under way when a send was refused is out of date', async () => {
  const { watch, seen } = start('granted')
  const probing = watch.ask()
  watch.learn(false)
  await probing
  expect({ paused: seen.paused, state: watch.state() }).toEqual({ paused: true, state: 'missing' })
})

test('where it cannot be asked, a send has to find out', async () => {
  const { watch, seen, codes } = start('unclear')
  watch.learn(false)
  await vi.advanceTimersByTimeAsync(HALF_A_MINUTE)
  expect({ paused: seen.paused, codes: codes() }).toEqual({ paused: false, codes: ['automation_denied'] })
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
