import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { digest } from '../../../src/lab/mock-backend/answers-by-key.ts'
import { answerKey, ownerKey } from '../../../src/lab/mock-backend/redis/scripts.ts'
import { startRedis } from '../../support/start-redis.ts'
import { type Replica, startReplica } from '../../support/start-replica.ts'
import { type Client, connect, MESSAGE, post, texts } from './clients.ts'

const REFLEX = 'okie lemme see'
const ALL = { should_respond: true, reply_bubbles: [REFLEX, 'bubble 2'] }
const PATIENT = { timeout: 60_000 }
/** Sooner than the renewal every 10 s, which mends much by itself. */
const SOON = { timeout: 5_000 }

let redis: Awaited<ReturnType<typeof startRedis>>
let a: Replica
let b: Replica
let agentId = ''

const start = () => startReplica(redis.url, ['--replies', 'bubble 2'])
beforeAll(async () => {
  redis = await startRedis()
  ;[a, b] = await Promise.all([start(), start()])
})
beforeEach(() => {
  agentId = `edge_${randomUUID()}`
})
afterAll(async () => {
  await Promise.all([a?.kill(), b?.kill()])
  await redis?.close()
})

const linesOf = ({ lines }: Replica) => lines.filter(line => line.includes(agentId) || line.includes('fallback'))
const since = ({ lines }: Replica) => {
  const from = lines.length
  return () => lines.slice(from)
}
const sharedKey = (key: string) => answerKey(digest(agentId, key))
const setThinkMs = (replica: Replica, thinkMs: number) =>
  fetch(`${replica.url}/mock/settings`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ thinkMs }),
  })
const command = (replica: Replica, text: string) =>
  fetch(`${replica.url}/mock/commands`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ agent: agentId, thread: MESSAGE.thread_id, text }),
  })
/** Until a POST at one replica brings its reflex to this client. */
const routed = (at: Replica, client: Client, patience = PATIENT) =>
  vi.waitFor(async () => {
    const before = texts(client).length
    await post(at, { agentId })
    expect(texts(client).length).toBeGreaterThan(before)
  }, patience)

describe('the WebSocket is at another replica than the POST', () => {
  test('the reflex comes ahead of the answer, and the log is the one of the protocol', async () => {
    const client = await connect(b, agentId)
    const lines = since(a)
    expect(await (await post(a, { agentId })).json()).toEqual(ALL)
    expect(texts(client)).toEqual([REFLEX])
    expect(lines()).toEqual([
      `[HTTP POST] Received from ${agentId}`,
      `[Reflex] WebSocket found for ${agentId} ✅`,
      `[Reflex] Sent "${REFLEX}" via WebSocket to ${agentId}`,
    ])
  })

  test('a command takes the same way, and says where there is none', async () => {
    expect((await command(a, 'nobody is there')).status).toBe(409)
    const client = await connect(b, agentId)
    expect((await command(a, 'from afar')).status).toBe(201)
    await vi.waitFor(() => expect(texts(client)).toEqual(['from afar']))
  })

  test('where nobody has it, the answer alone carries the reflex, at once', async () => {
    const lines = since(a)
    expect(await (await post(a, { agentId })).json()).toEqual(ALL)
    expect(lines()).toEqual([
      `[HTTP POST] Received from ${agentId}`,
      `[Reflex] WebSocket NOT found for ${agentId} ❌`,
      '[Reflex] Will return in HTTP response only (fallback mode)',
    ])
  })

  test('an ownership ends with the connection, and after a time by itself', async () => {
    const { ws } = await connect(b, agentId)
    const left = await redis.client.pttl(ownerKey(agentId))
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(30_000)
    ws.close()
    await vi.waitFor(async () => expect(await redis.client.exists(ownerKey(agentId))).toBe(0))
  })
})

