import { createServer } from 'node:http'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { MockBackendEvent } from '../../../src/lab/mock-backend/event.ts'
import {
  type MockBackend,
  type MockBackendOptions,
  startMockBackend,
} from '../../../src/lab/mock-backend/start-mock-backend.ts'
import { AGENT, connect, dial, MESSAGE, post, refusedWith, THREAD, texts } from './clients.ts'

const running: MockBackend[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(backend => backend.close()))
})

const start = async (options: MockBackendOptions = {}) => {
  const lines: string[] = []
  const events: MockBackendEvent[] = []
  const backend = await startMockBackend({
    replies: ['bubble 2', 'bubble 3'],
    log: line => lines.push(line),
    onEvent: event => events.push(event),
    ...options,
  })
  running.push(backend)
  return { backend, lines, events }
}

describe('the reflex and the answer', () => {
  test('the reflex arrives while the backend still thinks, the answer brings all bubbles', async () => {
    let finish = (): void => undefined
    const thought = new Promise<void>(resolve => {
      finish = resolve
    })
    const { backend } = await start({ replies: () => thought.then(() => ['bubble 2', 'bubble 3']) })
    const client = await connect(backend)

    let answered = false
    const answer = post(backend).finally(() => {
      answered = true
    })
    await vi.waitFor(() => expect(texts(client)).toEqual(['okie lemme see']))
    expect(answered).toBe(false)

    finish()
    expect(await (await answer).json()).toEqual({
      should_respond: true,
      reply_bubbles: ['okie lemme see', 'bubble 2', 'bubble 3'],
    })
  })

  test('the command has the shape that the protocol describes', async () => {
    const { backend } = await start()
    const client = await connect(backend)
    await post(backend, { key: '"guid-1"' })
    await vi.waitFor(() => expect(client.frames).toHaveLength(1))
    expect(client.frames[0]).toEqual({
      type: 'command',
      data: {
        command_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        command_type: 'send_message_now',
        payload: { thread_id: THREAD, text: 'okie lemme see', bubble_type: 'reflex', in_reply_to: '"guid-1"' },
        priority: 'immediate',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    })
  })

  test('the reflex names its message, where that has a key, and does not when told so', async () => {
    let inReplyTo = true
    const { backend } = await start({ inReplyTo: () => inReplyTo })
    const client = await connect(backend)
    await post(backend, { key: '"guid-1"' })
    await vi.waitFor(() => expect(client.frames[0]?.data?.payload).toMatchObject({ in_reply_to: '"guid-1"' }))
    inReplyTo = false
    await post(backend, { key: '"guid-2"' })
    await vi.waitFor(() => expect(client.frames).toHaveLength(2))
    expect(client.frames[1]?.data?.payload).not.toHaveProperty('in_reply_to')
  })

  test('without a connection the answer alone carries the reflex', async () => {
    const { backend, lines } = await start()
    expect(await (await post(backend)).json()).toMatchObject({
      reply_bubbles: ['okie lemme see', 'bubble 2', 'bubble 3'],
    })
    expect(lines).toEqual([
      '[HTTP POST] Received from edge_13238407486',
      '[Reflex] WebSocket NOT found for edge_13238407486 ❌',
      '[Reflex] Will return in HTTP response only (fallback mode)',
    ])
  })

  test('a POST that does not say whose it is gets its answer, and nobody its reflex', async () => {
    const { backend, lines } = await start()
    const client = await connect(backend)
    const response = await fetch(`${backend.url}/edge/message`, { method: 'POST', body: JSON.stringify(MESSAGE) })
    expect(await response.json()).toMatchObject({ reply_bubbles: ['okie lemme see', 'bubble 2', 'bubble 3'] })
    expect(lines.slice(1)).toEqual([
      '[HTTP POST] Received from (no X-Edge-Agent-Id)',
      '[Reflex] WebSocket NOT found for (no X-Edge-Agent-Id) ❌',
      '[Reflex] Will return in HTTP response only (fallback mode)',
    ])
    expect(texts(client)).toEqual([])
  })

  test('the log of a conversation is the one the protocol shows', async () => {
    const { backend, lines } = await start()
    const client = await connect(backend)
    await post(backend)
    await vi.waitFor(() => expect(texts(client)).toHaveLength(1))
    expect(lines).toEqual([
      '[WebSocket] Connected: edge_13238407486 (total connections: 1)',
      '[HTTP POST] Received from edge_13238407486',
      '[Reflex] WebSocket found for edge_13238407486 ✅',
      '[Reflex] Sent "okie lemme see" via WebSocket to edge_13238407486',
    ])
  })

  test('a function may withhold the reflex, and a whole answer goes out as it is', async () => {
    const { backend } = await start({
      reflex: ({ filtered_text }) => (filtered_text === 'quiet' ? undefined : 'hm'),
      replies: ({ filtered_text }) =>
        filtered_text === 'quiet' ? [] : { should_respond: true, reply_bubbles: ['something else'] },
    })
    const quiet = await post(backend, { body: { ...MESSAGE, filtered_text: 'quiet' } })
    expect(await quiet.json()).toEqual({ should_respond: false, reply_bubbles: [] })
    expect(await (await post(backend)).json()).toEqual({ should_respond: true, reply_bubbles: ['something else'] })
  })

  test('a reply that cannot be made is a 500, and the key is free for the next try', async () => {
    const replies = vi.fn<() => readonly string[]>().mockReturnValue(['at last'])
    replies.mockImplementationOnce(() => {
      throw new Error('no idea')
    })
    const { backend } = await start({ replies })
    expect((await post(backend, { key: '"k"' })).status).toBe(500)
    expect((await post(backend, { key: '"k"' })).status).toBe(200)
  })

  test('received messages carry the body to the byte, and the key as it came', async () => {
    const { backend } = await start()
    const body = `{ "thread_id":"${THREAD}","sender":"${THREAD}", "filtered_text":"é\\u0301", "extra":1 }`
    await post(backend, { key: '"guid-1"', body })
    expect(backend.received).toEqual([
      { thread_id: THREAD, sender: THREAD, filtered_text: 'é\u0301', agentId: AGENT, key: '"guid-1"', body },
    ])
  })
})

describe('the map of connections', () => {
  test('each agent gets its own reflex, and nobody else', async () => {
    const { backend } = await start({ reflex: ({ agentId }) => `for ${agentId}` })
    const one = await connect(backend, 'edge one/1')
    const two = await connect(backend, 'edge_2')
    expect([...backend.connections.keys()]).toEqual(['edge one/1', 'edge_2'])

    await post(backend, { agentId: 'edge_2' })
    await post(backend, { agentId: 'edge one/1' })
    await vi.waitFor(() => expect(texts(one)).toEqual(['for edge one/1']))
    expect(texts(two)).toEqual(['for edge_2'])
  })

  test('a newer connection replaces the older, which is closed with 4409 and takes nothing with it', async () => {
    const { backend, events, lines } = await start()
    const older = await connect(backend)
    const newer = await connect(backend)
    expect(await older.closed).toBe(4409)
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('disconnected'))

    expect(backend.connections.get(AGENT)?.generation).toBe(2)
    expect(lines).toEqual(Array(2).fill('[WebSocket] Connected: edge_13238407486 (total connections: 1)'))
    await post(backend)
    await vi.waitFor(() => expect(texts(newer)).toEqual(['okie lemme see']))
    expect(texts(older)).toEqual([])
  })

  test('an agent that leaves is out of the map', async () => {
    const { backend } = await start()
    const client = await connect(backend)
    client.ws.close()
    await vi.waitFor(() => expect(backend.connections.size).toBe(0))
    expect((await post(backend)).status).toBe(200)
  })

  test('acks are understood, a ping is answered, protocol pings too', async () => {
    const { backend, events } = await start()
    const client = await connect(backend)
    const id = backend.sendCommand(AGENT, { command_type: 'send_message_now', payload: { text: 'hi' } })
    await vi.waitFor(() => expect(client.frames[0]?.data?.command_id).toBe(id))

    client.ws.send(JSON.stringify({ type: 'command_ack', data: { command_id: id, status: 'completed' } }))
    client.ws.send('{"type":"ping"}')
    client.ws.send('not json')
    const pong = new Promise(resolve => client.ws.once('pong', resolve))
    client.ws.ping()
    await pong
    await vi.waitFor(() => expect(client.frames[1]).toEqual({ type: 'pong' }))
    expect(events.flatMap(event => (event.type === 'ack' ? [event.ack] : []))).toEqual([
      { command_id: id, status: 'completed' },
    ])
    expect(events.flatMap(event => (event.type === 'frame' ? [event.text] : []))).toEqual([
      '{"type":"ping"}',
      'not json',
    ])
  })

  test('a command for an agent that is not there is an error', async () => {
    const { backend } = await start()
    expect(() => backend.sendCommand(AGENT, { command_type: 'x', payload: {} })).toThrow(
      expect.objectContaining({ code: 'not-connected' }),
    )
  })
})

