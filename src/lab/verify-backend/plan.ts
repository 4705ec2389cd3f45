import type { BenchOptions } from './bench.ts'
import type { Timings } from './timings.ts'

/** What a run will do to a backend, told before it starts. */
export type Plan = {
  readonly agents: readonly string[]
  readonly threads: string
  /** POSTs that the backend's model is asked to answer; `most` where silences make it ask again. */
  readonly answers: { readonly usual: number; readonly most: number }
  /** POSTs that the door should refuse. */
  readonly refusals: number
  /** In ms, without the time for answers. */
  readonly restMs: number
  /** How many answers are waited for one after another. */
  readonly depth: number
}

export const planFor = ({
  agents,
  secret,
  threadId,
  timings,
}: Pick<BenchOptions, 'agents' | 'secret' | 'threadId' | 'timings'>): Plan => ({
  agents: [agents.a, agents.b, agents.nobody],
  threads: threadId ?? 'verify-…@edge-agent.invalid, a new one for each message',
  answers: { usual: 17, most: 25 },
  refusals: secret === undefined ? 0 : 2,
  restMs: restOf(timings) * (threadId === undefined ? 1 : 2),
  depth: threadId === undefined ? 8 : 16,
})

const restOf = ({ silenceMs, graceMs, settleMs }: Timings): number => silenceMs + 2 * graceMs + 14 * settleMs

/** The agents of a run: two that talk, and one that nobody ever is. */
export const agentsFor = ({
  agentId,
  agentA = `${agentId}-verify-a`,
  agentB = `${agentId}-verify-b`,
}: {
  readonly agentId: string
  readonly agentA?: string | undefined
  readonly agentB?: string | undefined
}): BenchOptions['agents'] => ({ a: agentA, b: agentB, nobody: `${agentId}-verify-nobody` })
