import type { IncomingMessage } from 'node:http'
import http from 'node:http'
import https from 'node:https'
import { type ClientOptions, WebSocket } from 'ws'
import { edgeUrl } from '../../agent/backend/edge-request.ts'
import { EDGE_MESSAGE_PATH, EDGE_WS_PATH, MAX_ANSWER_BYTES, type MessageRequest } from '../../protocol/wire.ts'
import { parseJson } from './parse-json.ts'
import type { Timings } from './timings.ts'
import { until } from './until.ts'

/** A text frame as it came; `at` is of `performance.now()`, as all times here are. */
export type Frame = { readonly at: number; readonly text: string; readonly json: unknown }

/** How a connection ended, and who began it. 1006: without a word. */
export type ConnectionEnd = {
  readonly by: 'us' | 'backend'
  readonly code: number
  readonly reason: string
  readonly livedMs: number
}

/** One WebSocket, in full control of its user: it does nothing by itself but answer pings. */
export type Connection = {
  readonly agentId: string
  readonly openedMs: number
  readonly frames: readonly Frame[]
  readonly isOpen: () => boolean
  readonly end: () => ConnectionEnd | undefined
  readonly send: (text: string) => void
  /** A protocol ping; resolves to the time until its pong in ms, or undefined. */
  readonly ping: () => Promise<number | undefined>
  /** From now on nothing is read any more: no frame, no ping. */
  readonly stopReading: () => void
  /** The closing handshake, waited for. */
  readonly close: () => Promise<void>
  /** The end of TCP without a word. */
  readonly cut: () => Promise<void>
}

export type Dial =
  | { readonly kind: 'open'; readonly connection: Connection }
  /** Answered, but not with 101. */
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/** One POST and what came back. */
export type Exchange = {
  /** When the request had been written. */
  readonly sentAt: number
  readonly endedAt: number
  readonly outcome:
    | {
        readonly kind: 'answered'
        readonly status: number
        readonly contentType: string
        readonly location: string | undefined
        readonly body: string
      }
    /** `timeout`, `too_large`, `ECONNRESET`, … */
    | { readonly kind: 'failed'; readonly code: string; readonly message: string }
}

export type PostRequest = {
  /** To the letter, the agent's id among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: MessageRequest
  /** Called when the request has been written. */
  readonly onSent?: () => void
}

export type EdgeClient = {
  /** `query`: what follows /edge/ws. */
  readonly dial: (dial: {
    readonly agentId: string
    readonly query: string
    readonly headers: Readonly<Record<string, string>>
  }) => Promise<Dial>
  readonly post: (request: PostRequest) => Promise<Exchange>
  /** All connections so far, ended ones included. */
  readonly connections: readonly Connection[]
  /** Ends what is open. */
  readonly close: () => void
}

/** Both roads to a backend, unforgiving and without a memory: no retry, no redirect, no pool. Rejects when `signal` aborts. */
export const createEdgeClient = ({
  backendUrl,
  secret,
  timings,
  signal,
}: {
  readonly backendUrl: string
  /** Taken out of whatever comes back, as a backend may repeat it; to be sent it has to be among the headers. */
  readonly secret?: string | undefined
  readonly timings: Timings
  readonly signal: AbortSignal
}): EdgeClient => {
  const connections: Connection[] = []
  const sockets = new Set<WebSocket>()
  const hide = hideSecret(secret)

  return {
    connections,
    dial: async ({ agentId, query, headers }) => {
      signal.throwIfAborted()
      const url = edgeUrl(backendUrl, EDGE_WS_PATH)
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
      url.search = query
      const options: ClientOptions = { headers, perMessageDeflate: false, followRedirects: false }
      const socket = new WebSocket(url, options)
      sockets.add(socket.once('close', () => sockets.delete(socket)))
      const dialled = await outcomeOf(socket, agentId, { timings, signal, hide })
      if (dialled.kind === 'open') connections.push(dialled.connection)
      signal.throwIfAborted()
      return dialled
    },
    post: request => post(edgeUrl(backendUrl, EDGE_MESSAGE_PATH), request, { timings, signal, hide }),
    close: () => {
      for (const socket of sockets) socket.terminate()
    },
  }
}

type Context = {
  readonly timings: Timings
  readonly signal: AbortSignal
  readonly hide: (text: string) => string
}

const hideSecret = (secret: string | undefined): Context['hide'] => {
  if (secret === undefined) return text => text
  const inJson = JSON.stringify(secret).slice(1, -1)
  return text => text.replaceAll(secret, '[secret]').replaceAll(inJson, '[secret]')
}

