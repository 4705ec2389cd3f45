import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type ConnectionStatus, keepConnected } from '../../../src/agent/backend/keep-connected.ts'
import type { Connection } from '../../../src/agent/backend/run-socket.ts'
import { SOCKET_TIMINGS, type SocketTimings } from '../../../src/agent/backend/socket-timings.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

/** A fiftieth of the real ones, with room for a busy machine where one is a deadline. */
const FAST: SocketTimings = {
  dialMs: 300,
  closeMs: 100,
  pingEveryMs: 100,
  silenceMs: 300,
  probeMs: 300,
  tickMs: 20,
  lagMs: 200,
  stableMs: 10_000,
  backoffBaseMs: 10,
  backoffCapMs: 100,
  restartMs: 20,
  busyBaseMs: 100,
  wrongEndpointMs: 60_000,
  replacedMs: 60_000,
  secretPollMs: 20,
}

test('the handshake says who it is, under the path of the backend URL', async () => {
  const backend = await startBackend()
  connect(`${backend.url}/prefix/`, { agentId: 'edge 1&u', readSecret: () => 's3cret' })
  await backend.next()
  const [request] = backend.requests
  expect(request?.url).toBe('/prefix/edge/ws?edge_agent_id=edge%201%26u')
  expect(request?.headers).toMatchObject({ authorization: 'Bearer s3cret', 'x-edge-agent-id': 'edge 1&u' })
  expect(request?.headers['sec-websocket-extensions']).toBeUndefined()
})

test('without a secret there is no Authorization', async () => {
  const backend = await startBackend()
  connect(backend.url, { readSecret: () => undefined })
  await backend.next()
  expect(backend.requests[0]?.headers.authorization).toBeUndefined()
})

test.each([1000, 1001, 1008, 1011, 1012, 1013, 4000, 4001])('after a close with %i it comes back', async code => {
  const backend = await startBackend()
  const agent = connect(backend.url)
  ;(await backend.next()).close(code, 'bye')
  await backend.next()
  await expect.poll(() => agent.lastStatus()?.state).toBe('open')
  expect(agent.errors()).toEqual([`closed_${code}`])
  expect(backend.mostAtOnce()).toBe(1)
})

test.each([
  [4401, 'unauthorized'],
  [4403, 'unauthorized'],
  [4409, 'replaced'],
])('after a close with %i it waits, and says %s and what to do', async (code, expected) => {
  const backend = await startBackend()
  const agent = connect(backend.url)
  ;(await backend.next()).close(code)
  await expect.poll(agent.lastStatus).toMatchObject({
    state: 'waiting',
    lastError: { code: expected, remedy: expect.any(String) },
  })
  const status = agent.lastStatus()
  if (status?.state !== 'waiting') throw new Error('not waiting')
  expect(status.retryAt - status.since).toBeGreaterThanOrEqual(30_000)
})

test.each([
  [401, 'unauthorized'],
  [403, 'unauthorized'],
  [404, 'wrong_road'],
  [200, 'wrong_road'],
  [302, 'wrong_road'],
  [503, 'http_503'],
])('an upgrade answered with %i is told apart: %s', async (status, code) => {
  const backend = await startBackend({
    upgrade: socket =>
      socket.end(
        `HTTP/1.1 ${status} X\r\nRetry-After: 7\r\nLocation: http://elsewhere/\r\nContent-Length: 2\r\n\r\nno`,
      ),
  })
  const agent = connect(backend.url)
  await expect.poll(agent.lastStatus).toMatchObject({ state: 'waiting', lastError: { code } })
  if (status === 503) {
    const waiting = agent.lastStatus()
    expect(waiting?.state === 'waiting' && waiting.retryAt - waiting.since).toBeGreaterThan(6_000)
  }
})

