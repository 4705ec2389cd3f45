import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { edgeHeaders, socketUrl } from '../../../src/agent/backend/edge-request.ts'
import { planRedial } from '../../../src/agent/backend/plan-redial.ts'
import { createPostMessage, type PostOutcome } from '../../../src/agent/backend/post-message.ts'
import type { SocketEnd } from '../../../src/agent/backend/run-socket.ts'
import { SOCKET_TIMINGS } from '../../../src/agent/backend/socket-timings.ts'
import { asyncApiDocument } from '../../../src/lab/protocol-documents/asyncapi-document.ts'
import { openApiDocument } from '../../../src/lab/protocol-documents/openapi-document.ts'
import { parseFrame } from '../../../src/protocol/parse-frame.ts'
import { asyncApiValidator, DOCUMENTED, openApiValidator } from './validators.ts'

const { post } = openApiDocument().paths['/edge/message']
const { edge } = asyncApiDocument().channels
const AGENT_ID = 'edge_13238407486'

/** Answers with the status at the end of its path, and remembers what it was asked. */
const server = createServer((request, response) => {
  headers = request.headers
  response.writeHead(Number(/(\d+)\/edge\/message$/.exec(request.url ?? '')?.[1]))
  response.end('{"should_respond":false}')
})
let headers: IncomingHttpHeaders = {}

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => server.close().closeAllConnections())

const postTo = (status: number): Promise<PostOutcome> =>
  createPostMessage({
    backendUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${status}`,
    agentId: AGENT_ID,
    readSecret: () => 'open-sesame',
  })({ key: 'B373E262-AFC1-41F5-B802-7B90DC0BEE7B', body: '{}', signal: new AbortController().signal })

const does = ({ kind }: PostOutcome): string =>
  ({ answered: 'accept', retry: 'retry', 'refuses-all': 'probe', rejected: 'dead-letter' })[kind as string] ?? kind

test('the agent does with each status what openapi.json says', async () => {
  const documented = new Map(Object.entries(post.responses).map(([key, answer]) => [key, answer['x-agent-does']]))
  const statuses = [200, 201, 300, 301, 302, 307, 308, 402, 406, 407, 418, 423, 451, 499, 500, 501, 502, 503, 504, 599]
  for (let status = 400; status < 430; status++) statuses.push(status)

  for (const status of statuses) {
    const said = documented.get(`${status}`) ?? documented.get(`${Math.floor(status / 100)}XX`) ?? 'accept'
    expect([status, does(await postTo(status))]).toEqual([status, said])
  }
})

test('its request has the headers of openapi.json', async () => {
  await postTo(200)
  expect(headers.authorization).toBe('Bearer open-sesame')
  for (const { name, schema } of post.parameters) {
    expect(openApiValidator(schema)(headers[name.toLowerCase()])).toBeUndefined()
  }
})

test('its dial has the query and the headers of asyncapi.json', () => {
  const { query, headers } = edge.bindings.ws
  const { pathname, searchParams } = socketUrl('https://backend.example', AGENT_ID)
  expect(pathname).toBe(edge.address)
  expect(asyncApiValidator(query)(Object.fromEntries(searchParams))).toBeUndefined()
  const sent = edgeHeaders(AGENT_ID, 'open-sesame')
  expect(asyncApiValidator(headers)(sent)).toBeUndefined()
  expect(Object.keys(headers.properties).toSorted()).toEqual(Object.keys(sent).toSorted())
})

test('it dials again when asyncapi.json says', () => {
  const redial = (end: Exclude<SocketEnd, { kind: 'stopped' }>) => {
    const delay = (chance: number) =>
      planRedial({ end, attempt: 0, random: () => chance, timings: SOCKET_TIMINGS }).delayMs
    return { min: delay(0), max: delay(1) }
  }
  for (const { code, ...said } of edge['x-close-codes']) {
    const closed = code === 'any other' ? 4000 : code
    expect([code, redial({ kind: 'closed', code: closed, reason: '' })]).toEqual([code, said['redials-after-ms']])
  }
  for (const { status, ...said } of edge['x-upgrade-answers']) {
    if (!('redials-after-ms' in said)) continue
    const refused = status === 'any other' ? 404 : status === '5XX' ? 502 : status
    expect([status, redial({ kind: 'refused', status: refused })]).toEqual([status, said['redials-after-ms']])
  }
})

test('every example of a message for later, and of its cancellation, is one the agent understands', () => {
  const { scheduleMessage, cancelScheduled } = asyncApiDocument().components.messages
  const examples = [...scheduleMessage.examples, ...cancelScheduled.examples]
  expect(examples.map(({ payload }) => parseFrame(JSON.stringify(payload)).kind)).toEqual([
    'schedule',
    'schedule',
    'cancel',
    'cancel',
  ])
})

test('every command that fits asyncapi.json is one the agent carries out', () => {
  const odd = <Value>(right: Value) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<unknown>(right) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, '', 7, true, [], {}, 'x'.repeat(257)) },
    )
  const payload = fc.record({
    thread_id: odd('+15622924139'),
    text: odd('okie lemme see'),
    bubble_type: odd('reflex'),
    in_reply_to: odd('"guid-1"'),
    extra: odd(undefined),
  })
  const data = fc.record({
    command_id: odd('c1'),
    command_type: odd('send_message_now'),
    payload: fc.oneof({ weight: 9, arbitrary: payload }, odd({})),
    priority: odd('immediate'),
    timestamp: odd('2025-11-17T20:00:00.123456'),
  })
  const frames = fc.record({ type: odd('command'), data: fc.oneof({ weight: 9, arbitrary: data }, odd({})) })

  let fitting = 0
  fc.assert(
    fc.property(frames, frame => {
      const text = JSON.stringify(frame)
      if (DOCUMENTED.command(JSON.parse(text)) !== undefined) return
      fitting += 1
      expect(parseFrame(text)).toMatchObject({ kind: 'command' })
    }),
    { numRuns: 1_000 },
  )
  expect(fitting).toBeGreaterThan(20)
})
