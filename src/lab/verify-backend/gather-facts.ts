import type { Bench } from './bench.ts'
import type { Connection, Dial } from './edge-client.ts'
import { findRoad, type Road } from './find-road.ts'
import { createLine, type Line } from './line.ts'
import { type RoughFacts, tryRoughly } from './rough-trials.ts'
import { type SteadyFacts, trySteadily } from './steady-trials.ts'
import type { Talk } from './talk.ts'
import { areApart, type TwoAgents, tryTwoAgents } from './two-agents.ts'

/** All that was seen; what it means is for the checks. */
export type Facts = {
  readonly road: Road
  readonly twoAgents: TwoAgents | undefined
  readonly steady: SteadyFacts
  readonly rough: RoughFacts
  readonly talks: readonly Talk[]
  readonly connections: readonly Connection[]
  /** In ms, for one answer. */
  readonly timeoutMs: number
}

/** Neither road could be gone. */
export type Unreachable = { readonly code: string; readonly message: string }

export const gatherFacts = async (bench: Bench): Promise<Facts | Unreachable> => {
  const { road, line } = await findRoad(bench)
  const unreachable = reasonOf(road)
  if (unreachable) return unreachable

  const { idIn, opensWith } = road
  const lines = { a: line, b: createLine(bench, bench.agents.b, opensWith ?? 'query') }
  const threadOfA = road.talks[0]?.threadId
  const twoAgents = idIn && threadOfA ? await tryTwoAgents(bench, lines, threadOfA) : undefined
  const mayOverlap = !bench.isOneThread && twoAgents !== undefined && areApart(twoAgents)
  const [steady, rough] = await (mayOverlap ? overlapping : oneByOne)(
    lines,
    () => trySteadily(bench, lines.a, idIn !== undefined),
    () => tryRoughly(bench, lines.b, road),
  )
  const { talks, client, timings } = bench
  return { road, twoAgents, steady, rough, talks, connections: client.connections, timeoutMs: timings.timeoutMs }
}

type Lines = { readonly a: Line; readonly b: Line }

const overlapping = <A, B>(_: Lines, asA: () => Promise<A>, asB: () => Promise<B>): Promise<[A, B]> =>
  Promise.all([asA(), asB()])

/** Where one agent's reflex may come to the other, only one is connected at a time. */
const oneByOne = async <A, B>({ a, b }: Lines, asA: () => Promise<A>, asB: () => Promise<B>): Promise<[A, B]> => {
  await b.hangUp()
  // Anew, so that it is the last one that connected.
  await a.hangUp()
  const factsOfA = await asA()
  await a.hangUp()
  return [factsOfA, await asB()]
}

const reasonOf = ({ dials, talks }: Road): Unreachable | undefined => {
  const isCutOff = (dial: Dial | undefined): boolean => dial === undefined || dial.kind === 'failed'
  const outcome = talks.at(-1)?.exchange.outcome
  if (!isCutOff(dials.query) || !isCutOff(dials.header) || outcome?.kind !== 'failed') return undefined
  return { code: outcome.code, message: outcome.message }
}
