import { gunzipSync } from 'node:zlib'
import { buildConnector, Pool } from 'undici'
import {
  EDGE_MESSAGE_PATH,
  MAX_ANSWER_BYTES,
  type MessageAnswer,
  messageAnswer,
  toIdempotencyKey,
} from '../../protocol/wire.ts'
import { retryAfterMs } from '../core/backoff.ts'
import { neverConnected } from '../core/never-connected.ts'
import { edgeHeaders, edgeUrl } from './edge-request.ts'
import { type BodyOf, codeOf, exchange, type HttpAnswer } from './exchange.ts'
import type { Way } from './follow-way.ts'
import { isTlsError } from './is-tls-error.ts'
import { keepSpare, type SpareTimings } from './keep-spare.ts'

/** One try to hand a message to the backend. */
export type Post = {
  /** The message's guid: the same for every try. */
  readonly key: string
  /** JSON, exactly as it was stored at the first try. */
  readonly body: string
  /** Ends the try with the outcome `stopped`. */
  readonly signal: AbortSignal
  /**
   * Called once: when the request has been written to the socket, or when the outcome is known. Whoever starts the
   * next POST of the same thread only then keeps their order.
   */
  readonly onSent?: () => void
}

/** What became of one try. */
export type PostOutcome =
  | { readonly kind: 'answered'; readonly answer: MessageAnswer }
  /** A 2xx whose body is not an answer. The real one is lost, asking again is the only way to it. */
  | { readonly kind: 'invalid-answer'; readonly reason: InvalidAnswer; readonly bodyHead: string }
  | {
      readonly kind: 'retry'
      /** `http_503`, `network_ECONNRESET`, `timeout`, … */
      readonly reason: string
      /** `backend`: messages of other threads have to wait as well. */
      readonly scope: 'message' | 'backend'
      /** No complete answer came, so that it is unknown whether the backend has seen the message. */
      readonly network: boolean
      readonly retryAfterMs?: number
    }
  /** Nothing is wrong with the message: `http_401`, `redirect`, `tls_CERT_HAS_EXPIRED`, `bad_request`, … */
  | { readonly kind: 'refuses-all'; readonly reason: string; readonly detail: string }
  | { readonly kind: 'rejected'; readonly status: number; readonly bodyHead: string }
  | { readonly kind: 'stopped' }

export type InvalidAnswer = 'empty' | 'not_gzip' | 'not_json' | 'wrong_shape' | 'too_large'

/**
 * Makes the function that POSTs one message to the backend, once. It never rejects. `timeoutMs` bounds the whole of a
 * try, from the connection to the last byte of the answer, `connectMs` the way to an open connection. `readSecret` is
 * asked at every try and must not throw.
 */
export const createPostMessage = ({
  backendUrl,
  agentId,
  readSecret,
  timeoutMs = 120_000,
  connectMs = 10_000,
  way = NO_WAY,
  spareTimings,
  now = Date.now,
}: {
  readonly backendUrl: string
  readonly agentId: string
  readonly readSecret: () => string | undefined
  readonly timeoutMs?: number
  readonly connectMs?: number
  /** Where it shows that the way to the backend is alive, a spare connection waits for the next message. */
  readonly way?: Way
  readonly spareTimings?: SpareTimings
  readonly now?: () => number
}): ((post: Post) => Promise<PostOutcome>) => {
  const url = edgeUrl(backendUrl, EDGE_MESSAGE_PATH)
  const dial = buildConnector({ allowH2: false, timeout: connectMs })
  const spare = keepSpare({ dial, way, now, timings: spareTimings })
  const openPool = (): Pool => new Pool(url.origin, { ...POOL, connect: spare.connect })
  let pool = openPool()
  let usedMs = now()
  /** While the Mac slept no timer has ended the idle connections, and most likely they are dead. */
  const poolOfNow = (): Pool => {
    const { running, connected } = pool.stats
    if (running === 0 && connected > 0 && now() - usedMs > IDLE_MS + 1_000) {
      void pool.close()
      pool = openPool()
    }
    return pool
  }
  /** What the last one said: a spare is for a backend that answers. */
  let isWell = true

  const attempt = async (post: Post, signal: AbortSignal, onStart: () => void, onSent: () => void) => {
    const headers = {
      ...edgeHeaders(agentId, readSecret()),
      'Content-Type': 'application/json',
      'Accept-Encoding': 'gzip',
      'Idempotency-Key': toIdempotencyKey(post.key),
    }
    const path = url.pathname + url.search
    const request = { path, headers, body: post.body, signal, bodyOf, onStart, onSent }
    const answer = await exchange(poolOfNow(), request).finally(() => {
      usedMs = now()
    })
    return readOutcome(answer, now())
  }

  return async post => {
    const deadline = AbortSignal.timeout(timeoutMs)
    const signal = AbortSignal.any([post.signal, deadline])
    const left = onlyOnce(post.onSent ?? (() => {}))
    const onSent = (): void => {
      if (isWell) spare.talked()
      left()
    }
    let isUntouched = true
    const onStart = (): void => {
      isUntouched = false
    }
    const outcomeOf = (error: unknown): PostOutcome => {
      if (post.signal.aborted) return { kind: 'stopped' }
      if (deadline.aborted) return { kind: 'retry', reason: 'timeout', scope: 'message', network: true }
      return outcomeOfError(error)
    }
    const go = (): Promise<PostOutcome> => attempt(post, signal, onStart, onSent).catch(outcomeOf)
    let outcome = await go()
    // An idle connection ended under our hands, and nothing had been written to it: a new one, once.
    if (isUntouched && outcome.kind === 'retry' && outcome.network && !neverConnected(outcome.reason)) {
      outcome = await go()
    }
    left()
    if (outcome.kind === 'stopped') return outcome
    isWell = outcome.kind === 'answered'
    if (isWell) spare.talked()
    else spare.rest()
    return outcome
  }
}

