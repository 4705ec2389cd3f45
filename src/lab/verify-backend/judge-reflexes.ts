/** Question 3: the reflex, and how it comes. */
import { says } from '../../agent/core/says.ts'
import type { Facts } from './gather-facts.ts'
import { countBubbles, formatMs, judgeWords, median, notTried } from './judge-talk.ts'
import type { Reflex } from './read-reflex.ts'
import { MARKS } from './steady-trials.ts'
import { isMoody, type Talk } from './talk.ts'
import { no, unclear, type Verdict, yes } from './verdict.ts'

export const judgeReflex = (facts: Facts): Verdict => {
  const { basics } = facts
  if (basics.opensWith === undefined) return notTried(facts)
  const { own = [], exchange } = basics.talks.findLast(talk => talk.own.length > 0) ?? {}
  if (exchange && own[0])
    return yes(`it came over the WebSocket, ${formatMs(own[0].at - exchange.sentAt)} after the POST`)
  const worded = basics.talks.filter(talk => !talk.lost && judgeWords(talk) === undefined)
  if (worded.length === 0) {
    return unclear(
      'no message got an answer with bubbles while the connection was open, so there was no reflex to send',
    )
  }
  const other = basics.talks.length > 0 && facts.connections.flatMap(({ frames }) => frames)[0]
  return no(
    `${worded.length} answers with bubbles, but no frame with a reflex before any of them${other ? `; what came was ${JSON.stringify(other.text.slice(0, 60))}` : ''}`,
    'Look the WebSocket up by X-Edge-Agent-Id and send the reflex over it before the answer.',
  )
}

/** Each with a single reflex that can only be its own. */
const withReflex = ({ talks }: Facts): readonly (Talk & { readonly reflex: Reflex })[] =>
  talks.flatMap(talk => {
    const [reflex] = talk.own
    return reflex && talk.trial !== 'pair' && talk.trial !== 'again with this key' ? [{ ...talk, reflex }] : []
  })

export const judgeFrames = (facts: Facts): Verdict => {
  const all = withReflex(facts)
  if (all.length === 0) return notTried(facts)
  const faults = [...new Set(all.flatMap(({ reflex }) => reflex.faults))]
  if (faults.length === 0) return yes(`${all.length} frames, all with every documented field`)
  const example = all.find(({ reflex }) => reflex.faults.length > 0)?.reflex.frame.text.slice(0, 300)
  return no(`${faults.join('; ')}; a frame was ${example}`, 'Send the frame of section 2 of correlation.md.')
}

export const judgeCommandIds = (facts: Facts): Verdict => {
  const ids = withReflex(facts).flatMap(({ reflex }) => reflex.commandId ?? [])
  if (ids.length < 2) return ids.length === 0 ? notTried(facts) : unclear('only one frame with a command_id was seen')
  return new Set(ids).size === ids.length
    ? yes(`${ids.length} frames, each with its own id`)
    : no('several commands had the same command_id', 'Create a new one for each: an agent carries out each id once.')
}

export const judgeThreads = (facts: Facts): Verdict => {
  const named = withReflex(facts).filter(({ reflex }) => reflex.threadId !== undefined)
  if (named.length === 0) return notTried(facts)
  const wrong = named.find(({ reflex, threadId }) => reflex.threadId !== threadId)
  if (!wrong) return yes(`${named.length} frames, each with the thread_id of its POST`)
  const said = JSON.stringify(wrong.reflex.threadId?.slice(0, 80))
  return no(`posted ${JSON.stringify(wrong.threadId)}, but the command said ${said}`, 'Copy thread_id from the POST.')
}

/** Reflexes this close behind their answer may have overtaken each other on the way: they came over two connections. */
const TIE_MS = 20

export const judgeOrder = (facts: Facts): Verdict => {
  const all = withReflex(facts).filter(({ answer }) => answer.bubbles !== undefined)
  const leads = all.map(({ reflex, exchange }) => exchange.endedAt - reflex.at)
  if (leads.length === 0) return notTried(facts)
  const middle = median(leads)
  const range = `of ${leads.length}; from ${formatMs(Math.min(...leads))} to ${formatMs(Math.max(...leads))}`
  const took = median(all.map(({ exchange }) => exchange.endedAt - exchange.sentAt))
  const isLong = took > INSTANT_MS
  if (middle > (isLong ? TIE_MS : 0)) return yes(`${formatMs(middle)} before the answer (median ${range})`)
  if (Math.abs(middle) < TIE_MS && isLong) {
    const seen = `reflex and answer came at the same time, ${formatMs(took)} after the POST: the reflex gains nothing`
    return middle > 0 ? unclear(seen) : no(seen, SEND_FIRST)
  }
  if (middle > -TIE_MS) return unclear('reflex and answer came at the same time: the backend answers too fast to tell')
  return no(`${formatMs(-middle)} after the answer (median of ${leads.length})`, SEND_FIRST)
}

