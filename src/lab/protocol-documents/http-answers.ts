import { BEYOND_CORRELATION } from '../../protocol/wire.ts'

/**
 * What an answer to POST /edge/message makes the agent do with the message. `accept`: store the answer, never POST it
 * again. `retry`: POST it again, the same bytes under the same key. `probe`: keep it, and all others; try one a minute.
 * `dead-letter`: set it aside for a person, and go on with the next.
 */
export type AgentDoes = 'accept' | 'retry' | 'probe' | 'dead-letter'

export type HttpAnswer = {
  /** `404`, or all of a hundred: `4XX`. The exact one counts first. */
  readonly status: string
  readonly does: AgentDoes
  readonly description: string
  readonly mayHaveRetryAfter?: true
  /** Merged into the response as they are. */
  readonly marks?: typeof BEYOND_CORRELATION
}

const RETRIES =
  'The agent POSTs the same bytes again with the same key, after 1 s, doubling up to 60 s, minus a random part of up to half, or after `Retry-After`. It gives up when a try fails more than `retry.max_age` after the first one.'
const PROBES =
  'The endpoint is the problem, not the message: the agent keeps every message, tries one a minute, reports this in its status, and resumes by itself.'
const DEAD_LETTERS =
  'The agent sets this message aside with the status and the first 200 characters of the body, for a person to look at, and goes on with the next.'

/** Every answer but 200, and what it means to the agent. */
export const HTTP_ANSWERS: readonly HttpAnswer[] = [
  {
    status: '3XX',
    does: 'probe',
    description: `Redirects are not followed: they would send the secret to another host. ${PROBES}`,
  },
  {
    status: '400',
    does: 'dead-letter',
    description: `No message. ${DEAD_LETTERS} Check the secret before the body: \`edge-agent doctor\` POSTs an empty one to find out whether the secret is accepted.`,
  },
  { status: '401', does: 'probe', description: `The secret is missing or wrong. ${PROBES}` },
  { status: '403', does: 'probe', description: `This agent is not accepted. ${PROBES}` },
  { status: '404', does: 'probe', description: `There is no backend here. ${PROBES}` },
  { status: '405', does: 'probe', description: `There is no backend here. ${PROBES}` },
  {
    status: '408',
    does: 'retry',
    description: `The request took too long. ${RETRIES}`,
    mayHaveRetryAfter: true,
  },
  {
    status: '409',
    does: 'retry',
    description: `The first try under this \`Idempotency-Key\` is still being worked on. ${RETRIES}`,
    mayHaveRetryAfter: true,
    marks: BEYOND_CORRELATION,
  },
  { status: '410', does: 'probe', description: `There is no backend here any more. ${PROBES}` },
  { status: '413', does: 'dead-letter', description: `The message is too large. ${DEAD_LETTERS}` },
  { status: '415', does: 'dead-letter', description: `The body is not understood. ${DEAD_LETTERS}` },
  {
    status: '422',
    does: 'dead-letter',
    description: `The message is understood, but cannot be answered; or its \`Idempotency-Key\` was first used with another body. ${DEAD_LETTERS}`,
  },
  { status: '425', does: 'retry', description: `Too early. ${RETRIES}`, mayHaveRetryAfter: true },
  {
    status: '429',
    does: 'retry',
    description: `Too much at once. ${RETRIES} Every other message waits as long.`,
    mayHaveRetryAfter: true,
  },
  { status: '4XX', does: 'dead-letter', description: `Any other refusal of this one message. ${DEAD_LETTERS}` },
  {
    status: '5XX',
    does: 'retry',
    description: `The backend has a problem or restarts. ${RETRIES}`,
    mayHaveRetryAfter: true,
  },
]
