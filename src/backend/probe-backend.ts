import { lookup } from 'node:dns/promises'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { EDGE_MESSAGE_PATH } from '../protocol/wire.ts'
import { edgeHeaders, edgeUrl, socketUrl } from './edge-request.ts'
import { isTlsError } from './is-tls-error.ts'
import { planRedial } from './plan-redial.ts'
import { runSocket } from './run-socket.ts'
import { SOCKET_TIMINGS } from './socket-timings.ts'

/** What one step of the way to the backend showed. Holds no secret. */
export type ProbeFact = {
  readonly step: ProbeStep
  readonly ok: boolean
  /** `ok`, `ENOTFOUND`, `timeout`, `tls_CERT_HAS_EXPIRED`, `http_503`, `unauthorized`, … */
  readonly code: string
  /** What was seen, for a person to read. */
  readonly seen: string
  readonly remedy?: string
  readonly tookMs: number
}

export type ProbeStep = 'dns' | 'tcp' | 'tls' | 'http' | 'secret' | 'websocket'

export type ProbeTarget = {
  readonly backendUrl: string
  readonly agentId: string
  readonly secret: string | undefined
  /** For each step; 10 s where nothing is said. */
  readonly timeoutMs?: number
  /** Ends the step that is under way, as `cancelled`. */
  readonly signal?: AbortSignal
}

export type Probe = { readonly step: ProbeStep; readonly run: () => Promise<ProbeFact> }

/**
 * The steps to the backend, each bounded in time and never rejecting, in the order in which each needs the one before;
 * after a failure of `dns`, `tcp` or `tls` the rest can tell nothing new. Nothing that they send is a message: the POST has no
 * body. The WebSocket is another matter: to a backend, it takes the place of that of a running agent with the same id.
 */
export const backendProbes = (target: ProbeTarget): readonly Probe[] => {
  let answer: Promise<PostAnswer> | undefined
  const post = (): Promise<PostAnswer> => {
    answer ??= postNothing(target)
    return answer
  }
  const steps: readonly (readonly [ProbeStep, () => Promise<Finding>])[] = [
    ['dns', () => probeDns(target)],
    ['tcp', () => probeTcp(target)],
    ...(target.backendUrl.startsWith('https:') ? [['tls', () => probeTls(target)] as const] : []),
    ['http', async () => judgeReach(await post(), target)],
    ['secret', async () => judgeSecret(await post(), target)],
    ['websocket', () => probeWebSocket(target)],
  ]
  return steps.map(([step, find]) => ({ step, run: () => measured(step, find) }))
}

/** Whether what follows a fact can still tell anything new. */
export const goesOnAfter = ({ step, ok, code }: ProbeFact): boolean =>
  ok || (code.startsWith('http_') && (step === 'http' || step === 'secret'))

type Finding = Omit<ProbeFact, 'step' | 'tookMs'>

const measured = async (step: ProbeStep, find: () => Promise<Finding>): Promise<ProbeFact> => {
  const startedAt = performance.now()
  const finding = await find().catch(failureOf)
  return { step, ...finding, tookMs: Math.round(performance.now() - startedAt) }
}

const probeDns = async (target: ProbeTarget): Promise<Finding> => {
  const { host } = addressOf(target)
  if (isIP(host)) return fine(`${host} is an address`)
  // getaddrinfo has no time-out of its own.
  const found = await within(target, lookup(host, { all: true }))
  return fine(`${host} is ${found.map(({ address }) => address).join(', ')}`)
}

const probeTcp = async (target: ProbeTarget): Promise<Finding> => {
  const { host, port } = addressOf(target)
  const socket = connect({ host, port })
  return untilConnected(socket, 'connect', target, () => `${host} takes connections on port ${port}`)
}

const probeTls = async (target: ProbeTarget): Promise<Finding> => {
  const { host, port } = addressOf(target)
  const socket = connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }) })
  return untilConnected(socket, 'secureConnect', target, () => {
    const { valid_to: until } = socket.getPeerCertificate()
    return `${socket.getProtocol() ?? 'TLS'}, the certificate is good until ${new Date(until).toISOString().slice(0, 10)}`
  })
}

const untilConnected = (socket: Socket, event: string, target: ProbeTarget, seen: () => string): Promise<Finding> => {
  const connected = new Promise<Finding>((resolve, reject) => {
    socket.once(event, () => resolve(fine(seen())))
    socket.on('error', reject)
  })
  return within(target, connected).finally(() => socket.destroy())
}

type PostAnswer =
  | { readonly kind: 'status'; readonly status: number; readonly location: string | undefined }
  | { readonly kind: 'failed'; readonly error: unknown }

/** A POST without a body: enough to be let in or refused, too little to be taken for a message. */
const postNothing = async (target: ProbeTarget): Promise<PostAnswer> => {
  try {
    const url = edgeUrl(target.backendUrl, EDGE_MESSAGE_PATH)
    const client = url.protocol === 'https:' ? https : http
    const headers = { ...edgeHeaders(target.agentId, target.secret), 'Content-Type': 'application/json' }
    const request = client.request(url, { method: 'POST', headers, agent: false })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.on('error', reject)
    })
    request.end()
    const response = await within(target, answered).finally(() => request.destroy())
    return { kind: 'status', status: response.statusCode ?? 0, location: response.headers.location }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

