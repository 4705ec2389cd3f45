import { execFileSync } from 'node:child_process'
import { createAgents, type Run } from './agents.ts'
import type { Figure, Row } from './figure.ts'
import { startProgram } from './start-program.ts'
import { summarize } from './statistics.ts'

/** How many agents one mock backend carries, and how long a reflex takes then: from the POST to the agent's WebSocket. */
export const backendLoad = async (): Promise<Figure> => {
  const mayOpen = openFiles()
  const reachable = SIZES.filter(size => size + SPARE_FILES <= mayOpen)
  const rows: Row[] = []
  for (const size of reachable) rows.push(...(await measure('map', size)))
  rows.push(...(await measure('bare', SIZES[0])))
  const left = SIZES.filter(size => !reachable.includes(size))
  const unreached = left.length === 0 ? '' : `; not with ${left.join(', ')} agents: ulimit -n is ${mayOpen}`
  return { title: `POST to reflex, with many agents${unreached}`, unit: 'ms', rows }
}

const SIZES = [10, 1_000, 10_000] as const
/** Besides the agents: kept connections of POSTs, and what Node itself has open. */
const SPARE_FILES = 200
const ABREAST = 32

/** Node raises its own limit as far as it may. */
const openFiles = (): number => {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
}

const measure = async (kind: 'map' | 'bare', size: number): Promise<Row[]> => {
  const backend = await startProgram(kind)
  const agents = createAgents()
  const connected = await agents.connect(backend.url, size, { abreast: ABREAST, withinMs: 120_000 })
  // Code runs slowly the first times.
  await agents.post(backend.url, 200, { abreast: 4, withinMs: 3_000 })
  const single = await agents.post(backend.url, 500, { abreast: 1, withinMs: 5_000 })
  const many = await agents.post(backend.url, 5_000, { abreast: ABREAST, withinMs: 10_000 })
  // What was reached, if the time was too short for all.
  const who = `${agents.count} agents`
  agents.close()
  await backend.stop()

  const row = (what: string, { samples, tookMs }: Run): Row => ({
    what: `${who}${what}`,
    kind: kind === 'bare' ? 'floor' : 'backend',
    ...summarize(samples),
    perSecond: (samples.length / tookMs) * 1000,
  })
  return [
    row(' connect', connected),
    row(', one message at a time', single),
    row(`, ${ABREAST} messages at a time`, many),
  ]
}