const outcomeOf = (socket: WebSocket, agentId: string, context: Context): Promise<Dial> => {
  const { timings } = context
  const { promise, resolve } = Promise.withResolvers<Dial>()
  const startedAt = performance.now()
  // Frames may come in one packet with the end of the handshake: nothing is awaited before they are listened for.
  const track = trackConnection(socket, agentId, context)
  const fail = (code: string, message: string): void => {
    resolve({ kind: 'failed', code, message })
    socket.terminate()
  }
  const timer = setTimeout(() => fail('timeout', `no answer within ${timings.dialMs} ms`), timings.dialMs)
  socket.once('open', () => resolve({ kind: 'open', connection: track(performance.now() - startedAt) }))
  socket.once('unexpected-response', (_request, response) => {
    resolve({ kind: 'refused', status: response.statusCode ?? 0 })
    socket.terminate()
  })
  // Stays to the end: a broken frame is reported here, and 'close' follows.
  socket.on('error', error => fail(codeOf(error), error.message))
  return promise.finally(() => clearTimeout(timer))
}

const trackConnection = (
  socket: WebSocket,
  agentId: string,
  { timings, signal, hide }: Context,
): ((openedMs: number) => Connection) => {
  const frames: Frame[] = []
  let isOursToEnd = false
  let openedAt = performance.now()
  let end: ConnectionEnd | undefined

  socket.once('open', () => {
    openedAt = performance.now()
  })
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? '(a binary frame)' : hide(data.toString())
    frames.push({ at: performance.now(), text, json: isBinary ? undefined : parseJson(text) })
  })
  socket.once('close', (code, reason) => {
    const by = isOursToEnd ? 'us' : 'backend'
    end = { by, code, reason: hide(reason.toString()), livedMs: performance.now() - openedAt }
  })

  const ended = async (): Promise<void> => {
    await until(() => end, timings.dialMs, signal)
    socket.terminate()
  }
  return openedMs => ({
    agentId,
    openedMs,
    frames,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    end: () => end,
    send: text => socket.send(text),
    ping: async () => {
      const sentAt = performance.now()
      let answeredAt: number | undefined
      socket.once('pong', () => {
        answeredAt = performance.now()
      })
      socket.ping('edge-agent')
      await until(() => answeredAt ?? end, timings.pongMs, signal)
      return answeredAt === undefined ? undefined : answeredAt - sentAt
    },
    stopReading: () => socket.pause(),
    close: () => {
      isOursToEnd ||= socket.readyState === WebSocket.OPEN
      socket.close(1000)
      return ended()
    },
    cut: () => {
      isOursToEnd ||= socket.readyState === WebSocket.OPEN
      socket.terminate()
      return ended()
    },
  })
}

const post = async (
  url: URL,
  { headers, body, onSent }: PostRequest,
  { timings: { timeoutMs }, signal, hide }: Context,
): Promise<Exchange> => {
  const deadline = AbortSignal.timeout(timeoutMs)
  let sentAt = performance.now()
  const endWith = (outcome: Exchange['outcome']): Exchange => ({ sentAt, endedAt: performance.now(), outcome })
  try {
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      agent: false,
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      signal: AbortSignal.any([signal, deadline]),
    })
    const responded = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.on('error', reject)
    })
    request.once('finish', () => {
      sentAt = performance.now()
      onSent?.()
    })
    request.end(JSON.stringify(body))
    const response = await responded
    const { statusCode: status = 0, headers: fields } = response
    const text = await readText(response)
    if (text === undefined)
      return endWith({ kind: 'failed', code: 'too_large', message: 'an answer larger than 1 MiB' })
    const contentType = fields['content-type'] ?? 'no content type'
    const location = fields.location === undefined ? undefined : hide(fields.location)
    return endWith({ kind: 'answered', status, contentType, location, body: hide(text) })
  } catch (error) {
    signal.throwIfAborted()
    if (deadline.aborted) {
      return endWith({ kind: 'failed', code: 'timeout', message: `no complete answer within ${timeoutMs} ms` })
    }
    return endWith({ kind: 'failed', code: codeOf(error), message: messageOf(error) })
  }
}

const readText = async (response: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** Where a host has several addresses, the first one's error stands for all. */
const codeOf = (error: unknown): string => {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  return first instanceof Error && 'code' in first && typeof first.code === 'string' ? first.code : 'error'
}

const messageOf = (error: unknown): string => {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  return first instanceof Error ? first.message : String(first)
}
