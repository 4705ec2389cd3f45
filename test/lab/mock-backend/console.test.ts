import { once } from 'node:events'
import { request } from 'node:http'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { CATALOGUE, faultSpec } from '../../../src/lab/mock-backend/catalogue/catalogue.ts'
import { type MockBackendWithConsole, startWithConsole } from '../../../src/lab/mock-backend/start-with-console.ts'
import { AGENT, connect, MESSAGE, post, refusedWith, THREAD, texts } from './clients.ts'

const running: MockBackendWithConsole[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ close }) => close()))
})

const start = async (options: Partial<Parameters<typeof startWithConsole>[0]> = {}) => {
  const mock = await startWithConsole({ behaviour: { bubbles: ['bubble 2'] }, ...options })
  running.push(mock)
  return mock.backend
}
type Backend = Awaited<ReturnType<typeof start>>

type Ask = { readonly headers?: Record<string, string>; readonly body?: unknown; readonly type?: string }

/** By node:http, which lets Host and Origin be anything. */
const ask = async (backend: Backend, method: string, path: string, { headers = {}, body, type }: Ask = {}) => {
  const json = body === undefined ? undefined : JSON.stringify(body)
  const content = json === undefined ? {} : { 'Content-Type': type ?? 'application/json' }
  const sent = request(`${backend.url}${path}`, { method, headers: { ...content, ...headers } }).end(json)
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const isJson = String(response.headers['content-type']).startsWith('application/json')
  return { status: response.statusCode as number, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

describe('faults by name', () => {
  test.each(CATALOGUE.map(kind => [kind.name, kind] as const))(
    '%s can be laid with what it needs, and lifted',
    async (name, kind) => {
      const backend = await start()
      await connect(backend)
      const required = name === 'odd-text' ? { to: 'nobody@example.invalid' } : {}
      const at = kind.params.includes('at') ? { at: 'connect' } : {}
      const laid = await ask(backend, 'POST', '/mock/faults', { body: { fault: name, times: 2, ...required, ...at } })
      expect(laid).toMatchObject({ status: 201, body: { title: kind.title, left: 2, strikes: 0 } })
      expect((await ask(backend, 'DELETE', `/mock/faults/${laid.body.id}`)).status).toBe(200)
      expect((await ask(backend, 'GET', '/mock/faults')).body).toEqual([])
    },
  )

  test('strike so many times, and are over', async () => {
    const backend = await start()
    await ask(backend, 'POST', '/mock/faults', { body: { fault: 'status', status: 429, retryAfter: '7', times: 2 } })
    const first = await post(backend)
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '7'])
    expect((await ask(backend, 'GET', '/mock/faults')).body).toMatchObject([{ left: 1, strikes: 1 }])
    expect([(await post(backend)).status, (await post(backend)).status]).toEqual([429, 200])
    expect((await ask(backend, 'GET', '/mock/faults')).body).toEqual([])
  })

  test('strike one thread of one agent until they are lifted', async () => {
    const backend = await start()
    const body = { fault: 'status', status: 422, agent: AGENT, thread: 'a@b.c', times: 'always' }
    const { body: laid } = await ask(backend, 'POST', '/mock/faults', { body })
    const mail = { body: { ...MESSAGE, thread_id: 'a@b.c' } }
    expect([(await post(backend)).status, (await post(backend, mail)).status]).toEqual([200, 422])
    expect((await post(backend, { ...mail, agentId: 'edge_2' })).status).toBe(200)
    expect((await post(backend, mail)).status).toBe(422)
    await ask(backend, 'DELETE', `/mock/faults/${laid.id}`)
    expect((await post(backend, mail)).status).toBe(200)
    expect((await ask(backend, 'DELETE', `/mock/faults/${laid.id}`)).status).toBe(404)
  })

  test('with a probability of 0 never strike, and what they let pass does not count', async () => {
    const backend = await start()
    await ask(backend, 'POST', '/mock/faults', { body: { fault: 'reset', probability: 0 } })
    expect((await post(backend)).status).toBe(200)
    expect((await ask(backend, 'GET', '/mock/faults')).body).toMatchObject([{ left: 1, strikes: 0 }])
  })

  test('of a WebSocket strike at once, at its next connection, or at a POST', async () => {
    const backend = await start()
    const close = (code: number, at: string, more = {}) =>
      ask(backend, 'POST', '/mock/faults', { body: { fault: 'close', code, at, ...more } })
    expect(await close(4000, 'now')).toMatchObject({
      status: 409,
      body: { reason: expect.stringMatching(/No agent is connected/) },
    })
    const first = await connect(backend)
    expect((await close(4000, 'now', { times: 5 })).status).toBe(201)
    expect(await first.closed).toBe(4000)
    await vi.waitFor(async () => expect((await ask(backend, 'GET', '/mock/faults')).body).toEqual([]))

    await close(1012, 'connect')
    expect(await (await connect(backend)).closed).toBe(1012)
    await close(4001, 'post', { afterMs: 50 })
    const third = await connect(backend)
    await post(backend)
    expect(await third.closed).toBe(4001)
    expect(texts(third)).toEqual(['okie lemme see'])
  })

  test('half open, what is sent does not arrive and no pong comes; lifted, all of it does', async () => {
    const backend = await start()
    const client = await connect(backend)
    const { body: laid } = await ask(backend, 'POST', '/mock/faults', { body: { fault: 'half-open', at: 'now' } })
    await vi.waitFor(async () =>
      expect((await ask(backend, 'GET', '/mock/faults')).body).toMatchObject([{ strikes: 1 }]),
    )
    const pong = once(client.ws, 'pong')
    client.ws.ping()
    expect((await post(backend)).status).toBe(200)
    expect(texts(client)).toEqual([])
    await ask(backend, 'DELETE', `/mock/faults/${laid.id}`)
    await pong
    await vi.waitFor(() => expect(texts(client)).toEqual(['okie lemme see']))
  })

  test('hang up while the backend works: the same key is told to wait, then gets the answer', async () => {
    const backend = await start({ behaviour: { thinkMs: 700 } })
    await ask(backend, 'POST', '/mock/faults', { body: { fault: 'hang-up-while-working' } })
    await expect(post(backend, { key: '"k"' })).rejects.toThrow()
    expect((await post(backend, { key: '"k"' })).status).toBe(409)
    await vi.waitFor(async () => expect((await post(backend, { key: '"k"' })).status).toBe(200), { timeout: 10_000 })
  })

  test('down, both roads are reset until it is over', async () => {
    const backend = await start()
    const client = await connect(backend)
    const { body: laid } = await ask(backend, 'POST', '/mock/faults', { body: { fault: 'down', times: 'always' } })
    expect(await client.closed).toBe(1006)
    await expect(post(backend)).rejects.toThrow()
    await expect(connect(backend)).rejects.toMatchObject({ code: 'ECONNRESET' })
    await ask(backend, 'DELETE', `/mock/faults/${laid.id}`)
    expect((await post(backend)).status).toBe(200)
    await connect(backend)
  })

  test.each([
    ['reflex-only', { should_respond: true, reply_bubbles: ['okie lemme see'] }],
    ['no-bubbles', { should_respond: true, reply_bubbles: [] }],
    ['silent', { should_respond: false, reply_bubbles: [] }],
  ])('an answer can be %s, and is so under its key', async (form, answer) => {
    const backend = await start()
    await ask(backend, 'POST', '/mock/faults', { body: { fault: 'answer', form } })
    for (let n = 0; n < 2; n += 1) expect(await (await post(backend, { key: '"k"' })).json()).toEqual(answer)
  })

  test.each([
    [{ fault: 'gremlins' }, /there is no fault "gremlins"/],
    [{ fault: 'close', code: 1006 }, /may be sent/],
    [{ fault: 'slow', ms: -1 }, /ms/],
    [{ fault: 'slow', agent: 'a\nb' }, /control characters/],
    [{ fault: 'status', sstatus: 500 }, /sstatus/],
    [[], /./],
  ])('%j is refused with the reason', async (body, reason) => {
    const { status, body: refusal } = await ask(await start(), 'POST', '/mock/faults', { body })
    expect(status).toBe(400)
    expect(refusal.reason).toMatch(reason)
  })

  test('every spec that is parsed has all that was left out', () => {
    expect(faultSpec.parse({ fault: 'slow' })).toEqual({ fault: 'slow', times: 1, probability: 1, ms: 10_000 })
  })
})

