import { once } from 'node:events'
import { connect as dialTcp } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { MockBackendEvent } from '../../../src/lab/mock-backend/event.ts'
import {
  answerWith,
  flood,
  hang,
  raw,
  reset,
  trickleBody,
  trickleHeaders,
  truncated,
} from '../../../src/lab/mock-backend/http-faults.ts'
import {
  afterAnswer,
  delay,
  drop,
  otherText,
  type ReflexEffect,
  twice,
  twiceUnderNewId,
} from '../../../src/lab/mock-backend/reflex-faults.ts'
import { answerUpgrade, BROKEN_FRAMES, stallUpgrade } from '../../../src/lab/mock-backend/socket-faults.ts'
import { type MockBackend, startMockBackend } from '../../../src/lab/mock-backend/start-mock-backend.ts'
import { AGENT, connect, dial, MESSAGE, post, refusedWith, texts } from './clients.ts'

const BUBBLES = ['okie lemme see', 'bubble 2']

let backend: MockBackend
let worked: number
let events: MockBackendEvent[]
beforeEach(async () => {
  worked = 0
  events = []
  backend = await startMockBackend({
    onEvent: event => events.push(event),
    replies: () => {
      worked += 1
      return ['bubble 2']
    },
  })
})
afterEach(() => backend.close())

/** What undici found wrong with an answer that failed: a code, or the name where it has none. */
const failure = async (answer: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await answer.then(
    () => 'no failure',
    reason => reason,
  )
  if (!(error instanceof Error && error.cause instanceof Error)) return error
  return ('code' in error.cause && error.cause.code) || error.cause.name
}

const bubbles = async (): Promise<unknown> =>
  ((await (await post(backend)).json()) as Record<string, unknown>)['reply_bubbles']

describe('whom a fault strikes', () => {
  test('one POST, then the next queued fault, then none', async () => {
    backend.faults.http.push({ effect: answerWith(500) }, { effect: answerWith(503, '', { 'Retry-After': '7' }) })
    expect((await post(backend)).status).toBe(500)
    const second = await post(backend)
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '7'])
    expect((await post(backend)).status).toBe(200)
  })

  test('every POST until it is lifted', async () => {
    const lift = backend.faults.http.push({ effect: answerWith(401), times: Infinity })
    for (let n = 0; n < 3; n += 1) expect((await post(backend)).status).toBe(401)
    lift()
    expect((await post(backend)).status).toBe(200)
  })

  test('only the agent and the thread it is aimed at', async () => {
    backend.faults.http.push({ effect: answerWith(400), agentId: 'edge_2', thread_id: 'a@b.c' })
    const mail = { ...MESSAGE, thread_id: 'a@b.c' }
    expect((await post(backend)).status).toBe(200)
    expect((await post(backend, { body: mail })).status).toBe(200)
    expect((await post(backend, { agentId: 'edge_2' })).status).toBe(200)
    expect((await post(backend, { agentId: 'edge_2', body: mail })).status).toBe(400)
  })

  test('before the work nothing is done; after it only the answer is lost, and the repetition gets it', async () => {
    const client = await connect(backend)
    backend.faults.http.push({ effect: answerWith(502) }, { effect: reset, when: 'after' })
    expect((await post(backend, { key: '"k"' })).status).toBe(502)
    expect([worked, texts(client)]).toEqual([0, []])

    expect(await failure(post(backend, { key: '"k"' }))).toBe('ECONNRESET')
    await vi.waitFor(() => expect(texts(client)).toEqual(['okie lemme see']))
    expect(await (await post(backend, { key: '"k"' })).json()).toMatchObject({ reply_bubbles: BUBBLES })
    expect([worked, texts(client)]).toEqual([1, ['okie lemme see']])
  })

  test('a delay without an effect makes the right answer late', async () => {
    backend.faults.http.push({ delayMs: 150 })
    const began = performance.now()
    expect(await bubbles()).toEqual(BUBBLES)
    expect(performance.now() - began).toBeGreaterThan(145)
  })
})

