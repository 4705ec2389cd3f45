import type { Bench } from './bench.ts'
import type { Connection, Dial } from './edge-client.ts'
import { type Basics, findBasics } from './find-basics.ts'
import { createLine, type Line } from './line.ts'
import { type RoughFacts, tryRoughly } from './rough-trials.ts'
import { type SteadyFacts, trySteadily } from './steady-trials.ts'
import type { Talk } from './talk.ts'
import { areApart, type TwoAgents, tryTwoAgents } from './two-agents.ts'

/** All that was seen; what it means is for the checks. */
export type Facts = {
  readonly basics: Basics
  readonly twoAgents: TwoAgents | undefined
  readonly steady: SteadyFacts
  readonly rough: RoughFacts
  readonly talks: readonly Talk[]
  readonly connections: readonly Connection[]
  /** In ms, for one answer. */
  readonly timeoutMs: number
}

/** Neither over HTTP nor over the WebSocket. */
export type Unreachable = { readonly code: string; readonly message: string }

export const gatherFacts = async (bench: Bench): Promise<Facts | Unreachable> => {
  const { basics, line } = await findBasics(bench)
  const unreachable = reasonOf(basics)
  if (unreachable) return unreachable

  const { idIn, opensWith } = basics
  const lines = { a: line, b: createLine(bench, bench.agents.b, opensWith ?? 'query') }
  const threadOfA = basics.talks[0]?.threadId
  const twoAgents = idIn && threadOfA ? await tryTwoAgents(bench, lines, threadOfA) : undefined
  const mayOverlap = !bench.isOneThread && twoAgents !== undefined && areApart(twoAgents)
  const [steady, rough] = await (mayOverlap ? overlapping : oneByOne)(
    lines,
    () => trySteadily(bench, lines.a, idIn !== undefined),
    () => tryRoughly(bench, lines.b, basics),
  )
  const { talks, client, timings } = bench
  return { basics, twoAgents, steady, rough, talks, connections: client.connections, timeoutMs: timings.timeoutMs }
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

const reasonOf = ({ dials, talks }: Basics): Unreachable | undefined => {
  const isCutOff = (dial: Dial | undefined): boolean => dial === undefined || dial.kind === 'failed'
  const outcome = talks.at(-1)?.exchange.outcome
  if (!isCutOff(dials.query) || !isCutOff(dials.header) || outcome?.kind !== 'failed') return undefined
  return { code: outcome.code, message: outcome.message }
}