describe('Idempotency-Key', () => {
  test('a repetition gets the stored answer and no second reflex', async () => {
    let asked = 0
    const { backend } = await start({ replies: () => [`thought ${++asked}`] })
    const client = await connect(backend)
    const first = await (await post(backend, { key: '"k"' })).text()
    const again = await (await post(backend, { key: '"k"' })).text()
    expect(again).toBe(first)
    expect(asked).toBe(1)

    await post(backend, { key: '"other"' })
    await vi.waitFor(() => expect(texts(client)).toHaveLength(2))
    await post(backend, { key: '"k"', agentId: 'another agent' })
    expect(asked).toBe(3)
  })

  test('while the first try is at work, the second is told to come back', async () => {
    const { backend, events } = await start({ replies: () => new Promise<never>(() => undefined) })
    const gone = new AbortController()
    const first = post(backend, { key: '"k"', signal: gone.signal }).catch(() => 'gone')
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('posted'))

    const second = await post(backend, { key: '"k"' })
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '1'])
    gone.abort()
    await first
  })

  test('a client that gave up finds the answer when it asks again', async () => {
    const { backend, events } = await start({ thinkMs: 50 })
    const gone = new AbortController()
    const first = post(backend, { key: '"k"', signal: gone.signal }).catch(() => 'gone')
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('posted'))
    gone.abort()
    expect(await first).toBe('gone')
    await vi.waitFor(async () => expect((await post(backend, { key: '"k"' })).status).toBe(200))
    expect(events.filter(({ type }) => type === 'looked-up')).toHaveLength(1)
  })

  test('the same key with another body is refused', async () => {
    const { backend } = await start()
    await post(backend, { key: '"k"' })
    const other = await post(backend, { key: '"k"', body: { ...MESSAGE, filtered_text: 'something else' } })
    expect(other.status).toBe(422)
  })

  test('a message without a key, or a backend told not to look at it, is worked on each time', async () => {
    for (const [options, key] of [
      [{}, undefined],
      [{ idempotency: false }, '"k"'],
    ] as const) {
      const { backend } = await start(options)
      const client = await connect(backend)
      await post(backend, key === undefined ? {} : { key })
      await post(backend, key === undefined ? {} : { key })
      await vi.waitFor(() => expect(texts(client)).toHaveLength(2))
      expect(new Set(client.frames.map(({ data }) => data?.command_id)).size).toBe(2)
    }
  })
})

