import type { Bench, IdIn } from './bench.ts'
import type { Dial } from './edge-client.ts'
import { createLine, type Line } from './line.ts'
import { type Talk, talk } from './talk.ts'
import { pause } from './until.ts'

/** The simplest case: one agent, connected, says one thing. All that follows builds upon what was found here. */
export type Basics = {
  /** The handshake with the id in the query alone, and with it in a header besides, if that had to be tried. */
  readonly dials: { readonly query: Dial; readonly header?: Dial }
  /** What was said over them, in order. */
  readonly talks: readonly (Talk & { readonly idIn: IdIn | undefined })[]
  /** The way to a reflex; undefined where none came. */
  readonly idIn: IdIn | undefined
  /** A way to a WebSocket, whether or not a reflex came over it. */
  readonly opensWith: IdIn | undefined
}

/** Agent a, alone. Also gives the line over which it went. */
export const findBasics = async (bench: Bench): Promise<{ readonly basics: Basics; readonly line: Line }> => {
  bench.tell('one agent, one message')
  const { agents } = bench
  const talks: Basics['talks'][number][] = []
  const lines = {
    query: createLine(bench, agents.a, 'query'),
    'query and header': createLine(bench, agents.a, 'query and header'),
  }
  const say = async (idIn: IdIn, text: string): Promise<boolean> => {
    const over = await lines[idIn].open()
    // Some greet whoever connects: what comes before the message is nothing of its.
    await pause(bench.timings.settleMs, bench.signal)
    const said = await talk(bench, {
      trial: `one agent, id in the ${idIn}`,
      agentId: agents.a,
      over,
      watch: 'until-reflex',
      text,
    })
    talks.push({ ...said, idIn })
    return said.own.length > 0
  }
  const found = (idIn: IdIn | undefined, dials: Basics['dials']) => {
    const opens: IdIn | undefined =
      dials.query.kind === 'open' ? 'query' : dials.header?.kind === 'open' ? 'query and header' : undefined
    return { basics: { dials, talks, idIn, opensWith: idIn ?? opens }, line: lines[idIn ?? opens ?? 'query'] }
  }

  const query = await lines.query.dial()
  if (query.kind === 'open' && (await say('query', bench.question))) return found('query', { query })
  await lines.query.hangUp()

  const header = await lines['query and header'].dial()
  if (header.kind !== 'open') {
    talks.push({ ...(await talkWithout(bench)), idIn: undefined })
    return found(undefined, { query, header })
  }
  const cameWithHeader = await say('query and header', bench.question)
  if (query.kind !== 'open') return found(cameWithHeader ? 'query and header' : undefined, { query, header })

  // The first silence may have been a whim: once more as documented, with other words.
  await lines['query and header'].hangUp()
  if (await say('query', OTHER_QUESTION)) return found('query', { query, header })
  await lines.query.hangUp()
  return found(cameWithHeader ? 'query and header' : undefined, { query, header })
}

const OTHER_QUESTION = 'What could I cook for dinner tonight?'

const talkWithout = (bench: Bench): Promise<Talk> =>
  talk(bench, { trial: 'one agent, no WebSocket', agentId: bench.agents.a, over: undefined, watch: 'until-answer' })
