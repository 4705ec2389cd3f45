import {
  BEYOND_CORRELATION,
  EDGE_MESSAGE_PATH,
  edgeAgentId,
  messageAnswer,
  messageRequest,
  refusalBody,
} from '../../protocol/wire.ts'
import { MARKS, MOCK_HOST, PROTOCOL_VERSION } from './about.ts'
import { AGENT_ID, ANSWERS, IDEMPOTENCY_KEY, REQUESTS } from './examples.ts'
import { HTTP_ANSWERS, type HttpAnswer } from './http-answers.ts'
import { toSchema } from './to-schema.ts'

/** The HTTP half of the protocol, as a backend has to serve it: OpenAPI 3.1. Its schemas are those of the wire. */
export const openApiDocument = () => ({
  openapi: '3.1.0',
  info: {
    title: 'Edge backend: messages over HTTP',
    version: PROTOCOL_VERSION,
    summary: 'What a backend serves, so that an edge agent can post messages and get the replies.',
    description: INTRODUCTION,
  },
  servers: [
    {
      url: `http://${MOCK_HOST}`,
      description: 'The mock backend. Yours has its own URL, perhaps with a path before `/edge`.',
    },
  ],
  tags: [{ name: 'messages', description: 'Messages in, replies out.' }],
  paths: {
    [EDGE_MESSAGE_PATH]: {
      post: {
        operationId: 'postMessage',
        tags: ['messages'],
        summary: 'Post one message; the answer contains all bubbles of the reply.',
        description: POST,
        security: [{ edgeSecret: [] }],
        parameters: [AGENT_ID_HEADER, IDEMPOTENCY_KEY_HEADER],
        requestBody: {
          required: true,
          description: 'JSON in UTF-8. A retry sends the same bytes.',
          content: {
            'application/json': { schema: { $ref: '#/components/schemas/MessageRequest' }, examples: REQUESTS },
          },
        },
        responses: { '200': OK, ...Object.fromEntries(HTTP_ANSWERS.map(answer => [answer.status, response(answer)])) },
      },
    },
  },
  components: {
    securitySchemes: {
      edgeSecret: {
        type: 'http',
        scheme: 'bearer',
        description:
          'The secret that agent and backend share (`EDGE_SECRET`). An agent without a secret sends no `Authorization`.',
      },
    },
    schemas: {
      MessageRequest: toSchema(messageRequest, 'draft-2020-12'),
      MessageAnswer: toSchema(messageAnswer, 'draft-2020-12'),
      Refusal: toSchema(refusalBody, 'draft-2020-12'),
    },
    headers: {
      RetryAfter: {
        description: 'When to try again: seconds, or an HTTP date. Obeyed from one second up to one hour.',
        schema: { type: 'string', examples: ['1', 'Mon, 17 Nov 2025 20:00:00 GMT'] },
      },
    },
  },
})

const INTRODUCTION = `An edge agent on a Mac hands each message that comes in to a backend, and sends the reply. This document is the HTTP half: \
the agent POSTs the message, the answer contains all bubbles of the reply. Over the other half, a WebSocket, the backend may send the first \
bubble early, the *reflex*, while it is still thinking: \`asyncapi.json\` describes it. \`X-Edge-Agent-Id\` here and \`edge_agent_id\` there \
tie the two together.

${MARKS}

\`x-agent-does\` at each answer is what the agent then does with the message: \`accept\` (stores the answer, never POSTs it again), \`retry\`, \
\`probe\` (keeps it and all others, tries one a minute) or \`dead-letter\` (sets it aside for a person).`

const POST = `On each POST a backend

1. checks the secret;
2. looks up the WebSocket of \`X-Edge-Agent-Id\` and, if it is open, sends the reflex there at once, as a \`send_message_now\` command;
3. thinks, and answers with all bubbles, the reflex first, even if it was already sent: without a WebSocket, only the answer contains it.

One try may take 120 s in total, from the connection to the last byte. Within a thread a POST starts 10 ms after the one before it has left, \
without waiting for its answer.`

const AGENT_ID_HEADER = {
  name: 'X-Edge-Agent-Id',
  in: 'header',
  required: true,
  description: 'Whose WebSocket takes the reflex.',
  schema: toSchema(edgeAgentId, 'draft-2020-12'),
  example: AGENT_ID,
}

const IDEMPOTENCY_KEY_HEADER = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  ...BEYOND_CORRELATION,
  description:
    "The message's guid in double quotes; this agent always sends it. If the answer was lost, the message comes again with the same key. Then, for at least a day, return the first answer again and send no second reflex; return 409 while the first try is still in progress. A key is never used for another body. A backend that ignores the key does the work twice.",
  schema: { type: 'string' },
  example: IDEMPOTENCY_KEY,
}

const OK = {
  description:
    'The reply. Any other 2xx with such a body counts the same. A 2xx with anything else (empty, not JSON, wrong fields, too large) is retried like a 5xx, and after the 8th such answer the message is set aside for a person. The body may be compressed with gzip.',
  'x-agent-does': 'accept',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/MessageAnswer' }, examples: ANSWERS } },
}

const response = ({ does, description, mayHaveRetryAfter, marks }: HttpAnswer) => ({
  ...marks,
  description,
  'x-agent-does': does,
  ...(mayHaveRetryAfter && { headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } }),
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
})
