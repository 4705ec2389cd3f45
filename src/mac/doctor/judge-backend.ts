import type { Certificate, WebSocketAnswer } from '../../agent/backend/backend-steps.ts'
import { type Check, verdictsOf } from './check.ts'
import type { AgentLife, Status } from './look-at-agent.ts'
import type { BackendFacts } from './look-at-backend.ts'
import { quote } from './quote.ts'

const { ok, warning, failed, skipped } = verdictsOf('backend')

/** Each step rests on the one before: those behind one that failed are skipped. */
export const judgeBackend = (facts: BackendFacts, agent: AgentLife, now: number): readonly Check[] => [
  judgeDns(facts),
  judgeTcp(facts),
  judgeTls(facts, now),
  ...judgeHttp(facts),
  judgeWebSocket(facts, agent),
  judgeSecondAgent(facts, agent),
]

/** Where the settings do not even name one. */
export const backendUnknown = (): readonly Check[] => [skipped('backend', 'backend_url is not set')]

const NOT_REACHED = 'an earlier step failed'
const NOT_ASKED = 'not tested: the settings are wrong, or the secret cannot be read'

const judgeDns = ({ dns, host }: BackendFacts): Check => {
  if (dns.kind === 'fine') return ok('backend_dns', `${host} is ${dns.found.addresses.slice(0, 4).join(', ')}`)
  const seen = `${host} cannot be resolved: ${dns.code}`
  const cure = dns.code === 'ENOTFOUND' ? 'Check backend_url: edge-agent config show' : "Check this machine's network."
  return failed('backend_dns', seen, cure)
}

const judgeTcp = ({ tcp, host }: BackendFacts): Check => {
  if (tcp === undefined) return skipped('backend_tcp', NOT_REACHED)
  if (tcp.kind === 'fine') return ok('backend_tcp', `connected in ${tcp.found.tookMs} ms`)
  const seen = `no connection to ${host}: ${tcp.code}`
  if (tcp.code === 'ECONNREFUSED') {
    return failed(
      'backend_tcp',
      `${seen}, nothing listens there`,
      'Start the backend, or correct the port in backend_url.',
    )
  }
  return failed('backend_tcp', seen, "Check this machine's network, and firewalls on the way.")
}

const DAY_MS = 24 * 60 * 60_000
const SOON_DAYS = 14

const judgeTls = ({ tls, tcp, secure }: BackendFacts, now: number): Check => {
  if (!secure) return skipped('backend_tls', 'plain http, without TLS')
  if (tls === undefined) return skipped('backend_tls', tcp?.kind === 'fine' ? 'not tested' : NOT_REACHED)
  if (tls.kind === 'failed') {
    return failed('backend_tls', `no TLS: ${tls.code}`, 'Is this an https port? Check backend_url.')
  }
  const { problem, validTo } = tls.found
  if (problem !== undefined) return judgeDistrust(problem, tls.found, now)
  if (validTo === undefined) return ok('backend_tls', 'the certificate is trusted')
  const days = Math.floor((validTo.getTime() - now) / DAY_MS)
  const until = `until ${validTo.toISOString().slice(0, 10)}`
  return days < SOON_DAYS
    ? warning('backend_tls', `the certificate is trusted, but only ${until} (${days} days)`, 'Renew it at the backend.')
    : ok('backend_tls', `the certificate is trusted, ${until}`)
}

const judgeDistrust = (problem: string, { validTo }: Certificate, now: number): Check => {
  const seen = `the certificate is not trusted: ${problem}`
  if (problem === 'CERT_HAS_EXPIRED' || (validTo !== undefined && validTo.getTime() < now)) {
    const when = validTo === undefined ? '' : `, on ${validTo.toISOString().slice(0, 10)}`
    return failed(
      'backend_tls',
      `${seen}: it has expired${when}`,
      "Renew it at the backend, and check this machine's clock: date",
    )
  }
  if (problem === 'CERT_NOT_YET_VALID') return failed('backend_tls', seen, "Check this machine's clock: date")
  if (problem === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return failed('backend_tls', `${seen}: it is for another host`, 'Check the host in backend_url.')
  }
  return failed(
    'backend_tls',
    seen,
    'Use a certificate from a public authority, or name your own CA in NODE_EXTRA_CA_CERTS, also for the service.',
  )
}

/** What was sent: an empty object, which names no thread. */
const judgeHttp = ({ http: answer, isKnown }: BackendFacts): readonly Check[] => {
  if (answer === undefined) {
    const why = isKnown ? NOT_REACHED : NOT_ASKED
    return [skipped('backend_http', why), skipped('backend_secret', why), skipped('backend_clock', why)]
  }
  if (answer.kind === 'failed') {
    return [
      failed('backend_http', `no answer over HTTP: ${answer.code}`, "Check the backend's log."),
      skipped('backend_secret', NOT_REACHED),
      skipped('backend_clock', NOT_REACHED),
    ]
  }
  const { status, clockOffMs } = answer.found
  return [judgeStatus(status), judgeSecret(status), judgeClock(clockOffMs)]
}

const CHECK_URL = 'Check backend_url, including its path: edge-agent config show'

