import { z } from 'zod'
import type { Aim, HttpFault } from '../faults.ts'
import {
  answerWith,
  flood,
  type HttpEffect,
  hang,
  raw,
  reset,
  trickleBody,
  trickleHeaders,
  truncated,
} from '../http-faults.ts'
import { resetUpgrade } from '../socket-faults.ts'
import { type FaultKind, faultKind, type Laid, milliseconds, type Rig } from './fault-kind.ts'

const status = z.int().min(200).max(599)
const retryAfter = z.string().max(200).describe('Retry-After, as it is sent: seconds, a date, nonsense').optional()
const delayMs = milliseconds.default(0).describe('wait first, in ms')

/** What a POST gets that is not its answer. */
export const HTTP_KINDS: readonly FaultKind[] = [
  faultKind({
    name: 'status',
    group: 'HTTP',
    title: 'Answer with a status',
    hint: 'Any status instead of the answer: 503 and 429 with Retry-After, 401, 404, 410, 409, 422 …',
    params: {
      status: status.default(503),
      retryAfter,
      body: z.string().default('').describe('body, as text'),
      delayMs,
    },
    lay: (rig, aim, { status, retryAfter, body, delayMs }) =>
      post(rig, aim, { delayMs, effect: answerWith(status, body, retryAfterHeader(retryAfter)) }),
  }),
  faultKind({
    name: 'lose-answer',
    group: 'HTTP',
    title: 'Lose the answer',
    hint: 'The work is done and the reflex sent. Then the connection is reset before the answer.',
    params: {},
    lay: (rig, aim) => post(rig, aim, { when: 'after', effect: reset }),
  }),
  faultKind({
    name: 'hang-up-while-working',
    group: 'HTTP',
    title: 'Hang up while working',
    hint: 'The connection is reset, but the backend keeps thinking: a retry gets 409 until it has finished.',
    params: { delayMs },
    lay: (rig, aim, { delayMs }) => post(rig, aim, { when: 'during', delayMs, effect: reset }),
  }),
  faultKind({
    name: 'reset',
    group: 'HTTP',
    title: 'Reset the POST',
    hint: 'The connection is reset (RST), and the message is not processed.',
    params: { delayMs },
    lay: (rig, aim, { delayMs }) => post(rig, aim, { delayMs, effect: reset }),
  }),
  faultKind({
    name: 'stale-connection',
    group: 'HTTP',
    title: 'Stale keep-alive',
    hint: 'The connection ends (FIN) as the POST arrives, as if it had been idle for too long.',
    params: {},
    lay: (rig, aim) => post(rig, aim, { effect: response => response.socket?.end() }),
  }),
  faultKind({
    name: 'slow',
    group: 'HTTP',
    title: 'Think longer',
    hint: 'The right answer, but some ms later.',
    params: { ms: milliseconds.default(10_000).describe('how much later, in ms') },
    lay: (rig, aim, { ms }) => post(rig, aim, { when: 'after', delayMs: ms }),
  }),
  faultKind({
    name: 'hang',
    group: 'HTTP',
    title: 'Never answer',
    hint: 'The POST stays open and nothing comes, until the agent gives up.',
    params: {},
    lay: (rig, aim) => post(rig, aim, { effect: hang }),
  }),
  faultKind({
    name: 'down',
    group: 'HTTP',
    title: 'Be down',
    hint: 'Every POST and every new WebSocket is reset; open WebSockets are ended at once.',
    params: {},
    lay: (rig, aim) => {
      rig.faults.socket.terminate(aim.agentId)
      const lifts = [
        rig.faults.http.push({ ...aim, effect: reset }),
        rig.faults.upgrade.push({ ...aim, effect: resetUpgrade }),
      ]
      return { lift: () => lifts.forEach(lift => void lift()) }
    },
  }),
  faultKind({
    name: 'redirect',
    group: 'HTTP',
    title: 'Redirect elsewhere',
    hint: 'The agent must not follow: its secret is only for the configured host.',
    params: {
      status: z.literal([301, 302, 303, 307, 308]).default(307),
      location: z.string().min(1).max(2000).default('http://elsewhere.invalid/edge/message').describe('where to'),
    },
    lay: (rig, aim, { status, location }) => post(rig, aim, { effect: answerWith(status, '', { location }) }),
  }),
  faultKind({
    name: 'bad-answer',
    group: 'HTTP',
    title: 'Answer nonsense',
    hint: 'Status 200 (or 204), and a body that is not an answer.',
    params: {
      form: z
        .enum(['html', 'invalid-json', 'empty', 'no-content', 'wrong-types', 'many-bubbles'])
        .default('html')
        .describe('what is wrong with it'),
    },
    lay: (rig, aim, { form }) => post(rig, aim, { effect: BAD_ANSWERS[form] }),
  }),
  faultKind({
    name: 'truncated',
    group: 'HTTP',
    title: 'Cut the answer short',
    hint: 'The connection ends in the middle of the body, or the Content-Length is too small.',
    params: { form: z.enum(['cut', 'short-length']).default('cut').describe('how') },
    lay: (rig, aim, { form }) => post(rig, aim, { effect: form === 'cut' ? truncated : SHORT_LENGTH }),
  }),
  faultKind({
    name: 'trickle',
    group: 'HTTP',
    title: 'Trickle',
    hint: 'The headers or the body arrive one byte at a time, without end.',
    params: {
      part: z.enum(['headers', 'body']).default('body').describe('which part'),
      everyMs: milliseconds.min(1).default(1000).describe('ms between two bytes'),
    },
    lay: (rig, aim, { part, everyMs }) =>
      post(rig, aim, { effect: part === 'body' ? trickleBody(everyMs) : trickleHeaders(everyMs) }),
  }),
  faultKind({
    name: 'flood',
    group: 'HTTP',
    title: 'Flood',
    hint: 'An answer of many megabytes; with gzip it is small on the wire and huge when unpacked.',
    params: {
      megabytes: z.int().min(1).max(1000).default(100).describe('size, in MB'),
      gzip: z.boolean().default(false).describe('compressed'),
    },
    lay: (rig, aim, { megabytes, gzip }) => post(rig, aim, { effect: flood(megabytes * 1024 * 1024, { gzip }) }),
  }),
  faultKind({
    name: 'raw',
    group: 'HTTP',
    title: 'Raw bytes',
    hint: 'These bytes instead of an HTTP answer; then the connection ends.',
    params: {
      bytes: z
        .string()
        .max(64 * 1024)
        .default('not HTTP at all\r\n\r\n')
        .describe('what is written'),
    },
    lay: (rig, aim, { bytes }) => post(rig, aim, { effect: raw(bytes) }),
  }),
]

