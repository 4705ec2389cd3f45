import { lookup } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import { connect, isIP } from 'node:net'
import tls from 'node:tls'
import { EDGE_MESSAGE_PATH } from '../../protocol/wire.ts'
import { edgeHeaders, edgeUrl, socketUrl } from './edge-request.ts'
import { runSocket, type SocketEnd } from './run-socket.ts'
import { SOCKET_TIMINGS } from './socket-timings.ts'
import { within } from './within.ts'

export type Backend = {
  readonly backendUrl: string
  readonly agentId: string
  readonly secret: string | undefined
}

/** How long a step may take, and what ends it before: as `cancelled`. */
export type Limits = { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined }

export type Outcome<T> =
  | { readonly kind: 'fine'; readonly found: T }
  /** `timeout`, `cancelled`, or the error's own code. */
  | Failure

export type Failure = { readonly kind: 'failed'; readonly code: string; readonly message: string }

export type Certificate = {
  /** Why Node does not trust it; undefined where it does. */
  readonly problem: string | undefined
  readonly validTo: Date | undefined
  /** `TLSv1.3` */
  readonly protocol: string
}

export type HttpAnswer = {
  readonly status: number
  /** Where it redirects to. */
  readonly location: string | undefined
  /** How far the backend's clock is ahead of ours; undefined where it does not tell its time. */
  readonly clockOffMs: number | undefined
}

/** `open`: it opened, and nothing was said against it. */
export type WebSocketAnswer = { readonly kind: 'open' } | Extract<SocketEnd, { readonly kind: 'refused' | 'closed' }>

export type BackendSteps = ReturnType<typeof backendSteps>

/**
 * The steps of the way to a backend, each needing those before it, as moves that return facts: none rejects, none takes
 * longer than its limits, and none sends a message. The WebSocket is not as harmless as the others: to a backend, it
 * takes the place of that of a running agent with the same id.
 */
export const backendSteps = (backend: Backend) => {
  const { hostname, port: written, protocol } = new URL(backend.backendUrl)
  const secure = protocol === 'https:'
  // `[::1]` in a URL is `::1` for a socket.
  const host = hostname.replace(/^\[|\]$/g, '')
  const port = Number(written) || (secure ? 443 : 80)
  return {
    host,
    port,
    secure,
    dns: (limits: Limits) => attempt(limits, () => lookUp(host)),
    tcp: (limits: Limits) => attempt(limits, signal => dialTcp(host, port, signal)),
    tls: (limits: Limits) => attempt(limits, signal => readCertificate(host, port, signal)),
    http: (limits: Limits) => attempt(limits, signal => postNothing(backend, signal)),
    websocket: (limits: Limits) => dialWebSocket(backend, limits),
  }
}

/** Does it once, within its limits; never rejects. */
const attempt = async <T>(
  { timeoutMs, signal }: Limits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Outcome<T>> => {
  if (signal?.aborted) return CANCELLED
  const end = new AbortController()
  const cancelled = new Promise<Failure>(resolve => {
    signal?.addEventListener('abort', () => resolve(CANCELLED), { signal: end.signal })
  })
  const outcome = work(end.signal).then((found): Outcome<T> => ({ kind: 'fine', found }), failure)
  const late: Failure = { kind: 'failed', code: 'timeout', message: `no answer in ${timeoutMs / 1000} seconds` }
  try {
    return await within(timeoutMs, Promise.race([outcome, cancelled]), late)
  } finally {
    end.abort()
  }
}

const CANCELLED: Failure = { kind: 'failed', code: 'cancelled', message: 'cancelled' }

const failure = (error: unknown): Failure => {
  const { code = 'failed', message = String(error) } = error as { code?: string; message?: string }
  return { kind: 'failed', code, message: message || code }
}

// getaddrinfo has no time-out of its own, and cannot be stopped.
const lookUp = async (host: string): Promise<{ readonly addresses: readonly string[] }> => ({
  addresses: (await lookup(host, { all: true })).map(({ address }) => address),
})

const dialTcp = (host: string, port: number, signal: AbortSignal): Promise<{ readonly tookMs: number }> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    const socket = connect({ host, port, signal })
    socket.once('connect', () => {
      resolve({ tookMs: Math.round(performance.now() - began) })
      socket.destroy()
    })
    socket.on('error', reject)
  })