describe('the newest connection of an agent is the one', () => {
  test('from A to B and back again: each older one is closed with 4409, and gets nothing any more', async () => {
    const first = await connect(a, agentId)
    const second = await connect(b, agentId)
    await vi.waitFor(() => expect(first.ws.readyState).toBe(WebSocket.CLOSED), SOON)
    expect(await first.closed).toBe(4409)
    const third = await connect(a, agentId)
    await vi.waitFor(() => expect(second.ws.readyState).toBe(WebSocket.CLOSED), SOON)
    expect(await second.closed).toBe(4409)
    await post(b, { agentId })
    await post(a, { agentId })
    expect([first, second, third].map(client => texts(client).length)).toEqual([0, 0, 2])
  })

  test('a late goodbye of an older connection takes nothing away', async () => {
    const old = await connect(a, agentId)
    a.freeze()
    const client = await connect(b, agentId)
    old.ws.terminate()
    const owner = await redis.client.get(ownerKey(agentId))
    a.thaw()
    await vi.waitFor(async () => {
      const connections = (await (await fetch(`${a.url}/mock/connections`)).json()) as {
        agent: string
        ended?: object
      }[]
      expect(connections.find(({ agent }) => agent === agentId)?.ended).toBeDefined()
    }, PATIENT)
    expect(await redis.client.get(ownerKey(agentId))).toBe(owner)
    await post(a, { agentId })
    expect(texts(client)).toEqual([REFLEX])
  })
})

describe('a replica fails', () => {
  test('killed between connect and POST: the answer carries the reflex; the agent comes back elsewhere', async () => {
    const c = await start()
    const client = await connect(c, agentId)
    await c.kill()
    expect(await client.closed).toBe(1006)
    await vi.waitFor(async () => {
      const lines = since(a)
      expect(await (await post(a, { agentId })).json()).toEqual(ALL)
      expect(lines()).toContain(`[Reflex] WebSocket NOT found for ${agentId} ❌`)
    })
    const again = await connect(b, agentId)
    await post(a, { agentId })
    expect(texts(again)).toEqual([REFLEX])
  })

  test('frozen: the answer does not wait for it, and what it wakes up to is not sent any more', async () => {
    const c = await start()
    const client = await connect(c, agentId)
    c.freeze()
    const lines = since(a)
    expect(await (await post(a, { agentId })).json()).toEqual(ALL)
    expect(lines().slice(1)).toEqual([
      `[Reflex] WebSocket found for ${agentId} ✅`,
      '[Reflex] Will return in HTTP response only (fallback mode)',
    ])
    c.thaw()
    await vi.waitFor(async () => expect((await command(a, 'awake')).status).toBe(201), PATIENT)
    expect(texts(client)).not.toContain(REFLEX)
    await c.kill('SIGTERM')
    expect(await client.closed).toBe(1001)
    expect(await redis.client.exists(ownerKey(agentId))).toBe(0)
  })
})

describe('the same Idempotency-Key at several replicas', () => {
  test('is worked on once: 409 meanwhile, the stored answer afterwards, and one reflex', async () => {
    const client = await connect(a, agentId)
    await setThinkMs(a, 3_600_000)
    // Never answered: A thinks on until it is killed.
    void post(a, { agentId, key: '"k"' }).catch(() => undefined)
    await vi.waitFor(() => expect(texts(client)).toEqual([REFLEX]))
    const second = await post(b, { agentId, key: '"k"' })
    expect(second.status).toBe(409)
    expect(second.headers.get('retry-after')).toBe('1')
    expect((await post(b, { agentId, key: '"k"', body: { ...MESSAGE, filtered_text: 'other' } })).status).toBe(422)

    await setThinkMs(a, 0)
    expect(await (await post(a, { agentId, key: '"l"' })).json()).toEqual(ALL)
    expect(await (await post(b, { agentId, key: '"l"' })).json()).toEqual(ALL)
    expect(linesOf(b).filter(line => line.includes('Sent'))).toEqual([])
    expect(texts(client)).toEqual([REFLEX, REFLEX])
  })

  test('a replica that dies at work leaves the key to the next try', async () => {
    const c = await start()
    await setThinkMs(c, 3_600_000)
    const first = post(c, { agentId, key: '"k"' }).catch(() => undefined)
    await vi.waitFor(() => expect(linesOf(c)).toHaveLength(3))
    await c.kill()
    await first
    expect((await post(b, { agentId, key: '"k"' })).status).toBe(409)
    // Ten seconds, which nobody prolongs.
    expect(await redis.client.pttl(sharedKey('"k"'))).toBeLessThanOrEqual(10_000)
    await redis.client.pexpire(sharedKey('"k"'), 1)
    await vi.waitFor(async () => expect((await post(b, { agentId, key: '"k"' })).status).toBe(200))
  })
})

