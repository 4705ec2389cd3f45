import { subscribe } from 'node:diagnostics_channel'
import type { DiagnosticsChannel } from 'undici'
import { retryAfterMs } from '../core/backoff.ts'
import {
  EDGE_MESSAGE_PATH,
  MAX_ANSWER_BYTES,
  type MessageAnswer,
  messageAnswer,
  toIdempotencyKey,
} from '../protocol/wire.ts'
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

export type InvalidAnswer = 'empty' | 'not_json' | 'wrong_shape' | 'too_large'

/**
 * Makes the function that POSTs one message to the backend, once. It never rejects. `timeoutMs` bounds the whole of a
 * try, from the connection to the last byte of the answer. `readSecret` is asked at every try and must not throw.
 */
export const createPostMessage = ({
  backendUrl,
  agentId,
  readSecret,
  timeoutMs = 120_000,
  now = Date.now,
}: {
  readonly backendUrl: string
  readonly agentId: string
  readonly readSecret: () => string | undefined
  readonly timeoutMs?: number
  readonly now?: () => number
}): ((post: Post) => Promise<PostOutcome>) => {
  const url = edgeUrl(backendUrl, EDGE_MESSAGE_PATH)
  const unsent = watchUnsent()

  return async ({ key, body, signal, onSent }) => {
    const idempotencyKey = toIdempotencyKey(key)
    const deadline = AbortSignal.timeout(timeoutMs)
    if (onSent) unsent.set(idempotencyKey, onSent)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          ...edgeHeaders(agentId, readSecret()),
          'Content-Type': 'application/json',
          [KEY_HEADER]: idempotencyKey,
        },
        body,
        // Following one would carry the secret to another host.
        redirect: 'manual',
        signal: AbortSignal.any([signal, deadline]),
      })
      return await readOutcome(response, now())
    } catch (error) {
      if (signal.aborted) return { kind: 'stopped' }
      if (deadline.aborted) return { kind: 'retry', reason: 'timeout', scope: 'message', network: true }
      return outcomeOfError(error)
    } finally {
      unsent.settle(idempotencyKey)
    }
  }
}

const KEY_HEADER = 'Idempotency-Key'

/** fetch does not tell when a request has left; undici's diagnostics do, and the key says whose it was. */
const watchUnsent = () => {
  const waiting = new Map<string, () => void>()
  const settle = (idempotencyKey: string): void => {
    const onSent = waiting.get(idempotencyKey)
    waiting.delete(idempotencyKey)
    onSent?.()
  }
  subscribe('undici:request:bodySent', message => {
    // The channel's name fixes the shape of its messages: headers are [name, value, name, value, …].
    const headers: unknown[] = (message as DiagnosticsChannel.RequestBodySentMessage).request.headers
    const at = headers.indexOf(KEY_HEADER)
    if (at !== -1) settle(String(headers[at + 1]))
  })
  return { set: (idempotencyKey: string, onSent: () => void) => waiting.set(idempotencyKey, onSent), settle }
}

const readOutcome = async (response: Response, nowMs: number): Promise<PostOutcome> => {
  const { status } = response
  if (response.ok) return readAnswer(response)
  if (status >= 500 || RETRIED.has(status)) {
    await discard(response)
    const wait = retryAfterMs(response.headers.get('Retry-After'), nowMs)
    return {
      kind: 'retry',
      reason: `http_${status}`,
      scope: status === 429 ? 'backend' : 'message',
      network: false,
      ...(wait !== undefined && { retryAfterMs: wait }),
    }
  }
  if (status < 400) {
    await discard(response)
    return {
      kind: 'wrong-road',
      reason: 'redirect',
      detail: `status ${status} to ${response.headers.get('Location') ?? 'nowhere'}`,
    }
  }
  const { text } = await readText(response)
  return WRONG_ROAD.has(status)
    ? { kind: 'wrong-road', reason: `http_${status}`, detail: head(text) }
    : { kind: 'rejected', status, bodyHead: head(text) }
}

const RETRIED = new Set([408, 409, 425, 429])
const WRONG_ROAD = new Set([401, 403, 404, 405, 410])

const readAnswer = async (response: Response): Promise<PostOutcome> => {
  const { text, isWhole } = await readText(response)
  const invalid = (reason: InvalidAnswer): PostOutcome => ({ kind: 'invalid-answer', reason, bodyHead: head(text) })
  if (!isWhole) return invalid('too_large')
  if (text.trim() === '') return invalid('empty')
  const json = parseJson(text)
  if (json === undefined) return invalid('not_json')
  const parsed = messageAnswer.safeParse(json)
  return parsed.success ? { kind: 'answered', answer: parsed.data } : invalid('wrong_shape')
}

/** Reads up to the limit, counted after decompression, and hangs up on the rest. */
const readText = async (response: Response): Promise<{ readonly text: string; readonly isWhole: boolean }> => {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) return { text, isWhole: false }
    text += decoder.decode(chunk, { stream: true })
  }
  return { text: text + decoder.decode(), isWhole: true }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An unread body would hold its connection until it is collected. */
const discard = async (response: Response): Promise<void> => {
  await response.body?.cancel().catch(() => {})
}

const head = (text: string): string => text.slice(0, 200)

/** fetch says "fetch failed", and puts what happened into the cause. */
const outcomeOfError = (error: unknown): PostOutcome => {
  const cause = error instanceof Error ? error.cause : undefined
  // Without a cause it never came to a connection: fetch refuses a header or the URL.
  if (!(cause instanceof Error)) return { kind: 'wrong-road', reason: 'bad_request', detail: String(error) }
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  if (isTlsError(code)) return { kind: 'wrong-road', reason: `tls_${code}`, detail: cause.message }
  return { kind: 'retry', reason: `network_${code}`, scope: 'message', network: true }
}
