import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { expect, onTestFinished, test, vi } from 'vitest'
import { followWay } from '../../../src/agent/backend/follow-way.ts'
import type { SpareTimings } from '../../../src/agent/backend/keep-spare.ts'
import { createPostMessage } from '../../../src/agent/backend/post-message.ts'
import { type Certificate, makeCertificate } from '../../support/make-certificate.ts'
import { startTlsFront } from '../../support/start-tls-front.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

const TIMINGS: SpareTimings = { liveMs: 60_000, pauseMs: 20, renewMs: 60_000, shortMs: 200, trustMs: 60_000 }

test('after a pause a POST goes over a connection that waited for it, and the next one waits already', async () => {
  const { post, server } = await talk()
  expect(await post()).toHaveProperty('kind', 'answered')
  await server.opened(2)
  // As uvicorn does after 5 s.
  await server.endUsed()
  expect(await post()).toHaveProperty('kind', 'answered')
  expect(server.posts).toEqual([1, 2])
  await server.opened(3)
})

test('while an answer is thought about, a second message finds a connection, too', async () => {
  const { post, server } = await talk()
  const thinks = Promise.withResolvers<void>()
  server.thinks = thinks.promise
  const first = post()
  await server.opened(2)
  const second = post()
  await vi.waitFor(() => expect(server.posts).toEqual([1, 2]))
  thinks.resolve()
  expect(await Promise.all([first, second])).toMatchObject([{ kind: 'answered' }, { kind: 'answered' }])
})

test('without a WebSocket none is opened', async () => {
  const { post, server, way } = await talk()
  way.follow(lost('closed_1006'))
  await post()
  await sleep(200)
  expect(server.accepted()).toBe(1)
})

test('a spare from before the WebSocket of now, or of which nothing was heard for too long, is not used', async () => {
  const { post, server, way, clock } = await talk({ trustMs: 1_000 })
  await post()
  await server.opened(2)
  await server.endUsed()
  way.follow(open(2))
  await post()
  expect(server.posts).toEqual([1, 3])

  await server.opened(4)
  await server.endUsed()
  clock.aheadMs += 1_100 // the Mac slept, say
  await post()
  expect(server.posts.at(-1)).toBeGreaterThan(4)

  const newest = server.accepted()
  await server.opened(newest + 1)
  await server.endUsed()
  clock.aheadMs += 1_100
  way.heard()
  await post()
  expect(server.posts.at(-1)).toBe(newest + 1)
})

test('the spare ends with the WebSocket, and another is opened when that is back', async () => {
  const { post, server, way } = await talk({ renewMs: 200 })
  await post()
  await server.opened(2)
  way.follow(lost('closed_1012'))
  const dials = server.accepted()
  await server.closed(dials)
  await sleep(300)
  expect(server.accepted()).toBe(dials)
  way.follow(open(2))
  await server.opened(dials + 1)
})

test('what was idle while the Mac slept is not used, spare or not', async () => {
  const { post, server, clock } = await talk({ trustMs: 12_000 })
  await post()
  await server.opened(2)
  clock.aheadMs += 60_000
  expect(await post()).toHaveProperty('kind', 'answered')
  expect(server.posts).toEqual([1, 3])
  await server.closed(1)
  await server.closed(2)
})

test('when the conversation is over, the spare is closed and no other is opened', async () => {
  const { post, server } = await talk({ liveMs: 300 })
  await post()
  await server.opened(2)
  await server.closed(2)
  await sleep(300)
  expect(server.accepted()).toBe(2)
})

test('a spare that gets old is replaced before it is closed', async () => {
  const { post, server } = await talk({ renewMs: 150 })
  await post()
  await server.opened(4)
  await server.closed(3)
  expect(server.isOpen(4)).toBe(true)
})

test('where the server ends unused connections at some age, they are replaced sooner', async () => {
  const { post, server } = await talk({ shortMs: 100 })
  server.endsUnusedMs = 1_300
  await post()
  await server.closed(2)
  await server.opened(5)
  for (const n of [3, 4]) expect(server.endedByServer.has(n)).toBe(false)
})

test('a server that ends them at once is left alone until the next POST', async () => {
  const { post, server } = await talk()
  server.endsUnusedMs = 10
  await post()
  await server.closed(2)
  await sleep(400)
  expect(server.accepted()).toBe(2)
  await post()
  await server.closed(3)
  await sleep(400)
  expect(server.accepted()).toBe(3)
})

test('a server that says something on an unused connection: that is no answer to the next POST', async () => {
  const { post, server } = await talk({}, 'directly')
  await post()
  await server.opened(2)
  await sleep(TIMINGS.shortMs + 50)
  server.say(2, TOO_LATE)
  await server.closed(2)
  await server.opened(3)
  await server.endUsed()
  const newest = server.accepted()
  server.say(newest, TOO_LATE)
  expect(await post()).toHaveProperty('kind', 'answered')
  expect(server.posts.at(-1)).toBeGreaterThan(newest)
})

test('the end of a spare that comes as the next POST does is seen: that one goes over a new connection', async () => {
  const { post, server } = await talk({}, 'directly')
  await post()
  await server.opened(2)
  await server.endUsed()
  server.end(2)
  expect(await post()).toHaveProperty('kind', 'answered')
  expect(server.posts).toEqual([1, 3])
})