describe('what happened', () => {
  test('a message has a time line over all its POSTs, its bodies, its frames and its latencies', async () => {
    const backend = await start()
    const client = await connect(backend)
    await ask(backend, 'POST', '/mock/faults', { body: { fault: 'lose-answer' } })
    await expect(post(backend, { key: '"k"' })).rejects.toThrow()
    await vi.waitFor(() => expect(client.frames).toHaveLength(1))
    const command_id = client.frames[0]?.data?.command_id
    client.ws.send(JSON.stringify({ type: 'command_ack', data: { command_id, status: 'completed' } }))
    await post(backend, { key: '"k"' })
    await vi.waitFor(async () => {
      const { body: items } = await ask(backend, 'GET', '/mock/messages')
      expect(items).toHaveLength(1)
      expect(items[0]).toMatchObject({
        kind: 'message',
        agent: AGENT,
        thread: THREAD,
        text: MESSAGE.filtered_text,
        state: 'answered',
        posts: 2,
        body: JSON.stringify(MESSAGE),
        answer: '{"should_respond":true,"reply_bubbles":["okie lemme see","bubble 2"]}',
        reflexMs: expect.any(Number),
        ackMs: expect.any(Number),
        answerMs: expect.any(Number),
        frames: [{ direction: 'out' }, { direction: 'in' }],
      })
      const whats = items[0].steps.map(({ what }: { what: string }) => what)
      expect(whats.toSorted()).toEqual(['ack', 'answered', 'fault', 'hung-up', 'posted', 'posted', 'reflex'])
      expect((await ask(backend, 'GET', `/mock/messages/${items[0].id}`)).body).toEqual(items[0])
    })
    const { body: events } = await ask(backend, 'GET', '/mock/events')
    expect(events.map(({ line }: { line: string }) => line)).toContain('[Fault] lose-answer strikes edge_13238407486')
    const after = events.at(-2).seq
    expect((await ask(backend, 'GET', `/mock/events?after=${after}`)).body).toEqual([events.at(-1)])
  })

  test('messages without a key, several of one thread at once, all get their answer', async () => {
    const backend = await start({ behaviour: { thinkMs: 30 } })
    await Promise.all([post(backend), post(backend), post(backend)])
    const { body } = await ask(backend, 'GET', '/mock/messages')
    expect(body.map(({ state }: { state: string }) => state)).toEqual(['answered', 'answered', 'answered'])
  })

  test('messages are found by agent, thread, state and text', async () => {
    const backend = await start()
    await post(backend)
    await post(backend, { agentId: 'edge_2', body: { ...MESSAGE, thread_id: 'a@b.c', filtered_text: 'Hello' } })
    const found = async (query: string) =>
      (await ask(backend, 'GET', `/mock/messages?${query}`)).body.map(({ thread }: { thread: string }) => thread)
    expect(await found('')).toEqual([THREAD, 'a@b.c'])
    expect(await found('agent=edge_2')).toEqual(['a@b.c'])
    expect(await found('thread=%2B15622924139')).toEqual([THREAD])
    expect(await found('text=hello&state=answered')).toEqual(['a@b.c'])
    expect(await found('state=thinking')).toEqual([])
    expect(await found('limit=1')).toEqual(['a@b.c'])
  })

  test('only the newest are kept', async () => {
    const backend = await start({ behaviour: { reflex: '' } })
    for (let n = 0; n < 510; n += 1) await post(backend, { key: `"${n}"` })
    const { body: items } = await ask(backend, 'GET', '/mock/messages?limit=1000')
    expect(items).toHaveLength(500)
    expect(items.at(-1).key).toBe('"509"')
    expect((await ask(backend, 'GET', '/mock/events?limit=1000')).body).toHaveLength(1000)
  })

  test('connections are told with their pings and their end', async () => {
    const backend = await start()
    const client = await connect(backend)
    client.ws.ping()
    await vi.waitFor(async () => {
      const { body } = await ask(backend, 'GET', '/mock/connections')
      expect(body).toEqual([
        expect.objectContaining({ agent: AGENT, generation: 1, pingsIn: 1, rttMs: expect.any(Number) }),
      ])
      expect(body[0].from).toMatch(/^127\.0\.0\.1:\d+$/)
    })
    client.ws.close(4000, 'bye')
    await vi.waitFor(async () =>
      expect((await ask(backend, 'GET', '/mock/connections')).body).toMatchObject([
        { ended: { code: 4000, reason: 'bye' } },
      ]),
    )
  })

  test('the stream is for so many pages, whether or not they read; who comes later is told so', async () => {
    const backend = await start()
    const open = () => fetch(`${backend.url}/mock/stream`)
    const pages = await Promise.all(Array.from({ length: 32 }, open))
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await open()).status).toBe(503)
    await pages[0]?.body?.cancel()
    await expect.poll(async () => (await open()).status).toBe(200)
  })

  test('the stream tells all of the state, then what changes', async () => {
    const backend = await start()
    const stream = await fetch(`${backend.url}/mock/stream`)
    const events: string[] = []
    let text = ''
    void (async () => {
      for await (const chunk of stream.body ?? []) {
        text += new TextDecoder().decode(chunk)
        events.splice(0, events.length, ...[...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name ?? ''))
      }
    })().catch(() => undefined)
    await vi.waitFor(() => expect(events).toEqual(['state']))
    await post(backend)
    await ask(backend, 'PATCH', '/mock/settings', { body: { thinkMs: 1 } })
    await vi.waitFor(() => expect(new Set(events)).toEqual(new Set(['state', 'item', 'log', 'settings'])))
  })
})

