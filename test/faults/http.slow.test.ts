import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { answerWith, trickleBody, trickleHeaders } from '../../src/lab/mock-backend/http-faults.ts'
import { ANNA, BERT, phone } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, twoBubbles } from '../support/two-bubbles.ts'

vi.setConfig({ testTimeout: 600_000 })

const MINUTES = 60_000
const always = { times: Number.POSITIVE_INFINITY }

describe.concurrent('HTTP, in its own time', () => {
  test('backend down for two minutes: all is delivered afterwards, in thread order', () =>
    inHouse({}, async house => {
      await house.startConnected()
      await house.restartBackend(async () => {
        for (const text of ['one', 'two', 'three']) await house.simulator.receive({ from: ANNA, text })
        await sleep(2 * MINUTES)
      })
      await waitFor('all bubbles', () => house.seen(ANNA).length === 6, 3 * MINUTES)
      const answers = house.seen(ANNA).filter(text => text.startsWith('B'))
      expect(answers).toEqual(['B to one', 'B to two', 'B to three'])
    }))

  test('headers and body at one byte a second: cut at the total deadline, and tried again', () =>
    inHouse({}, async house => {
      await house.startConnected()
      house.backend.faults.http.push(
        { effect: trickleHeaders(1_000), thread_id: ANNA },
        { effect: trickleBody(1_000), thread_id: BERT },
      )
      for (const from of [ANNA, BERT]) await house.simulator.receive({ from, text: 'hi' })
      await waitFor('both cuts', () => house.logged(/"reason":"timeout"/).length === 2, 4 * MINUTES)
      for (const from of [ANNA, BERT]) await sees(house, from, bubblesTo('hi'))
    }))

  test('the backend thinks for 100 s: it is waited for, and the socket is untouched', () =>
    inHouse({ backend: { ...twoBubbles, thinkMs: 100_000 }, expected: { patienceMs: 3 * MINUTES } }, async house => {
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the answer', () => house.seen(ANNA).length === 2, 3 * MINUTES)
      expect(house.backend.received).toHaveLength(1)
      expect((await house.status()).connection).toMatchObject({ state: 'open', generation: 1 })
    }))

  test('200 with HTML, invalid JSON, empty, wrong types, again and again: parked in the end, with its first bytes', () => {
    const bodies = ['<html>hotel</html>', '{"should_respond": f', '', '{"should_respond":"no"}']
    const deadLetters = ['not_json', 'not_json', 'empty', 'wrong_shape']
    return inHouse({ expected: { deadLetters } }, async house => {
      await house.startConnected()
      for (const [n, body] of bodies.entries()) {
        house.backend.faults.http.push({ effect: answerWith(200, body), thread_id: phone(n), ...always })
        await house.simulator.receive({ from: phone(n), text: 'hi' })
      }
      await waitFor('the end of all', async () => (await house.status()).messages.dead === 4, 5 * MINUTES)
      const { messages } = await house.queue()
      expect(messages.map(({ threadId, reason, detail }) => [threadId, reason, detail]).toSorted()).toEqual(
        bodies.map((body, n) => [phone(n), deadLetters[n], body]),
      )
    })
  })

  test('403: asks again once a minute, and goes on by itself', () =>
    inHouse({}, async house => {
      await house.startConnected()
      house.backend.faults.http.push({ effect: answerWith(403), times: 2 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the answer', () => house.seen(ANNA).length === 2, 4 * MINUTES)
      expect(house.backend.received).toHaveLength(3)
      const [first, , third] = house.events.flatMap(event => (event.type === 'posted' ? [event.at] : []))
      expect((third ?? 0) - (first ?? 0)).toBeGreaterThan(1.9 * MINUTES)
      expect((await house.status()).problems).toEqual([])
    }))
})
