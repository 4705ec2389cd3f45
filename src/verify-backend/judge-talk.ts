import type { Facts } from './gather-facts.ts'
import { isMoody, type Talk } from './talk.ts'
import { no, unclear, type Verdict, yes } from './verdict.ts'

/** Whether words came back at all; undefined where they did, and there is more to be asked. */
export const judgeWords = ({ answer }: Talk): Verdict | undefined => {
  const fault = answer.faults.join('; ')
  if (answer.isBusy) return unclear(`the backend was busy (${fault})`)
  if (answer.bubbles === undefined && fault !== '') return no(fault)
  if (answer.isSilent || (answer.bubbles ?? []).length === 0)
    return unclear('the backend chose not to answer this message')
  return undefined
}

/** An answer with words, and a reflex to nobody. */
export const judgeToNobody = (talk: Talk): Verdict => {
  const [stray] = talk.strays
  if (stray)
    return no(`the answer's reflex went to ${stray.connection.agentId}`, 'Send it to the agent of the header only.')
  return judgeWords(talk) ?? yes(`answered with ${countBubbles(talk)}, and no reflex to anybody`)
}

/** A reflex, and to the right connection only. */
export const judgeToOwner = (talk: Talk, { talks }: Pick<Facts, 'talks'>): Verdict => {
  const { own, strays, lost, agentId } = talk
  const [stray] = strays
  if (own.length > 0 && !stray) return yes(`the reflex came to ${agentId} alone, ${afterPost(talk)}`)
  if (own.length > 0 && stray) return no(`the reflex for ${agentId} came to ${stray.connection.agentId} as well`)
  if (stray) return no(`the reflex for ${agentId} came to ${stray.connection.agentId} instead`)
  if (lost) return unclear(`the backend closed the connection meanwhile (${lost.code})`)
  const lacking = judgeWords(talk)
  if (lacking) return lacking
  return isMoody(talks)
    ? unclear('no reflex came in two tries, but this backend does not have one for every message')
    : no(`the answer came, and no reflex to ${agentId}, in two tries`)
}

/** Why there is nothing to be judged where a trial depends on a reflex. */
export const notTried = ({ road }: Pick<Facts, 'road'>): Verdict =>
  unclear(
    road.opensWith === undefined
      ? 'not tried, as no WebSocket can be opened'
      : 'not tried, as no reflex came over a WebSocket even in the simplest case',
  )

export const countBubbles = ({ answer }: Talk): string => {
  const count = answer.bubbles?.length ?? 0
  return count === 1 ? '1 bubble' : `${count} bubbles`
}

export const formatMs = (ms: number): string => (ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

/** When the reflex came. */
const afterPost = ({ own, exchange }: Talk): string => `${formatMs((own[0]?.at ?? 0) - exchange.sentAt)} after the POST`

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((x, y) => x - y)[Math.floor(numbers.length / 2)] ?? 0
