import type { Facts } from './gather-facts.ts'
import {
  judgeAnswers,
  judgeClosedBetween,
  judgeHalfOpen,
  judgeLookup,
  judgeLowerCase,
  judgeMissing,
  judgeSecrets,
  judgeUnknown,
  judgeWithout,
} from './judge-answers.ts'
import {
  judgeIdFromQuery,
  judgeMap,
  judgeNewer,
  judgeOlderEnd,
  judgeOpening,
  judgePings,
  judgeQuiet,
} from './judge-connections.ts'
import {
  judgeCommandIds,
  judgeFirstBubble,
  judgeFrames,
  judgeInstant,
  judgeOrder,
  judgePair,
  judgeReflex,
  judgeText,
  judgeThreads,
} from './judge-reflexes.ts'
import type { CheckId } from './questions.ts'
import type { Verdict } from './verdict.ts'

/** One thing that `correlation.md` has a backend do. */
export type Check = {
  /** What is done to find out. */
  readonly tried: string
  /** Undefined where there is nothing to be judged, and nothing lost by it. */
  readonly judge: (facts: Facts) => Verdict | undefined
  /** Where one of these is a no already, this one's no is likely to be its consequence. */
  readonly followsFrom?: readonly CheckId[]
}

export const CHECKS: Readonly<Record<CheckId, Check>> = {
  'websocket-opens': { tried: 'a WebSocket to /edge/ws?edge_agent_id=…', judge: judgeOpening },
  'id-from-query': { tried: 'a handshake with the id in the query alone, then a POST', judge: judgeIdFromQuery },
  'map-by-agent': {
    tried: 'two agents connected, the second one last; both post',
    judge: judgeMap,
  },
  'newer-replaces-older': {
    tried: 'a second connection of the same agent while the first is open, then a POST',
    judge: judgeNewer,
    followsFrom: ['map-by-agent', 'stays-open', 'answer-shape'],
  },
  'older-end-harmless': {
    tried: 'then the older connection ends, and another POST',
    judge: judgeOlderEnd,
    followsFrom: ['stays-open', 'answer-shape'],
  },
  'stays-open': { tried: 'a connection left idle for some seconds', judge: judgeQuiet },
  pings: { tried: 'a protocol ping', judge: judgePings },
  'header-any-case': {
    tried: 'a POST with the header as x-edge-agent-id, the way HTTP/2 and proxies write it',
    judge: judgeLowerCase,
    followsFrom: ['answer-shape'],
  },
  'missing-header': {
    tried: 'a POST without the header, while agents are connected',
    judge: judgeMissing,
    followsFrom: ['map-by-agent', 'unknown-id', 'no-websocket', 'answer-shape'],
  },
  secret: { tried: 'POSTs with a wrong Authorization, and with none', judge: judgeSecrets },
  'lookup-by-header': {
    tried: 'a POST from the second agent, in a thread where the first agent posted before',
    judge: judgeLookup,
    followsFrom: ['map-by-agent', 'answer-shape'],
  },
  'unknown-id': {
    tried: 'a POST with an id that never connected, while other agents are connected',
    judge: judgeUnknown,
    followsFrom: ['map-by-agent', 'no-websocket', 'answer-shape'],
  },
  'reflex-over-websocket': { tried: 'one agent, connected, posts', judge: judgeReflex },
  'no-websocket': {
    tried: 'a POST from an agent that is not connected',
    judge: judgeWithout,
    followsFrom: ['answer-shape'],
  },
  'frame-shape': { tried: 'every reflex, field by field', judge: judgeFrames },
  'command-ids': { tried: 'the command_id of every reflex', judge: judgeCommandIds },
  'thread-id': { tried: 'the thread_id of every reflex', judge: judgeThreads },
  'reflex-before-answer': { tried: 'the time from the reflex to the end of the answer', judge: judgeOrder },
  'reflex-in-an-instant': { tried: 'the time from the POST to the reflex', judge: judgeInstant },
  'two-at-once': {
    tried: 'two messages of one thread at the same time',
    judge: judgePair,
    followsFrom: ['answer-shape'],
  },
  'text-intact': {
    tried: 'a message with emoji and non-ASCII letters, to be repeated',
    judge: judgeText,
    followsFrom: ['answer-shape'],
  },
  'closed-between': {
    tried: 'the WebSocket ends right after the POST is written: once cut, once closed a little later',
    judge: judgeClosedBetween,
    followsFrom: ['no-websocket', 'answer-shape'],
  },
  'half-open': {
    tried: 'a client that stops reading and does not answer pings, then a POST',
    judge: judgeHalfOpen,
    followsFrom: ['answer-shape'],
  },
  'answer-shape': { tried: 'the answers to plain POSTs with the three documented fields', judge: judgeAnswers },
  'reflex-is-first-bubble': {
    tried: 'every answer whose reflex came over the WebSocket',
    judge: judgeFirstBubble,
    followsFrom: ['answer-shape'],
  },
}