const post = ({ faults }: Rig, aim: Aim, fault: Pick<HttpFault, 'when' | 'delayMs' | 'effect'>): Laid => ({
  lift: faults.http.push({ ...aim, ...fault }),
})

const retryAfterHeader = (value: string | undefined): Record<string, string> =>
  value === undefined || value === '' ? {} : { 'Retry-After': value }

const JSON_TYPE = { 'Content-Type': 'application/json' }

const BAD_ANSWERS = {
  html: answerWith(200, '<!doctype html><title>Sign in to this network</title>', { 'Content-Type': 'text/html' }),
  'invalid-json': answerWith(200, '{"should_respond":true,"reply_bubbles":["half', JSON_TYPE),
  empty: answerWith(200, '', JSON_TYPE),
  'no-content': response => response.writeHead(204).end(),
  'wrong-types': answerWith(200, { should_respond: 'yes', reply_bubbles: 'hello' }, JSON_TYPE),
  'many-bubbles': answerWith(
    200,
    { should_respond: true, reply_bubbles: Array.from({ length: 10_000 }, (_, n) => `bubble ${n + 1}`) },
    JSON_TYPE,
  ),
} satisfies Record<string, HttpEffect>

const SHORT_LENGTH = raw(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"should_respond":true,"reply_bubbles":["hello"]}',
)
