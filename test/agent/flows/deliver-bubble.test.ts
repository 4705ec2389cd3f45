import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PHASE_MARK, SPAWN_MARK } from '../../../src/agent/core/judge-send.ts'
import { createProblems } from '../../../src/agent/core/problems.ts'
import { createDelivery, type DeliveryNeeds } from '../../../src/agent/flows/deliver-bubble.ts'
import { NODE_TIMERS } from '../../../src/agent/node-timers.ts'
import { openStore, type Store } from '../../../src/agent/store/open-store.ts'

const ANNA = '+15622924139'

let dir: string
let store: Store
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-'))
  store = openStore(dir)
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true })
})

const needs = (): DeliveryNeeds => ({
  transaction: store.transaction,
  nested: store.transaction,
  outbox: store.outbox,
  sender: {
    send: () => Promise.reject(new Error('nothing is to be sent')),
    wasPrepared: attempt => attempt === 'attempt-1',
    evidence: () => `${SPAWN_MARK}\n${PHASE_MARK} done`,
    forget: () => {},
    running: () => Promise.resolve([]),
    kill: () => {},
  },
  chatOf: () => undefined,
  watermark: () => 0,
  newAttempt: () => 'attempt-2',
  clock: { now: Date.now, wall: Date.now },
  timers: NODE_TIMERS,
  settings: { timeoutMs: 10_000, maxTries: 1 },
  roomAt: () => 0,
  holdOf: () => undefined,
  ackHeld: () => {},
  onEnd: () => {},
  permission: { atOnce: () => 16, learn: () => {} },
  problems: createProblems(Date.now),
  log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
})
const plan = (): number =>
  store.outbox.planCommand({ threadId: ANNA, commandId: 'c', text: 'hi', says: 'hi', immediate: true, now: Date.now() })

test('what an earlier life sent is recorded once the disk has room again', async () => {
  const { outbox } = store
  const id = plan()
  outbox.startSending(id, 'attempt-1', 0, Date.now())
  let isFull = false
  let refused = 0
  const delivery = createDelivery({
    ...needs(),
    transaction: work => {
      if (isFull) {
        refused += 1
        throw new Error('disk full')
      }
      return store.transaction(work)
    },
  })

  delivery.recover()
  isFull = true
  await expect.poll(() => refused).toBeGreaterThan(0)
  expect(outbox.byId(id).state).toBe('sending')
  isFull = false
  await expect.poll(() => outbox.byId(id).state, { timeout: 20_000 }).toBe('sent')
  await delivery.stop(1_000)
})

test('what the owner has written a moment ago counts before anything is sent', async () => {
  const id = plan()
  let isHeld = false
  const delivery = createDelivery({
    ...needs(),
    lookFirst: () => {
      isHeld = true
    },
    holdOf: () => (isHeld ? HOLD : undefined),
  })
  delivery.wake()
  expect(store.outbox.byId(id).state).toBe('planned')
  await delivery.stop(1_000)
})

const HOLD = { detail: 'held_takeover', all: ['held_takeover'], untilMs: Number.POSITIVE_INFINITY } as const