test('a backend that is down is not dialled until a POST is due', async () => {
  const { post, server, proxy } = await talk({ renewMs: 100 })
  await post()
  await server.opened(2)
  await server.close()
  await sleep(100)
  const dials = proxy.accepted()
  await sleep(500)
  expect(proxy.accepted()).toBe(dials)
  expect(await post()).toMatchObject({ kind: 'retry', network: true })
  expect(proxy.accepted()).toBe(dials + 1)
})

test('a backend that answers 503 gets no spare', async () => {
  const { post, server } = await talk()
  server.status = 503
  await post()
  await sleep(200)
  expect(server.accepted()).toBe(1)
})

test('a spare that was dead unnoticed: the silent WebSocket ends the wait, and the POST is made again', async () => {
  const { post, server, way, proxy } = await talk()
  await post()
  await server.opened(2)
  await server.endUsed()
  proxy.pause()
  const sent = Promise.withResolvers<void>()
  const lostPost = post({ onSent: sent.resolve })
  await sent.promise
  expect(server.posts).toEqual([1])
  way.follow(lost('silent'))
  expect(await lostPost).toMatchObject({ kind: 'retry', network: true, reason: 'network_ECONNRESET' })
})

test('a silent WebSocket does not end a POST on a connection that had just been made', async () => {
  const { post, server, way } = await talk()
  const thinks = Promise.withResolvers<void>()
  server.thinks = thinks.promise
  const first = post()
  await vi.waitFor(() => expect(server.posts).toEqual([1]))
  way.follow(lost('silent'))
  thinks.resolve()
  expect(await first).toHaveProperty('kind', 'answered')
})

test('over TLS, too', async () => {
  const certificate = makeCertificate('localhost')
  const before = tls.getCACertificates('default')
  tls.setDefaultCACertificates([...before, certificate.cert])
  onTestFinished(() => tls.setDefaultCACertificates(before))
  const { post, server } = await talk({}, certificate)
  expect(await post()).toHaveProperty('kind', 'answered')
  await server.opened(2)
  await server.endUsed()
  expect(await post()).toHaveProperty('kind', 'answered')
  expect(server.posts).toEqual([1, 2])
  await server.opened(3)
})

const TOO_LATE = 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'

const open = (generation: number) => ({ state: 'open', since: 0, generation }) as const
const lost = (code: string) =>
  ({ state: 'waiting', since: 0, generation: 1, retryAt: 0, lastError: { code, message: code } }) as const

/** A POST to a server that counts its connections from 1, by default through a proxy, and an open WebSocket. */
const talk = async (timings: Partial<SpareTimings> = {}, how: 'directly' | 'by proxy' | Certificate = 'by proxy') => {
  const server = await countConnections()
  const proxy = await startTcpProxy(server.port)
  onTestFinished(proxy.close)
  const front = typeof how === 'object' ? await startTlsFront(server.port, how) : undefined
  if (front !== undefined) onTestFinished(front.close)
  const plain = `http://127.0.0.1:${how === 'directly' ? server.port : proxy.port}`
  const clock = { aheadMs: 0 }
  const now = () => Date.now() + clock.aheadMs
  const way = followWay(now)
  way.follow(open(1))
  const postMessage = createPostMessage({
    backendUrl: front ? `https://localhost:${front.port}` : plain,
    agentId: 'edge_1',
    readSecret: () => 's3cret',
    way: way.way,
    spareTimings: { ...TIMINGS, ...timings },
    now,
  })
  const post = ({ onSent = () => {} } = {}) =>
    postMessage({ key: 'k', body: '{}', signal: new AbortController().signal, onSent })
  return { post, server, proxy, way, clock }
}

const countConnections = async () => {
  const sockets: net.Socket[] = []
  const used = new Set<net.Socket>()
  const ended = new Set<number>()
  const posts: number[] = []
  const state = { status: 200, thinks: Promise.resolve(), endsUnusedMs: 0, endedByServer: ended, posts }
  const server = http.createServer((request, response) => {
    used.add(request.socket)
    posts.push(sockets.indexOf(request.socket) + 1)
    void state.thinks.then(() => response.writeHead(state.status).end('{"should_respond":false}'))
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', socket => {
    const n = sockets.push(socket)
    const { endsUnusedMs } = state
    if (endsUnusedMs > 0) {
      setTimeout(() => {
        if (used.has(socket) || socket.destroyed) return
        ended.add(n)
        socket.destroy()
      }, endsUnusedMs)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    const closed = server.listening ? once(server, 'close') : undefined
    server.close().closeAllConnections()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  onTestFinished(close)
  const isOpen = (n: number): boolean => sockets[n - 1]?.closed === false
  return Object.assign(state, {
    port: (server.address() as net.AddressInfo).port,
    accepted: () => sockets.length,
    isOpen,
    opened: (n: number) => vi.waitFor(() => expect(sockets.length).toBeGreaterThanOrEqual(n), 10_000),
    closed: (n: number) => vi.waitFor(() => expect(sockets.length >= n && !isOpen(n)).toBe(true), 10_000),
    endUsed: async () => {
      for (const socket of used) socket.end()
      await vi.waitFor(() => expect([...used].every(socket => socket.closed)).toBe(true), 10_000)
    },
    end: (n: number) => sockets[n - 1]?.destroy(),
    say: (n: number, text: string) => sockets[n - 1]?.write(text),
    close,
  })
}