describe('what can be done', () => {
  test('a command is sent, seen to its end, and replayed under its id or a new one', async () => {
    const backend = await start()
    const nobody = await ask(backend, 'POST', '/mock/commands', { body: { agent: AGENT, thread: 'a@b.c', text: 'hi' } })
    expect(nobody).toMatchObject({ status: 409, body: { error: 'not_connected' } })
    const client = await connect(backend)
    const { body } = await ask(backend, 'POST', '/mock/commands', {
      body: { agent: AGENT, thread: 'a@b.c', text: 'hi' },
    })
    const { body: items } = await ask(backend, 'GET', '/mock/messages')
    expect(items).toMatchObject([{ kind: 'command', text: 'hi', thread: 'a@b.c', commandIds: [body.command_id] }])
    const replay = `/mock/messages/${items[0].id}/replay`
    expect((await ask(backend, 'POST', replay)).body).toEqual(body)
    const { body: again } = await ask(backend, 'POST', replay, { body: { newId: true } })
    expect(again.command_id).not.toBe(body.command_id)
    await vi.waitFor(() =>
      expect(client.frames.map(({ data }) => data?.command_id)).toEqual([
        body.command_id,
        body.command_id,
        again.command_id,
      ]),
    )
    client.ws.send(
      JSON.stringify({ type: 'command_ack', data: { command_id: body.command_id, status: 'failed', error: 'x' } }),
    )
    await vi.waitFor(async () =>
      expect((await ask(backend, 'GET', `/mock/messages/${items[0].id}`)).body).toMatchObject({ state: 'failed' }),
    )
  })

  test('any command can be sent as JSON', async () => {
    const backend = await start()
    const client = await connect(backend)
    const body = { agent: AGENT, command_type: 'cancel_scheduled', payload: { schedule_id: 's' }, command_id: 'c' }
    expect((await ask(backend, 'POST', '/mock/commands', { body })).body).toEqual({ command_id: 'c' })
    await vi.waitFor(() =>
      expect(client.frames[0]?.data).toMatchObject({ command_id: 'c', payload: { schedule_id: 's' } }),
    )
  })

  test('a message for later is shown with its words, and each of its acks', async () => {
    const backend = await start()
    const client = await connect(backend)
    const send_at = '2026-11-23T08:00:00.000Z'
    const payload = { thread_id: 'a@b.c', message_text: 'dentist', send_at }
    const body = { agent: AGENT, command_type: 'schedule_message', payload, command_id: 'c' }
    await ask(backend, 'POST', '/mock/commands', { body })
    for (const ack of [
      { status: 'received', detail: 'scheduled', send_at },
      { status: 'failed', error: 'cancelled' },
    ]) {
      client.ws.send(JSON.stringify({ type: 'command_ack', data: { command_id: 'c', ...ack } }))
    }
    await vi.waitFor(async () => {
      const { body: items } = await ask(backend, 'GET', '/mock/messages')
      expect(items).toMatchObject([{ thread: 'a@b.c', text: 'dentist', state: 'failed' }])
      expect(items[0].steps.map(({ label }: { label: string }) => label)).toEqual([
        'Command out',
        `Ack: received, scheduled for ${send_at}`,
        'Ack: failed, cancelled',
      ])
    })
  })

  test('what is said can be changed, but a command to run cannot be slipped in', async () => {
    const backend = await start()
    const change = (body: object) => ask(backend, 'PATCH', '/mock/settings', { body })
    expect((await change({ reflex: 'hm', replies: 'echo' })).status).toBe(200)
    expect(await (await post(backend)).json()).toMatchObject({ reply_bubbles: ['hm', MESSAGE.filtered_text] })
    expect(await change({ replies: 'command' })).toMatchObject({ status: 400, body: { error: 'no_reply_command' } })
    expect((await change({ replyCommand: 'id' })).status).toBe(400)
    expect((await change({ table: [{ match: '(', bubbles: [] }] })).body.reason).toMatch(/not a regular expression/)
    expect((await ask(backend, 'GET', '/mock/settings')).body).toMatchObject({ reflex: 'hm', replies: 'echo' })
  })

  test('what does not exist, or not so, is answered with what does', async () => {
    const backend = await start()
    const { body } = await ask(backend, 'GET', '/mock')
    expect(body.endpoints).toContainEqual(expect.objectContaining({ method: 'POST', path: '/mock/faults' }))
    expect((await ask(backend, 'GET', '/mock/unknown')).status).toBe(404)
    expect((await ask(backend, 'GET', '/mock/messages/7')).status).toBe(404)
    const wrong = await ask(backend, 'PUT', '/mock/faults', { body: {} })
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'GET, POST, DELETE'])
    expect((await ask(backend, 'POST', '/mock/extension/kill', { body: {} })).status).toBe(404)
    for (const path of ['/phone.js', '/phone.css', '/index.html', '/../package.json', '/%2e%2e/api.ts'])
      expect((await ask(backend, 'GET', path)).status, path).toBe(404)
  })
})

