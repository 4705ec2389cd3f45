import { lookup } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import { connect, isIP } from 'node:net'
import tls from 'node:tls'
import { WebSocket } from 'ws'
import { edgeHeaders, edgeUrl, socketUrl } from '../backend/edge-request.ts'
import { EDGE_MESSAGE_PATH } from '../protocol/wire.ts'
import { within } from './within.ts'

/** A step that was not taken, because one before it failed or something is not known, is undefined. */
export type BackendFacts = {
  readonly host: string
  readonly secure: boolean
  /** Whether we can say who we are. */
  readonly isKnown: boolean
  readonly dns: Outcome<{ readonly addresses: readonly string[] }>
  readonly tcp: Outcome<{ readonly tookMs: number }> | undefined
  readonly tls: Outcome<Certificate> | undefined
  readonly http: Outcome<HttpAnswer> | undefined
  readonly websocket: Outcome<{ readonly status: number; readonly closedWith?: number }> | undefined
}

export type Outcome<T> =
  | { readonly kind: 'fine'; readonly found: T }
  /** `timeout`, or the error's own. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export type Certificate = {
  /** Why Node does not trust it; undefined where it does. */
  readonly problem: string | undefined
  readonly validTo: Date | undefined
}

export type HttpAnswer = { readonly status: number; readonly clockOffMs: number | undefined }

export type BackendTarget = {
  readonly backendUrl: string
  /** Undefined where it is wrong or missing: then nothing is asked in its name. */
  readonly agentId: string | undefined
  readonly secret: string | undefined
  /** A WebSocket of this id would take the place of the running agent's. */
  readonly mayDial: boolean
}

export const lookAtBackend = async (target: BackendTarget): Promise<BackendFacts> => {
  const url = new URL(target.backendUrl)
  const secure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (secure ? 443 : 80)
  const isKnown = target.agentId !== undefined
  const facts = {
    host: url.host,
    secure,
    isKnown,
    tcp: undefined,
    tls: undefined,
    http: undefined,
    websocket: undefined,
  }

  const dns = await attempt(3_000, async () => ({
    addresses: (await lookup(host, { all: true })).map(({ address }) => address),
  }))
  if (dns.kind === 'failed') return { ...facts, dns }
  const tcp = await attempt(3_000, signal => dialTcp(host, port, signal))
  if (tcp.kind === 'failed') return { ...facts, dns, tcp }
  const certificate = secure ? await attempt(3_000, signal => readCertificate(host, port, signal)) : undefined
  const isTrusted = certificate?.kind !== 'failed' && certificate?.found.problem === undefined
  // The secret goes only to whom it may go.
  if (!isTrusted || target.agentId === undefined) return { ...facts, dns, tcp, tls: certificate }
  const asAgent = { ...target, agentId: target.agentId }
  const [answer, websocket] = await Promise.all([
    attempt(5_000, signal => postNothing(asAgent, signal)),
    target.mayDial ? attempt(5_000, signal => dialWebSocket(asAgent, signal)) : undefined,
  ])
  return { ...facts, dns, tcp, tls: certificate, http: answer, websocket }
}

/** Does it once and for no longer than `ms`; never rejects. */
const attempt = async <T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<Outcome<T>> => {
  const end = new AbortController()
  const timeout: Outcome<T> = { kind: 'failed', code: 'timeout', message: `no answer in ${ms / 1000} seconds` }
  const outcome = work(end.signal).then(
    (found): Outcome<T> => ({ kind: 'fine', found }),
    (error: unknown): Outcome<T> => {
      const { code = 'failed', message = String(error) } = error as { code?: string; message?: string }
      return { kind: 'failed', code, message: message || code }
    },
  )
  try {
    return await within(ms, outcome, timeout)
  } finally {
    end.abort()
  }
}

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
 * POSTs an object without a single field. It gets as far as the check of the secret, names no thread, and so can make
 * nobody answer anybody.
 */
const postNothing = (
  { backendUrl, agentId, secret }: BackendTarget & { readonly agentId: string },
  signal: AbortSignal,
): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const url = edgeUrl(backendUrl, EDGE_MESSAGE_PATH)
    const client = url.protocol === 'https:' ? https : http
    const began = Date.now()
    const headers = { ...edgeHeaders(agentId, secret), 'Content-Type': 'application/json', 'Content-Length': 2 }
    const request = client.request(url, { method: 'POST', agent: false, headers, signal }, response => {
      const clockOffMs = clockOff(response.headers.date, began, Date.now())
      resolve({ status: response.statusCode ?? 0, clockOffMs })
      response.destroy()
    })
    request.on('error', reject)
    request.end('{}')
  })

/** How far the backend's clock is ahead of ours; its header has whole seconds, cut off. */
const clockOff = (date: string | undefined, beganMs: number, endedMs: number): number | undefined => {
  const theirs = Date.parse(date ?? '')
  return Number.isNaN(theirs) ? undefined : Math.round(theirs + 500 - (beganMs + endedMs) / 2)
}

/** Dials as the agent would, and hangs up. Only where no agent runs. */
const dialWebSocket = (
  { backendUrl, agentId, secret }: BackendTarget & { readonly agentId: string },
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly closedWith?: number }> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(socketUrl(backendUrl, agentId), {
      headers: edgeHeaders(agentId, secret),
      perMessageDeflate: false,
      followRedirects: false,
    })
    signal.addEventListener('abort', () => socket.terminate(), { once: true })
    socket.once('unexpected-response', (_request, response) => {
      resolve({ status: response.statusCode ?? 0 })
      socket.terminate()
    })
    socket.on('error', reject)
    socket.once('open', () => {
      // A backend that refuses after the upgrade does so at once.
      const goodbye = setTimeout(() => {
        resolve({ status: 101 })
        socket.close(1000)
      }, 300)
      socket.once('close', closedWith => {
        clearTimeout(goodbye)
        resolve({ status: 101, closedWith })
      })
    })
  })
