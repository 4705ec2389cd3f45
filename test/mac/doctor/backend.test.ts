import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { answerUpgrade } from '../../../src/lab/mock-backend/socket-faults.ts'
import { type MockBackendOptions, startMockBackend } from '../../../src/lab/mock-backend/start-mock-backend.ts'
import { judgeBackend } from '../../../src/mac/doctor/judge-backend.ts'
import type { AgentLife, Status } from '../../../src/mac/doctor/look-at-agent.ts'
import { type BackendFacts, type BackendTarget, lookAtBackend } from '../../../src/mac/doctor/look-at-backend.ts'
import { makeCertificate } from '../../support/make-certificate.ts'
import { startTlsFront } from '../../support/start-tls-front.ts'

const DAY_MS = 24 * 60 * 60_000
const DOWN: AgentLife = { kind: 'not-running' }
const running = (connection: Status['connection']): AgentLife => ({
  kind: 'running',
  status: {
    agent: { id: 'edge_1', version: '1.0.0', pid: 1, uptimeSeconds: 1 },
    connection,
    chatDb: { readable: true },
    problems: [],
    messages: {},
    bubbles: {},
  },
})

const look = async (backendUrl: string, target: Partial<BackendTarget> = {}, agent: AgentLife = DOWN) => {
  const facts = await lookAtBackend({ backendUrl, agentId: 'edge_1', secret: 'swordfish', mayDial: true, ...target })
  return byCode(facts, agent)
}
const byCode = (facts: BackendFacts, agent: AgentLife = DOWN) =>
  Object.fromEntries(judgeBackend(facts, agent, Date.now()).map(({ code, ...check }) => [code, check]))

const backend = async (options: MockBackendOptions = {}) => {
  const started = await startMockBackend({ secret: 'swordfish', ...options })
  onTestFinished(() => started.close())
  return started
}