test('a backend that accepts and closes with 1012 again and again is backed off from', async () => {
  const backend = await startBackend({ accept: socket => socket.close(1012) })
  const agent = connect(backend.url, { timings: { ...FAST, backoffBaseMs: 40, backoffCapMs: 1_000 } })
  await expect.poll(() => agent.errors().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(6)
  const waits = agent.statuses.flatMap(status => (status.state === 'waiting' ? [status.retryAt - status.since] : []))
  expect(waits[0]).toBeLessThanOrEqual(FAST.restartMs)
  expect(waits[5]).toBeGreaterThanOrEqual(640)
})

test('a connection that lasted forgets the failures before it', async () => {
  const backend = await startBackend()
  const agent = connect(backend.url, { timings: { ...FAST, stableMs: 50, backoffBaseMs: 20, backoffCapMs: 10_000 } })
  for (let round = 0; round < 8; round += 1) {
    const socket = await backend.next()
    await expect.poll(() => Date.now() - (agent.lastStatus()?.since ?? 0)).toBeGreaterThan(60)
    socket.close(1011)
  }
  await backend.next()
  const waits = agent.statuses.flatMap(status => (status.state === 'waiting' ? [status.retryAt - status.since] : []))
  expect(Math.max(...waits)).toBeLessThanOrEqual(20)
})

test('a close frame without the end of TCP does not hold it up', async () => {
  const backend = await startBackend()
  const agent = connect(backend.url, { timings: { ...FAST, pingEveryMs: 60_000 } })
  const socket = await backend.next()
  const tcp = backend.tcpOf(socket)
  tcp.pause()
  const closedAt = performance.now()
  tcp.write(Buffer.from([0x88, 2, 1012 >> 8, 1012 & 255]))
  await backend.next()
  expect(performance.now() - closedAt).toBeLessThan(10_000) // by itself, ws would wait for 30 s
  expect(agent.errors()).toEqual(['closed_1012'])
})

test.each([
  ['invalid UTF-8', Buffer.from([0x81, 2, 0xc3, 0x28]), 'WS_ERR_INVALID_UTF8'],
  ['a bad opcode', Buffer.from([0x83, 0]), 'WS_ERR_INVALID_OPCODE'],
  ['a masked frame', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 65]), 'WS_ERR_UNEXPECTED_MASK'],
  ['a frame of 300 KiB', frameHeader(300 * 1024), 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  ['an invalid close code', Buffer.from([0x88, 2, 0, 1]), 'WS_ERR_INVALID_CLOSE_CODE'],
])('%s ends the connection, once, and it comes back', async (_, bytes, code) => {
  const backend = await startBackend()
  const agent = connect(backend.url)
  backend.tcpOf(await backend.next()).write(bytes)
  await backend.next()
  expect(agent.errors()).toEqual([code])
  expect(agent.texts).toEqual([])
})

test('a frame cut off in the middle is never handed over', async () => {
  const backend = await startBackend()
  const agent = connect(backend.url)
  backend.tcpOf(await backend.next()).end(Buffer.concat([frameHeader(100), Buffer.alloc(50, 'x')]))
  await backend.next()
  expect(agent.errors()).toEqual(['closed_1006'])
  expect(agent.texts).toEqual([])
})

test('frames with the end of the connection right behind them are handed over', async () => {
  const backend = await startBackend()
  const agent = connect(backend.url)
  const texts = Array.from({ length: 20 }, (_, n) => String(n).padStart(2, '0'))
  const frames = texts.flatMap(text => [frameHeader(2), Buffer.from(text)])
  backend.tcpOf(await backend.next()).end(Buffer.concat(frames))
  await backend.next()
  expect(agent.errors()).toEqual(['closed_1006'])
  expect(agent.texts).toEqual(texts)
})

test('binary frames are reported and ignored', async () => {
  const backend = await startBackend()
  const agent = connect(backend.url)
  const socket = await backend.next()
  socket.send(Buffer.from('{}'))
  socket.send('text')
  await expect.poll(() => agent.texts).toEqual(['text'])
  expect(agent.protocolErrors).toEqual(['binary_frame'])
})

