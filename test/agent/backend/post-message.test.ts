import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createPostMessage, type Post } from '../../../src/agent/backend/post-message.ts'
import { MAX_ANSWER_BYTES } from '../../../src/protocol/wire.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

const body = '{"thread_id":"+15622924139","sender":"+15622924139","filtered_text":"Hi 👋"}'
const answer = { should_respond: true, reply_bubbles: ['okie lemme see', 'bubble 2'] }
const answerText = JSON.stringify(answer)
const now = Date.UTC(2025, 10, 17, 20)
const OK = `HTTP/1.1 200 OK\r\nContent-Length: ${answerText.length}`
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked'
const DEEP = '['.repeat(400_000) + ']'.repeat(400_000)

const toPost = (
  backendUrl: string,
  { timeoutMs = 5_000, connectMs = 5_000, secret = 's3cret' as string | undefined } = {},
) => {
  const postMessage = createPostMessage({
    backendUrl,
    agentId: 'edge_1',
    readSecret: () => secret,
    timeoutMs,
    connectMs,
    now: () => now,
  })
  return (post: Partial<Post> = {}) =>
    postMessage({ key: '0A-"B"', body, signal: new AbortController().signal, ...post })
}

describe('by the status and the body of the answer', () => {
  type Answer = (request: http.IncomingMessage, body: string) => Partial<Parts> | Promise<never>
  type Parts = {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly text: string | null
  }
  let answerBy: Answer = () => ({ status: 501 })
  const reply = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const received = Buffer.concat(await request.toArray()).toString()
    const { status = 200, headers = {}, text = answerText } = await answerBy(request, received)
    response.writeHead(status, headers).end(text)
  }
  const server = http.createServer((request, response) => void reply(request, response))
  let post: ReturnType<typeof toPost>
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    post = toPost(`http://127.0.0.1:${portOf(server)}/prefix/`)
  })
  afterAll(() => server.close().closeAllConnections())
  const answerWith = (answer: () => Partial<Parts> | Promise<never>): void => {
    answerBy = ({ method, url }) =>
      method === 'POST' && url === '/prefix/edge/message' ? answer() : { status: 404, text: 'not here' }
  }

  test('the request carries the headers of the protocol and the very bytes it was given', async () => {
    let request: http.IncomingMessage | undefined
    let received = ''
    answerBy = (asked, text) => {
      request = asked
      received = text
      return {}
    }
    expect(await post()).toEqual({ kind: 'answered', answer })
    expect(received).toBe(body)
    expect(request).toMatchObject({ method: 'POST', url: '/prefix/edge/message' })
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer s3cret',
      'x-edge-agent-id': 'edge_1',
      'content-type': 'application/json',
      'idempotency-key': '"0A-\\"B\\""',
    })
  })

  test('without a secret there is no Authorization', async () => {
    let authorization: string | undefined = 'never asked'
    const { url } = await serve((request, response) => {
      authorization = request.headers.authorization
      response.end(answerText)
    })
    const postMessage = createPostMessage({ backendUrl: url, agentId: 'edge_1', readSecret: () => undefined })
    await postMessage({ key: 'k', body, signal: new AbortController().signal })
    expect(authorization).toBeUndefined()
  })

  test.each([
    [200, '<html>hello</html>', 'not_json'],
    [200, '{"should_respond":true,', 'not_json'],
    [200, '', 'empty'],
    [204, null, 'empty'],
    [200, 'null', 'wrong_shape'],
    [200, '{"should_respond":"yes"}', 'wrong_shape'],
    [200, '{"should_respond":true,"reply_bubbles":[1]}', 'wrong_shape'],
    [200, JSON.stringify({ should_respond: true, reply_bubbles: Array(10_000).fill('x') }), 'wrong_shape'],
    [202, 'accepted', 'not_json'],
  ])('%i with %j is no answer: %3$s', async (status, text, reason) => {
    answerWith(() => ({ status, text }))
    expect(await post()).toEqual({ kind: 'invalid-answer', reason, bodyHead: (text ?? '').slice(0, 200) })
  })

  test.each([408, 409, 425, 429, 500, 502, 503, 504])('%i is tried again', async status => {
    answerWith(() => ({ status, text: 'sorry' }))
    const scope = status === 429 ? 'backend' : 'message'
    expect(await post()).toEqual({ kind: 'retry', reason: `http_${status}`, scope, network: false })
  })

  test.each([
    ['7', 7_000],
    ['Mon, 17 Nov 2025 20:00:30 GMT', 30_000],
    ['86400', 3_600_000],
    ['-1', undefined],
    ['later', undefined],
  ])('Retry-After %j means %s ms', async (header, expected) => {
    answerWith(() => ({ status: 503, text: '', headers: { 'Retry-After': header } }))
    expect(await post()).toEqual({
      kind: 'retry',
      reason: 'http_503',
      scope: 'message',
      network: false,
      ...(expected !== undefined && { retryAfterMs: expected }),
    })
  })

  test.each([401, 403, 404, 405, 410])('%i is the wrong road', async status => {
    answerWith(() => ({ status, text: 'who are you?' }))
    expect(await post()).toEqual({ kind: 'refuses-all', reason: `http_${status}`, detail: 'who are you?' })
  })

  test.each([300, 304])('%i that leads nowhere is the wrong road, and no redirect', async status => {
    answerWith(() => ({ status, text: null }))
    expect(await post()).toEqual({ kind: 'refuses-all', reason: `http_${status}`, detail: '' })
  })

  test.each([301, 302, 303, 307, 308])('%i is the wrong road and is not followed', async status => {
    answerWith(() => ({ status, text: null, headers: { Location: 'https://elsewhere.example/' } }))
    expect(await post()).toEqual({
      kind: 'refuses-all',
      reason: 'redirect',
      detail: `status ${status} to https://elsewhere.example/`,
    })
  })

  test.each([400, 413, 415, 422, 418])('%i rejects this message', async status => {
    answerWith(() => ({ status, text: 'x'.repeat(500) }))
    expect(await post()).toEqual({ kind: 'rejected', status, bodyHead: 'x'.repeat(200) })
  })

  test('stopping ends a try that waits', async () => {
    const stop = new AbortController()
    answerWith(() => {
      stop.abort()
      return new Promise(() => {})
    })
    expect(await post({ signal: stop.signal })).toEqual({ kind: 'stopped' })
  })
})