const judgeStatus = (status: number): Check => {
  const seen = `answered ${status} to an empty POST /edge/message`
  if (status >= 300 && status < 400) return failed('backend_http', `${seen}: redirects are not followed`, CHECK_URL)
  if (status === 404 || status === 405 || status === 410)
    return failed('backend_http', `${seen}: no such endpoint`, CHECK_URL)
  if (status === 500) {
    return warning(
      'backend_http',
      `${seen}: it fails on an empty message; real ones may fail too`,
      "Check the backend's log.",
    )
  }
  if (status > 500 || status === 429)
    return failed('backend_http', `${seen}: it is reachable but not working`, "Check the backend's log.")
  return ok('backend_http', seen)
}

const ACCEPTED = new Set([400, 413, 415, 422])
const REFUSED = new Set([401, 403])
const SAME_SECRET = "Put the backend's secret into the file named by secret_file: edge-agent config show"

const judgeSecret = (status: number): Check => {
  if (REFUSED.has(status))
    return failed('backend_secret', `the backend refuses the secret or the agent id over HTTP (${status})`, SAME_SECRET)
  if (ACCEPTED.has(status) || (status >= 200 && status < 300)) {
    return ok('backend_secret', `the backend did not refuse the secret over HTTP (${status} for the empty message)`)
  }
  return skipped('backend_secret', `cannot tell from status ${status} whether the secret is right`)
}

const CLOCK_MS = 30_000

const judgeClock = (offMs: number | undefined): Check => {
  if (offMs === undefined) return skipped('backend_clock', 'the backend does not send its time')
  const seconds = Math.round(Math.abs(offMs) / 1000)
  if (Math.abs(offMs) <= CLOCK_MS) return ok('backend_clock', `${seconds} s apart from the backend's`)
  return warning(
    'backend_clock',
    `this machine's clock is ${seconds} s ${offMs > 0 ? 'behind' : 'ahead of'} the backend's`,
    'System Settings > General > Date & Time > Set automatically, or: sudo sntp -sS time.apple.com',
  )
}

const judgeWebSocket = ({ websocket, http }: BackendFacts, agent: AgentLife): Check => {
  if (agent.kind === 'running') return judgeConnection(agent.status.connection)
  if (websocket === undefined) {
    return skipped(
      'backend_websocket',
      http === undefined ? NOT_REACHED : 'not opened, because an agent may be running',
    )
  }
  if (websocket.kind === 'failed') {
    return failed(
      'backend_websocket',
      `no WebSocket: ${websocket.code}`,
      "Check the backend's log, and any proxy in front of it.",
    )
  }
  const status = websocket.found.kind === 'refused' ? websocket.found.status : 101
  const closedWith = closeCodeOf(websocket.found)
  if (REFUSED.has(status) || closedWith === 4401 || closedWith === 4403) {
    return failed(
      'backend_websocket',
      `the backend refuses the secret or the agent id for the WebSocket (${closedWith ?? status})`,
      SAME_SECRET,
    )
  }
  if (status !== 101) {
    return failed(
      'backend_websocket',
      `the upgrade was answered with ${status}`,
      `${CHECK_URL}; a proxy in front of the backend must pass upgrades on`,
    )
  }
  if (closedWith !== undefined && closedWith !== 4409) {
    return failed('backend_websocket', `the backend closed it at once with ${closedWith}`, "Check the backend's log.")
  }
  return ok('backend_websocket', 'opened for this check and closed again, because no agent is running here')
}

const closeCodeOf = (answer: WebSocketAnswer): number | undefined =>
  answer.kind === 'closed' ? answer.code : undefined

const judgeConnection = ({ state, since, lastError }: Status['connection']): Check => {
  const when = since > 0 ? ` since ${new Date(since).toISOString()}` : ''
  if (state === 'open') return ok('backend_websocket', `the agent's WebSocket is open${when}`)
  const why = lastError === undefined ? '' : `: ${lastError.code}, ${quote(lastError.message)}`
  const seen = `the agent's WebSocket is not open (${state}${when})${why}`
  if (lastError?.code === 'unauthorized') return failed('backend_websocket', seen, SAME_SECRET)
  return failed(
    'backend_websocket',
    seen,
    lastError?.remedy ?? "The agent keeps retrying. If this persists, check the backend's log.",
  )
}

const judgeSecondAgent = ({ websocket }: BackendFacts, agent: AgentLife): Check => {
  const replaced =
    agent.kind === 'running'
      ? agent.status.connection.lastError?.code === 'replaced' ||
        agent.status.problems.some(({ code }) => /replaced|second_agent/.test(code))
      : websocket?.kind === 'fine' && closeCodeOf(websocket.found) === 4409
  if (!replaced) {
    return agent.kind === 'running' || websocket?.kind === 'fine'
      ? ok('second_agent', 'no other agent with this id was noticed')
      : skipped('second_agent', 'cannot tell without a connection')
  }
  return failed(
    'second_agent',
    "a second agent with this id is connected to the backend: each one replaces the other's connection (4409)",
    'Stop the other agent, here or on another Mac, or give one of them another agent_id.',
  )
}
