import { describe, expect, test } from 'vitest'
import { askAgent } from '../../src/agent/control/ask-agent.ts'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'
import { answerWith } from '../../src/lab/mock-backend/http-faults.ts'
import { ANNA, BERT, personal, repliesTo } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { AGENT_ID, type House, waitFor } from '../support/start-house.ts'

const EXTENDED = { EDGE_PAYLOAD: 'extended' }
const GROUP = 'any;+;chat655333'

const bodies = (house: House) => house.backend.received.map(({ body }) => JSON.parse(body))
const ackOf = (house: House, commandId: string) =>
  house.events.flatMap(event => (event.type === 'ack' && event.ack.command_id === commandId ? [event.ack] : [])).at(-1)
const parked = async (house: House) =>
  (await house.queue()).bubbles.flatMap(({ id, state, reason }) => (state === 'parked' ? [{ id, reason }] : []))
const answered = (house: House, count: number) =>
  waitFor(`${count} answers`, async () => (await house.status()).messages.answered === count)

describe.concurrent('a message that its sender takes back', () => {
  test('is not POSTed where it waits behind another, and not after a restart either', () =>
    inHouse({ backend: personal, expected: { skipped: ['unsent', 'unsent'] } }, async house => {
      await house.startConnected()
      const isUp = house.backend.faults.http.push({ effect: answerWith(403), times: Number.POSITIVE_INFINITY })
      await house.simulator.receive({ from: ANNA, text: 'one' })
      await waitFor('the road to be closed', async () => (await house.status()).messages.waiting === 1)
      const second = await house.simulator.receive({ from: ANNA, text: 'two' })
      const third = await house.simulator.receive({ from: ANNA, text: 'three' })
      await house.simulator.receive({ from: ANNA, text: 'four' })
      house.simulator.unsendMessage(second.guid)
      await waitFor('the withdrawal', async () => (await house.status()).skipped['unsent'] === 1)
      await house.killAgent()
      house.simulator.unsendMessage(third.guid)
      isUp()
      await house.startConnected()
      await answered(house, 2)
      expect(bodies(house).map(({ filtered_text }) => filtered_text)).not.toContain('two')
      expect(bodies(house).map(({ filtered_text }) => filtered_text)).not.toContain('three')
      expect(house.log).not.toMatch(/one|two|15622924139/)
    }))

  test('is not POSTed again while it waits for its retry', () =>
    inHouse({ backend: personal, expected: { skipped: ['unsent'] } }, async house => {
      await house.startConnected()
      const isUp = house.backend.faults.http.push({ effect: answerWith(503), times: Number.POSITIVE_INFINITY })
      const { guid } = await house.simulator.receive({ from: ANNA, text: 'one' })
      await waitFor('the first try', async () => (await house.status()).messages.waiting === 1)
      house.simulator.unsendMessage(guid)
      await waitFor('its end', async () => (await house.status()).messages.skipped === 1)
      expect((await house.queue()).messages).toEqual([])
      const posts = house.backend.received.length
      await house.simulator.receive({ from: ANNA, text: 'two' })
      await waitFor('the next one', () => house.backend.received.length > posts)
      expect(bodies(house)[posts]).toMatchObject({ filtered_text: 'two' })
      isUp()
    }))

  test('gets no answer that comes later, unless a person wants it', () =>
    inHouse({ backend: { ...personal, thinkMs: 2_000 } }, async house => {
      await house.startConnected()
      const { guid } = await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the reflex', () => house.seen(ANNA).length === 1)
      house.simulator.unsendMessage(guid)
      await answered(house, 1)
      const held = await parked(house)
      expect(held.map(({ reason }) => reason)).toEqual(['message_unsent', 'message_unsent'])
      expect(house.seen(ANNA)).toEqual(repliesTo('hi').slice(0, 1))
      await askAgent(
        controlSocketPath(house.stateDir),
        'queue-retry',
        held.map(({ id }) => id),
      )
      await waitFor('the rest', () => house.seen(ANNA).length === 3)
      expect(house.seen(ANNA)).toEqual(repliesTo('hi'))
    }))

  test.each([
    ['names it', true],
    ['names nobody', false],
  ])('gets no reflex that %s', (_, named) =>
    inHouse({ backend: { thinkMs: 1_500, replies: () => [], reflex: () => undefined } }, async house => {
      await house.startConnected()
      const { guid } = await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the POST', () => house.backend.received.length === 1)
      house.simulator.unsendMessage(guid)
      await waitFor('the agent to notice', () => house.logged(/message unsent/).length === 1)
      const id = house.backend.sendCommand(AGENT_ID, {
        command_type: 'send_message_now',
        payload: { thread_id: ANNA, text: 'okie', bubble_type: 'reflex', ...(named && { in_reply_to: guid }) },
      })
      await waitFor('its ack', () => ackOf(house, id)?.status === 'failed')
      expect(ackOf(house, id)).toMatchObject({ error: 'message_unsent' })
      expect(house.seen(ANNA)).toEqual([])
    }),
  )
})

