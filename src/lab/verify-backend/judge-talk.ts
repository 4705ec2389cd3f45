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

/** The same where the answer is the only road: one that wants to respond and has no bubbles has lost the words. */
export const judgeFallback = (talk: Talk, { talks }: Pick<Facts, 'talks'>): Verdict | undefined =>
  talk.answer.isEmpty && talks.some(other => judgeWords(other) === undefined)
    ? no('answered with should_respond true and no bubbles, while other messages got some', 'Return ALL bubbles.')
    : judgeWords(talk)

/** An answer with words, and a reflex to nobody. */
export const judgeToNobody = (talk: Talk, facts: Pick<Facts, 'talks'>): Verdict => {
  const [stray] = talk.strays
  if (stray)
    return no(`the answer's reflex went to ${stray.connection.agentId}`, 'Send it to the agent of the header only.')
  return judgeFallback(talk, facts) ?? yes(`answered with ${countBubbles(talk)}, and no reflex to anyone`)
}

/** A reflex, and to the right connection only. `owner` and `other` are what the connections are called. */
export const judgeToOwner = (
  talk: Talk,
  { talks }: Pick<Facts, 'talks'>,
  {
    owner = talk.agentId,
    other = talk.strays[0]?.connection.agentId,
  }: { readonly owner?: string | undefined; readonly other?: string | undefined } = {},
): Verdict => {
  const { own, strays, lost } = talk
  if (own.length > 0 && strays.length === 0) return yes(`the reflex came to ${owner} alone, ${afterPost(talk)}`)
  if (strays.length > 0) {
    return no(`the reflex for ${owner} came to ${other} ${own.length > 0 ? 'as well' : 'instead'}`, TO_OWNER)
  }
  if (lost) return unclear(`the backend closed the connection in between (${lost.code})`)
  const lacking = judgeWords(talk)
  if (lacking) return lacking
  return isMoody(talks)
    ? unclear('no reflex came in two tries, but this backend does not have one for every message')
    : no(`the answer came, but no reflex to ${owner}, in two tries`, TO_OWNER)
}

const TO_OWNER = 'Send it only over the connection that the map has for the id in X-Edge-Agent-Id.'

/** Why there is nothing to be judged where a trial depends on a reflex. */
export const notTried = ({ basics }: Pick<Facts, 'basics'>): Verdict =>
  unclear(
    basics.opensWith === undefined
      ? 'not tried, because no WebSocket can be opened'
      : 'not tried, because no reflex came over a WebSocket even in the simplest case',
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
