import { randomUUID } from 'node:crypto'
import { type Bench, bearer } from './bench.ts'
import type { Dial } from './edge-client.ts'
import type { Line } from './line.ts'
import type { Reflex } from './read-reflex.ts'
import { reflexesOf, type Talk, talk, talkTwice } from './talk.ts'
import { until } from './until.ts'

/** What is tried over one connection that stays. Undefined: there was no connection, or no reflex to be expected. */
export type SteadyFacts = {
  readonly lowerCase: Talk | undefined
  readonly unknown: Talk
  readonly missing: Talk
  readonly unicode: Talk | undefined
  readonly pair: Pair | undefined
  readonly repeated: Repeated | undefined
  readonly secrets: Secrets | undefined
  readonly handshakes: Handshakes
}

/** Two messages of one thread at once, and the reflexes that came. */
export type Pair = { readonly talks: readonly [Talk, Talk]; readonly reflexes: readonly Reflex[] }
/** The same message under the same key, twice. */
export type Repeated = { readonly first: Talk; readonly second: Talk }
export type Secrets = { readonly wrong: Talk; readonly none: Talk }
export type Handshakes = {
  /** Without any id. */
  readonly anonymous: Dial
  /** With a wrong secret; undefined where there is no right one. `closed`: the code with which it was closed at once. */
  readonly wrongSecret: { readonly dial: Dial; readonly closed: number | undefined } | undefined
}

export const trySteadily = async (bench: Bench, line: Line, hasReflex: boolean): Promise<SteadyFacts> => {
  const lowerCase = hasReflex ? await tryLowerCase(bench, line) : undefined
  const [unknown, missing] = await tryNobody(bench)
  const unicode = hasReflex ? await tryUnicode(bench, line) : undefined
  const pair = hasReflex ? await tryPair(bench, line) : undefined
  const repeated = hasReflex ? await tryRepetition(bench, line) : undefined
  const secrets = bench.hasSecret ? await trySecrets(bench, line) : undefined
  const handshakes = await tryHandshakes(bench)
  return { lowerCase, unknown, missing, unicode, pair, repeated, secrets, handshakes }
}

const tryLowerCase = async (bench: Bench, line: Line): Promise<Talk | undefined> => {
  bench.tell('the header in lower case')
  const over = await line.open()
  if (over === undefined) return undefined
  const headerName = 'x-edge-agent-id'
  return talkTwice(bench, { trial: 'lower case', agentId: line.agentId, over, watch: 'until-reflex', headerName })
}

/** An id that nobody connected with, and none at all, while others are connected. */
const tryNobody = async (bench: Bench): Promise<readonly [Talk, Talk]> => {
  bench.tell('unknown and missing X-Edge-Agent-Id')
  const sayAs = (trial: string, agentId: string | undefined) =>
    talk(bench, { trial, agentId, over: undefined, watch: 'all-grace' })
  const sayUnknown = () => sayAs('unknown id', bench.agents.nobody)
  const sayMissing = () => sayAs('missing header', undefined)
  if (bench.isOneThread) return [await sayUnknown(), await sayMissing()]
  return Promise.all([sayUnknown(), sayMissing()])
}

export const MARKS = ['café', '👀', 'naïve', '日本語'] as const
const ECHO_PLEASE = `Please answer with these four words and nothing else: ${MARKS.join(' ')}`

const tryUnicode = async (bench: Bench, line: Line): Promise<Talk | undefined> => {
  bench.tell('emoji and non-ASCII letters')
  const over = await line.open()
  if (over === undefined) return undefined
  return talkTwice(bench, { trial: 'unicode', agentId: line.agentId, over, watch: 'until-reflex', text: ECHO_PLEASE })
}

const tryPair = async (bench: Bench, line: Line): Promise<Pair | undefined> => {
  bench.tell('two messages of one thread at once')
  const over = await line.open()
  if (over === undefined) return undefined
  const common = {
    trial: 'pair',
    agentId: line.agentId,
    over,
    threadId: bench.newThread(),
    watch: 'until-reflex',
  } as const
  const startedAt = performance.now()
  const reflexes = () => reflexesOf(bench, over, startedAt, common.threadId)
  const talks = await Promise.all([
    talk(bench, common),
    talk(bench, { ...common, text: 'And which colour should I take?' }),
  ])
  // Each has watched until the first reflex; here two are to come.
  await until(() => (reflexes().length > 1 ? true : over.end()), bench.timings.graceMs, bench.signal)
  return { talks, reflexes: reflexes() }
}

const tryRepetition = async (bench: Bench, line: Line): Promise<Repeated | undefined> => {
  bench.tell('a repeated Idempotency-Key')
  const over = await line.open()
  if (over === undefined) return undefined
  const key = randomUUID()
  const threadId = bench.newThread()
  const first = await talk(bench, {
    trial: 'first with a key',
    agentId: line.agentId,
    over,
    threadId,
    key,
    watch: 'until-reflex',
  })
  const second = await talk(bench, {
    trial: 'again with this key',
    agentId: line.agentId,
    over,
    threadId,
    key,
    watch: 'all-grace',
  })
  return { first, second }
}

const trySecrets = async (bench: Bench, line: Line): Promise<Secrets> => {
  bench.tell('a wrong secret')
  const say = (trial: string, authorization: Readonly<Record<string, string>>) =>
    talk(bench, { trial, agentId: line.agentId, over: undefined, watch: 'until-answer', authorization })
  return { wrong: await say('wrong secret', bearer(WRONG_SECRET)), none: await say('no secret', {}) }
}

const WRONG_SECRET = `wrong-${randomUUID()}`

const tryHandshakes = async (bench: Bench): Promise<Handshakes> => {
  const { client, agents, authorization, hasSecret, timings, signal } = bench
  const agentId = agents.nobody
  const anonymous = await client.dial({ agentId, query: '', headers: authorization })
  if (anonymous.kind === 'open') await anonymous.connection.close()
  if (!hasSecret) return { anonymous, wrongSecret: undefined }

  const query = `?edge_agent_id=${encodeURIComponent(agentId)}`
  const dial = await client.dial({ agentId, query, headers: bearer(WRONG_SECRET) })
  if (dial.kind !== 'open') return { anonymous, wrongSecret: { dial, closed: undefined } }
  // It may be let in first and shown out then.
  const end = await until(dial.connection.end, timings.graceMs, signal)
  await dial.connection.close()
  return { anonymous, wrongSecret: { dial, closed: end?.code } }
}
