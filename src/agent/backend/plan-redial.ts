import { CLOSE_REPLACED, CLOSE_UNAUTHORIZED } from '../../protocol/wire.ts'
import { backoff } from '../core/backoff.ts'
import { isTlsError } from './is-tls-error.ts'
import type { SocketEnd } from './run-socket.ts'
import type { SocketTimings } from './socket-timings.ts'

/** Why there is no connection, for a person to read. */
export type ConnectionError = {
  /** `unauthorized`, `replaced`, `wrong_road`, `http_503`, `closed_1012`, `ECONNREFUSED`, … */
  readonly code: string
  readonly message: string
  readonly remedy?: string
}

/**
 * What follows the end of a connection: always another dial, the question is when. `attempt` counts the connections in
 * a row, before this one, that did not last.
 */
export const planRedial = ({
  end,
  attempt,
  random,
  timings,
}: {
  readonly end: Exclude<SocketEnd, { readonly kind: 'stopped' }>
  readonly attempt: number
  readonly random: () => number
  readonly timings: SocketTimings
}): { readonly delayMs: number; readonly error: ConnectionError } => {
  const soon = (): number => backoff({ attempt, baseMs: timings.backoffBaseMs, capMs: timings.backoffCapMs, random })
  const patiently = (): number =>
    backoff({ attempt, baseMs: timings.busyBaseMs, capMs: Math.max(timings.busyBaseMs, timings.backoffCapMs), random })

  switch (end.kind) {
    case 'failed': {
      const { code, message } = end
      return isTlsError(code)
        ? { delayMs: timings.wrongEndpointMs, error: { code: `tls_${code}`, message, remedy: CHECK_CERTIFICATE } }
        : { delayMs: soon(), error: { code, message } }
    }
    case 'refused': {
      const { status } = end
      const atLeast = end.retryAfterMs ?? 0
      const message = `the backend answered the WebSocket upgrade with status ${status}`
      if (status === 401 || status === 403) return { delayMs: timings.wrongEndpointMs, error: unauthorized(message) }
      if (status === 429 || status === 503) {
        return { delayMs: Math.max(patiently(), atLeast), error: { code: `http_${status}`, message } }
      }
      if (status >= 500) return { delayMs: Math.max(soon(), atLeast), error: { code: `http_${status}`, message } }
      return { delayMs: timings.wrongEndpointMs, error: { code: 'wrong_road', message, remedy: CHECK_URL } }
    }
    case 'closed': {
      const { code, reason } = end
      const message = code === 1006 ? 'the connection was lost' : `the backend closed with ${code} ${reason}`.trim()
      const error = { code: `closed_${code}`, message }
      if (code === CLOSE_UNAUTHORIZED || code === CLOSE_FORBIDDEN) {
        return { delayMs: timings.wrongEndpointMs, error: unauthorized(message) }
      }
      if (code === CLOSE_REPLACED) {
        const delayMs = backoff({ attempt: 0, baseMs: timings.replacedMs, capMs: timings.replacedMs, random })
        return {
          delayMs,
          error: { code: 'replaced', message: 'a second agent is running with this id', remedy: STOP_OTHER },
        }
      }
      if (code === POLICY_VIOLATION || code === TRY_AGAIN_LATER) return { delayMs: patiently(), error }
      // A restart is quick, but a backend that says so again and again is not restarting.
      if ((code === GOING_AWAY || code === SERVICE_RESTART) && attempt === 0) {
        return { delayMs: Math.round(random() * timings.restartMs), error }
      }
      return { delayMs: soon(), error }
    }
  }
}

const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008
const SERVICE_RESTART = 1012
const TRY_AGAIN_LATER = 1013
/** Not ours, but what some backends say instead of 4401. */
const CLOSE_FORBIDDEN = 4403

const CHECK_URL = 'Check the backend URL.'
const CHECK_CERTIFICATE = "Check the backend URL, the backend's certificate, and this machine's clock."
const STOP_OTHER = 'Stop the other agent, or give one of them another agent id.'

const unauthorized = (message: string): ConnectionError => ({
  code: 'unauthorized',
  message,
  remedy: 'Check the secret and the agent id. A changed secret takes effect without a restart.',
})
