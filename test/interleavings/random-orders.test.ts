import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printFailure } from './explore.ts'
import type { Tamper } from './life.ts'
import { play } from './play.ts'
import { ONE_MESSAGE, type Scenario } from './scenario.ts'

/**
 * Orders at random of what is too much to explore: three messages, two threads, answers of three bubbles, six faults and
 * three crashes. What fails is made smaller and printed with its seed and path. To see it again:
 *
 *     INTERLEAVINGS_SEED=… INTERLEAVINGS_PATH=… vitest run test/interleavings/random-orders.test.ts
 */
const { INTERLEAVINGS_SEED, INTERLEAVINGS_PATH, SLOW_TESTS } = process.env

const seed = Number(INTERLEAVINGS_SEED ?? (SLOW_TESTS ? Date.now() % 2 ** 31 : 20_251_117))
const RUNS = SLOW_TESTS ? 5_000 : 100

const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    threads: fc.array(fc.constantFrom('anna', 'bert'), { minLength: 1, maxLength: 3 }),
    words: fc.constantFrom('own', 'same', 'lines', 'different', 'fresh'),
    named: fc.boolean(),
    idempotent: fc.boolean(),
    bubbles: fc.integer({ min: 1, max: 3 }),
    unknown: fc.constantFrom('park', 'resend'),
    maxTries: fc.integer({ min: 1, max: 3 }),
    faults: fc.integer({ min: 0, max: 6 }),
    crashes: fc.integer({ min: 0, max: 3 }),
    guard: fc.constantFrom('none', 'pause', 'takeover', 'quiet', 'limit'),
    change: fc.constantFrom('none', 'edit', 'unsend'),
    schedule: fc.boolean(),
    sockets: fc.boolean(),
    silent: fc.constantFrom([], [2]),
    stock: fc.boolean(),
    paced: fc.boolean(),
    long: fc.boolean(),
    acks: fc.boolean(),
  })
  // Late under a new id, what a reflex alone said is said again; and whose a stock line is nobody can tell without an answer.
  .filter(({ words, named, idempotent }) => words !== 'different' || named || idempotent)
  .filter(({ words, named, silent }) => (words !== 'same' && words !== 'lines') || named || silent.length === 0)

/** What happens next, out of what may: by its number, modulo how many there are. */
const choices = fc.array(fc.nat({ max: 999 }), { maxLength: 120, size: 'max' })

const orders = (of: fc.Arbitrary<Scenario>, tamper: Tamper = {}) =>
  fc.asyncProperty(of, choices, async (scenario, picked) => {
    const failure = await play(scenario, picked, tamper)
    if (failure !== undefined) throw new Error(`\n${printFailure(failure)}`)
  })

test(`${RUNS} orders at random, seed ${seed}`, { timeout: 600_000 }, async () => {
  await fc.assert(orders(scenarios), {
    numRuns: RUNS,
    seed,
    ...(INTERLEAVINGS_PATH !== undefined && { path: INTERLEAVINGS_PATH }),
  })
})

test('without the stored intent they find a doubled bubble, and make its order small', {
  timeout: 600_000,
}, async () => {
  const tamper: Tamper = {
    store: store => ({ ...store, outbox: { ...store.outbox, startSending: () => {} } }),
  }
  const found = await fc.check(orders(fc.constant(ONE_MESSAGE), tamper), { numRuns: 100, seed })
  expect(String(found.errorInstance)).toContain('(I2)')
  expect(found.counterexample?.[1].length).toBeLessThan(20)
})
