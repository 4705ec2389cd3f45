/** Question 1: what is known of a connection, and for how long. */
import { isTlsError } from '../../agent/backend/is-tls-error.ts'
import type { Dial } from './edge-client.ts'
import type { Facts } from './gather-facts.ts'
import { formatMs, judgeToOwner, judgeWords, notTried } from './judge-talk.ts'
import { no, unclear, type Verdict, yes } from './verdict.ts'

export const judgeOpening = ({ basics: { dials } }: Facts): Verdict => {
  const open = [dials.query, dials.header].find(dial => dial?.kind === 'open')
  if (open?.kind === 'open') return yes(`open after ${formatMs(open.connection.openedMs)}`)
  const seen = sayDial(dials.query)
  return dials.query.kind === 'refused' && [401, 403].includes(dials.query.status)
    ? no(seen, 'Is the secret right? The document asks for none on the WebSocket.')
    : no(seen, 'Serve a WebSocket at /edge/ws.')
}

/** How a dial went, as a part of a sentence. */
export const sayDial = (dial: Dial): string => {
  if (dial.kind === 'open') return 'the connection was accepted'
  if (dial.kind === 'refused') return `the handshake was answered with status ${dial.status}`
  return `${isTlsError(dial.code) ? 'TLS' : 'the connection'} failed: ${dial.message}`
}

export const judgeIdFromQuery = ({ basics }: Facts): Verdict => {
  const { dials, idIn, talks } = basics
  if (idIn === 'query') return yes('with the id in the query alone, the reflex came over this connection')
  if (dials.query.kind !== 'open' && dials.header?.kind === 'open') {
    return no(`${sayDial(dials.query)}; it opens with the id also in a header`, READ_QUERY)
  }
  if (idIn === 'query and header') {
    return talks.some(talk => talk.idIn === 'query' && !talk.lost && judgeWords(talk) === undefined)
      ? no('a reflex only came with the id also in a header of the handshake', READ_QUERY)
      : unclear('a reflex came with the id also in a header; with the query alone, the backend had nothing to answer')
  }
  return basics.opensWith === undefined ? notTried({ basics }) : unclear('no reflex came in either case')
}

const READ_QUERY = 'Read edge_agent_id from the query of the handshake.'

export const judgeMap = (facts: Facts): Verdict => {
  const { twoAgents } = facts
  if (!twoAgents) return notTried(facts)
  const { a, b } = twoAgents
  const forA = judgeToOwner(a, facts)
  const [stray] = b.strays
  if (forA.answer === 'yes' && b.own.length > 0 && stray) return judgeToOwner(b, facts)
  return forA
}

export const judgeNewer = (facts: Facts): Verdict => {
  const { reconnect } = facts.rough
  if (!reconnect) return notTried(facts)
  const { refused, whileBoth } = reconnect
  if (refused !== undefined) return no(`the newer connection was refused: ${refused}`, 'Let a newer one replace it.')
  if (!whileBoth) return notTried(facts)
  if (whileBoth.own.length === 0 && whileBoth.lost) {
    return no(`the newer connection was closed (${whileBoth.lost.code})`, 'Let a newer one replace the older.')
  }
  return judgeToOwner(whileBoth, facts, NAMES)
}

export const judgeOlderEnd = (facts: Facts): Verdict => {
  const { reconnect } = facts.rough
  if (!reconnect) return notTried(facts)
  const { afterOlderEnded } = reconnect
  if (!afterOlderEnded) return unclear('not tried, because the newer connection got no reflex before either')
  const { lost, own } = afterOlderEnded
  if (lost && own.length === 0) {
    return no(`the newer connection was closed too (${lost.code}), once the older connection had ended`, ONLY_OWN)
  }
  const { answer, seen } = judgeToOwner(afterOlderEnded, facts, NAMES)
  return answer === 'no' ? no(`${seen}, once the older connection had ended`, ONLY_OWN) : { answer, seen }
}

const ONLY_OWN =
  'When a connection ends, remove it from the map only if the map still has this very one. The sample in the document does not check this.'

/** Both have the same agent. */
const NAMES = { owner: 'the newer connection', other: 'the older one' }

export const judgeQuiet = (facts: Facts): Verdict => {
  const { quiet } = facts.rough
  if (!quiet) return notTried(facts)
  if (!quiet.end) return yes('still open after some silence')
  const { code, reason, livedMs } = quiet.end
  return no(`the backend closed it after ${formatMs(livedMs)} (${`${code} ${reason}`.trim()})`, 'Keep it open.')
}

export const judgePings = (facts: Facts): Verdict => {
  const { quiet } = facts.rough
  if (!quiet) return notTried(facts)
  if (quiet.pongMs !== undefined) return yes(`a pong came after ${formatMs(quiet.pongMs)}`)
  if (quiet.end) return unclear('the backend closed the connection before a pong could come')
  return no(
    'no pong came',
    'Let the WebSocket library answer pings: without a pong, an agent considers the connection dead.',
  )
}
