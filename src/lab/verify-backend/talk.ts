import type { Bench } from './bench.ts'
import type { Connection, ConnectionEnd, Exchange } from './edge-client.ts'
import { type Answer, readAnswer } from './read-answer.ts'
import { type Reflex, readReflex } from './read-reflex.ts'
import { pause, until } from './until.ts'

/** One message to the backend, and all that came of it. */
export type Talk = {
  /** What it was for. */
  readonly trial: string
  /** As in the header; undefined where there was none. */
  readonly agentId: string | undefined
  readonly threadId: string
  readonly watch: Say['watch']
  readonly exchange: Exchange
  readonly answer: Answer
  /** What came over the connection to which the reflex belongs. */
  readonly own: readonly Reflex[]
  /** What came over any other. */
  readonly strays: readonly (Reflex & { readonly connection: Connection })[]
  /** How the backend ended the connection to which the reflex belongs. */
  readonly lost: ConnectionEnd | undefined
}

export type Say = {
  readonly trial: string
  /** Undefined sends no header. */
  readonly agentId: string | undefined
  /** The connection to which the reflex belongs; undefined for none. */
  readonly over: Connection | undefined
  /** How long to look for reflexes: until one came, or for the whole grace after the answer, or no longer than the answer takes. */
  readonly watch: 'until-reflex' | 'all-grace' | 'until-answer'
  readonly text?: string
  readonly threadId?: string
  readonly headerName?: string
  /** In the place of the right ones. */
  readonly authorization?: Readonly<Record<string, string>>
  readonly key?: string
  readonly onSent?: () => void
}

/** Says one thing and watches every connection for what it brings. */
export const talk = async (bench: Bench, say: Say): Promise<Talk> => {
  const { client, timings, signal } = bench
  const { trial, agentId, over, watch, headerName = 'X-Edge-Agent-Id' } = say
  const threadId = say.threadId ?? bench.newThread()
  const startedAt = performance.now()

  const exchange = await client.post({
    headers: {
      ...(say.authorization ?? bench.authorization),
      ...(agentId !== undefined && { [headerName]: agentId }),
      ...(say.key !== undefined && { 'Idempotency-Key': `"${say.key}"` }),
    },
    body: { thread_id: threadId, sender: threadId, filtered_text: say.text ?? bench.question },
    ...(say.onSent && { onSent: say.onSent }),
  })

  const own = (): readonly Reflex[] => (over === undefined ? [] : reflexesOf(bench, over, startedAt, threadId))
  if (watch === 'until-reflex') {
    await until(() => own()[0] ?? over?.end(), timings.graceMs, signal)
    await pause(timings.settleMs, signal)
  }
  if (watch === 'all-grace') await pause(timings.graceMs, signal)

  const others = client.connections.filter(connection => connection !== over)
  const end = over?.end()
  const done: Talk = {
    trial,
    agentId,
    threadId,
    watch,
    exchange,
    answer: readAnswer(exchange),
    own: own(),
    strays: others.flatMap(connection =>
      reflexesSince(bench, connection, startedAt)
        .filter(reflex => reflex.threadId === threadId)
        .map(reflex => ({ ...reflex, connection })),
    ),
    lost: end?.by === 'backend' ? end : undefined,
  }
  bench.talks.push(done)
  return done
}

/** Says it a second time where no reflex came though one could: a backend need not have one for everything. */
export const talkTwice = async (bench: Bench, say: Say): Promise<Talk> => {
  const first = await talk(bench, say)
  return isWithoutReflex(first) && say.over?.isOpen() ? talk(bench, say) : first
}

/** Whether, of several tries that differ in nothing, some brought a reflex and others none. */
export const isMoody = (talks: readonly Talk[]): boolean =>
  talks.some(
    talk =>
      talk.watch === 'until-reflex' &&
      isWithoutReflex(talk) &&
      talks.some(other => other.trial === talk.trial && other.agentId === talk.agentId && other.own.length > 0),
  )

/** An answer with words, and no reflex anywhere. */
const isWithoutReflex = ({ answer, own, strays }: Talk): boolean =>
  (answer.bubbles ?? []).length > 0 && own.length + strays.length === 0

/**
 * What came over the connection to which the reflexes of a thread belong. One of a thread in which nobody has written is
 * counted, too: it can only belong to what is under way.
 */
export const reflexesOf = (bench: Bench, connection: Connection, since: number, thread: string): readonly Reflex[] =>
  reflexesSince(bench, connection, since).filter(
    ({ threadId }) => threadId === undefined || threadId === thread || !bench.threads.has(threadId),
  )

/**
 * Where some of them say that they are reflexes, the others are plain bubbles. A backend that is known to write the frame
 * as documented means something else by one that names no thread: a greeting, perhaps.
 */
const reflexesSince = ({ client }: Bench, { frames }: Connection, since: number): readonly Reflex[] => {
  const all = frames.flatMap(frame => (frame.at < since ? [] : (readReflex(frame) ?? [])))
  const declared = all.filter(isDeclared)
  if (declared.length > 0) return declared
  const knowsFrame = client.connections.some(({ frames }) => frames.some(frame => isDeclared(readReflex(frame))))
  return knowsFrame ? all.filter(({ threadId }) => threadId !== undefined) : all
}

const isDeclared = (reflex: Reflex | undefined): boolean => reflex?.faults.length === 0