const SEND_FIRST = 'Send the reflex as soon as you have it, before the full response is ready.'

const INSTANT_MS = 500

export const judgeInstant = (facts: Facts): Verdict => {
  const ways = withReflex(facts).map(({ reflex, exchange }) => reflex.at - exchange.sentAt)
  if (ways.length === 0) return notTried(facts)
  const seen = `${formatMs(median(ways))} from the POST to the command (median of ${ways.length})`
  return median(ways) < INSTANT_MS
    ? yes(seen)
    : unclear(`${seen}: this includes making the reflex and the network, which cannot be told apart from here`)
}

export const judgePair = (facts: Facts): Verdict => {
  const { pair } = facts.steady
  if (!pair) return notTried(facts)
  const lacking = pair.talks.map(judgeWords).find(verdict => verdict !== undefined)
  if (lacking) return lacking
  const { length } = pair.reflexes
  if (length === 2) return yes('both answered, each with its reflex')
  if (length > 2) {
    const doubled = withReflex(facts).filter(({ own }) => own.length > 1).length
    const note = doubled > 0 ? `; ${doubled} single messages brought several, too` : ''
    return no(`two messages brought ${length} reflexes${note}`, 'Send one reflex for each message, once.')
  }
  if (length === 1) return unclear('both answered, with one reflex for the two: this may be intended')
  if (pair.talks.some(({ lost }) => lost)) return unclear('the backend closed the connection in between')
  return isMoody(facts.talks)
    ? unclear('no reflex came, but this backend does not have one for every message')
    : no('both answered, but no reflex for either')
}

export const judgeText = (facts: Facts): Verdict => {
  const { unicode } = facts.steady
  if (!unicode) return notTried(facts)
  const lacking = judgeWords(unicode)
  if (lacking) return lacking
  const texts = [...unicode.own.map(({ text }) => text), ...(unicode.answer.bubbles ?? [])]
  const broken = texts.find(text => BROKEN.test(text) || !text.isWellFormed())
  if (broken !== undefined) return no(`a text came back as ${JSON.stringify(broken)}`, 'Use UTF-8 everywhere.')
  const marks = MARKS.filter(mark => texts.some(text => text.normalize('NFC').includes(mark)))
  if (marks.length > 0) return yes(`came back intact: ${marks.join(' ')}`)
  return texts.some(text => /[^\p{ASCII}]/u.test(text))
    ? yes('accepted; the non-ASCII text that came back was well-formed')
    : unclear('accepted; no non-ASCII text came back, so the way back could not be tested')
}

/** UTF-8 read as Latin-1, escapes escaped twice, question marks in the place of letters. */
const BROKEN = /\uFFFD|Ã[\u0080-\u00BF]|â€|ð\u009F|ðŸ|\\u[0-9a-f]{4}|caf\?|na\?ve/i

/** Where the WebSocket ended before the answer, what the answer then lacks is another question: `closed-between`. */
export const judgeFirstBubble = (facts: Facts): Verdict => {
  const worded = withReflex(facts).filter(
    ({ trial, answer }) => trial !== 'unicode' && trial !== 'closed between' && answer.bubbles !== undefined,
  )
  if (worded.length === 0) return notTried(facts)
  const wrong = worded.find(({ reflex, answer }) => says(answer.bubbles?.[0] ?? '') !== says(reflex.text))
  if (!wrong) return yes(`${worded.length} answers, each with the reflex as its first bubble`)
  const bubbles = wrong.answer.bubbles ?? []
  const place = bubbles.findIndex(bubble => says(bubble) === says(wrong.reflex.text))
  const where = place < 0 ? 'it is not among the bubbles' : `it is bubble ${place + 1}`
  return no(
    `the reflex was ${quote(wrong.reflex.text)}, the first of ${countBubbles(wrong)} ${quote(bubbles[0] ?? '')}; ${where}`,
    'Repeat the reflex exactly, as the first bubble: an agent skips it there if it came over the WebSocket.',
  )
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 60))
