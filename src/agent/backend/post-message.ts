import type { ClientRequest, IncomingMessage } from 'node:http'
// Not by name: tests put their own network under these modules.
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import {
  EDGE_MESSAGE_PATH,
  MAX_ANSWER_BYTES,
  type MessageAnswer,
  messageAnswer,
  toIdempotencyKey,
} from '../../protocol/wire.ts'
import { retryAfterMs } from '../core/backoff.ts'
import { edgeHeaders, edgeUrl } from './edge-request.ts'
import { isTlsError } from './is-tls-error.ts'

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
  | { readonly kind: 'wrong-road'; readonly reason: string; readonly detail: string }
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
  now = Date.now,
}: {
  readonly backendUrl: string
  readonly agentId: string
  readonly readSecret: () => string | undefined
  readonly timeoutMs?: number
  readonly connectMs?: number
  readonly now?: () => number
}): ((post: Post) => Promise<PostOutcome>) => {
  const url = edgeUrl(backendUrl, EDGE_MESSAGE_PATH)
  const client = url.protocol === 'https:' ? https : http
  const agent = new client.Agent(POOL)

  return async ({ key, body, signal, onSent = () => {} }) => {
    const deadline = AbortSignal.timeout(timeoutMs)
    const left = onlyOnce(onSent)
    try {
      const request = client.request(url, {
        agent,
        method: 'POST',
        headers: {
          ...edgeHeaders(agentId, readSecret()),
          'Content-Type': 'application/json',
          'Accept-Encoding': 'gzip',
          'Idempotency-Key': toIdempotencyKey(key),
        },
        signal: AbortSignal.any([signal, deadline]),
      })
      request.once('socket', socket => limitConnecting(socket, connectMs))
      request.once('finish', left)
      request.end(body)
      return await readOutcome(await responseTo(request), now())
    } catch (error) {
      if (signal.aborted) return { kind: 'stopped' }
      if (deadline.aborted) return { kind: 'retry', reason: 'timeout', scope: 'message', network: true }
      return outcomeOfError(error)
    } finally {
      left()
    }
  }
}

const POOL: http.AgentOptions = {
  // How many there are at once is the caller's to bound: a POST that waits here would use up its time-out.
  keepAlive: true,
  // How long a connection is kept that nobody uses. Below any server's, and also where the server promises more: one
  // that was idle while the Mac slept is most likely dead, and a POST on it would wait for its whole deadline.
  timeout: 4_000,
}

/** A host that does not answer is given up long before the deadline, which is meant for the backend's thinking. */
const limitConnecting = (socket: Socket, connectMs: number): void => {
  if (!socket.connecting) return
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error('the backend cannot be reached'), { code: 'CONNECT_TIMEOUT' }))
  }, connectMs)
  for (const end of ['encrypted' in socket ? 'secureConnect' : 'connect', 'close']) {
    socket.once(end, () => clearTimeout(timer))
  }
}

const onlyOnce = (callback: () => void): (() => void) => {
  let isCalled = false
  return () => {
    if (!isCalled) callback()
    isCalled = true
  }
}

/** Redirects are not followed: that would carry the secret to another host. */
const responseTo = (request: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.once('response', resolve)
    // Stays to the end: a lost connection is reported here even when the answer has begun.
    request.on('error', reject)
    // After 101 Node hangs up and reports nothing else.
    request.once('close', () => reject(Object.assign(new Error('no answer came'), { code: 'NO_ANSWER' })))
  })

const readOutcome = async (response: IncomingMessage, nowMs: number): Promise<PostOutcome> => {
  const { statusCode: status = 0, headers } = response
  if (status >= 200 && status < 300) return readAnswer(response)
  if (status >= 500 || RETRIED.has(status)) {
    response.destroy()
    const wait = retryAfterMs(headers['retry-after'], nowMs)
    return {
      kind: 'retry',
      reason: `http_${status}`,
      scope: status === 429 ? 'backend' : 'message',
      network: false,
      ...(wait !== undefined && { retryAfterMs: wait }),
    }
  }
  if (status < 400) {
    response.destroy()
    return headers.location === undefined
      ? { kind: 'wrong-road', reason: `http_${status}`, detail: '' }
      : { kind: 'wrong-road', reason: 'redirect', detail: `status ${status} to ${head(headers.location)}` }
  }
  // The status says it all: where the body cannot be read, there is only less to tell.
  const { text } = await readText(response).catch(() => ({ text: '' }))
  return WRONG_ROAD.has(status)
    ? { kind: 'wrong-road', reason: `http_${status}`, detail: head(text) }
    : { kind: 'rejected', status, bodyHead: head(text) }
}

const RETRIED = new Set([408, 409, 425, 429])
const WRONG_ROAD = new Set([401, 403, 404, 405, 410])

const readAnswer = async (response: IncomingMessage): Promise<PostOutcome> => {
  const invalid = (reason: InvalidAnswer, text = ''): PostOutcome => {
    return { kind: 'invalid-answer', reason, bodyHead: head(text) }
  }
  try {
    const { text, isWhole } = await readText(response)
    if (!isWhole) return invalid('too_large', text)
    if (text.trim() === '') return invalid('empty', text)
    const json = parseJson(text)
    if (json === undefined) return invalid('not_json', text)
    const parsed = messageAnswer.safeParse(json)
    return parsed.success ? { kind: 'answered', answer: parsed.data } : invalid('wrong_shape', text)
  } catch (error) {
    if (!codeOf(error).startsWith('Z_')) throw error
    return invalid('not_gzip')
  }
}

/** Reads up to the limit, counted after decompression, and hangs up on the rest. */
const readText = async (response: IncomingMessage): Promise<{ readonly text: string; readonly isWhole: boolean }> => {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of unpacked(response) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) return { text, isWhole: false }
    text += decoder.decode(chunk, { stream: true })
  }
  return { text: text + decoder.decode(), isWhole: true }
}

const unpacked = (response: IncomingMessage): Readable =>
  /^(x-)?gzip$/i.test(response.headers['content-encoding'] ?? '')
    ? pipeline(response, createGunzip(), () => {}) // whoever reads it is told of the error
    : response

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const head = (text: string): string => text.slice(0, 200)

const outcomeOfError = (error: unknown): PostOutcome => {
  // It never came to a connection: Node refuses a header or the URL.
  if (!(error instanceof Error) || error instanceof TypeError) {
    return { kind: 'wrong-road', reason: 'bad_request', detail: String(error) }
  }
  const code = codeOf(error)
  if (isTlsError(code)) return { kind: 'wrong-road', reason: `tls_${code}`, detail: error.message }
  return { kind: 'retry', reason: `network_${code}`, scope: 'message', network: true }
}

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return ''
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