describe('the dialect that knows only correlation.md', () => {
  test('it ignores keys and acks, answers no JSON ping, and its clock has no zone', async () => {
    const { backend, events } = await start({ dialect: 'correlation', inReplyTo: true })
    const client = await connect(backend)
    client.ws.send('{"type":"ping"}')
    client.ws.send('{"type":"command_ack","data":{"command_id":"c","status":"completed"}}')
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'frame')).toHaveLength(2))

    await post(backend, { key: '"k"' })
    await post(backend, { key: '"k"' })
    await vi.waitFor(() => expect(client.frames).toHaveLength(2))
    expect(client.frames[0]).toMatchObject({
      type: 'command',
      data: {
        payload: { thread_id: THREAD, text: 'okie lemme see', bubble_type: 'reflex' },
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
      },
    })
    expect(client.frames[0]?.data?.payload).not.toHaveProperty('in_reply_to')
  })
})

describe('the door', () => {
  test('a wrong secret is refused on both roads, the right one lets in', async () => {
    const { backend, lines } = await start({ secret: 'swordfish' })
    expect((await post(backend)).status).toBe(401)
    expect((await post(backend, { secret: 'swordfisH' })).status).toBe(401)
    expect((await post(backend, { secret: 'swordfish' })).status).toBe(200)
    expect(await refusedWith(dial(backend, `?edge_agent_id=${AGENT}`))).toBe(401)
    expect(await refusedWith(dial(backend, `?edge_agent_id=${AGENT}`, 'tuna'))).toBe(401)
    const client = await connect(backend, AGENT, 'swordfish')
    expect(backend.connections.size).toBe(1)
    client.ws.close()
    expect(lines[0]).toBe('[HTTP POST] Refused with 401: the Authorization header does not carry the secret')
  })

  test('an agent id that is missing, empty, too long or unprintable is a 400 on the WebSocket', async () => {
    const { backend } = await start()
    for (const query of ['', '?edge_agent_id=', `?edge_agent_id=${'x'.repeat(257)}`, '?edge_agent_id=a%0Ab'])
      expect(await refusedWith(dial(backend, query)), query).toBe(400)
    expect(backend.connections.size).toBe(0)
  })

  test('a POST that does not fit is a 400 that says why', async () => {
    const { backend } = await start()
    const reasonFor = async (options: Parameters<typeof post>[1]): Promise<string> => {
      const response = await post(backend, options)
      expect(response.status).toBe(400)
      return ((await response.json()) as { reason: string }).reason
    }
    expect(await reasonFor({ agentId: '' })).toContain('X-Edge-Agent-Id: is empty')
    expect(await reasonFor({ body: '{"thread_id":' })).toBe('the body is not JSON in UTF-8')
    expect(await reasonFor({ body: { ...MESSAGE, filtered_text: 7 } })).toContain('body.filtered_text')
    expect(await reasonFor({ body: [] })).toContain('body')
    expect(backend.received).toEqual([])
  })

  test('a body over one MiB is a 413, one just under it is read', async () => {
    const { backend } = await start()
    const withText = (length: number) => ({ ...MESSAGE, filtered_text: 'x'.repeat(length) })
    expect((await post(backend, { body: withText(1024 * 1024) })).status).toBe(413)
    expect((await post(backend, { body: withText(1024 * 1024 - 200) })).status).toBe(200)
  })

  test('other paths are a 404, other methods a 405, and a plain GET of the WebSocket a 426', async () => {
    const { backend } = await start()
    const ask = async (method: string, path: string): Promise<unknown> => {
      const response = await fetch(`${backend.url}${path}`, { method })
      expect(response.headers.get('content-type')).toBe('application/json')
      expect(await response.json()).toEqual({ error: expect.any(String), reason: expect.any(String) })
      return [response.status, response.headers.get('allow')]
    }
    expect(await ask('GET', '/')).toEqual([404, null])
    expect(await ask('POST', '/edge/message/')).toEqual([404, null])
    expect(await ask('GET', '/edge/message')).toEqual([405, 'POST'])
    expect(await ask('POST', '/healthz')).toEqual([405, 'GET'])
    expect(await ask('GET', '/edge/ws')).toEqual([426, null])
    expect(await refusedWith(new WebSocket(`${backend.url.replace('http', 'ws')}/elsewhere?edge_agent_id=a`))).toBe(404)
  })

  test('the health check counts connections', async () => {
    const { backend } = await start()
    const client = await connect(backend)
    expect(await (await fetch(`${backend.url}/healthz`)).json()).toEqual({ ok: true, connections: 1 })
    client.ws.close()
  })
})

