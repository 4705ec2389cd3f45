import { describe, expect, test } from 'vitest'
import { splitText } from '../../src/agent/core/split-text.ts'
import { afterAnswer } from '../../src/lab/mock-backend/reflex-faults.ts'
import type { CommandAckData } from '../../src/protocol/wire.ts'
import { ANNA } from '../support/conversation.ts'
import { AGENT_ID, type House, type HouseOptions, waitFor } from '../support/start-house.ts'
import { sees, settled } from '../support/two-bubbles.ts'
import { withHouse } from '../support/with-house.ts'

const MAX_LENGTH = 40
const SHORT = { EDGE_SEND_MAX_LENGTH: `${MAX_LENGTH}` }
const LONG = 'The first thing to say is this one.\n\nThe second one is longer than that.\n\nAnd here is the end of it.'
const PARTS = [
  'The first thing to say is this one.',
  'The second one is longer than that.',
  'And here is the end of it.',
]

const acks = (house: House, id: string): CommandAckData[] =>
  house.events.flatMap(event => (event.type === 'ack' && event.ack.command_id === id ? [event.ack] : []))
const command = (house: House, command_id: string, text: string, more: object = {}): void => {
  const payload = { thread_id: ANNA, text, ...more }
  house.backend.sendCommand(AGENT_ID, { command_id, command_type: 'send_message_now', payload })
}
const talk = (
  backend: HouseOptions['backend'],
  happen: (house: House) => Promise<void>,
  env: Readonly<Record<string, string>> = SHORT,
) => withHouse({ backend: { inReplyTo: false, thinkMs: 100, ...backend }, env }, happen)
/** All is confirmed and nobody is thought to have written by hand. */
const allConfirmed = async (house: House, bubbles: number): Promise<void> => {
  await settled(house)
  const status = await house.status()
  expect(status).toMatchObject({ bubbles: { confirmed: bubbles }, problems: [], held: { byHand: 0 } })
}