describe('Redis fails', () => {
  test('killed: agents are served where they are connected, others by the answer; all is well when it is back', async () => {
    const client = await connect(b, agentId)
    const stale = `${agentId}-moved`
    const older = await connect(a, stale)
    await redis.kill()
    await vi.waitFor(() => expect(a.lines.at(-1)).toContain('[Router] Redis is out of reach'))
    expect(await (await post(b, { agentId })).json()).toEqual(ALL)
    expect(texts(client)).toEqual([REFLEX])
    const lines = since(a)
    expect(await (await post(a, { agentId })).json()).toEqual(ALL)
    expect(lines()).toContain('[Reflex] Will return in HTTP response only (fallback mode)')
    // What connects meanwhile is found later; and of two connections the newer one, whoever tells of it first.
    const newer = await connect(b, stale)
    expect((await post(a, { agentId, key: '"during"' })).status).toBe(200)

    await redis.start()
    expect(await older.closed).toBe(4409)
    await routed(a, client)
    await post(a, { agentId: stale })
    expect(texts(newer)).toEqual([REFLEX])
    const repeated = since(b)
    await vi.waitFor(async () => expect(await redis.client.hexists(sharedKey('"during"'), 'answer')).toBe(1), PATIENT)
    expect(await (await post(b, { agentId, key: '"during"' })).json()).toEqual(ALL)
    expect(repeated()).toEqual([`[HTTP POST] Received from ${agentId}`])
  })

  test('frozen: nobody waits for it long, and nobody is sent away when it wakes up', async () => {
    const client = await connect(b, agentId)
    redis.freeze()
    const other = `${agentId}-2`
    expect(await (await post(a, { agentId, key: '"k"' })).json()).toEqual(ALL)
    const late = await connect(b, other)
    expect(await (await post(b, { agentId: other })).json()).toEqual(ALL)
    expect(texts(late)).toEqual([REFLEX])
    expect(texts(client)).toEqual([])
    await vi.waitFor(() => expect(a.lines.at(-1)).toContain('out of reach'), PATIENT)

    redis.thaw()
    await routed(a, client)
    await vi.waitFor(async () => expect(await redis.client.exists(ownerKey(other))).toBe(1))
    await post(a, { agentId: other })
    expect(texts(late)).toEqual([REFLEX, REFLEX])
    expect([client, late].map(({ ws }) => ws.readyState)).toEqual([1, 1])
  })

  test('emptied: the replicas tell it all again by themselves', async () => {
    const client = await connect(b, agentId)
    await redis.client.flushall()
    await routed(a, client, SOON)
  })

  test('not there at the start: the replica serves who is connected to it, and joins later', async () => {
    await redis.kill()
    const c = await start()
    try {
      expect(c.lines[0]).toContain('[Router] Redis is out of reach')
      const client = await connect(c, agentId)
      await post(c, { agentId })
      expect(texts(client)).toEqual([REFLEX])
      await redis.start()
      await routed(a, client)
    } finally {
      await c.kill()
    }
  })
})