describe('its life', () => {
  test('a taken port is named', async () => {
    const { backend } = await start()
    await expect(startMockBackend({ port: backend.port })).rejects.toMatchObject({
      name: 'EdgeError',
      code: 'port-in-use',
      exit: 1,
      remedy: expect.stringContaining('another port'),
      message: expect.stringContaining(String(backend.port)),
    })
  })

  test('no address that others can reach without a secret', async () => {
    for (const secret of [undefined, ''])
      await expect(
        startMockBackend({ host: '0.0.0.0', ...(secret === undefined ? {} : { secret }) }),
      ).rejects.toMatchObject({ code: 'secret-required', exit: 64 })
    const { backend } = await start({ host: '0.0.0.0', secret: 's' })
    expect(backend.port).toBeGreaterThan(0)
  })

  test('closing says 1001 to agents, 503 to those who wait, and frees the port', async () => {
    const { backend, events } = await start({ thinkMs: 600_000 })
    const client = await connect(backend)
    const waiting = post(backend, { key: '"k"' })
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('posted'))

    await Promise.all([backend.close(), backend.close()])
    expect(await client.closed).toBe(1001)
    const answer = await waiting
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])

    const next = createServer().listen(backend.port, '127.0.0.1')
    await new Promise((resolve, reject) => next.once('listening', resolve).once('error', reject))
    next.close()
  })
})