describe('who may', () => {
  const PAGES = ['/', '/app.js', '/page.css']

  test('the page comes with a policy that lets nothing in from elsewhere', async () => {
    const backend = await start()
    for (const path of PAGES) {
      const { status, headers } = await ask(backend, 'GET', path)
      expect(status).toBe(200)
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
    const { body } = await ask(backend, 'GET', '/')
    expect(body).not.toMatch(/<script(?![^>]*src)|style=|\son\w+=/)
  })

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example'])(
    'not under the name %j',
    async host => {
      const backend = await start()
      for (const path of ['/', '/app.js', '/mock/state', '/mock/stream'])
        expect((await ask(backend, 'GET', path, { headers: { Host: host } })).status, path).toBe(403)
    },
  )

  test.each(['localhost:1', '127.0.0.1', '[::1]:8787'])('under the name %s', async host => {
    expect((await ask(await start(), 'GET', '/mock/faults', { headers: { Host: host } })).status).toBe(200)
  })

  test.each([
    { Origin: 'http://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://127.0.0.1:1' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
  ])('not another web page: %j', async headers => {
    const backend = await start()
    expect((await ask(backend, 'GET', '/mock/state', { headers: headers as never })).status).toBe(403)
    const laid = await ask(backend, 'POST', '/mock/faults', { headers: headers as never, body: { fault: 'reset' } })
    expect(laid).toMatchObject({ status: 403, body: { error: 'foreign_origin' } })
    expect((await ask(backend, 'GET', '/mock/faults')).body).toEqual([])
  })

  test('a form cannot: only JSON is read', async () => {
    const laid = await ask(await start(), 'POST', '/mock/faults', { body: { fault: 'reset' }, type: 'text/plain' })
    expect(laid.status).toBe(415)
  })

  test('another web page does not get a WebSocket either', async () => {
    const backend = await start()
    const url = `${backend.url.replace('http', 'ws')}/edge/ws?edge_agent_id=${AGENT}`
    expect(await refusedWith(new WebSocket(url, { origin: 'http://evil.example' }))).toBe(403)
    const rebound = { origin: 'http://evil.example', headers: { Host: 'evil.example' } }
    expect(await refusedWith(new WebSocket(url, rebound))).toBe(403)
    await once(new WebSocket(url, { origin: backend.url }), 'open')
  })

  test.each([
    { Origin: 'http://evil.example' },
    { Origin: 'http://evil.example', Host: 'evil.example' },
    { 'Sec-Fetch-Site': 'cross-site' },
  ])('nor can it post a message: %j', async headers => {
    const backend = await start()
    const posted = await ask(backend, 'POST', '/edge/message', { headers: headers as never, body: MESSAGE })
    expect([posted.status, backend.received]).toEqual([403, []])
  })

  test('with a secret: the bearer, or the session of a page that was told it', async () => {
    const backend = await start({ secret: 'swordfish' })
    expect((await ask(backend, 'GET', '/')).status).toBe(200)
    for (const path of ['/mock', '/mock/state', '/mock/stream'])
      expect((await ask(backend, 'GET', path)).status).toBe(401)
    const wrong = await ask(backend, 'POST', '/mock/login', { body: { secret: 'tuna' } })
    expect([wrong.status, wrong.headers['set-cookie']]).toEqual([401, undefined])
    expect((await ask(backend, 'GET', '/mock', { headers: { Authorization: 'Bearer tuna' } })).status).toBe(401)
    expect((await ask(backend, 'GET', '/mock', { headers: { Authorization: 'Bearer swordfish' } })).status).toBe(200)

    const { headers } = await ask(backend, 'POST', '/mock/login', { body: { secret: 'swordfish' } })
    const [cookie = ''] = headers['set-cookie'] ?? []
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    const session = cookie.split(';')[0] ?? ''
    expect(session).not.toContain('swordfish')
    expect((await ask(backend, 'GET', '/mock/state', { headers: { Cookie: session } })).status).toBe(200)
    expect((await ask(backend, 'GET', '/mock/state', { headers: { Cookie: `${session}x` } })).status).toBe(401)
  })
})
