import { edgeHeaders, socketUrl } from './edge-request.ts'
import { type ConnectionError, planRedial } from './plan-redial.ts'
import { runSocket, type SocketCallbacks } from './run-socket.ts'
import { SOCKET_TIMINGS, type SocketTimings } from './socket-timings.ts'
import { waitToDial } from './wait-to-dial.ts'

/** The connection right now. `since` and `retryAt` are in epoch milliseconds, `generation` counts the dials from 1. */
export type ConnectionStatus =
  | {
      readonly state: 'connecting'
      readonly since: number
      readonly generation: number
      readonly lastError?: ConnectionError
    }
  /** `rttMs` is that of the last protocol ping, and missing until its pong has come. */
  | { readonly state: 'open'; readonly since: number; readonly generation: number; readonly rttMs?: number }
  | {
      readonly state: 'waiting'
      readonly since: number
      readonly generation: number
      readonly lastError: ConnectionError
      readonly retryAt: number
    }

/** Why there is no connection now, or was none before this dial. */
export const lastErrorOf = (status: ConnectionStatus | undefined): ConnectionError | undefined =>
  status !== undefined && 'lastError' in status ? status.lastError : undefined

/**
 * Keeps one WebSocket to the backend, and dials again whenever it ends, for whatever reason. Resolves when `signal`
 * aborts and the last connection is gone; never rejects. `readSecret` is asked at every dial, and while waiting to see
 * whether it changed; it must not throw.
 */
export const keepConnected = async ({
  backendUrl,
  agentId,
  readSecret,
  signal,
  random,
  now = Date.now,
  timings = SOCKET_TIMINGS,
  onStatus,
  ...callbacks
}: SocketCallbacks & {
  readonly backendUrl: string
  readonly agentId: string
  readonly readSecret: () => string | undefined
  readonly signal: AbortSignal
  readonly random: () => number
  readonly now?: () => number
  readonly timings?: SocketTimings
  /** Called at every change, and with each new `rttMs`. */
  readonly onStatus: (status: ConnectionStatus) => void
}): Promise<void> => {
  const url = socketUrl(backendUrl, agentId)
  let attempt = 0
  let lastError: ConnectionError | undefined

  for (let generation = 1; !signal.aborted; generation += 1) {
    const secret = readSecret()
    let since = now()
    onStatus({ state: 'connecting', since, generation, ...(lastError && { lastError }) })

    const { end, livedMs } = await runSocket({
      ...callbacks,
      url,
      headers: edgeHeaders(agentId, secret),
      generation,
      timings,
      signal,
      now,
      onOpen: connection => {
        since = now()
        onStatus({ state: 'open', since, generation })
        callbacks.onOpen(connection)
      },
      onRtt: rttMs => onStatus({ state: 'open', since, generation, rttMs }),
    })
    if (end.kind === 'stopped') return

    if (livedMs >= timings.stableMs) attempt = 0
    const { delayMs, error } = planRedial({ end, attempt, random, timings })
    lastError = error
    onStatus({ state: 'waiting', since: now(), generation, lastError, retryAt: now() + delayMs })

    const reason = await waitToDial({ ...callbacks, delayMs, dialledSecret: secret, readSecret, timings, signal, now })
    attempt = reason === 'due' ? attempt + 1 : 0
  }
}