describe.concurrent('a text beyond send.max_length is sent in parts', () => {
  test('case 24: an answer of 40,000 characters in paragraphs, all of it', () => {
    const paragraph = `${'Nobody reads as much as that in one go. '.repeat(12).trim()}`
    const answer = Array.from({ length: 85 }, (_, n) => `${n + 1}. ${paragraph}`).join('\n\n')
    expect(answer.length).toBeGreaterThan(40_000)
    return talk(
      { reflex: () => undefined, replies: () => [answer, 'That was it.'] },
      async house => {
        await house.startConnected()
        await house.simulator.receive({ from: ANNA, text: 'tell me all' })
        await waitFor('the end', () => house.seen(ANNA).includes('That was it.'))
        expect(house.seen(ANNA).slice(0, -1).join('\n\n')).toBe(answer)
        expect(house.seen(ANNA).every(text => text.length <= 20_000)).toBe(true)
        await allConfirmed(house, 4)
      },
      { EDGE_SEND_MAX_LENGTH: '20000' },
    )
  })

  test.each([
    'deliver-after@3',
    'send-before@2',
    'send-after@2',
    'deliver-before@4',
    'deliver-after@4',
    'confirm-after@2',
  ])('once each and in order, though the agent is killed at %s', point =>
    talk({ reflex: () => undefined, replies: () => [LONG, 'And more.'] }, async house => {
      await house.startAgent({ EDGE_FAILPOINT: `${point}:kill` })
      await house.connected()
      await house.simulator.receive({ from: ANNA, text: 'tell me' })
      expect(await house.agentEnd()).toBe('SIGKILL')
      await house.startConnected()
      await sees(house, ANNA, [...PARTS, 'And more.'])
      await allConfirmed(house, 4)
    }),
  )

  test('that of a command, which is acked once, when all of them are confirmed', () =>
    talk({ reflex: () => undefined, replies: () => ['ok'] }, async house => {
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, ['ok'])
      house.simulator.setOsascriptMode({ mode: 'row-late', ms: 1_500 }, { target: ANNA, text: PARTS[2] ?? '' })
      command(house, 'long', LONG)
      await sees(house, ANNA, ['ok', ...PARTS])
      expect(acks(house, 'long').map(({ status }) => status)).toEqual(['received'])
      await allConfirmed(house, 4)
      await waitFor('its ack', () => acks(house, 'long').some(({ status }) => status === 'completed'))
      expect(acks(house, 'long').map(({ status }) => status)).toEqual(['received', 'completed'])
    }))

  test('of which one is not sent: the others are, and the command fails', () =>
    talk({ reflex: () => undefined, replies: () => ['ok'] }, async house => {
      await house.startConnected({ EDGE_SEND_RETRIES: '0' })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, ['ok'])
      house.simulator.setOsascriptMode({ mode: 'fail-before', number: -600 }, { target: ANNA, text: PARTS[1] ?? '' })
      command(house, 'long', LONG)
      await waitFor('its ack', () => acks(house, 'long').some(({ status }) => status === 'failed'))
      expect(acks(house, 'long').at(-1)).toMatchObject({ error: 'messages_error_-600', detail: 'failed' })
      expect(house.seen(ANNA)).toEqual(['ok', PARTS[0], PARTS[2]])
    }))

  test.each(['reflex first', 'answer first'])('a reflex and the first bubble that says the same, once (%s)', order =>
    talk(
      {
        thinkMs: order === 'reflex first' ? 300 : 0,
        reflex: () => LONG,
        replies: () => ['And more.'],
      },
      async house => {
        await house.startConnected()
        if (order === 'answer first') house.backend.faults.reflex.push({ effect: afterAnswer(400) })
        await house.simulator.receive({ from: ANNA, text: 'tell me' })
        await sees(house, ANNA, [...PARTS, 'And more.'])
        await waitFor('the reflex', async () => ((await house.status()).commands['completed'] ?? 0) === 1)
        await allConfirmed(house, 4)
        expect((await house.status()).commands).toMatchObject({ completed: 1 })
      },
    ),
  )

  test('which stay together: not even an immediate command comes in between', () =>
    talk({ reflex: () => undefined, replies: () => [LONG] }, async house => {
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 500 }, { target: ANNA, text: PARTS[0] ?? '' })
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'tell me' })
      await waitFor('the first part to leave', async () => ((await house.status()).bubbles.sending ?? 0) === 1)
      command(house, 'now', 'right now', { bubble_type: 'reflex' })
      await sees(house, ANNA, [...PARTS, 'right now'])
      await allConfirmed(house, 4)
    }))

  test('up to the limits of sending, which hold for each part', () =>
    talk(
      { reflex: () => undefined, replies: () => [LONG] },
      async house => {
        await house.startConnected()
        await house.simulator.receive({ from: ANNA, text: 'tell me' })
        await waitFor('two of them', () => house.seen(ANNA).length === 2)
        await waitFor('the second to be recorded', async () => (await house.queue()).bubbles.length === 1)
        const { bubbles } = await house.queue()
        expect(bubbles).toMatchObject([{ state: 'planned', waitsFor: 'rate_limited' }])
      },
      { ...SHORT, EDGE_SEND_MAX_PER_MINUTE_PER_THREAD: '2' },
    ))

  test('and is refused where it would be more parts than may be sent in a day', () =>
    talk(
      { reflex: () => undefined, replies: ({ filtered_text }) => (filtered_text === 'hi' ? ['ok'] : [LONG]) },
      async house => {
        await house.startConnected()
        await house.simulator.receive({ from: ANNA, text: 'hi' })
        await sees(house, ANNA, ['ok'])
        command(house, 'long', LONG)
        await waitFor('its ack', () => acks(house, 'long').some(({ status }) => status === 'failed'))
        expect(acks(house, 'long').at(-1)).toMatchObject({ error: 'text_too_long' })
        await house.simulator.receive({ from: ANNA, text: 'tell me' })
        await waitFor('the failure', async () =>
          (await house.queue()).bubbles.some(({ reason }) => reason === 'text_too_long'),
        )
        expect(house.seen(ANNA)).toEqual(['ok'])
      },
      { ...SHORT, EDGE_SEND_MAX_PER_DAY_PER_THREAD: '2' },
    ))
})

test('the parts that these tests wait for are those that a text is cut into', () => {
  expect(splitText(LONG, MAX_LENGTH)).toEqual(PARTS)
})