test('a stalled upgrade is given up, also when bytes trickle in', async () => {
  const backend = await startBackend({
    upgrade: socket => {
      const timer = setInterval(() => socket.write('x'), 50)
      socket.write('HTTP/1.1 101 Switching Protocols\r\nX-Never-Ending: ')
      socket.on('close', () => clearInterval(timer))
    },
  })
  const agent = connect(backend.url, { timings: { ...FAST, backoffBaseMs: 100 } })
  await expect.poll(agent.errors).toContain('dial_timeout')
  await expect.poll(() => backend.requests.length).toBeGreaterThan(1)
  expect(backend.mostTcpAtOnce()).toBe(1)
})

test('nobody listening is no reason to stop dialling', async () => {
  const backend = await startBackend()
  await backend.close()
  const agent = connect(backend.url)
  await expect.poll(() => agent.errors().length).toBeGreaterThan(3)
  expect(new Set(agent.errors())).toEqual(new Set(['ECONNREFUSED']))
})

test('a half-open connection is found by its silence and replaced; its late end changes nothing', async () => {
  const backend = await startBackend()
  const proxy = await startTcpProxy(backend.port)
  onTestFinished(proxy.close)
  const agent = connect(`http://127.0.0.1:${proxy.port}`)
  const stale = await backend.next()
  await expect.poll(() => agent.lastStatus()?.state).toBe('open') // before that it would be a dial without an answer
  proxy.pause()
  stale.send('into the void')
  await expect.poll(agent.errors).toContain('silent')
  proxy.resume()
  await backend.next()
  await expect.poll(() => agent.lastStatus()?.state).toBe('open')
  stale.terminate()
  await expect.poll(() => backend.live()).toBe(1)
  expect(agent.texts).toEqual([])
  expect(agent.lastStatus()?.state).toBe('open')
})

test('frames count as life where pongs are missing', async () => {
  const backend = await startBackend({ options: { autoPong: false } })
  const agent = connect(backend.url)
  const socket = await backend.next()
  const timer = setInterval(() => socket.send('still here'), 50)
  onTestFinished(() => clearInterval(timer))
  await expect.poll(() => agent.texts.length).toBeGreaterThan(12)
  expect(agent.errors()).toEqual([])
  clearInterval(timer)
  await expect.poll(agent.errors).toEqual(['silent'])
})

test('a process that stood still raises no false alarm, and says that it woke', async () => {
  const backend = await startBackend()
  // The tick is slower than the silence, so that afterwards the deadline of the pong is the first timer to fire.
  const agent = connect(backend.url, { timings: { ...FAST, pingEveryMs: 50, silenceMs: 100, tickMs: 400 } })
  const socket = await backend.next()
  // The pong cannot come while the whole process stands still.
  await once(socket, 'ping')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
  await expect.poll(agent.wakes).toBe(1)
  await once(socket, 'ping')
  await once(socket, 'ping')
  expect(agent.errors()).toEqual([])
  expect(backend.requests).toHaveLength(1)
})

test('a connection that died during the sleep is found by the probe', async () => {
  const backend = await startBackend()
  const proxy = await startTcpProxy(backend.port)
  onTestFinished(proxy.close)
  let slept = 0
  const agent = connect(`http://127.0.0.1:${proxy.port}`, {
    now: () => Date.now() + slept,
    timings: { ...FAST, pingEveryMs: 60_000, silenceMs: 60_000 },
  })
  await backend.next()
  await expect.poll(agent.lastStatus).toHaveProperty('rttMs')
  proxy.pause()
  slept = 3_600_000
  await expect.poll(agent.errors).toEqual(['silent'])
  proxy.resume()
  await backend.next()
})

test('waking during a wait dials at once', async () => {
  let refuse = true
  const backend = await startBackend({ refuse: () => refuse })
  let slept = 0
  const agent = connect(backend.url, { now: () => Date.now() + slept })
  await expect.poll(() => agent.lastStatus()?.state).toBe('waiting')
  refuse = false
  slept = 30_000
  await backend.next()
  expect(agent.wakes()).toBe(1)
})