/** Nothing is sent over this connection: it may look at a certificate that must not be trusted. */
const readCertificate = (host: string, port: number, signal: AbortSignal): Promise<Certificate> =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host, port, rejectUnauthorized: false, ...(isIP(host) === 0 && { servername: host }) })
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
    socket.once('secureConnect', () => {
      const validTo = new Date(socket.getPeerCertificate().valid_to)
      const error: unknown = socket.authorizationError
      resolve({
        problem: socket.authorized ? undefined : codeOf(error),
        validTo: Number.isNaN(validTo.getTime()) ? undefined : validTo,
        protocol: socket.getProtocol() ?? 'TLS',
      })
      socket.destroy()
    })
    socket.on('error', reject)
  })

/** Node gives the code itself, or an error that has one. */
const codeOf = (error: unknown): string => {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.message
  return String(error ?? 'not trusted')
}

/**
 * POSTs an object without a single field. It is JSON, as a message is, and so gets as far as the check of the secret
 * with whatever stands before the backend; it names no thread, and so can make nobody answer anybody.
 */
const postNothing = ({ backendUrl, agentId, secret }: Backend, signal: AbortSignal): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const url = edgeUrl(backendUrl, EDGE_MESSAGE_PATH)
    const client = url.protocol === 'https:' ? https : http
    const began = Date.now()
    const headers = { ...edgeHeaders(agentId, secret), 'Content-Type': 'application/json' }
    const request = client.request(url, { method: 'POST', agent: false, headers, signal }, response => {
      const { date, location } = response.headers
      resolve({ status: response.statusCode ?? 0, location, clockOffMs: clockOff(date, began, Date.now()) })
      response.destroy()
    })
    request.on('error', reject)
    request.end('{}')
  })

/** The header has whole seconds, cut off. */
const clockOff = (date: string | undefined, beganMs: number, endedMs: number): number | undefined => {
  const theirs = Date.parse(date ?? '')
  return Number.isNaN(theirs) ? undefined : Math.round(theirs + 500 - (beganMs + endedMs) / 2)
}

/** Dials as the agent does, and hangs up a moment after the first pong: a refusal after the upgrade has come by then. */
const dialWebSocket = async (
  { backendUrl, agentId, secret }: Backend,
  { timeoutMs, signal }: Limits,
): Promise<Outcome<WebSocketAnswer>> => {
  const hangUp = new AbortController()
  let moment: NodeJS.Timeout | undefined
  const { end } = await runSocket({
    url: socketUrl(backendUrl, agentId),
    headers: edgeHeaders(agentId, secret),
    generation: 1,
    timings: {
      ...SOCKET_TIMINGS,
      dialMs: timeoutMs,
      silenceMs: Math.min(timeoutMs, SOCKET_TIMINGS.silenceMs),
    },
    signal: signal ? AbortSignal.any([hangUp.signal, signal]) : hangUp.signal,
    now: Date.now,
    onOpen: () => {},
    // A command that comes now gets no ack: the backend keeps it for the agent.
    onText: () => {},
    onProtocolError: () => {},
    onWake: () => {},
    onRtt: () => {
      moment ??= setTimeout(() => hangUp.abort(), MOMENT_MS)
    },
  })
  clearTimeout(moment)
  if (end.kind === 'failed') return end
  if (end.kind !== 'stopped') return { kind: 'fine', found: end }
  return hangUp.signal.aborted ? { kind: 'fine', found: { kind: 'open' } } : CANCELLED
}

/** For a backend that looks at the secret only after the upgrade. */
const MOMENT_MS = 300
