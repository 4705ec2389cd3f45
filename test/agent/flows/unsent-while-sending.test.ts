import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PHASE_MARK, SPAWN_MARK } from '../../../src/agent/core/judge-send.ts'
import { createProblems } from '../../../src/agent/core/problems.ts'
import { confirmSent } from '../../../src/agent/flows/confirm-sent.ts'
import { createDelivery } from '../../../src/agent/flows/deliver-bubble.ts'
import { NODE_TIMERS } from '../../../src/agent/node-timers.ts'
import { openStore, type Store } from '../../../src/agent/store/open-store.ts'

const ANNA = '+15622924139'
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let dir: string
let store: Store
let ends: unknown[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-'))
  store = openStore(dir)
  ends = []
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true })
})

/** A bubble that is being sent while the message that it answers is unsent. */
const underWay = () => {
  const { inbox, outbox } = store
  const now = Date.now()
  inbox.add({ guid: 'm', threadId: ANNA, seenMs: now, body: '{}' })
  const messageId = inbox.idOf('m') ?? 0
  const id = outbox.planAnswer({ threadId: ANNA, messageId, position: 0, text: 'hi', says: 'hi', now })
  outbox.startSending(id, 'attempt-1', 0, now)
  inbox.noteWithdrawal(messageId, now)
  return id
}

test.each([
  ['did not start', 'error (-600)'],
  ['was not allowed', 'error (-1743)'],
])('a send that %s is not tried again', async (_, error) => {
  const id = underWay()
  const delivery = createDelivery({
    transaction: store.transaction,
    nested: store.transaction,
    outbox: store.outbox,
    sender: {
      send: () => Promise.reject(new Error('nothing is to be sent')),
      wasPrepared: attempt => attempt === 'attempt-1',
      evidence: () => `${SPAWN_MARK}\n${PHASE_MARK} resolve\n${error}`,
      forget: () => {},
      running: () => Promise.resolve([]),
      kill: () => {},
    },
    chatOf: () => undefined,
    watermark: () => 0,
    newAttempt: () => 'attempt-2',
    clock: { now: Date.now, wall: Date.now },
    timers: NODE_TIMERS,
    settings: { timeoutMs: 10_000, maxTries: 5 },
    roomAt: () => 0,
    holdOf: () => undefined,
    ackHeld: () => {},
    onEnd: (...end) => ends.push(end),
    permission: { atOnce: () => 16, learn: () => {} },
    problems: createProblems(Date.now),
    log: SILENT,
  })
  delivery.recover()
  await expect.poll(() => store.outbox.byId(id).state).toBe('parked')
  expect([store.outbox.reasonOf(id), ends]).toEqual(['message_unsent', [[id, 'parked', 'message_unsent']]])
  await delivery.stop(1_000)
})

test('a send whose outcome is unknown is parked, though the setting is to send again', () => {
  const id = underWay()
  const now = Date.now()
  store.outbox.move(id, 'unknown', 'timed_out', now)
  confirmSent(
    { outgoingAfter: () => [], failedSince: () => [] },
    {
      transaction: store.transaction,
      outbox: store.outbox,
      now: () => now + 60_000,
      settings: { settleMs: 10_000, unknown: 'resend' },
      onEnd: (...end) => ends.push(end),
      log: SILENT,
    },
  )
  expect([store.outbox.byId(id).state, ends]).toEqual(['parked', [[id, 'parked', 'outcome_unknown']]])
})