describe.concurrent('with payload = "extended"', () => {
  test('all is told of a message, of its chat and of what is attached, and nothing of where that is', () =>
    inHouse({ backend: personal, env: { ...EXTENDED, EDGE_FORWARD_GROUPS: 'all' } }, async house => {
      await house.startConnected()
      const first = await house.simulator.receive({ from: ANNA, text: 'hi' })
      const chat = { guid: GROUP, participants: [ANNA, BERT], name: 'Family' }
      const attachments = [
        { name: 'cat.heic', mimeType: 'image/heic', bytes: 4_711 },
        { name: 'x.pluginPayloadAttachment' },
        { name: 'wave.png', mimeType: 'image/png', bytes: 0, isSticker: true },
      ]
      const replyTo = first.guid
      const more = { chat, attachments, replyTo, attachMs: 300, columns: { service: 'RCS' } }
      const second = await house.simulator.receive({ from: BERT, text: 'look', ...more })
      await answered(house, 2)
      const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(bodies(house)).toEqual([
        {
          thread_id: ANNA,
          sender: ANNA,
          filtered_text: 'hi',
          message_id: first.guid,
          timestamp,
          is_group: false,
          service: 'iMessage',
          participants: [ANNA],
          attachments: [],
        },
        {
          thread_id: 'chat655333',
          sender: BERT,
          filtered_text: 'look',
          message_id: second.guid,
          timestamp,
          is_group: true,
          group_name: 'Family',
          service: 'RCS',
          participants: [ANNA, BERT],
          attachments: [
            { name: 'cat.heic', mime_type: 'image/heic', bytes: 4_711, is_sticker: false },
            { name: 'wave.png', mime_type: 'image/png', is_sticker: true },
          ],
          reply_to: first.guid,
        },
      ])
      expect(house.backend.received.map(({ body }) => body).join()).not.toMatch(/Library|Attachments\//)
    }))

  test('an edit is told in order and answered, a withdrawal is told and not answered', () =>
    inHouse({ backend: personal, env: EXTENDED }, async house => {
      await house.startConnected()
      const { guid } = await house.simulator.receive({ from: ANNA, text: 'at 5?' })
      await waitFor('its answer', () => house.seen(ANNA).length === 3)
      house.simulator.editMessage(guid, 'at 6?')
      await waitFor('the answer to the edit', () => house.seen(ANNA).length === 6)
      house.simulator.unsendMessage(guid)
      await answered(house, 3)
      await house.killAgent()
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'bye' })
      await answered(house, 4)
      await waitFor('all bubbles', () => house.seen(ANNA).length === 9)
      expect(house.seen(ANNA)).toEqual(['at 5?', 'at 6?', 'bye'].flatMap(repliesTo))
      expect(house.backend.received.map(({ key }) => key).slice(0, 3)).toEqual(
        ['', ':edited:1', ':unsent'].map(end => `"${guid}${end}"`),
      )
      const told = bodies(house).map(({ event, message_id, filtered_text }) => [event, message_id, filtered_text])
      expect(told.slice(0, 3)).toEqual([
        [undefined, guid, 'at 5?'],
        ['edited', guid, 'at 6?'],
        ['unsent', guid, ''],
      ])
      expect(told).toHaveLength(4)
    }))
})
