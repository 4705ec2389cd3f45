import type { Bench } from './bench.ts'
import type { Line } from './line.ts'
import { type Talk, talkTwice } from './talk.ts'

/** Agents a and b, both connected, b last; b writes in a thread in which a has written before. */
export type TwoAgents = { readonly a: Talk; readonly b: Talk }

export const tryTwoAgents = async (
  bench: Bench,
  lines: { readonly a: Line; readonly b: Line },
  threadOfA: string,
): Promise<TwoAgents | undefined> => {
  bench.tell('two agents at once')
  const a = await lines.a.open()
  const b = await lines.b.open()
  if (a === undefined || b === undefined) return undefined
  const trial = 'two agents'
  const sayAsA = () => talkTwice(bench, { trial, agentId: lines.a.agentId, over: a, watch: 'until-reflex' })
  const sayAsB = () =>
    talkTwice(bench, { trial, agentId: lines.b.agentId, over: b, watch: 'until-reflex', threadId: threadOfA })
  if (bench.isOneThread) return { a: await sayAsA(), b: await sayAsB() }
  const [asA, asB] = await Promise.all([sayAsA(), sayAsB()])
  return { a: asA, b: asB }
}

/** Each reflex went where it belongs, under the right thread: from here on, two trials at once do not mix. */
export const areApart = ({ a, b }: TwoAgents): boolean =>
  [a, b].every(
    ({ own, strays, threadId }) =>
      own.length > 0 && strays.length === 0 && own.every(reflex => reflex.threadId === threadId),
  )
