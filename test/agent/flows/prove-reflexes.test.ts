import { expect, test } from 'vitest'
import { createReflexProof } from '../../../src/agent/flows/prove-reflexes.ts'
import type { LateMessage } from '../../../src/agent/store/inbox.ts'
import { createTimers } from '../../interleavings/timers.ts'

/** Messages that lack a reflex, and a connection that answers a ping when it is told to. */
const start = (...late: LateMessage[]) => {
  let open: readonly LateMessage[] = late
  let nowMs = 0
  const pongs: (() => void)[] = []
  const timers = createTimers(() => nowMs)
  const proof = createReflexProof({
    inbox: {
      meetSocket: () => {},
      expectLate: () => {},
      late: () => [...open],
      endLate: () => {
        open = []
      },
      endLateOf: ended => {
        open = open.filter(({ id }) => id !== ended)
      },
    },
    transaction: work => work(),
    now: () => nowMs,
    timers: timers.engine,
    onError: error => {
      throw error
    },
  })
  const settle = () => new Promise<void>(resolve => setImmediate(resolve))
  return {
    add: async (message: LateMessage) => {
      open = [...open, message]
      proof.wake()
      await settle()
    },
    connect: async (isOpen = true) => {
      const kept = open
      proof.use(isOpen ? { ping: onPong => pongs.push(onPong) } : undefined)
      if (isOpen) open = kept // answered on this connection
      proof.wake()
      await settle()
    },
    pass: async (ms: number) => {
      nowMs += ms
      timers.fireDue()
      await settle()
    },
    pings: () => pongs.length,
    pong: async (n = pongs.length) => {
      pongs[n - 1]?.()
      await settle()
    },
    late: () => open.map(({ id }) => id),
  }
}

test('of a message that had no reflex the backend is asked two seconds after its answer', async () => {
  const proof = start({ id: 1, answeredMs: 0, hasOwn: false })
  await proof.connect()
  await proof.pass(1_999)
  expect(proof.pings()).toBe(0)
  await proof.pass(1)
  expect(proof.pings()).toBe(1)
  expect(proof.late()).toEqual([1])
  await proof.pong()
  expect(proof.late()).toEqual([])
})

test('of a retry that had a reflex it is asked at once: that backend writes them first', async () => {
  const proof = start({ id: 1, answeredMs: 0, hasOwn: true })
  await proof.connect()
  expect(proof.pings()).toBe(1)
  await proof.pong()
  expect(proof.late()).toEqual([])
})

test('a pong tells nothing of what was answered after its ping, at the same moment too', async () => {
  const proof = start({ id: 1, answeredMs: 0, hasOwn: true })
  await proof.connect()
  await proof.add({ id: 2, answeredMs: 0, hasOwn: true })
  expect(proof.pings()).toBe(1)
  await proof.pong()
  expect(proof.late()).toEqual([2])
  expect(proof.pings()).toBe(2)
  await proof.pong()
  expect(proof.late()).toEqual([])
  expect(proof.pings()).toBe(2)
})

test('a pong of a connection that has ended tells nothing of another one', async () => {
  const proof = start({ id: 1, answeredMs: 0, hasOwn: true })
  await proof.connect()
  await proof.connect(false)
  expect(proof.late()).toEqual([])
  await proof.connect()
  await proof.add({ id: 2, answeredMs: 0, hasOwn: true })
  await proof.pong(1)
  expect(proof.late()).toEqual([2])
})
