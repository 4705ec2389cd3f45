import type { Bench, IdIn } from './bench.ts'
import type { Connection, ConnectionEnd } from './edge-client.ts'
import type { Line } from './line.ts'
import { type Talk, talk, talkTwice } from './talk.ts'
import { pause, until } from './until.ts'

/** What is tried with connections that come and go. Undefined: there was no connection, or no reflex to be expected. */
export type RoughFacts = {
  readonly without: Talk
  readonly quiet: Quiet | undefined
  readonly reconnect: Reconnect | undefined
  /** The connection is gone as soon as the message is written, and a little later, in order. */
  readonly closedBetween: readonly Talk[]
  readonly halfOpen: Talk | undefined
  readonly frames: FramesOfOurs | undefined
}

/** A connection that nobody uses. */
export type Quiet = { readonly pongMs: number | undefined; readonly end: ConnectionEnd | undefined }
export type Reconnect = {
  /** Why the newer connection could not be had. */
  readonly refused: string | undefined
  /** How the backend ended the older one when the newer was there; undefined where it left it alone. */
  readonly olderEnd: ConnectionEnd | undefined
  readonly whileBoth: Talk | undefined
  readonly afterOlderEnded: Talk | undefined
}
/** What became of frames that only the fuller protocol knows. */
export type FramesOfOurs = { readonly jsonPong: boolean; readonly end: ConnectionEnd | undefined }

export const tryRoughly = async (
  bench: Bench,
  line: Line,
  { idIn, opensWith }: { readonly idIn: IdIn | undefined; readonly opensWith: IdIn | undefined },
): Promise<RoughFacts> => {
  const without = await tryWithout(bench, line)
  if (opensWith === undefined) {
    return {
      without,
      quiet: undefined,
      reconnect: undefined,
      closedBetween: [],
      halfOpen: undefined,
      frames: undefined,
    }
  }
  const quiet = await tryQuiet(bench, line)
  const reconnect = idIn === undefined ? undefined : await tryReconnect(bench, line, idIn)
  const closedBetween = await tryClosing(bench, line)
  const halfOpen = await tryHalfOpen(bench, line)
  const frames = await tryOurFrames(bench, line)
  return { without, quiet, reconnect, closedBetween, halfOpen, frames }
}

const tryWithout = async (bench: Bench, line: Line): Promise<Talk> => {
  bench.tell('no WebSocket at all')
  await line.hangUp()
  return talk(bench, { trial: 'no WebSocket', agentId: line.agentId, over: undefined, watch: 'until-answer' })
}

const tryQuiet = async (bench: Bench, line: Line): Promise<Quiet | undefined> => {
  bench.tell('silence')
  const connection = await line.open()
  if (connection === undefined) return undefined
  const pongMs = await connection.ping()
  const end = await until(connection.end, bench.timings.silenceMs, bench.signal)
  return { pongMs, end }
}

const tryReconnect = async (bench: Bench, line: Line, idIn: IdIn): Promise<Reconnect | undefined> => {
  bench.tell('a newer connection of the same agent')
  const { agentId } = line
  await line.hangUp()
  const older = await bench.dial(agentId, idIn)
  if (older.kind !== 'open') return undefined
  const newer = await bench.dial(agentId, idIn)
  if (newer.kind !== 'open') {
    await older.connection.close()
    const refused = newer.kind === 'refused' ? `refused with status ${newer.status}` : newer.message
    return { refused, olderEnd: undefined, whileBoth: undefined, afterOlderEnded: undefined }
  }
  await pause(bench.timings.settleMs, bench.signal)
  const say = (trial: string): Promise<Talk> =>
    talkTwice(bench, { trial, agentId, over: newer.connection, watch: 'until-reflex' })
  const whileBoth = await say('newer connection')

  const olderEnd = older.connection.end()
  await older.connection.close()
  // Some look for ended connections only now and then.
  await pause(bench.timings.graceMs, bench.signal)
  const afterOlderEnded = whileBoth.own.length > 0 ? await say('end of the older') : undefined
  await newer.connection.close()
  await pause(bench.timings.settleMs, bench.signal)
  return { refused: undefined, olderEnd, whileBoth, afterOlderEnded }
}

const tryClosing = async (bench: Bench, line: Line): Promise<readonly Talk[]> => {
  bench.tell('a WebSocket that closes between POST and reflex')
  const ends: readonly ((connection: Connection) => void)[] = [
    connection => void connection.cut().catch(() => {}),
    connection => setTimeout(() => void connection.close().catch(() => {}), halfWayToReflex(bench)),
  ]
  const talks: Talk[] = []
  for (const end of ends) {
    const over = await line.open()
    if (over === undefined) return talks
    const onSent = (): void => end(over)
    talks.push(
      await talk(bench, { trial: 'closed between', agentId: line.agentId, over, watch: 'until-answer', onSent }),
    )
    await line.hangUp()
  }
  return talks
}

/** In ms, of what was seen so far. */
const halfWayToReflex = ({ talks }: Bench): number => {
  const ways = talks.flatMap(({ own, exchange }) => own.map(({ at }) => at - exchange.sentAt)).sort((x, y) => x - y)
  return Math.max(0, ways[Math.floor(ways.length / 2)] ?? 0) / 2
}

const tryHalfOpen = async (bench: Bench, line: Line): Promise<Talk | undefined> => {
  bench.tell('a WebSocket that nobody reads')
  const over = await line.open()
  if (over === undefined) return undefined
  over.stopReading()
  const said = await talk(bench, { trial: 'half-open', agentId: line.agentId, over, watch: 'until-answer' })
  await over.cut()
  await line.hangUp()
  return said
}

const tryOurFrames = async (bench: Bench, line: Line): Promise<FramesOfOurs | undefined> => {
  bench.tell('frames of the fuller protocol')
  const connection = await line.open()
  if (connection === undefined) return undefined
  const data = { command_id: 'verify-backend', status: 'completed' }
  connection.send(JSON.stringify({ type: 'command_ack', data }))
  connection.send('{"type":"ping"}')
  // Comes after them: with its pong they have arrived.
  await connection.ping()
  const pong = await until(
    () => connection.frames.find(({ json }) => isPong(json)) ?? connection.end(),
    bench.timings.graceMs,
    bench.signal,
  )
  const end = connection.end()
  await line.hangUp()
  return { jsonPong: pong !== undefined && pong !== end, end }
}

const isPong = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'type' in json && json.type === 'pong'
