/**
 * What `correlation.md` asks its reader, word for word, with the checks that answer it. A check belongs to the first
 * question that names it; the steps and the fallback look at the same checks from another side.
 */
export type Question = { readonly id: string; readonly text: string; readonly checks: readonly CheckId[] }
export type Section = { readonly title: string; readonly questions: readonly Question[] }

export type CheckId =
  | 'websocket-opens'
  | 'id-from-query'
  | 'map-by-agent'
  | 'newer-replaces-older'
  | 'older-end-harmless'
  | 'pings'
  | 'stays-open'
  | 'header-any-case'
  | 'missing-header'
  | 'lookup-by-header'
  | 'unknown-id'
  | 'reflex-over-websocket'
  | 'reflex-before-answer'
  | 'reflex-in-an-instant'
  | 'frame-shape'
  | 'command-ids'
  | 'thread-id'
  | 'two-at-once'
  | 'text-intact'
  | 'secret'
  | 'answer-shape'
  | 'reflex-is-first-bubble'
  | 'no-websocket'
  | 'closed-between'
  | 'half-open'

export const SECTIONS: readonly Section[] = [
  {
    title: '1. WebSocket Connection Storage',
    questions: [
      {
        id: '1a',
        text: 'Are you storing WebSocket connections in a map keyed by `edge_agent_id`?',
        checks: ['map-by-agent', 'newer-replaces-older', 'older-end-harmless', 'stays-open', 'pings'],
      },
      {
        id: '1b',
        text: 'Are you extracting the `edge_agent_id` from the query parameter during WebSocket handshake?',
        checks: ['websocket-opens', 'id-from-query'],
      },
    ],
  },
  {
    title: '2. HTTP Request Correlation',
    questions: [
      {
        id: '2a',
        text: 'Are you extracting the `X-Edge-Agent-Id` header from `/edge/message` requests?',
        checks: ['header-any-case', 'missing-header', 'secret'],
      },
      {
        id: '2b',
        text: 'Are you looking up the WebSocket connection using this header value?',
        checks: ['lookup-by-header', 'unknown-id'],
      },
    ],
  },
  {
    title: '3. Reflex Delivery',
    questions: [
      {
        id: '3a',
        text: 'When a reflex is generated, are you checking if a WebSocket exists for the edge agent?',
        checks: ['reflex-over-websocket', 'no-websocket'],
      },
      {
        id: '3b',
        text: 'Are you sending the `send_message_now` command to that WebSocket?',
        checks: [
          'frame-shape',
          'command-ids',
          'thread-id',
          'reflex-before-answer',
          'reflex-in-an-instant',
          'two-at-once',
          'text-intact',
        ],
      },
    ],
  },
  {
    title: '4. Error Handling',
    questions: [
      {
        id: '4a',
        text: 'What happens if WebSocket is disconnected between message receipt and reflex generation?',
        checks: ['closed-between', 'half-open'],
      },
      {
        id: '4b',
        text: 'Are you falling back to returning reflex in HTTP response?',
        checks: ['answer-shape', 'reflex-is-first-bubble'],
      },
    ],
  },
]

/** The steps under "Testing", and the fallback of the sample's comments. */
export const STEPS: readonly Question[] = [
  {
    id: 'step 1',
    text: 'Edge connects WebSocket → Backend stores the id',
    checks: ['websocket-opens', 'id-from-query', 'map-by-agent'],
  },
  {
    id: 'step 2',
    text: 'User sends message → Edge POSTs with `X-Edge-Agent-Id`',
    checks: ['answer-shape', 'header-any-case'],
  },
  {
    id: 'step 3',
    text: 'Backend looks up WebSocket → Sends `send_message_now` instantly',
    checks: ['reflex-over-websocket', 'lookup-by-header', 'frame-shape', 'reflex-before-answer'],
  },
  {
    id: 'step 4',
    text: 'Edge client receives and sends to iMessage in < 500ms',
    checks: ['reflex-in-an-instant'],
  },
  {
    id: 'fallback',
    text: 'Return HTTP response with ALL bubbles (including reflex as fallback)',
    checks: ['reflex-is-first-bubble', 'no-websocket', 'closed-between', 'half-open'],
  },
]
