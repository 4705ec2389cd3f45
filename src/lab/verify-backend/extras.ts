/** What goes beyond `correlation.md`: worth knowing, and never a failure. */
import { CLOSE_REPLACED, CLOSE_UNAUTHORIZED } from '../../protocol/wire.ts'
import type { Facts } from './gather-facts.ts'
import { sayDial } from './judge-connections.ts'
import { judgeWords, notTried } from './judge-talk.ts'
import { no, unclear, type Verdict, yes } from './verdict.ts'

export type Extra = { readonly tried: string; readonly judge: (facts: Facts) => Verdict }

const RECOMMENDED =
  'not there. Recommended: it is the exact way to tell whose a reflex is; otherwise a lost one may delay the next'

export const EXTRAS: Readonly<Record<string, Extra>> = {
  'idempotency-key': {
    tried: 'the same POST again with the same Idempotency-Key: the same answer, and no second reflex',
    judge: facts => {
      const { repeated } = facts.steady
      if (!repeated) return notTried(facts)
      const { first, second } = repeated
      const lacking = judgeWords(first) ?? judgeWords(second)
      if (lacking) return unclear(lacking.seen)
      const isSame = JSON.stringify(first.answer.bubbles) === JSON.stringify(second.answer.bubbles)
      if (second.own.length > 0) return no(`a second reflex came, with ${isSame ? 'the same' : 'another'} answer`)
      return isSame ? yes('the same answer, and no second reflex') : no('a different answer, but no second reflex')
    },
  },
  'in-reply-to': {
    tried: 'a POST with an Idempotency-Key: the reflex names it in payload.in_reply_to',
    judge: facts => {
      const reflex = facts.steady.repeated?.first.own[0]
      if (!reflex) return notTried(facts)
      return reflex.inReplyTo === undefined ? no(RECOMMENDED) : yes('there')
    },
  },
  'replaced-4409': {
    tried: `the older connection of an agent is closed with ${CLOSE_REPLACED} when a newer one comes`,
    judge: facts => {
      const { reconnect } = facts.rough
      if (!reconnect) return notTried(facts)
      const { olderEnd } = reconnect
      if (!olderEnd) return no('it was left open')
      return olderEnd.code === CLOSE_REPLACED
        ? yes(`closed with ${CLOSE_REPLACED}`)
        : no(`closed with ${olderEnd.code}`)
    },
  },
  'websocket-secret': {
    tried: 'a handshake with a wrong secret is refused',
    judge: ({ steady }) => {
      const { wrongSecret } = steady.handshakes
      if (!wrongSecret) return unclear('not tried, nor on POSTs, because no secret was given')
      const { dial, closed } = wrongSecret
      if (dial.kind === 'refused') return yes(sayDial(dial))
      if (closed === CLOSE_UNAUTHORIZED || closed === 1008) return yes(`accepted, then closed with ${closed}`)
      return dial.kind === 'open' ? no('accepted') : unclear(sayDial(dial))
    },
  },
  'handshake-without-id': {
    tried: 'a handshake without edge_agent_id is refused',
    judge: ({ steady: { handshakes } }) =>
      handshakes.anonymous.kind === 'refused' ? yes(sayDial(handshakes.anonymous)) : no(sayDial(handshakes.anonymous)),
  },
  'json-ping': {
    tried: 'a frame {"type":"ping"} is answered with {"type":"pong"}',
    judge: facts => {
      const { frames } = facts.rough
      if (!frames) return notTried(facts)
      return frames.jsonPong ? yes('answered') : no('not answered')
    },
  },
  'command-ack': {
    tried: 'a frame of type command_ack does no harm',
    judge: facts => {
      const { frames } = facts.rough
      if (!frames) return notTried(facts)
      return frames.end ? no(`the connection was closed with ${frames.end.code}`) : yes('the connection stayed open')
    },
  },
}