describe('what an HTTP fault does', () => {
  test('any answer: a redirect, HTML, wrong types', async () => {
    backend.faults.http.push(
      { effect: answerWith(307, '', { location: 'http://elsewhere.invalid/' }) },
      { effect: answerWith(200, '<html>') },
      { effect: answerWith(200, { should_respond: 'yes' }) },
    )
    const redirect = await post(backend)
    expect([redirect.status, redirect.headers.get('location')]).toEqual([307, 'http://elsewhere.invalid/'])
    expect(await (await post(backend)).text()).toBe('<html>')
    expect(await (await post(backend)).json()).toEqual({ should_respond: 'yes' })
  })

  test('a reset before the headers', async () => {
    backend.faults.http.push({ effect: reset })
    expect(await failure(post(backend))).toBe('ECONNRESET')
  })

  test('no answer at all, until the backend closes', async () => {
    backend.faults.http.push({ effect: hang })
    const answer = failure(post(backend))
    await vi.waitFor(() => expect(backend.received).toHaveLength(1))
    expect(await Promise.race([answer, post(backend).then(({ status }) => status)])).toBe(200)
    await backend.close()
    expect(await answer).toBe('UND_ERR_SOCKET')
  })

  test('headers that never end', async () => {
    backend.faults.http.push({ effect: trickleHeaders(1) })
    const tcp = dialTcp(backend.port, '127.0.0.1')
    const body = JSON.stringify(MESSAGE)
    tcp.write(
      `POST /edge/message HTTP/1.1\r\nHost: x\r\nX-Edge-Agent-Id: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    let seen = ''
    tcp.setEncoding('utf8').on('data', (text: string) => {
      seen += text
    })
    await vi.waitFor(() => expect(seen).toMatch(/^HTTP\/1.1 200 OK\r\nX-Slow: z{10}/))
    expect(seen).not.toContain('\r\n\r\n')
    tcp.destroy()
  })

  test('a body that never ends', async () => {
    backend.faults.http.push({ effect: trickleBody(1) })
    const response = await post(backend)
    let seen = 0
    for await (const chunk of response.body ?? []) {
      seen += chunk.length
      if (seen > 10) break
    }
    expect(response.status).toBe(200)
    expect(seen).toBeGreaterThan(10)
  })

  test('an answer cut short of its content-length', async () => {
    backend.faults.http.push({ effect: truncated })
    const response = await post(backend)
    expect(response.headers.get('content-length')).toBe('1000')
    expect(await failure(response.text())).toBe('UND_ERR_SOCKET')
  })

  test('an answer far too large, plain or as a gzip bomb, that is valid but for its size', async () => {
    backend.faults.http.push({ effect: flood(3_000_000) }, { effect: flood(3_000_000, { gzip: true }) })
    for (const encoding of [null, 'gzip']) {
      const response = await post(backend)
      expect(response.headers.get('content-encoding')).toBe(encoding)
      const text = await response.text()
      expect(text.length).toBeGreaterThan(3_000_000)
      expect(JSON.parse(text)).toMatchObject({ should_respond: true })
    }
  })

  test('a client that hangs up in the middle of a flood does no harm', async () => {
    backend.faults.http.push({ effect: flood(1_000_000_000) })
    const response = await post(backend)
    await response.body?.cancel()
    expect(await bubbles()).toEqual(BUBBLES)
  })

  test('bytes that are no HTTP', async () => {
    backend.faults.http.push({ effect: raw('SSH-2.0-surprise\r\n') })
    expect(await failure(post(backend))).toBe('HTTPParserError')
  })
})

describe('what an upgrade fault does', () => {
  test('refused with any status, then let in', async () => {
    backend.faults.upgrade.push({ effect: answerUpgrade(503, { 'Retry-After': '2' }) }, { effect: answerUpgrade(200) })
    expect(await refusedWith(dial(backend, `?edge_agent_id=${AGENT}`))).toBe(503)
    expect(await refusedWith(dial(backend, `?edge_agent_id=${AGENT}`))).toBe(200)
    const client = await connect(backend)
    expect(client.ws.readyState).toBe(client.ws.OPEN)
  })

  test('stalled: connected, and no word, until the backend closes', async () => {
    backend.faults.upgrade.push({ effect: stallUpgrade })
    const ws = dial(backend, `?edge_agent_id=${AGENT}`)
    const [error] = await Promise.all([
      once(ws, 'error').then(([first]: unknown[]) => first),
      // The second connection is let in after the first has been stalled.
      connect(backend, 'edge_2').then(() => {
        expect(ws.readyState).toBe(ws.CONNECTING)
        return backend.close()
      }),
    ])
    expect(error).toBeInstanceOf(Error)
    expect(backend.connections.size).toBe(0)
  })
})

describe('what a socket fault does', () => {
  test('closes with a code, one agent or all', async () => {
    const one = await connect(backend)
    const two = await connect(backend, 'edge_2')
    backend.faults.socket.close(4401, 'no', AGENT)
    expect(await one.closed).toBe(4401)
    expect(two.ws.readyState).toBe(two.ws.OPEN)
    backend.faults.socket.close(1012)
    expect(await two.closed).toBe(1012)
  })

  test('ends TCP without a word', async () => {
    const client = await connect(backend)
    backend.faults.socket.terminate()
    expect(await client.closed).toBe(1006)
  })

  test('says goodbye and leaves TCP open', async () => {
    const client = await connect(backend)
    let ended = false
    void client.closed.then(() => {
      ended = true
    })
    backend.faults.socket.closeButKeepTcp(1012)
    await vi.waitFor(() => expect(client.ws.readyState).toBe(client.ws.CLOSING))
    // A round trip through the same process: time enough for an end of TCP to arrive.
    await post(backend, { agentId: 'edge_2' })
    expect(ended).toBe(false)
    client.ws.terminate()
    expect(await client.closed).toBe(1012)
  })

  test('freezes: pings stay unanswered, commands still go out, and thawing catches up', async () => {
    const client = await connect(backend)
    let pongs = 0
    client.ws.on('pong', () => {
      pongs += 1
    })
    backend.faults.socket.freeze()
    client.ws.ping()
    await post(backend)
    await vi.waitFor(() => expect(texts(client)).toEqual(['okie lemme see']))
    expect(pongs).toBe(0)
    backend.faults.socket.thaw()
    await vi.waitFor(() => expect(pongs).toBe(1))
  })

  test.each([
    ['invalidUtf8', 'WS_ERR_INVALID_UTF8'],
    ['badOpcode', 'WS_ERR_INVALID_OPCODE'],
    ['masked', 'WS_ERR_UNEXPECTED_MASK'],
    ['oversized', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  ] as const)('a broken frame: %s', async (name, code) => {
    const client = await connect(backend)
    backend.faults.socket.sendBytes(BROKEN_FRAMES[name])
    await client.closed
    expect(client.errors).toEqual([code])
  })

  test('a truncated frame is nothing until the rest of it comes', async () => {
    const client = await connect(backend)
    backend.faults.socket.sendBytes(BROKEN_FRAMES.truncated)
    backend.faults.socket.sendBytes(Buffer.from('e":"late"}'.padEnd(95)))
    await vi.waitFor(() => expect(client.frames).toEqual([{ type: 'late' }]))
  })

  test('any text as a frame', async () => {
    const client = await connect(backend)
    backend.faults.socket.sendText('{"type":"command","data":{}}')
    await vi.waitFor(() => expect(client.frames).toEqual([{ type: 'command', data: {} }]))
  })
})

describe('what a reflex fault does', () => {
  /** The texts that arrive for one POST under this fault, once there are `count` of them. */
  const reflexes = async (effect: ReflexEffect, count: number) => {
    const client = await connect(backend)
    backend.faults.reflex.push({ effect })
    expect(await bubbles()).toEqual(BUBBLES)
    await vi.waitFor(() => expect(client.frames).toHaveLength(count))
    return { said: texts(client), ids: new Set(client.frames.map(({ data }) => data?.command_id)).size }
  }

  test('never sent', async () => {
    const client = await connect(backend)
    backend.faults.reflex.push({ effect: drop })
    await post(backend)
    // The second message's reflex is sent; had the first's been, it would be ahead of it.
    await post(backend, { body: { ...MESSAGE, thread_id: 'a@b.c' } })
    await vi.waitFor(() => expect(client.frames).toHaveLength(1))
    expect(client.frames[0]?.data?.payload).toMatchObject({ thread_id: 'a@b.c' })
  })

  test('sent twice under one id', async () => {
    expect(await reflexes(twice, 2)).toEqual({ said: ['okie lemme see', 'okie lemme see'], ids: 1 })
  })

  test('sent twice under two ids', async () => {
    expect(await reflexes(twiceUnderNewId, 2)).toEqual({ said: ['okie lemme see', 'okie lemme see'], ids: 2 })
  })

  test('says something else', async () => {
    expect(await reflexes(otherText('hold on'), 1)).toEqual({ said: ['hold on'], ids: 1 })
  })

  test('comes late', async () => {
    await reflexes(delay(60), 1)
    expect(timeOf('reflex-sent') - timeOf('posted')).toBeGreaterThan(55)
  })

  test('comes after the answer', async () => {
    await reflexes(afterAnswer(), 1)
    await vi.waitFor(() => expect(timeOf('reflex-sent')).toBeGreaterThan(timeOf('answered')))
  })

  test('comes long after the answer', async () => {
    await reflexes(afterAnswer(60), 1)
    await vi.waitFor(() => expect(timeOf('reflex-sent') - timeOf('answered')).toBeGreaterThan(55))
  })
})

const timeOf = (type: MockBackendEvent['type']): number => events.find(event => event.type === type)?.at ?? Number.NaN
