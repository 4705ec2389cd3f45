import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'

/** What came back. */
export type HttpAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** As it came, packed or not. */
  readonly body: Buffer
  /** False where the body was longer than the pool's limit, or cut off where it was only `welcome`. */
  readonly isWhole: boolean
}

/**
 * What the body of an answer with this status is worth: without it there is no answer; it is read as far as it comes; it is
 * not waited for.
 */
export type BodyOf = (status: number) => 'needed' | 'welcome' | 'none'

/**
 * Sends one request and reads its answer. Rejects with an error that has a `code` where no answer came, and with the reason
 * of `signal`. `onStart` is called when there is a connection and the first byte is about to be written, `onSent` when the
 * last one was.
 */
export const exchange = (
  pool: Dispatcher,
  request: {
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
    readonly signal: AbortSignal
    readonly bodyOf: BodyOf
    readonly onStart: () => void
    readonly onSent: () => void
  },
): Promise<HttpAnswer> => {
  const { signal, bodyOf } = request
  if (signal.aborted) return Promise.reject(signal.reason)
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  let controller: Dispatcher.DispatchController | undefined
  let hasBegun = false
  let head: Pick<HttpAnswer, 'status' | 'headers'> | undefined
  const chunks: Buffer[] = []

  const answer = (isWhole: boolean): void => {
    if (head !== undefined) resolve({ ...head, body: Buffer.concat(chunks), isWhole })
  }
  /** No more is wanted. What is already known stays: a promise is settled once. */
  const hangUp = (): void => {
    if (head !== undefined && bodyOf(head.status) === 'welcome') answer(false)
    else reject(signal.reason)
    controller?.abort(ENOUGH)
  }
  signal.addEventListener('abort', hangUp)

  const bytes = Buffer.from(request.body)
  pool.dispatch(
    {
      method: 'POST',
      path: request.path,
      headers: { ...request.headers, 'Content-Length': String(bytes.length) },
      // What is larger than a socket's buffer has not left when it has been handed over. Of an iterable undici waits for
      // that; its types do not know that it takes one.
      body: bytes.length > BUFFERED_BYTES ? ([bytes] as unknown as Readable) : bytes,
      // The signal is the one deadline, over all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    {
      onRequestStart: started => {
        controller = started
        if (signal.aborted) return started.abort(ENOUGH)
        request.onStart()
      },
      onRequestSent: request.onSent,
      onResponseStarted: () => {
        hasBegun = true
      },
      onResponseStart: (started, status, headers) => {
        if (status < 200) return
        head = { status, headers }
        if (bodyOf(status) !== 'none') return
        answer(true)
        started.abort(ENOUGH)
      },
      onResponseData: (_, chunk) => {
        chunks.push(chunk)
      },
      // In its next turn undici takes the connection back: whoever POSTs again right away is to get this one.
      onResponseEnd: () => queueMicrotask(() => setImmediate(answer, true)),
      onResponseError: (_, error) => {
        const isMuch = codeOf(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'
        if (head !== undefined && (isMuch || bodyOf(head.status) === 'welcome')) answer(false)
        else reject(named(error, hasBegun && head === undefined))
      },
    },
  )
  return promise.finally(() => signal.removeEventListener('abort', hangUp))
}

/** Less than the buffer of any socket, TLS or not. */
const BUFFERED_BYTES = 16_000

const ENOUGH = new Error('no more of the answer is wanted')

/** The same under the name that it has elsewhere, whoever the HTTP client is. */
const named = (error: Error, isNoAnswer: boolean): Error => {
  const code = codeOf(error)
  // After 101 undici hangs up, too.
  const name = code === 'UND_ERR_SOCKET' && isNoAnswer ? 'NO_ANSWER' : NAMES[code]
  return name === undefined ? error : Object.assign(new Error(error.message, { cause: error }), { code: name })
}

const NAMES: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'CONNECT_TIMEOUT',
  UND_ERR_SOCKET: 'ECONNRESET',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ECONNRESET',
  UND_ERR_HEADERS_OVERFLOW: 'HPE_HEADER_OVERFLOW',
}

/** The error's own code, or its name. */
export const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return ''
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
