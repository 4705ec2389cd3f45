import { isIP } from 'node:net'
import {
  type Backend,
  type BackendSteps,
  backendSteps,
  type Certificate,
  type Failure,
  type HttpAnswer,
  type Limits,
  type Outcome,
  type WebSocketAnswer,
} from '../../agent/backend/backend-steps.ts'
import { edgeUrl } from '../../agent/backend/edge-request.ts'
import { isTlsError } from '../../agent/backend/is-tls-error.ts'
import { planRedial } from '../../agent/backend/plan-redial.ts'
import { SOCKET_TIMINGS } from '../../agent/backend/socket-timings.ts'
import { EDGE_MESSAGE_PATH } from '../../protocol/wire.ts'

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

export type ProbeTarget = Backend & {
  /** For each step; 10 s where nothing is said. */
  readonly timeoutMs?: number
  /** Ends the step that is under way, as `cancelled`. */
  readonly signal?: AbortSignal
}

export type Probe = { readonly step: ProbeStep; readonly run: () => Promise<ProbeFact> }

/**
 * The steps to the backend as `init` shows them, each bounded in time and never rejecting, in the order in which each
 * needs the one before; after a failure of `dns`, `tcp` or `tls` the rest can tell nothing new.
 */
export const backendProbes = (target: ProbeTarget): readonly Probe[] => {
  const steps = backendSteps(target)
  const limits: Limits = { timeoutMs: target.timeoutMs ?? TIMEOUT_MS, signal: target.signal }
  let answer: Promise<Outcome<HttpAnswer>> | undefined
  const post = (): Promise<Outcome<HttpAnswer>> => {
    answer ??= steps.http(limits)
    return answer
  }
  const probe = <T>(step: ProbeStep, look: () => Promise<Outcome<T>>, judge: (found: T) => Finding): Probe => ({
    step,
    run: async () => {
      const startedAt = performance.now()
      const outcome = await look()
      const finding = outcome.kind === 'fine' ? judge(outcome.found) : judgeFailure(outcome)
      return { step, ...finding, tookMs: Math.round(performance.now() - startedAt) }
    },
  })
  return [
    probe(
      'dns',
      () => steps.dns(limits),
      found => judgeDns(found, steps),
    ),
    probe(
      'tcp',
      () => steps.tcp(limits),
      () => fine(`${steps.host} accepts connections on port ${steps.port}`),
    ),
    ...(steps.secure ? [probe('tls', () => steps.tls(limits), judgeTls)] : []),
    probe('http', post, found => judgeReach(found, target)),
    probe('secret', post, found => judgeSecret(found, target)),
    probe('websocket', () => steps.websocket(limits), judgeWebSocket),
  ]
}

const TIMEOUT_MS = 10_000

/** Whether what follows a fact can still tell anything new. */
export const goesOnAfter = ({ step, ok, code }: ProbeFact): boolean =>
  ok || (code.startsWith('http_') && (step === 'http' || step === 'secret'))

type Finding = Omit<ProbeFact, 'step' | 'tookMs'>

const judgeDns = ({ addresses }: { readonly addresses: readonly string[] }, { host }: BackendSteps): Finding =>
  fine(isIP(host) ? `${host} is an IP address` : `${host} is ${addresses.join(', ')}`)

const judgeTls = ({ problem, validTo, protocol }: Certificate): Finding => {
  if (problem === undefined) {
    const until = validTo === undefined ? 'is trusted' : `is good until ${validTo.toISOString().slice(0, 10)}`
    return fine(`${protocol}, the certificate ${until}`)
  }
  const why = DISTRUST[problem]
  return distrust(problem, `the certificate is not trusted${why === undefined ? '' : `: ${why}`}`)
}

const DISTRUST: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'it comes from an authority that this machine does not trust',
}

const distrust = (code: string, seen: string): Finding =>
  bad(`tls_${code}`, seen, "Check the URL, the backend's certificate, and this machine's clock.")

const judgeReach = ({ status, location }: HttpAnswer, { backendUrl }: ProbeTarget): Finding => {
  const code = `http_${status}`
  const where = edgeUrl(backendUrl, EDGE_MESSAGE_PATH).pathname
  if (status >= 500 || status === 429) {
    return bad(
      code,
      `the server answers ${status}: it is reachable, but not working`,
      'Try again later, or ask the people who run it.',
    )
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

const judgeSecret = ({ status }: HttpAnswer, { secret }: ProbeTarget): Finding => {
  if (status === 401 || status === 403) {
    const seen = `${secret === undefined ? 'a secret is required' : 'the secret is refused'} (${status})`
    return bad('unauthorized', seen, 'Check the secret and the agent id with the people who run the backend.')
  }
  if (status >= 500 || status === 429 || (status >= 300 && status < 400)) {
    return bad(`http_${status}`, `cannot tell from status ${status}`)
  }
  if (secret === undefined) return fine('none required')
  return status >= 404 && status <= 410 ? fine(`not refused, but ${status} proves little`) : fine('not refused')
}

const judgeWebSocket = (end: WebSocketAnswer): Finding => {
  if (end.kind === 'open') return fine('opened and closed again')
  const { error } = planRedial({ end, attempt: 0, random: () => 0, timings: SOCKET_TIMINGS })
  return bad(error.code, error.message, error.remedy)
}

const fine = (seen: string): Finding => ({ ok: true, code: 'ok', seen })

const bad = (code: string, seen: string, remedy?: string): Finding => ({
  ok: false,
  code,
  seen,
  ...(remedy !== undefined && { remedy }),
})

const judgeFailure = ({ code, message }: Failure): Finding => {
  if (isTlsError(code)) return distrust(code, message)
  const [seen, remedy] = NETWORK[code] ?? [message, 'Check the URL and the network.']
  return bad(code, seen, remedy)
}

const NETWORK: Readonly<Record<string, readonly [seen: string, remedy: string]>> = {
  ENOTFOUND: ['this host does not exist', 'Check the URL for typing errors in the host.'],
  EAI_AGAIN: ['host names cannot be looked up now', "Check this machine's network."],
  ECONNREFUSED: ['nothing listens there', 'Check the host and port in the URL, and whether the backend is running.'],
  ECONNRESET: ['the connection was cut', 'Check the URL: https or http, and the port.'],
  ENETUNREACH: ['that network cannot be reached', "Check this machine's network."],
  EHOSTUNREACH: ['that host cannot be reached', "Check this machine's network."],
  timeout: ['no answer came in time', 'Check the host and port in the URL; a firewall may drop the request.'],
  dial_timeout: ['the upgrade was not answered in time', 'A proxy on the way may not support WebSockets.'],
  silent: ['it opened, but no pong came', 'A proxy on the way may not pass WebSocket frames.'],
}