test('a changed secret is dialled with at once', async () => {
  let secret = 'old'
  const backend = await startBackend({ refuse: request => request.headers.authorization !== 'Bearer new' })
  const agent = connect(backend.url, { readSecret: () => secret })
  await expect.poll(agent.errors).toEqual(['unauthorized'])
  secret = 'new'
  await backend.next()
  expect(backend.requests).toHaveLength(2)
})

test('a secret that no header can hold is an error to be seen, not a crash', async () => {
  const backend = await startBackend()
  let secret = 'two\nlines'
  const agent = connect(backend.url, { readSecret: () => secret })
  await expect.poll(agent.errors).toContain('ERR_INVALID_CHAR')
  secret = 'one line'
  await backend.next()
})

test('a frame counts as delivered when a pong proves it, and not before', async () => {
  const backend = await startBackend({ options: { autoPong: false } })
  // A machine with much to do would be taken for one that slept, and the connection be asked whether it lives.
  const agent = connect(backend.url, { timings: { ...FAST, pingEveryMs: 60_000, silenceMs: 60_000, lagMs: 60_000 } })
  const socket = await backend.next()
  const pings: Buffer[] = []
  socket.on('ping', (payload: Buffer) => pings.push(payload))
  const received: string[] = []
  socket.on('message', data => received.push(String(data)))
  const delivered: number[] = []
  const connection = await agent.opened(1)
  for (const number of [1, 2, 3]) connection.send(`ack ${number}`, () => delivered.push(number))
  await expect.poll(() => received).toEqual(['ack 1', 'ack 2', 'ack 3'])
  // The ping at the opening may come before this listener or after it; the proof is the last one, shared by all three.
  await expect.poll(() => pings.length).toBeGreaterThanOrEqual(1)
  const proof = pings.at(-1)
  connection.send('ack 4', () => delivered.push(4))
  await expect.poll(() => received.length).toBe(4)
  socket.pong('no number')
  socket.pong('999')
  socket.send('after the pongs')
  await expect.poll(() => agent.texts).toHaveLength(1)
  expect(delivered).toEqual([])
  socket.pong(proof)
  await expect.poll(() => delivered).toEqual([1, 2, 3])
  socket.terminate()
  await backend.next()
  expect(delivered).toEqual([1, 2, 3])
})

test('a backend whose pongs are stuck behind its own frames is asked for one proof at a time', async () => {
  const backend = await startBackend({ options: { autoPong: false } })
  // A machine with much to do would be taken for one that slept, and the connection be asked whether it lives.
  const agent = connect(backend.url, { timings: { ...FAST, pingEveryMs: 60_000, silenceMs: 60_000, lagMs: 60_000 } })
  const socket = await backend.next()
  const pings: Buffer[] = []
  socket.on('ping', (payload: Buffer) => pings.push(payload))
  let received = 0
  socket.on('message', () => {
    received += 1
  })
  const connection = await agent.opened(1)
  let delivered = 0
  for (let sent = 1; sent <= 200; sent += 1) {
    connection.send(`ack ${sent}`, () => {
      delivered += 1
    })
    await expect.poll(() => received, { interval: 1 }).toBe(sent)
  }
  // That at the opening, and that of the first one.
  expect(pings.length).toBeLessThanOrEqual(2)
  socket.on('ping', payload => socket.pong(payload))
  socket.pong(pings.at(-1))
  await expect.poll(() => delivered).toBe(200)
})

test('sending on a connection that has ended does nothing', async () => {
  const backend = await startBackend()
  const agent = connect(backend.url)
  const first = await backend.next()
  const stale = await agent.opened(1)
  first.terminate()
  const fresh = await agent.opened(2)
  let isDelivered = false
  stale.send('too late', () => {
    isDelivered = true
  })
  const { promise: delivered, resolve } = Promise.withResolvers<void>()
  fresh.send('in time', resolve)
  await delivered
  expect(isDelivered).toBe(false)
})

