import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ownerKey } from '../../../src/lab/mock-backend/redis/scripts.ts'
import { startRedis } from '../../support/start-redis.ts'
import { type Replica, startReplica } from '../../support/start-replica.ts'
import { type Client, connect, MESSAGE, post, texts } from './clients.ts'

const AGENTS = 2_000
/** How many connect or post at a time. */
const ABREAST = 8

let redis: Awaited<ReturnType<typeof startRedis>>
let replicas: readonly Replica[] = []
beforeAll(async () => {
  redis = await startRedis()
  replicas = await Promise.all([1, 2, 3].map(() => startReplica(redis.url, ['--reflex', 'to {text}'])))
})
afterAll(async () => {
  await Promise.all(replicas.map(replica => replica.kill()))
  await redis?.close()
})

const replicaOf = (n: number): Replica => {
  const replica = replicas[n % replicas.length]
  if (replica === undefined) throw new Error('no replica')
  return replica
}

const forEachAgent = async (act: (n: number) => Promise<void>): Promise<void> => {
  let next = 0
  const one = async (): Promise<void> => {
    while (next < AGENTS) {
      next += 1
      await act(next - 1)
    }
  }
  await Promise.all(Array.from({ length: ABREAST }, one))
}

test(`${AGENTS} agents, each at another replica than its POST: each gets its own reflex, and no other`, async () => {
  const clients: Client[] = []
  await forEachAgent(async n => {
    clients[n] = await connect(replicaOf(n), `edge_${n}`)
  })
  await forEachAgent(async n => {
    const body = { ...MESSAGE, filtered_text: `message ${n}` }
    expect((await post(replicaOf(n + 1), { agentId: `edge_${n}`, body })).status).toBe(200)
  })
  await vi.waitFor(() => expect(clients.map(texts)).toEqual(clients.map((_, n) => [`to message ${n}`])))
  for (const { ws } of clients) ws.terminate()
})

test('an ownership is renewed for as long as the connection lasts', async () => {
  const { ws } = await connect(replicaOf(0), 'edge_renewed')
  await redis.client.pexpire(ownerKey('edge_renewed'), 20_000)
  await vi.waitFor(async () => expect(await redis.client.pttl(ownerKey('edge_renewed'))).toBeGreaterThan(20_000), {
    timeout: 60_000,
  })
  ws.close()
})