const judgeReach = (answer: PostAnswer, { backendUrl }: ProbeTarget): Finding => {
  if (answer.kind === 'failed') return failureOf(answer.error)
  const { status, location } = answer
  const code = `http_${status}`
  const where = edgeUrl(backendUrl, EDGE_MESSAGE_PATH).pathname
  if (status >= 500 || status === 429) {
    return bad(code, `the server answers ${status}: it is there, but not well`, 'Try again later, or ask who runs it.')
  }
  if (status >= 300 && status < 400) {
    const to = location === undefined ? 'elsewhere' : `to ${location.replace(/[?#].*$/s, '')}`
    const remedy = 'Use the address it redirects to, if you trust it: redirects are not followed.'
    return bad('redirect', `the server redirects ${to} (${status})`, remedy)
  }
  if (status === 404 || status === 405 || status === 410) {
    return {
      ...fine(`the server answers ${status} at ${where}: is there a backend?`),
      code,
      remedy: `Check the path of the URL: messages go to ${where}.`,
    }
  }
  return fine(`the server answers at ${where} (${status} to an empty message)`)
}

const judgeSecret = (answer: PostAnswer, { secret }: ProbeTarget): Finding => {
  if (answer.kind === 'failed') return failureOf(answer.error)
  const { status } = answer
  if (status === 401 || status === 403) {
    const seen = `${secret === undefined ? 'a secret is asked for' : 'the secret is refused'} (${status})`
    return bad('unauthorized', seen, 'Check the secret and the agent id with whoever runs the backend.')
  }
  if (status >= 500 || status === 429 || (status >= 300 && status < 400)) {
    return bad(`http_${status}`, `cannot be told from an answer of ${status}`)
  }
  if (secret === undefined) return fine('none is asked for')
  return status >= 404 && status <= 410 ? fine(`not refused, but ${status} tells little`) : fine('not refused')
}

/** Dials as the agent does, and hangs up with the first pong: a refusal after the upgrade has come by then. */
const probeWebSocket = async ({
  backendUrl,
  agentId,
  secret,
  timeoutMs = TIMEOUT_MS,
  signal,
}: ProbeTarget): Promise<Finding> => {
  const pong = new AbortController()
  const { end } = await runSocket({
    url: socketUrl(backendUrl, agentId),
    headers: edgeHeaders(agentId, secret),
    generation: 1,
    timings: { ...SOCKET_TIMINGS, dialMs: timeoutMs },
    signal: signal ? AbortSignal.any([pong.signal, signal]) : pong.signal,
    now: Date.now,
    onOpen: () => {},
    // A command that comes now gets no ack: the backend keeps it for the agent.
    onText: () => {},
    onProtocolError: () => {},
    onWake: () => {},
    onRtt: () => pong.abort(),
  })
  if (end.kind === 'stopped' && !pong.signal.aborted) return bad('cancelled', 'cancelled')
  if (end.kind === 'stopped') return fine('opened, and closed again')
  if (end.kind === 'failed') return failureOf(Object.assign(new Error(end.message), { code: end.code }))
  const { error } = planRedial({ end, attempt: 0, random: () => 0, timings: SOCKET_TIMINGS })
  return bad(error.code, error.message, error.remedy)
}

const TIMEOUT_MS = 10_000

const within = async <T>({ timeoutMs = TIMEOUT_MS, signal }: ProbeTarget, work: Promise<T>): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const end = (code: string) => (): void => reject(Object.assign(new Error(code), { code }))
  const timer = setTimeout(end('timeout'), timeoutMs)
  const cancel = end('cancelled')
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', cancel)
  }
}

/** `[::1]` in a URL is `::1` for a socket. */
const addressOf = ({ backendUrl }: ProbeTarget): { readonly host: string; readonly port: number } => {
  const { hostname, port, protocol } = new URL(backendUrl)
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) || (protocol === 'https:' ? 443 : 80) }
}

const fine = (seen: string): Finding => ({ ok: true, code: 'ok', seen })

const bad = (code: string, seen: string, remedy?: string): Finding => ({
  ok: false,
  code,
  seen,
  ...(remedy !== undefined && { remedy }),
})

const failureOf = (error: unknown): Finding => {
  const { code = 'failed', message = String(error) } = error as { code?: string; message?: string }
  if (isTlsError(code)) {
    return bad(`tls_${code}`, message, "Check the URL, the backend's certificate, and this machine's clock.")
  }
  const [seen, remedy] = NETWORK[code] ?? [message, 'Check the URL and the network.']
  return bad(code, seen, remedy)
}

const NETWORK: Readonly<Record<string, readonly [seen: string, remedy: string]>> = {
  ENOTFOUND: ['there is no such host', 'Check the host in the URL for typing errors.'],
  EAI_AGAIN: ['names cannot be looked up now', "Check this machine's network."],
  ECONNREFUSED: ['nothing listens there', 'Check host and port in the URL, and whether the backend runs.'],
  ECONNRESET: ['the connection was cut', 'Check the URL: https or http, and the port.'],
  ENETUNREACH: ['there is no way to that network', "Check this machine's network."],
  EHOSTUNREACH: ['there is no way to that host', "Check this machine's network."],
  timeout: ['no answer came in time', 'Check host and port in the URL; a firewall may swallow the request.'],
  dial_timeout: ['the upgrade was not answered in time', 'A proxy on the way may not know WebSockets.'],
  silent: ['it opened, but no pong came', 'A proxy on the way may not pass WebSocket frames.'],
}