test('a backend that does not read is given up before the unsent fills the memory', async () => {
  const backend = await startBackend()
  const agent = connect(backend.url, { timings: { ...FAST, pingEveryMs: 60_000, silenceMs: 60_000 } })
  backend.tcpOf(await backend.next()).pause()
  const connection = await agent.opened(1)
  for (let sent = 0; agent.errors().length === 0 && sent < 1_000; sent += 1) {
    connection.send('x'.repeat(200_000))
    await new Promise(setImmediate)
  }
  expect(agent.errors()).toEqual(['send_buffer_full'])
})

test('what a handler throws ends the connection, not the process', async () => {
  const backend = await startBackend()
  let isDiskFull = true
  const agent = connect(backend.url, {
    onText: () => {
      if (isDiskFull) throw new Error('disk full')
    },
  })
  const socket = await backend.next()
  socket.send('1')
  socket.send('2')
  await expect.poll(agent.errors).toEqual(['handler_failed'])
  isDiskFull = false
  await backend.next()
})

test('a flood of small frames comes in order, in bounded memory, and leaves timers their turn', async () => {
  const backend = await startBackend()
  let seen = 0
  let isInOrder = true
  const agent = connect(backend.url, {
    timings: SOCKET_TIMINGS,
    onText: text => {
      isInOrder &&= Number(text.slice(0, 8)) === seen
      seen += 1
      // As long as a commit takes.
      if (seen <= 3_000) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    },
  })
  const socket = await backend.next()
  const before = process.memoryUsage().rss
  for (let number = 0; number < 10_000; number += 1)
    socket.send(String(number).padStart(100, '0').slice(-8).padEnd(100))
  let lastTurn = performance.now()
  let longest = 0
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - lastTurn)
    lastTurn = performance.now()
  }, 5)
  onTestFinished(() => clearInterval(timer))
  await expect.poll(() => seen, { timeout: 120_000 }).toBe(10_000)
  expect(isInOrder).toBe(true)
  // Without its turns a timer would wait for all frames of a chunk: more than half a second.
  expect(longest).toBeLessThan(1_500)
  expect(process.memoryUsage().rss - before).toBeLessThan(50e6)
  expect(agent.errors()).toEqual([])
})

test('stopping an open connection says goodbye with 1001', async () => {
  const backend = await startBackend()
  const agent = connect(backend.url)
  const socket = await backend.next()
  const closed = once(socket, 'close')
  await agent.opened(1)
  agent.stop()
  await agent.done
  expect((await closed)[0]).toBe(1001)
  expect(backend.requests).toHaveLength(1)
})

test('stopping does not wait for a backend that does not answer', async () => {
  const backend = await startBackend()
  const agent = connect(backend.url, { timings: { ...FAST, pingEveryMs: 60_000 } })
  backend.tcpOf(await backend.next()).pause()
  await agent.opened(1)
  const stoppedAt = performance.now()
  agent.stop()
  await agent.done
  expect(performance.now() - stoppedAt).toBeLessThan(10_000) // by itself, ws would wait for 30 s
})

test('stopping during the dial ends it', async () => {
  const backend = await startBackend({ upgrade: () => {} })
  const agent = connect(backend.url, { timings: { ...FAST, dialMs: 60_000 } })
  await expect.poll(() => backend.requests.length).toBe(1)
  agent.stop()
  await agent.done
  await expect.poll(backend.tcpNow).toBe(0)
  expect(agent.errors()).toEqual([])
})

test('stopping during a wait ends it', async () => {
  const backend = await startBackend({ refuse: () => true })
  const agent = connect(backend.url)
  await expect.poll(() => agent.lastStatus()?.state).toBe('waiting')
  agent.stop()
  await agent.done
  expect(backend.requests).toHaveLength(1)
})

test('a signal that has aborted already dials nothing', async () => {
  const backend = await startBackend()
  const stop = new AbortController()
  stop.abort()
  const agent = connect(backend.url, { signal: stop.signal })
  await agent.done
  expect(agent.statuses).toEqual([])
})

