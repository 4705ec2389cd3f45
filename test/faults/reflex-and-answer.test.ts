import { describe, expect, test } from 'vitest'
import { askAgent } from '../../src/agent/control/ask-agent.ts'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'
import { says } from '../../src/agent/core/says.ts'
import { answerWith, reset } from '../../src/lab/mock-backend/http-faults.ts'
import { afterAnswer, delay, drop, otherText, twice } from '../../src/lab/mock-backend/reflex-faults.ts'
import { ANNA, BERT, phone } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { AGENT_ID, type House, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, twoBubbles } from '../support/two-bubbles.ts'

/** Long enough for a R to leave before its answer comes. */
const thoughtful = { ...twoBubbles, thinkMs: 1_500 }
/** Short, but not for a healthy osascript on a machine that has much to do. */
const impatient = { EDGE_SEND_TIMEOUT: '6s' }

const reflexStatus = async (house: House) => (await house.status()).reflex

describe.concurrent('reflex and answer: a person sees', () => {
  test.each([false, true])(
    'R B, whether R comes before, with or after H, or waits while H comes (in_reply_to: %s)',
    inReplyTo =>
      inHouse({ backend: { ...twoBubbles, thinkMs: 600, inReplyTo } }, async house => {
        await house.startConnected()
        const { faults } = house.backend
        const [before, during, after, running, queued] = [0, 1, 2, 3, 4].map(phone) as [
          string,
          string,
          string,
          string,
          string,
        ]
        faults.reflex.push({ effect: delay(600), thread_id: during }, { effect: afterAnswer(300), thread_id: after })
        house.simulator.setOsascriptMode({ mode: 'slow', ms: 1_500 }, { target: running, times: 1 })
        for (const from of [before, during, after, running]) await house.simulator.receive({ from, text: 'hi' })
        for (const from of [before, during, after, running]) await sees(house, from, bubblesTo('hi'))

        await house.simulator.receive({ from: queued, text: 'hello' })
        await sees(house, queued, bubblesTo('hello'))
        house.simulator.setOsascriptMode({ mode: 'slow', ms: 2_500 }, { target: queued, times: 1 })
        const payload = { thread_id: queued, text: 'busy' }
        house.backend.sendCommand(AGENT_ID, { command_type: 'send_message_now', payload })
        await house.simulator.receive({ from: queued, text: 'hi' })
        await sees(house, queued, [...bubblesTo('hello'), 'busy', ...bubblesTo('hi')])
        expect(await reflexStatus(house)).toMatchObject({ deduplicated: 6, mismatch: 0, fallback: 0 })
      }),
  )

  test('R B, where H comes alone, and where R comes alone and H by a later retry', () =>
    inHouse({}, async house => {
      await house.startConnected()
      house.backend.faults.reflex.push({ effect: drop, thread_id: ANNA })
      house.backend.faults.http.push({ effect: reset, when: 'after', thread_id: BERT })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await house.simulator.receive({ from: BERT, text: 'hi' })
      await sees(house, ANNA, bubblesTo('hi'))
      await sees(house, BERT, bubblesTo('hi'))
      expect(await reflexStatus(house)).toMatchObject({ sent: 1, deduplicated: 1 })
    }))

  test('R B, where R comes twice under one id', () =>
    inHouse({}, async house => {
      await house.startConnected()
      house.backend.faults.reflex.push({ effect: twice })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, bubblesTo('hi'))
    }))

  test('R B, where R comes again after a reconnect, under a new id, because the POST was retried', () =>
    inHouse({ backend: { ...thoughtful, idempotency: false } }, async house => {
      await house.startConnected()
      house.backend.faults.http.push({ effect: reset, when: 'after' })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('R', () => house.seen(ANNA).length === 1)
      house.backend.faults.socket.terminate()
      await sees(house, ANNA, bubblesTo('hi'))
      const reflexes = house.events.filter(({ type }) => type === 'reflex-sent')
      expect(reflexes).toHaveLength(2)
    }))

  test('R B, where H is lost, the agent is killed, and R comes again under a new id', () =>
    inHouse({ backend: { ...thoughtful, idempotency: false } }, async house => {
      await house.startConnected()
      house.backend.faults.http.push({ effect: reset, when: 'after' })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('R', () => house.seen(ANNA).length === 1)
      await waitFor('the loss of H', () => house.events.some(({ type }) => type === 'struck'))
      await house.killAgent()
      await house.startConnected()
      await sees(house, ANNA, bubblesTo('hi'))
    }))

  test('R B, where the backend dies between R and H, and knows nothing of it when it is back', () =>
    inHouse({ backend: thoughtful, expected: { unheard: 'any' } }, async house => {
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('R', () => house.seen(ANNA).length === 1)
      await house.restartBackend()
      await sees(house, ANNA, bubblesTo('hi'))
    }))

  test('R B, where H is 400 after R, and a person has the dead letter tried again', () =>
    inHouse({ backend: { ...thoughtful, idempotency: false } }, async house => {
      await house.startConnected()
      house.backend.faults.http.push({ effect: answerWith(400), when: 'after' })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the dead letter', async () => (await house.status()).messages.dead === 1)
      await askAgent(controlSocketPath(house.stateDir), 'queue-retry', ['m1'])
      await sees(house, ANNA, bubblesTo('hi'))
      expect(house.events.filter(({ type }) => type === 'reflex-sent')).toHaveLength(2)
    }))

  test('R B, where H is 429 in the middle of a conversation, and R comes while it is waited for', () =>
    inHouse({}, async house => {
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, bubblesTo('hi'))
      house.backend.faults.reflex.push({ effect: delay(1_000) })
      house.backend.faults.http.push({ effect: answerWith(429, '', { 'Retry-After': '3' }), when: 'after' })
      await house.simulator.receive({ from: ANNA, text: 'and?' })
      await sees(house, ANNA, [...bubblesTo('hi'), ...bubblesTo('and?')])
    }))

  test('R B, where R fails before it is sent: H brings it', () =>
    inHouse({ backend: thoughtful, env: { EDGE_SEND_RETRIES: '0' } }, async house => {
      await house.startConnected()
      house.simulator.setOsascriptMode({ mode: 'fail-before', number: -600 }, { times: 1 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, bubblesTo('hi'))
      expect(await reflexStatus(house)).toMatchObject({ sent: 0, fallback: 1 })
    }))

  test('R B, where R fails before it is sent and waits for its next try while H comes', () =>
    inHouse({}, async house => {
      await house.startConnected()
      house.simulator.setOsascriptMode({ mode: 'fail-before', number: -600 }, { times: 2 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, bubblesTo('hi'))
    }))

  test('R B, where R is sent and osascript says it was not; where R hangs and its row appears', () =>
    inHouse({ env: impatient }, async house => {
      await house.startConnected()
      const modes = [
        { mode: 'send-then-fail', number: -1712 },
        { mode: 'send-then-fail' },
        { mode: 'hang-then-send-late', ms: 8_000 },
        { mode: 'row-late', ms: 3_000 },
      ] as const
      for (const [n, mode] of modes.entries()) house.simulator.setOsascriptMode(mode, { target: phone(n), times: 1 })
      for (const n of modes.keys()) await house.simulator.receive({ from: phone(n), text: 'hi' })
      for (const n of modes.keys()) await sees(house, phone(n), bubblesTo('hi'))
    }))

  test('B, and R is reported, where R hangs and no row ever appears', () =>
    inHouse(
      { env: { ...impatient, EDGE_SEND_SETTLE: '1s' }, expected: { unsent: [`${ANNA}: R to hi`] } },
      async house => {
        await house.startConnected()
        house.simulator.setOsascriptMode({ mode: 'hang' }, { times: 1 })
        await house.simulator.receive({ from: ANNA, text: 'hi' })
        await sees(house, ANNA, bubblesTo('hi').slice(1))
        await waitFor('the end of B', async () => (await house.status()).bubbles.confirmed === 1)
        expect((await house.queue()).bubbles).toMatchObject([
          { state: 'parked', reason: 'outcome_unknown', position: null },
        ])
        await waitFor('the ack', () =>
          house.events.some(event => event.type === 'ack' && event.ack.detail === 'parked'),
        )
      },
    ))

  // R B after a kill -9 at each of these steps: kill-points.test.ts.

  test('R B, where R and B[0] differ by a trailing space, NFD, CRLF, a variation selector, curly quotes', () =>
    inHouse({}, async house => {
      await house.startConnected()
      const cases = [
        { text: 'a', reflex: 'R to a  ' },
        { text: 'café', reflex: 'R to café'.normalize('NFD') },
        { text: 'a\nb', reflex: 'R to a\r\nb' },
        { text: '☺️', reflex: 'R to ☺' },
        { text: `"it's"`, reflex: 'R to “it’s”' },
      ]
      for (const [n, { text, reflex }] of cases.entries()) {
        house.backend.faults.reflex.push({ effect: otherText(reflex), thread_id: phone(n) })
        await house.simulator.receive({ from: phone(n), text })
      }
      for (const [n, { text, reflex }] of cases.entries()) {
        await waitFor('R B', () => house.seen(phone(n)).length >= 2)
        expect(house.seen(phone(n)).map(says)).toEqual([reflex, ...bubblesTo(text).slice(1)].map(says))
      }
      await waitFor('each R to be recognised', async () => (await reflexStatus(house)).deduplicated === cases.length)
      expect(await reflexStatus(house)).toMatchObject({ mismatch: 0 })
    }))

  test('both, and it is counted, where R really differs from B[0]', () =>
    inHouse({}, async house => {
      await house.startConnected()
      house.backend.faults.reflex.push({ effect: otherText('hmm') })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, ['hmm', ...bubblesTo('hi')])
      expect(await reflexStatus(house)).toMatchObject({ sent: 1, deduplicated: 0, mismatch: 1 })
    }))

  test('its own in each thread, where two threads have the same reflex', () =>
    inHouse({ backend: { reflex: 'okie' } }, async house => {
      await house.startConnected()
      for (const from of [ANNA, BERT]) await house.simulator.receive({ from, text: `hi of ${from}` })
      for (const from of [ANNA, BERT]) await sees(house, from, ['okie', ...bubblesTo(`hi of ${from}`).slice(1)])
    }))

  test('R R B B, where two messages of a thread have the same reflex, in every order', async () => {
    const answers = new Map<string, PromiseWithResolvers<void>>()
    const reflexes = new Map<string, string>()
    const replies = async ({ thread_id, filtered_text }: { thread_id: string; filtered_text: string }) => {
      await answers.get(thread_id + filtered_text)?.promise
      return { should_respond: true, reply_bubbles: ['okie', `answer to ${filtered_text}`] }
    }
    await inHouse(
      { backend: { reflex: () => undefined, replies, thinkMs: 0 }, expected: { reflexes } },
      async house => {
        await house.startConnected()
        const play = async (from: string, order: readonly string[]): Promise<void> => {
          for (const text of ['1', '2']) {
            answers.set(from + text, Promise.withResolvers())
            const { guid } = await house.simulator.receive({ from, text })
            reflexes.set(`${from} R${text}`, guid)
          }
          await waitFor(
            'both POSTs',
            () => house.backend.received.filter(({ thread_id }) => thread_id === from).length === 2,
          )
          for (const [n, step] of order.entries()) {
            if (step === 'R') {
              const command_id = `${from} R${order.slice(0, n).includes('R') ? 2 : 1}`
              const payload = { thread_id: from, text: 'okie', bubble_type: 'reflex' }
              house.backend.sendCommand(AGENT_ID, { command_id, command_type: 'send_message_now', payload })
              await waitFor('its ack', () =>
                house.events.some(e => e.type === 'ack' && e.ack.command_id === command_id),
              )
            } else {
              answers.get(from + step)?.resolve()
              const guid = reflexes.get(`${from} R${step}`)
              await waitFor('its record', () => house.logged(/message answered/).some(line => line.includes(`${guid}`)))
            }
          }
          await waitFor(`all of ${order}`, () => house.seen(from).length === 4)
          expect(house.seen(from).toSorted()).toEqual(['answer to 1', 'answer to 2', 'okie', 'okie'])
          // Whatever the order, an answer is not seen before a reflex, nor the second one before the second.
          const firsts = house
            .seen(from)
            .map(text => (text === 'okie' ? 'R' : 'B'))
            .join('')
          expect(firsts).toMatch(/^(RRBB|RBRB)$/)
        }
        await Promise.all(ORDERS.map((order, n) => play(phone(n), order)))
      },
    )
  })

  test('R alone, where H is [R], is empty, or says that nobody should respond', () =>
    inHouse(
      {
        backend: {
          ...twoBubbles,
          replies: ({ filtered_text }) => ANSWERS.get(filtered_text) ?? [],
        },
      },
      async house => {
        await house.startConnected()
        const texts = [...ANSWERS.keys()]
        for (const [n, text] of texts.entries()) await house.simulator.receive({ from: phone(n), text })
        await waitFor('the answers', async () => (await house.status()).messages.answered === texts.length)
        for (const [n, text] of texts.entries()) await sees(house, phone(n), [`R to ${text}`])
      },
    ))
})

const ANSWERS = new Map([
  ['only', { should_respond: true, reply_bubbles: ['R to only'] }],
  ['empty', { should_respond: true, reply_bubbles: [] }],
  ['blank', { should_respond: true, reply_bubbles: ['', ' \n'] }],
  ['none', { should_respond: true }],
  ['null', { should_respond: true, reply_bubbles: null }],
  ['no', { should_respond: false, reply_bubbles: ['R to no', 'and more'] }],
])

/** Two reflexes that cannot be told apart, and the answers to messages 1 and 2. */
const ORDERS = [
  ['R', 'R', '1', '2'],
  ['R', 'R', '2', '1'],
  ['R', '1', 'R', '2'],
  ['R', '2', 'R', '1'],
  ['R', '1', '2', 'R'],
  ['R', '2', '1', 'R'],
  ['1', 'R', 'R', '2'],
  ['2', 'R', 'R', '1'],
  ['1', 'R', '2', 'R'],
  ['2', 'R', '1', 'R'],
  ['1', '2', 'R', 'R'],
  ['2', '1', 'R', 'R'],
]
