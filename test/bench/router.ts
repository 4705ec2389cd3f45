import { startRedis } from '../support/start-redis.ts'
import { createAgents } from './agents.ts'
import type { Figure, Row } from './figure.ts'
import { startProgram } from './start-program.ts'
import { summarize } from './statistics.ts'

/** What it costs that a POST and its WebSocket are at two replicas: all ways in turn, so that each meets the same machine. */
export const router = async (): Promise<Figure> => {
  const redis = await startRedis()
  const [map, here, there] = await Promise.all(['map', redis.url, redis.url].map(startProgram))
  if (map === undefined || here === undefined || there === undefined) throw new Error('a backend is missing')

  const ways = [
    { what: 'the map of one process', connectTo: map, postTo: map },
    { what: 'with Redis, at the same replica', connectTo: here, postTo: here },
    { what: 'with Redis, at another replica', connectTo: there, postTo: here },
  ].map((way, index) => ({ ...way, agents: createAgents(`way-${index}`), samples: [] as number[] }))
  for (const { agents, connectTo } of ways)
    await agents.connect(connectTo.url, AGENTS, { abreast: 4, withinMs: 30_000 })

  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { agents, postTo, samples } of ways) {
      const run = await agents.post(postTo.url, POSTS, { abreast: 1, withinMs: 10_000 })
      // Code runs slowly the first times.
      if (round > 0) samples.push(...run.samples)
    }
  }
  for (const { agents } of ways) agents.close()
  await Promise.all([map, here, there].map(backend => backend.stop()))
  await redis.close()

  const floor = summarize(ways[0]?.samples ?? [])
  const rows = ways.map(({ what, samples }, index): Row => {
    const summary = summarize(samples)
    if (index === 0) return { what, kind: 'floor', ...summary }
    return { what: `${what} (×${(summary.median / floor.median).toFixed(1)})`, kind: 'backend', ...summary }
  })
  return { title: 'POST to reflex, by the map of one process and by Redis', unit: 'ms', rows }
}

const AGENTS = 100
const ROUNDS = 21
const POSTS = 50
