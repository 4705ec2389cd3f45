/** Questions 2 and 4: the answer of a POST, whatever became of the WebSocket. */
import { says } from '../../agent/core/says.ts'
import type { Facts } from './gather-facts.ts'
import {
  countBubbles,
  formatMs,
  judgeFallback,
  judgeToNobody,
  judgeToOwner,
  judgeWords,
  median,
  notTried,
} from './judge-talk.ts'
import type { Talk } from './talk.ts'
import { no, unclear, type Verdict, worst, yes } from './verdict.ts'

export const judgeAnswers = ({ basics, twoAgents }: Facts): Verdict => {
  const plain = [...basics.talks, ...(twoAgents ? [twoAgents.a, twoAgents.b] : [])]
  const faulty = plain.find(({ answer }) => answer.faults.length > 0 && !answer.isBusy)
  if (faulty) {
    const { outcome } = faulty.exchange
    const isRefused = outcome.kind === 'answered' && [401, 403].includes(outcome.status)
    return no(faulty.answer.faults.join('; '), isRefused ? 'Is the secret right?' : ANSWER_SO)
  }
  if (plain.every(({ answer }) => answer.isBusy)) return unclear('the backend was busy each time')
  if (plain.every(({ answer }) => answer.isSilent)) return unclear('the format is right, but no answer had any bubbles')
  return yes(`${plain.length} answers, the longest with ${Math.max(...plain.map(bubbleCount))} bubbles`)
}

const ANSWER_SO = 'Answer 200 with {"should_respond": true, "reply_bubbles": ["…", "…"]}.'

const bubbleCount = ({ answer }: Talk): number => answer.bubbles?.length ?? 0

export const judgeLowerCase = (facts: Facts): Verdict =>
  facts.steady.lowerCase ? judgeToOwner(facts.steady.lowerCase, facts) : notTried(facts)

export const judgeLookup = (facts: Facts): Verdict =>
  facts.twoAgents ? judgeToOwner(facts.twoAgents.b, facts) : notTried(facts)

export const judgeUnknown = (facts: Facts): Verdict => {
  const { unknown } = facts.steady
  const { outcome } = unknown.exchange
  return outcome.kind === 'answered' && [401, 403].includes(outcome.status)
    ? unclear(`refused with ${outcome.status}: this backend seems to accept known agents only`)
    : judgeToNobody(unknown, facts)
}

export const judgeMissing = (facts: Facts): Verdict => judgeToNobody(facts.steady.missing, facts)

export const judgeWithout = (facts: Facts): Verdict => {
  const { without } = facts.rough
  if (isMuteWithoutSocket(facts)) return no('messages with a WebSocket got bubbles, but none without one did', ALL)
  const lacking = judgeFallback(without, facts)
  if (lacking) return lacking
  const bubbles = without.answer.bubbles ?? []
  const examples = facts.talks.filter(talk => talk.own.length > 0 && bubbleCount(talk) > 0)
  const faithful = examples.filter(({ own, answer }) => says(own[0]?.text ?? '') === says(answer.bubbles?.[0] ?? ''))
  if (faithful.some(({ own }) => says(own[0]?.text ?? '') === says(bubbles[0] ?? ''))) {
    return yes(`answered with ${countBubbles(without)}, the reflex first`)
  }
  // The very answer of before, but for the reflex: it was left out.
  if (faithful.some(({ answer }) => isSame((answer.bubbles ?? []).slice(1), bubbles))) {
    return no(`answered with ${countBubbles(without)}, but the reflex is not among them`, ALL)
  }
  if (examples.length > faithful.length) {
    return unclear(`answered with ${countBubbles(without)}; cannot tell whether the reflex is among them`)
  }
  return yes(`answered with ${countBubbles(without)}`)
}

const ALL = 'Return ALL bubbles, with or without a WebSocket.'

/** One silence may be a whim. All of them, and only these, are none. */
const isMuteWithoutSocket = ({
  talks,
  steady: { unknown, missing },
  rough: { without, closedBetween },
}: Facts): boolean => {
  const alone = [unknown, missing, without, ...closedBetween.filter(({ own }) => own.length === 0)]
  // A reflex that was quicker than the end is no proof that there was a WebSocket when the answer was made.
  const connected = talks.filter(talk => talk.own.length > 0 && !closedBetween.includes(talk))
  return (
    alone.every(({ answer }) => answer.isSilent && !answer.isEmpty) &&
    connected.length >= alone.length &&
    connected.every(talk => judgeWords(talk) === undefined)
  )
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((text, index) => says(text) === says(others[index] ?? ''))

export const judgeClosedBetween = (facts: Facts): Verdict => {
  const { closedBetween } = facts.rough
  if (closedBetween.length === 0) return notTried(facts)
  const lacking = closedBetween.map(talk => judgeFallback(talk, facts)).filter(verdict => verdict !== undefined)
  const bad = lacking.find(({ answer }) => answer === worst(lacking.map(({ answer }) => answer)))
  if (bad) return bad
  const early = closedBetween.filter(({ own }) => own.length > 0).length
  const note = early > 0 ? ` (${early} of ${closedBetween.length} times, the reflex was faster than the end)` : ''
  return yes(`the answer came each time, with ${closedBetween.map(countBubbles).join(' and ')}${note}`)
}

export const judgeHalfOpen = (facts: Facts): Verdict => {
  const { halfOpen } = facts.rough
  if (!halfOpen) return notTried(facts)
  const lacking = judgeWords(halfOpen)
  if (lacking) return lacking
  const took = tookMs(halfOpen)
  const usual = facts.talks.filter(other => other !== halfOpen && judgeWords(other) === undefined).map(tookMs)
  const seen = `answered after ${formatMs(took)}; usual is ${formatMs(median(usual))}`
  return took > 3 * Math.max(...usual) + SLACK_MS ? unclear(`${seen}: the backend waited for something`) : yes(seen)
}

const SLACK_MS = 2_000

const tookMs = ({ exchange }: Talk): number => exchange.endedAt - exchange.sentAt

export const judgeSecrets = ({ steady }: Facts): Verdict | undefined => {
  if (!steady.secrets) return undefined
  const { wrong, none } = steady.secrets
  const verdicts = [judgeRefusal('a wrong secret', wrong), judgeRefusal('no secret at all', none)]
  const answer = worst(verdicts.map(verdict => verdict.answer))
  const seen = verdicts.map(verdict => verdict.seen).join('; ')
  return answer === 'no'
    ? no(seen, 'Compare Authorization with the secret, and answer 401 if it differs.')
    : { answer, seen }
}

const judgeRefusal = (what: string, { exchange: { outcome } }: Talk): Verdict => {
  if (outcome.kind === 'failed') return unclear(`${what}: no answer (${outcome.code})`)
  const { status } = outcome
  if (status === 401) return yes(`${what}: refused with 401`)
  if (status === 403) return yes(`${what}: refused with 403 (401 is usual; an agent treats both the same)`)
  if (status >= 200 && status < 300) return no(`${what}: accepted with ${status}`)
  return unclear(`${what}: answered ${status}; 401 would say clearly what is wrong`)
}
