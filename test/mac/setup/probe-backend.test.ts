import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type MockBackend, startMockBackend } from '../../../src/lab/mock-backend/start-mock-backend.ts'
import { backendProbes, goesOnAfter, type ProbeFact, type ProbeTarget } from '../../../src/mac/setup/probe-backend.ts'
import { makeCertificate } from '../../support/make-certificate.ts'
import { startTlsFront } from '../../support/start-tls-front.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const mockBackend = async (): Promise<MockBackend> => {
  const backend = await startMockBackend({ secret: 'hush', thinkMs: 0 })
  closing.push(backend.close)
  return backend
}

const listen = async (server: Server | net.Server): Promise<string> => {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
}

const server = (answer: RequestListener): Promise<string> => listen(createServer(answer))

const walk = async (backendUrl: string, more: Partial<ProbeTarget> = {}): Promise<ProbeFact[]> => {
  const facts: ProbeFact[] = []
  for (const { run } of backendProbes({ backendUrl, agentId: 'edge_1', secret: 'hush', timeoutMs: 2_000, ...more })) {
    const fact = await run()
    facts.push(fact)
    if (!goesOnAfter(fact)) break
  }
  return facts
}

const short = (facts: readonly ProbeFact[]) => facts.map(({ step, ok, code }) => [step, ok, code])

test('with the right secret every step is fine, and the backend was sent no message', async () => {
  const backend = await mockBackend()
  expect(short(await walk(backend.url))).toEqual(
    ['dns', 'tcp', 'http', 'secret', 'websocket'].map(step => [step, true, 'ok']),
  )
  expect(backend.received).toEqual([])
  await expect.poll(() => backend.connections.size).toBe(0)
})

test.each(['tuna', undefined])('with the secret %s it says that this is what is wrong', async secret => {
  const backend = await mockBackend()
  const facts = await walk(backend.url, { secret })
  expect(short(facts).slice(2)).toEqual([
    ['http', true, 'ok'],
    ['secret', false, 'unauthorized'],
  ])
  expect(facts.at(-1)?.seen).toContain(secret === undefined ? 'required' : 'refused')
  expect(JSON.stringify(facts)).not.toContain('tuna')
})

test.each([400, 415, 422])(
  'a strict backend of another make that answers %d has not refused the secret',
  async status => {
    const bodies: string[] = []
    const url = await server((request, response) => {
      request.on('data', chunk => bodies.push(String(chunk)))
      response.writeHead(status).end()
    })
    const facts = await walk(url)
    expect(short(facts).slice(2, 4)).toEqual([
      ['http', true, 'ok'],
      ['secret', true, 'ok'],
    ])
    expect(facts.at(-1)).toMatchObject({ step: 'websocket', ok: false, code: 'wrong_road' })
    expect(bodies).toEqual(['{}'])
  },
)

test('404 is reachable, with the path in doubt', async () => {
  const facts = await walk(`${await server((_, response) => response.writeHead(404).end())}/api`)
  expect(facts[2]).toMatchObject({
    step: 'http',
    ok: true,
    code: 'http_404',
    remedy: expect.stringContaining('/api/edge/message'),
  })
  expect(facts[3]).toMatchObject({ step: 'secret', ok: true })
})

test('403 is a refused secret, 503 says nothing about it, a redirect is not followed', async () => {
  const status = { now: 403 }
  const url = await server((_, response) => {
    response.writeHead(status.now, { location: 'https://elsewhere.example/x?token=1' }).end()
  })
  expect(short(await walk(url)).at(-1)).toEqual(['secret', false, 'unauthorized'])
  status.now = 503
  expect(short(await walk(url)).slice(2)).toEqual([
    ['http', false, 'http_503'],
    ['secret', false, 'http_503'],
    ['websocket', false, 'http_503'],
  ])
  status.now = 308
  const [, , redirect] = await walk(url)
  expect(redirect).toMatchObject({
    ok: false,
    code: 'redirect',
    seen: 'the server redirects to https://elsewhere.example/x (308)',
  })
})

test('a host that does not exist, a port where nothing listens, a server that is silent or no HTTP: each is told apart', async () => {
  expect(short(await walk('http://no-such-host.invalid'))).toEqual([
    ['dns', false, expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN|timeout)$/)],
  ])

  const gone = await server(() => {})
  await closing.pop()?.()
  expect(short(await walk(gone)).at(-1)).toEqual(['tcp', false, 'ECONNREFUSED'])

  const silent = await server(() => {})
  expect(short(await walk(silent, { timeoutMs: 200 })).at(-1)).toEqual(['http', false, 'timeout'])

  const garbage = await listen(
    net.createServer(socket => socket.on('error', () => {}).end('220 mail.example ESMTP\r\n')),
  )
  expect(short(await walk(garbage)).at(-1)).toEqual(['http', false, expect.stringMatching(/^HPE_/)])

  const backend = await mockBackend()
  const [, , plain] = await walk(backend.url.replace('http:', 'https:'))
  expect(plain).toMatchObject({ step: 'tls', ok: false, remedy: expect.stringContaining('URL') })

  const front = await startTlsFront(backend.port, makeCertificate('localhost'))
  closing.push(front.close)
  const [, , tls] = await walk(`https://localhost:${front.port}`)
  expect(tls).toMatchObject({ ok: false, code: 'tls_DEPTH_ZERO_SELF_SIGNED_CERT' })
})

test('a step that is cancelled ends at once', async () => {
  const cancel = new AbortController()
  const url = await server(() => cancel.abort())
  expect((await walk(url, { signal: cancel.signal, timeoutMs: 60_000 })).at(-1)).toMatchObject({ code: 'cancelled' })
})