const serve = async (server: net.Server | http.Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const answering = (status: number, headers: http.OutgoingHttpHeaders = {}) =>
  serve(
    http.createServer((request, response) =>
      request.resume().on('end', () => response.writeHead(status, headers).end()),
    ),
  )

const CAS = tls.getCACertificates()
afterEach(() => tls.setDefaultCACertificates(CAS))

test('a backend that works passes on both roads, and has seen no message', async () => {
  const { url, received, connections } = await backend()
  const checks = await look(url)
  expect(Object.entries(checks).map(([code, { state }]) => `${code} ${state}`)).toEqual([
    'backend_dns ok',
    'backend_tcp ok',
    'backend_tls skipped',
    'backend_http ok',
    'backend_secret ok',
    'backend_clock ok',
    'backend_websocket ok',
    'second_agent ok',
  ])
  expect(received).toEqual([])
  await expect.poll(() => connections.size).toBe(0)
})

test('a wrong secret is found on both roads', async () => {
  const { url } = await backend()
  const checks = await look(url, { secret: 'tuna' })
  expect(checks['backend_secret']).toMatchObject({ state: 'failed', seen: expect.stringContaining('401') })
  expect(checks['backend_websocket']).toMatchObject({ state: 'failed', seen: expect.stringContaining('401') })
})

test('while an agent runs its connection is asked for and no other is made', async () => {
  const { url, connections } = await backend()
  const open = await look(url, { mayDial: false }, running({ state: 'open', since: 1 }))
  expect(open['backend_websocket']).toMatchObject({ state: 'ok' })
  const lastError = {
    code: 'replaced',
    message: 'a second agent is running with this id',
    remedy: 'Stop the other agent.',
  }
  const replaced = await look(url, { mayDial: false }, running({ state: 'waiting', since: 1, lastError }))
  expect(replaced['backend_websocket']).toMatchObject({ state: 'failed', cure: 'Stop the other agent.' })
  expect(replaced['second_agent']).toMatchObject({ state: 'failed', seen: expect.stringContaining('4409') })
  expect(connections.size).toBe(0)
})

test('a backend that is down, a name that does not exist and a port that says nothing', async () => {
  const { url, close } = await backend()
  await close()
  expect(await look(url)).toMatchObject({
    backend_tcp: { state: 'failed', seen: expect.stringContaining('ECONNREFUSED') },
    backend_http: { state: 'skipped' },
    backend_websocket: { state: 'skipped' },
  })
  expect(await look('http://no-such-host.invalid')).toMatchObject({
    backend_dns: { state: 'failed', cure: expect.any(String) },
    backend_tcp: { state: 'skipped' },
  })
  const mute = net.createServer(() => {})
  const open = new Set<net.Socket>()
  mute.on('connection', socket => void open.add(socket))
  const checks = await look(`http://127.0.0.1:${await serve(mute)}`)
  for (const socket of open) socket.destroy()
  expect(checks).toMatchObject({
    backend_tcp: { state: 'ok' },
    backend_http: { state: 'failed', seen: expect.stringContaining('timeout') },
    backend_websocket: { state: 'failed' },
  })
})

test.each([
  [404, 'failed', 'skipped'],
  [301, 'failed', 'skipped'],
  [503, 'failed', 'skipped'],
  [500, 'warning', 'skipped'],
  [403, 'ok', 'failed'],
  [422, 'ok', 'ok'],
  [200, 'ok', 'ok'],
])('a backend that answers %d: the road is %s, the secret %s', async (status, road, secret) => {
  const checks = await look(`http://127.0.0.1:${await answering(status)}`, { mayDial: false })
  expect(checks['backend_http']?.state).toBe(road)
  expect(checks['backend_secret']?.state).toBe(secret)
})

test('what is posted names no thread and has no text', async () => {
  const bodies: string[] = []
  const server = http.createServer((request, response) => {
    request.setEncoding('utf8').on('data', body => bodies.push(`${request.method} ${request.url} ${body}`))
    request.on('end', () => response.writeHead(400).end())
  })
  await look(`http://127.0.0.1:${await serve(server)}/prefix`, { mayDial: false })
  expect(bodies).toEqual(['POST /prefix/edge/message {}'])
})

test('a clock that is off is told in seconds, with its direction', async () => {
  const date = (offMs: number) => ({ Date: new Date(Date.now() + offMs).toUTCString() })
  const behind = await look(`http://127.0.0.1:${await answering(400, date(600_000))}`, { mayDial: false })
  expect(behind['backend_clock']).toMatchObject({
    state: 'warning',
    seen: expect.stringMatching(/(599|60[01]) s behind/),
  })
  const ahead = await look(`http://127.0.0.1:${await answering(400, date(-120_000))}`, { mayDial: false })
  expect(ahead['backend_clock']).toMatchObject({ state: 'warning', seen: expect.stringContaining('ahead of') })
})

test('an upgrade that is refused fails, whatever HTTP says', async () => {
  const { url, faults } = await backend()
  faults.upgrade.push({ effect: answerUpgrade(503) })
  expect(await look(url)).toMatchObject({
    backend_http: { state: 'ok' },
    backend_websocket: { state: 'failed', seen: expect.stringContaining('503') },
  })
})

test('a refusal that comes after the upgrade, and after a pong, is seen all the same', async () => {
  const server = http.createServer((request, response) => request.resume().on('end', () => response.end()))
  new WebSocketServer({ server }).on('connection', socket => {
    socket.once('ping', () => setTimeout(() => socket.close(4401), 20))
  })
  expect((await look(`http://127.0.0.1:${await serve(server)}`))['backend_websocket']).toMatchObject({
    state: 'failed',
    seen: expect.stringContaining('4401'),
  })
})

test('a certificate: trusted, about to expire, expired, of another host, self-signed', async () => {
  const { port } = await backend()
  const from = new Date(Date.now() - 90 * DAY_MS)
  const lasting = makeCertificate('localhost', from, new Date(Date.now() + 90 * DAY_MS))
  const ending = makeCertificate('localhost', from, new Date(Date.now() + 3 * DAY_MS + 60_000))
  const ended = makeCertificate('localhost', from, new Date(Date.now() - DAY_MS))
  const foreign = makeCertificate('example.org', from, new Date(Date.now() + 90 * DAY_MS))
  tls.setDefaultCACertificates([...CAS, ...[lasting, ending, ended, foreign].map(({ cert }) => cert)])
  const front = await startTlsFront(port, lasting)
  onTestFinished(() => front.close())
  const url = `https://localhost:${front.port}`
  const present = async (certificate: typeof lasting) => {
    front.present(certificate)
    return look(url)
  }

  expect(await present(lasting)).toMatchObject({ backend_tls: { state: 'ok' }, backend_secret: { state: 'ok' } })
  expect((await present(ending))['backend_tls']).toMatchObject({
    state: 'warning',
    seen: expect.stringContaining('3 days'),
  })
  expect(await present(ended)).toMatchObject({
    backend_tls: { state: 'failed', seen: expect.stringMatching(/CERT_HAS_EXPIRED.*has expired/) },
    backend_http: { state: 'skipped' },
    backend_websocket: { state: 'skipped' },
  })
  expect((await present(foreign))['backend_tls']).toMatchObject({
    state: 'failed',
    seen: expect.stringContaining('another host'),
  })
  const stranger = makeCertificate('localhost')
  expect((await present(stranger))['backend_tls']).toMatchObject({
    state: 'failed',
    cure: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  })
})

test('plain HTTP where https is meant', async () => {
  const { port } = await backend()
  expect((await look(`https://127.0.0.1:${port}`))['backend_tls']).toMatchObject({
    state: 'failed',
    cure: expect.stringContaining('https'),
  })
})
