import { randomBytes } from 'node:crypto'
import { createEdgeClient, type Dial, type EdgeClient } from './edge-client.ts'
import type { Talk } from './talk.ts'
import type { Timings } from './timings.ts'

/** The agents as whom the judge speaks; `nobody` never has a WebSocket. */
export type Agents = { readonly a: string; readonly b: string; readonly nobody: string }

/** Where the handshake says who dials: as documented, or in a header besides. */
export type IdIn = 'query' | 'query and header'

/** What every trial needs. */
export type Bench = {
  readonly client: EdgeClient
  readonly agents: Agents
  readonly hasSecret: boolean
  readonly timings: Timings
  readonly signal: AbortSignal
  /** All messages have the same thread, so that no two may be under way. */
  readonly isOneThread: boolean
  /** A thread that was never used before, unless there is only one. */
  readonly newThread: () => string
  /** All threads so far. */
  readonly threads: ReadonlySet<string>
  /** The question that a backend is most likely to answer. */
  readonly question: string
  readonly dial: (agentId: string, idIn: IdIn) => Promise<Dial>
  /** `Authorization` with the secret, where there is one. */
  readonly authorization: Readonly<Record<string, string>>
  /** Every message so far, in the order in which they ended. */
  readonly talks: Talk[]
  readonly tell: (doing: string) => void
}

export type BenchOptions = {
  readonly backendUrl: string
  readonly agents: Agents
  readonly secret?: string | undefined
  /** For all messages; without it each has a thread of its own, at a domain that nobody can have. */
  readonly threadId?: string | undefined
  readonly question?: string | undefined
  readonly timings: Timings
  readonly signal: AbortSignal
  /** What is being tried now. */
  readonly tell?: (doing: string) => void
}

const DEFAULT_QUESTION = 'Can you find me the best deal for a Mac mini?'

export const createBench = (options: BenchOptions): Bench => {
  const { agents, secret, threadId, question = DEFAULT_QUESTION, timings, signal, tell = () => {} } = options
  const client = createEdgeClient(options)
  const authorization = bearer(secret)
  const run = randomBytes(3).toString('hex')
  const threads = new Set<string>()
  return {
    client,
    agents,
    hasSecret: secret !== undefined,
    timings,
    signal,
    isOneThread: threadId !== undefined,
    newThread: () => {
      const thread = threadId ?? `verify-${run}-${threads.size + 1}@edge-agent.invalid`
      threads.add(thread)
      return thread
    },
    threads,
    question,
    dial: (agentId, idIn) =>
      client.dial({
        agentId,
        query: `?edge_agent_id=${encodeURIComponent(agentId)}`,
        headers: { ...authorization, ...(idIn === 'query and header' && { 'X-Edge-Agent-Id': agentId }) },
      }),
    authorization,
    talks: [],
    tell,
  }
}

export const bearer = (secret: string | undefined): Readonly<Record<string, string>> =>
  secret === undefined ? {} : { Authorization: `Bearer ${secret}` }