const NO_WAY: Way = { shows: () => undefined, onEnd: () => {} }

/** How long a used connection is kept that nobody uses: less than any server does, also where one promises more. */
const IDLE_MS = 4_000

const POOL: Pool.Options = {
  // How many there are at once is the caller's to bound: a POST that waits here would use up its time-out.
  connections: null,
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: IDLE_MS,
  keepAliveTimeoutThreshold: 1_000,
  maxResponseSize: MAX_ANSWER_BYTES,
}

const onlyOnce = (callback: () => void): (() => void) => {
  let isCalled = false
  return () => {
    if (!isCalled) callback()
    isCalled = true
  }
}

const isAnswer = (status: number): boolean => status >= 200 && status < 300
const isRetried = (status: number): boolean => status >= 500 || RETRIED.has(status)
const RETRIED = new Set([408, 409, 425, 429])
const WRONG_ROAD = new Set([401, 403, 404, 405, 410])

/** Of an error the status says it all: where the body cannot be read, there is only less to tell. */
const bodyOf: BodyOf = status => {
  if (isAnswer(status)) return 'needed'
  return status < 400 || isRetried(status) ? 'none' : 'welcome'
}

/** Redirects are not followed: that would carry the secret to another host. */
const readOutcome = (response: HttpAnswer, nowMs: number): PostOutcome => {
  const { status, headers } = response
  if (isAnswer(status)) return readAnswer(response)
  if (isRetried(status)) {
    const wait = retryAfterMs(one(headers['retry-after']), nowMs)
    return {
      kind: 'retry',
      reason: `http_${status}`,
      scope: status === 429 ? 'backend' : 'message',
      network: false,
      ...(wait !== undefined && { retryAfterMs: wait }),
    }
  }
  if (status < 400) {
    const location = one(headers['location'])
    return location === undefined
      ? { kind: 'refuses-all', reason: `http_${status}`, detail: '' }
      : { kind: 'refuses-all', reason: 'redirect', detail: `status ${status} to ${head(location)}` }
  }
  const { text } = readText(response)
  return WRONG_ROAD.has(status)
    ? { kind: 'refuses-all', reason: `http_${status}`, detail: head(text) }
    : { kind: 'rejected', status, bodyHead: head(text) }
}

/** Of a header that came more than once the first counts. */
const one = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'object' ? header[0] : header

const readAnswer = (response: HttpAnswer): PostOutcome => {
  const { text, fault } = readText(response)
  const invalid = (reason: InvalidAnswer): PostOutcome => ({ kind: 'invalid-answer', reason, bodyHead: head(text) })
  if (fault !== undefined) return invalid(fault)
  if (text.trim() === '') return invalid('empty')
  const json = parseJson(text)
  if (json === undefined) return invalid('not_json')
  const parsed = messageAnswer.safeParse(json)
  return parsed.success ? { kind: 'answered', answer: parsed.data } : invalid('wrong_shape')
}

/** The limit counts twice: for what comes over the network, and for what it unpacks to. */
const readText = ({
  body,
  headers,
  isWhole,
}: HttpAnswer): { readonly text: string; readonly fault?: InvalidAnswer } => {
  const isPacked = /^(x-)?gzip$/i.test(one(headers['content-encoding']) ?? '')
  if (!isWhole) return { text: isPacked ? '' : decode(body), fault: 'too_large' }
  if (!isPacked || body.length === 0) return { text: decode(body) }
  try {
    return { text: decode(gunzipSync(body, { maxOutputLength: MAX_ANSWER_BYTES })) }
  } catch (error) {
    return { text: '', fault: codeOf(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too_large' : 'not_gzip' }
  }
}

const decode = (bytes: Buffer): string => new TextDecoder().decode(bytes)

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const head = (text: string): string => text.slice(0, 200)

const outcomeOfError = (error: unknown): PostOutcome => {
  const code = codeOf(error)
  // It never came to a connection: a header or the URL is refused.
  if (!(error instanceof Error) || error instanceof TypeError || code === 'UND_ERR_INVALID_ARG') {
    return { kind: 'refuses-all', reason: 'bad_request', detail: String(error) }
  }
  if (isTlsError(code)) return { kind: 'refuses-all', reason: `tls_${code}`, detail: error.message }
  return { kind: 'retry', reason: `network_${code}`, scope: 'message', network: true }
}