type Overrides = Partial<Parameters<typeof keepConnected>[0]>

const connect = (backendUrl: string, overrides: Overrides = {}) => {
  const stop = new AbortController()
  const statuses: ConnectionStatus[] = []
  const texts: string[] = []
  const protocolErrors: string[] = []
  let wakes = 0
  let connection: Connection | undefined
  const done = keepConnected({
    backendUrl,
    agentId: 'edge_1',
    readSecret: () => 's3cret',
    signal: stop.signal,
    random: () => 1,
    timings: FAST,
    onOpen: opened => {
      connection = opened
    },
    onText: text => texts.push(text),
    onStatus: status => statuses.push(status),
    onProtocolError: code => protocolErrors.push(code),
    onWake: () => {
      wakes += 1
    },
    ...overrides,
  })
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  return {
    done,
    stop: () => stop.abort(),
    statuses,
    texts,
    protocolErrors,
    wakes: () => wakes,
    /** The connection of that dial, as soon as it is open. */
    opened: async (generation: number): Promise<Connection> => {
      await expect.poll(() => connection?.generation, { interval: 5 }).toBe(generation)
      return connection as Connection
    },
    lastStatus: () => statuses.at(-1),
    /** Why each connection so far has ended. */
    errors: () => statuses.flatMap(status => (status.state === 'waiting' ? [status.lastError.code] : [])),
  }
}

/** A backend on a real port. `next()` gives its connections one after another, and waits for the next one. */
const startBackend = async ({
  refuse = (_request: http.IncomingMessage): boolean => false,
  upgrade,
  accept = () => {},
  options = {},
}: {
  readonly refuse?: (request: http.IncomingMessage) => boolean
  readonly upgrade?: (socket: Duplex) => void
  readonly accept?: (socket: WebSocket) => void
  readonly options?: { readonly autoPong?: boolean }
} = {}) => {
  const requests: http.IncomingMessage[] = []
  const sockets: WebSocket[] = []
  const tcp = new Map<WebSocket, Duplex>()
  let given = 0
  let mostAtOnce = 0
  let tcpNow = 0
  let mostTcpAtOnce = 0
  const server = http.createServer().listen(0, '127.0.0.1')
  const webSockets = new WebSocketServer({ noServer: true, ...options })
  server.on('connection', socket => {
    tcpNow += 1
    mostTcpAtOnce = Math.max(mostTcpAtOnce, tcpNow)
    socket.on('close', () => {
      tcpNow -= 1
    })
  })
  server.on('upgrade', (request, socket, head) => {
    requests.push(request)
    socket.on('error', () => {})
    if (upgrade) return upgrade(socket.on('end', () => socket.end()).resume())
    if (refuse(request)) return void socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
    webSockets.handleUpgrade(request, socket, head, webSocket => {
      webSocket.on('error', () => {})
      tcp.set(webSocket, socket)
      sockets.push(webSocket)
      mostAtOnce = Math.max(mostAtOnce, webSockets.clients.size)
      accept(webSocket)
    })
  })
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    for (const client of webSockets.clients) client.terminate()
    server.closeAllConnections()
    if (server.listening) await once(server.close(), 'close')
  }
  onTestFinished(() => void close())
  const { port } = server.address() as net.AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    close,
    live: () => webSockets.clients.size,
    mostAtOnce: () => mostAtOnce,
    tcpNow: () => tcpNow,
    mostTcpAtOnce: () => mostTcpAtOnce,
    tcpOf: (webSocket: WebSocket): Duplex => {
      const socket = tcp.get(webSocket)
      if (!socket) throw new Error('no such connection')
      return socket
    },
    next: async (): Promise<WebSocket> => {
      await expect.poll(() => sockets.length, { timeout: 5_000, interval: 5 }).toBeGreaterThan(given)
      given += 1
      return sockets[given - 1] as WebSocket
    },
  }
}

function frameHeader(length: number): Buffer {
  const header = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(length, 6)
  return header
}