describe('by what happens on the wire', () => {
  test('an answer lost before its headers is retried', async () => {
    const { url } = await serveTcp(socket => socket.once('data', () => socket.resetAndDestroy()))
    expect(await toPost(url)()).toMatchObject({
      kind: 'retry',
      network: true,
      reason: expect.stringMatching(/^network_/),
    })
  })

  test('nobody listening is retried', async () => {
    const { url, close } = await serveTcp(() => {})
    await close()
    expect(await toPost(url)()).toMatchObject({ kind: 'retry', reason: 'network_ECONNREFUSED', scope: 'message' })
  })

  test('a name that does not resolve is retried', async () => {
    expect(await toPost('http://backend.invalid')()).toMatchObject({
      kind: 'retry',
      network: true,
      reason: expect.stringMatching(/^network_(ENOTFOUND|EAI_AGAIN)$/),
    })
  })

  test.each([
    ['a content-length that is too long', `HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n${answerText}`],
    ['a chunked body without its end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"sho`],
    ['half a header', 'HTTP/1.1 200 OK\r\nConte'],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ])('%s is retried', async (_, bytes) => {
    const { url } = await serveTcp(socket => socket.once('data', () => socket.end(bytes)))
    expect(await toPost(url)()).toMatchObject({ kind: 'retry', network: true })
  })

  test('101 is no answer, and ends', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
    const { url } = await serveTcp(socket => socket.once('data', () => socket.write(upgrade)))
    expect(await toPost(url)()).toEqual({
      kind: 'retry',
      reason: 'network_NO_ANSWER',
      scope: 'message',
      network: true,
    })
  })

  test.each([
    ['a body that is cut off', 'HTTP/1.1 400 X\r\nContent-Length: 500\r\n\r\nno', { kind: 'rejected', status: 400 }],
    ['no gzip', 'HTTP/1.1 422 X\r\nContent-Encoding: gzip\r\n\r\nno', { kind: 'rejected', status: 422 }],
    ['a body cut off', 'HTTP/1.1 401 X\r\nContent-Length: 500\r\n\r\n', { kind: 'refuses-all', reason: 'http_401' }],
  ])('a status counts, also with %s', async (_, bytes, outcome) => {
    const { url } = await serveTcp(socket => socket.once('data', () => socket.end(bytes)))
    expect(await toPost(url)()).toMatchObject(outcome)
  })

  test.each([
    ['plain text', Buffer.from(answerText)],
    ['half of it', gzipSync(answerText).subarray(0, 20)],
  ])('gzip that is %s is no answer', async (_, bytes) => {
    const { url } = await serve((_request, response) => {
      response.setHeader('Content-Encoding', 'gzip')
      response.end(bytes)
    })
    expect(await toPost(url)()).toEqual({ kind: 'invalid-answer', reason: 'not_gzip', bodyHead: '' })
  })

  test.each(['gzip', 'GZIP', 'x-gzip'])('%s is unpacked', async encoding => {
    const { url } = await serve((_request, response) => {
      response.setHeader('Content-Encoding', encoding)
      response.end(gzipSync(answerText))
    })
    expect(await toPost(url)()).toEqual({ kind: 'answered', answer })
  })

  test.each([
    ['early hints before it', `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}\r\n\r\n${answerText}`],
    ['trailers', `${CHUNKED}\r\n\r\n${answerText.length.toString(16)};a=b\r\n${answerText}\r\n0\r\nX: y\r\n\r\n`],
    ['HTTP/1.0', `HTTP/1.0 200 OK\r\n\r\n${answerText}`],
    ['another one behind it', `${OK}\r\n\r\n${answerText}${OK}\r\n\r\n{"should_respond":false}`],
    ['a byte order mark', `HTTP/1.1 200 OK\r\n\r\n\ufeff${answerText}`],
    ['a key twice', `HTTP/1.1 200 OK\r\n\r\n{"should_respond":false,${answerText.slice(1)}`],
    ['something nested deep', `HTTP/1.1 200 OK\r\n\r\n{"x":${DEEP},${answerText.slice(1)}`],
  ])('an answer with %s is one', async (_, bytes) => {
    const { url } = await serveTcp(socket => socket.once('data', () => socket.end(bytes)))
    expect(await toPost(url)()).toEqual({ kind: 'answered', answer })
  })

  test('forty POSTs are under way at once where forty are asked for', async () => {
    let waiting = 0
    const all = Promise.withResolvers<void>()
    const { url } = await serve(async (_request, response) => {
      waiting += 1
      if (waiting === 40) all.resolve()
      await all.promise
      response.end(answerText)
    })
    const post = toPost(url)
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => post()))
    expect(outcomes).toEqual(Array(40).fill({ kind: 'answered', answer }))
  })

  test.each([
    ['headers', 0],
    ['body', 60],
  ])('%s at a trickle are cut at the deadline of the whole', async (_, headerBytes) => {
    const whole = `HTTP/1.1 200 OK\r\nContent-Length: ${answerText.length}\r\n\r\n${answerText}`
    const { url } = await serveTcp(socket => {
      socket.once('data', () => {
        socket.write(whole.slice(0, headerBytes))
        let sent = headerBytes
        const timer = setInterval(() => socket.write(whole.slice(sent, ++sent)), 100)
        socket.on('close', () => clearInterval(timer))
      })
    })
    expect(await toPost(url, { timeoutMs: 600 })()).toEqual({
      kind: 'retry',
      reason: 'timeout',
      scope: 'message',
      network: true,
    })
  })

  test('a TLS handshake that stalls is given up, and an answer that takes longer is not', async () => {
    const { url } = await serveTcp(() => {})
    const outcome = await toPost(url.replace('http', 'https'), { connectMs: 100 })()
    expect(outcome).toEqual({ kind: 'retry', reason: 'network_CONNECT_TIMEOUT', scope: 'message', network: true })

    const slow = await serve((_request, response) => setTimeout(() => response.end(answerText), 400))
    expect(await toPost(slow.url, { connectMs: 100 })()).toHaveProperty('kind', 'answered')
  })

  test('a connection that the server has closed meanwhile, unseen, is retried and loses nothing', async () => {
    let requests = 0
    const target = await serve((_request, response) => {
      requests += 1
      response.end(answerText)
    })
    const proxy = await startTcpProxy(target.port)
    onTestFinished(proxy.close)
    const post = toPost(`http://127.0.0.1:${proxy.port}`)
    expect(await post()).toHaveProperty('kind', 'answered')
    const connections = proxy.accepted()
    // The idle connection dies without the client hearing of it until it writes.
    proxy.pause()
    const sent = Promise.withResolvers<void>()
    const lost = post({ onSent: sent.resolve })
    await sent.promise
    expect(proxy.accepted()).toBe(connections)
    proxy.reset()
    expect(await lost).toMatchObject({ kind: 'retry', network: true })
    proxy.resume()
    expect(await post()).toHaveProperty('kind', 'answered')
    expect(requests).toBe(2)
  })

  test.each(['resetAndDestroy', 'destroy'] as const)(
    'an idle connection that ends by %s right before the next POST costs nothing: nothing was written to it',
    async end => {
      const sockets: net.Socket[] = []
      const { url } = await serve((request, response) => {
        sockets.push(request.socket)
        response.end(answerText)
      })
      const post = toPost(url)
      expect(await post()).toHaveProperty('kind', 'answered')
      // Its end is there, and has not been read yet.
      sockets[0]?.[end]()
      expect(await post()).toHaveProperty('kind', 'answered')
      expect(new Set(sockets).size).toBe(2)
    },
  )

  test('a POST whose try is over before it has begun is not made', async () => {
    let requests = 0
    const { url } = await serve((_request, response) => {
      requests += 1
      response.end(answerText)
    })
    expect(await toPost(url)({ signal: AbortSignal.abort() })).toEqual({ kind: 'stopped' })
    expect(await toPost(url)()).toHaveProperty('kind', 'answered')
    expect(requests).toBe(1)
  })

  test('100 MB are cut, and the server cannot go on sending', async () => {
    let sent = 0
    const { url } = await serve((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, ' ')
      const pump = (): void => {
        while (sent < 100e6 && !response.destroyed) {
          sent += chunk.length
          if (!response.write(chunk)) return void response.once('drain', pump)
        }
      }
      pump()
    })
    expect(await toPost(url)()).toMatchObject({ kind: 'invalid-answer', reason: 'too_large' })
    expect(sent).toBeLessThan(50e6)
  })

  test('a gzip bomb is cut without unpacking it', async () => {
    const bomb = gzipSync(Buffer.alloc(200e6, 'x'))
    const { url } = await serve((_request, response) => {
      response.setHeader('Content-Encoding', 'gzip')
      response.end(bomb)
    })
    const before = process.memoryUsage().rss
    expect(await toPost(url)()).toMatchObject({ kind: 'invalid-answer', reason: 'too_large' })
    expect(process.memoryUsage().rss - before).toBeLessThan(60e6)
  })

  test('an answer of exactly the limit is read', async () => {
    const { url } = await serve((_request, response) => response.end(answerText.padEnd(MAX_ANSWER_BYTES, ' ')))
    expect(await toPost(url)()).toEqual({ kind: 'answered', answer })
  })

  test('characters that are split between chunks stay whole', async () => {
    const { url } = await serve((_request, response) => {
      const bytes = Buffer.from('{"should_respond":true,"reply_bubbles":["👋"]}')
      const split = bytes.indexOf('👋') + 2
      response.write(bytes.subarray(0, split))
      setTimeout(() => response.end(bytes.subarray(split)), 30)
    })
    expect(await toPost(url)()).toMatchObject({ answer: { reply_bubbles: ['👋'] } })
  })

  test('a secret that no header can hold is the wrong road, not a crash', async () => {
    const { url } = await serve((_request, response) => response.end(answerText))
    expect(await toPost(url, { secret: 'two\nlines' })()).toMatchObject({ kind: 'refuses-all', reason: 'bad_request' })
  })

  test('onSent comes once, when the request has left and long before the answer', async () => {
    const seen: string[] = []
    const { url } = await serve(async (request, response) => {
      await once(request.resume(), 'end')
      seen.push('received')
      await expect.poll(() => seen).toContain('sent')
      seen.push('answered')
      response.end(answerText)
    })
    await toPost(url)({ onSent: () => seen.push('sent') })
    expect(seen.toSorted()).toEqual(['answered', 'received', 'sent'])
    expect(seen.indexOf('sent')).toBeLessThan(seen.indexOf('answered'))
  })

  test('POSTs of one thread, each started when the one before has left, arrive in order', async () => {
    const arrived: unknown[] = []
    const all = Promise.withResolvers<void>()
    // Each on a connection of its own: a server may take up a new one later than a request on one that it has.
    const { url } = await serve(async (request, response) => {
      arrived.push(request.headers['idempotency-key'])
      if (arrived.length === 20) all.resolve()
      await all.promise
      response.end(answerText)
    })
    const post = toPost(url)
    const outcomes = []
    for (let number = 0; number < 20; number += 1) {
      const { promise, resolve } = Promise.withResolvers<void>()
      outcomes.push(post({ key: `m${number}`, onSent: resolve }))
      await promise
    }
    expect(await Promise.all(outcomes)).toEqual(Array(20).fill({ kind: 'answered', answer }))
    expect(arrived).toEqual(Array.from({ length: 20 }, (_, number) => `"m${number}"`))
  })

  test('onSent belongs to its own request: one that the server does not take in has not been sent', async () => {
    const sent: string[] = []
    const takeIn = Promise.withResolvers<void>()
    const { url } = await serve(async (request, response) => {
      if (request.headers['idempotency-key'] === '"large"') await takeIn.promise
      await once(request.resume(), 'end')
      response.end(answerText)
    })
    const post = toPost(url)
    const large = post({ key: 'large', body: 'x'.repeat(20e6), onSent: () => sent.push('large') })
    expect(await post({ key: 'small', onSent: () => sent.push('small') })).toHaveProperty('kind', 'answered')
    expect(sent).toEqual(['small'])
    takeIn.resolve()
    expect(await large).toHaveProperty('kind', 'answered')
    expect(sent).toEqual(['small', 'large'])
  })

  test('onSent comes at the latest with the outcome', async () => {
    const { url, close } = await serveTcp(() => {})
    await close()
    let calls = 0
    await toPost(url)({ onSent: () => calls++ })
    expect(calls).toBe(1)
  })
})

const serve = async (handle: (request: http.IncomingMessage, response: http.ServerResponse) => unknown) => {
  const server = http.createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const port = portOf(server)
  return { port, url: `http://127.0.0.1:${port}` }
}

const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port

const serveTcp = async (handle: (socket: net.Socket) => void) => {
  const server = net.createServer(socket => handle(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    if (server.listening) await once(server.close(), 'close')
  }
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${portOf(server)}`, close }
}
