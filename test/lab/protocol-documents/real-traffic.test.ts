import { afterEach, expect, test, vi } from 'vitest'
import { type MockBackend, startMockBackend } from '../../../src/lab/mock-backend/start-mock-backend.ts'
import { DOCUMENTS } from '../../../src/lab/protocol-documents/documents.ts'
import { ANNA } from '../../support/conversation.ts'
import { AGENT_ID, type House, startHouse, waitFor } from '../../support/start-house.ts'
import { bubblesTo, sees, twoBubbles } from '../../support/two-bubbles.ts'
import { AGENT, connect, MESSAGE, post } from '../mock-backend/clients.ts'
import { DOCUMENTED } from './validators.ts'

const opened: (House | MockBackend)[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map(one => one.close()))
})

type Frame = { readonly type: string; readonly data?: { readonly status?: string; readonly error?: string } }

test('all that an agent and the mock backend say to each other is as the documents have it', async () => {
  const house = await startHouse({ backend: { ...twoBubbles, inReplyTo: true } })
  opened.push(house)
  await house.startConnected()
  const { heard, said } = recordFrames(house)

  await house.simulator.receive({ from: ANNA, text: 'one' })
  await sees(house, ANNA, bubblesTo('one'))
  const { sendCommand, connections } = house.backend
  sendCommand(AGENT_ID, { command_type: 'send_message_now', payload: { thread_id: '+4930999', text: 'hi' } })
  sendCommand(AGENT_ID, { command_type: 'send_message_now', payload: { thread_id: ANNA } })
  sendCommand(AGENT_ID, { command_type: 'dance' })
  sendCommand(AGENT_ID, { command_type: 'dance', command_id: 'c'.repeat(257) })
  sendCommand(AGENT_ID, { command_type: 'schedule_message', command_id: 's1', payload: LATER })
  sendCommand(AGENT_ID, { command_type: 'cancel_scheduled', payload: { schedule_id: 's1' } })
  connections.get(AGENT_ID)?.ws.send('{"type":"ping"}')
  const acks = (): Frame[] => heard.filter(({ type }) => type === 'command_ack')
  await waitFor('the last acks', () => acks().filter(({ data }) => data?.status !== 'received').length >= 7)
  await waitFor('the pong', () => heard.some(({ type }) => type === 'pong'))

  const { received } = house.backend
  const answers = house.events.flatMap(event => (event.type === 'answered' ? [event.answer] : []))
  expect(received.length).toBe(1)
  expect(answers.length).toBe(1)
  expect(received.map(({ body }) => DOCUMENTED.request(JSON.parse(body)))).toEqual([undefined])
  expect(answers.map(answer => DOCUMENTED.answer(JSON.parse(answer)))).toEqual([undefined])

  const [reflex, unknownThread, noText, unknownType, longId, later, cancelled, ping] = said
  expect([reflex, unknownThread].map(DOCUMENTED.command)).toEqual([undefined, undefined])
  expect(DOCUMENTED.schedule(later)).toBeUndefined()
  expect(DOCUMENTED.cancel(cancelled)).toBeUndefined()
  expect(DOCUMENTED.ping(ping)).toBeUndefined()
  // What the documents do not have, the agent refuses.
  expect(DOCUMENTED.command(noText)).toMatch(/required property 'text'/)
  expect([unknownType, longId].map(DOCUMENTED.command)).not.toContain(undefined)
  expect(acks().flatMap(({ data }) => data?.error ?? [])).toEqual(
    expect.arrayContaining(['unknown_thread', 'invalid_payload', 'unsupported_command_type', 'invalid_command_id']),
  )

  expect(acks().map(DOCUMENTED.ack)).toEqual(acks().map(() => undefined))
  expect(heard.filter(({ type }) => type === 'pong').map(DOCUMENTED.pong)).toEqual([undefined])
  expect(new Set(heard.map(({ type }) => type))).toEqual(new Set(['command_ack', 'pong']))
})

const LATER = { thread_id: ANNA, message_text: 'dentist', send_at: new Date(Date.now() + 3_600_000).toISOString() }

const recordFrames = (house: House): { readonly heard: Frame[]; readonly said: Frame[] } => {
  const ws = house.backend.connections.get(AGENT_ID)?.ws
  if (ws === undefined) throw new Error('the agent is not connected')
  const heard: Frame[] = []
  const said: Frame[] = []
  ws.on('message', data => heard.push(JSON.parse(data.toString())))
  const send = ws.send.bind(ws) as (...args: unknown[]) => void
  vi.spyOn(ws, 'send').mockImplementation((...args: unknown[]) => {
    said.push(JSON.parse(String(args[0])))
    send(...args)
  })
  return { heard, said }
}

test('a backend that knows only correlation.md sends commands as the document has them', async () => {
  const backend = await startMockBackend({ dialect: 'correlation' })
  opened.push(backend)
  const client = await connect(backend)
  const answer = await post(backend)
  expect(DOCUMENTED.answer(await answer.json())).toBeUndefined()
  await vi.waitFor(() => expect(client.frames).toHaveLength(1))
  expect(DOCUMENTED.command(client.frames[0])).toBeUndefined()
})

test.each([
  ['a request without a thread', { ...MESSAGE, thread_id: undefined }],
  ['a request with an empty sender', { ...MESSAGE, sender: '' }],
  ['a request whose text is none', { ...MESSAGE, filtered_text: 7 }],
])('%s fits neither the document nor the mock backend, whose refusal fits', async (_, body) => {
  const backend = await startMockBackend()
  opened.push(backend)
  expect(DOCUMENTED.request(JSON.parse(JSON.stringify(body)))).toBeDefined()
  const response = await post(backend, { body })
  expect(response.status).toBe(400)
  expect(DOCUMENTED.refusal(await response.json())).toBeUndefined()
})

test.each([
  ['an answer that does not say whether', DOCUMENTED.answer, { reply_bubbles: ['hi'] }],
  ['an answer whose bubbles are objects', DOCUMENTED.answer, { should_respond: true, reply_bubbles: [{ text: 'hi' }] }],
  [
    'an ack of a status that there is not',
    DOCUMENTED.ack,
    { type: 'command_ack', data: { command_id: 'c1', status: 'done' } },
  ],
  ['an ack of nothing', DOCUMENTED.ack, { type: 'command_ack', data: { status: 'completed' } }],
  ['a ping that is a pong', DOCUMENTED.ping, { type: 'pong' }],
])('%s does not fit', (_, validate, value) => {
  expect(validate(value)).toBeDefined()
})

test('the mock backend serves the documents to all who ask, and only to be read', async () => {
  const backend = await startMockBackend({ secret: 'open-sesame' })
  opened.push(backend)
  for (const [name, render] of DOCUMENTS) {
    const response = await fetch(`${backend.url}/${name}`)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(await response.text()).toBe(render())
    expect((await fetch(`${backend.url}/${name}`, { method: 'POST' })).status).toBe(405)
  }
  expect((await post(backend, { agentId: AGENT })).status).toBe(401)
})
