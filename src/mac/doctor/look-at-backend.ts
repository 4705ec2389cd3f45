import {
  type BackendSteps,
  backendSteps,
  type Certificate,
  type HttpAnswer,
  type Outcome,
  type WebSocketAnswer,
} from '../../agent/backend/backend-steps.ts'

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
  readonly websocket: Outcome<WebSocketAnswer> | undefined
}

export type BackendTarget = {
  readonly backendUrl: string
  /** Undefined where it is wrong or missing: then nothing is asked in its name. */
  readonly agentId: string | undefined
  readonly secret: string | undefined
  /** A WebSocket of this id would take the place of the running agent's. */
  readonly mayDial: boolean
}

export const lookAtBackend = async (target: BackendTarget): Promise<BackendFacts> => {
  const { backendUrl, agentId, secret, mayDial } = target
  const steps = backendSteps({ backendUrl, agentId: agentId ?? '', secret })
  const begun = { host: new URL(backendUrl).host, secure: steps.secure, isKnown: agentId !== undefined }
  return { ...begun, ...NOT_TAKEN, ...(await walk(steps, { isKnown: begun.isKnown, mayDial })) }
}

const NOT_TAKEN = { tcp: undefined, tls: undefined, http: undefined, websocket: undefined }

const walk = async (
  steps: BackendSteps,
  { isKnown, mayDial }: { readonly isKnown: boolean; readonly mayDial: boolean },
): Promise<Pick<BackendFacts, 'dns'> & Partial<BackendFacts>> => {
  const dns = await steps.dns(SHORT)
  if (dns.kind === 'failed') return { dns }
  const tcp = await steps.tcp(SHORT)
  if (tcp.kind === 'failed') return { dns, tcp }
  const tls = steps.secure ? await steps.tls(SHORT) : undefined
  const isTrusted = tls?.kind !== 'failed' && tls?.found.problem === undefined
  // The secret goes only to whom it may go.
  if (!isTrusted || !isKnown) return { dns, tcp, tls }
  const [http, websocket] = await Promise.all([steps.http(LONG), mayDial ? steps.websocket(SHORT) : undefined])
  return { dns, tcp, tls, http, websocket }
}

const SHORT = { timeoutMs: 3_000 }
const LONG = { timeoutMs: 5_000 }
