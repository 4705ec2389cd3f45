import { type ClientOptions, WebSocket } from 'ws'
import { MAX_FRAME_BYTES } from '../../protocol/wire.ts'
import { retryAfterMs } from '../core/backoff.ts'
import { type Heartbeat, startHeartbeat } from './heartbeat.ts'
import type { SocketTimings } from './socket-timings.ts'
import { watchForWake } from './watch-for-wake.ts'

/** One open connection, as its user sees it. */
export type Connection = {
  /** Which dial since the start this is, from 1. */
  readonly generation: number
  /**
   * Sends a text frame; does nothing on a connection that has ended. `onDelivered` is called when a pong proves that
   * the other side's WebSocket layer has received the frame, and never if the connection ends before.
   */
  readonly send: (text: string, onDelivered?: () => void) => void
  /** `onPong` is called when a ping that is sent now, or later, is answered; never if the connection ends before. */
  readonly ping: (onPong: () => void) => void
}

/** How a connection, or the try to make one, ended. */
export type SocketEnd =
  | { readonly kind: 'stopped' }
  /** The upgrade was answered, but not with 101. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfterMs?: number }
  /** 1006: the connection was lost without a word. */
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string }
  /** `ECONNREFUSED`, `WS_ERR_INVALID_UTF8`, … or one of ours: `dial_timeout`, `silent`, `send_buffer_full`, `handler_failed`. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export type SocketLife = {
  readonly end: SocketEnd
  /** From open to end; 0 if it was never open. */
  readonly livedMs: number
}

/** All of these are called synchronously and in order; what they throw ends the connection. */
export type SocketCallbacks = {
  readonly onOpen: (connection: Connection) => void
  readonly onText: (text: string, connection: Connection) => void
  /** The other side does what the protocol does not know; the frame is ignored. */
  readonly onProtocolError: (code: 'binary_frame') => void
  /** The process stood still for a while; everything that watches the world should look again. */
  readonly onWake: () => void
}

/** More unsent bytes than this mean that nobody reads at the other end. */
const MAX_BUFFERED_BYTES = 1024 * 1024

/** Dials once and lives the connection to its end. Never rejects; when it resolves, nothing of it is left. */
export const runSocket = ({
  url,
  headers,
  generation,
  timings,
  signal,
  now,
  onOpen,
  onText,
  onProtocolError,
  onWake,
  onRtt,
}: SocketCallbacks & {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly generation: number
  readonly timings: SocketTimings
  readonly signal: AbortSignal
  readonly now: () => number
  readonly onRtt: (rttMs: number) => void
}): Promise<SocketLife> => {
  const { promise, resolve } = Promise.withResolvers<SocketLife>()
  if (signal.aborted) return Promise.resolve({ end: { kind: 'stopped' }, livedMs: 0 })

  const socket = dial(url, headers, timings)
  if (!(socket instanceof WebSocket)) return Promise.resolve({ end: socket, livedMs: 0 })

  let end: SocketEnd | undefined
  let openedAt: number | undefined
  let heartbeat: Heartbeat | undefined
  const deliveries = queueDeliveries(() => heartbeat?.ping() ?? 0)

  /** The first reason is the true one; the rest are its consequences. */
  const finish = (reason: SocketEnd): void => {
    end ??= reason
    socket.terminate()
  }
  const fail = (code: string, message: string): void => finish({ kind: 'failed', code, message })
  const callOut = (callback: () => void): void => {
    try {
      callback()
    } catch (error) {
      fail('handler_failed', error instanceof Error ? error.message : String(error))
    }
  }

  const wake = watchForWake({
    ...timings,
    now,
    onWake: () => {
      heartbeat?.probe()
      callOut(onWake)
    },
  })
  // ws's own time-out starts anew with every byte that trickles in.
  const dialTimer = setTimeout(
    () => fail('dial_timeout', 'the WebSocket upgrade was not answered in time'),
    timings.dialMs,
  )

  const stop = (): void => {
    end ??= { kind: 'stopped' }
    // ws hangs up by itself if the other side does not answer within closeMs; before the upgrade, at once.
    socket.close(1001)
  }
  signal.addEventListener('abort', stop, { once: true })

  const connection: Connection = {
    generation,
    send: (text, onDelivered) => {
      if (socket.readyState !== WebSocket.OPEN) return
      socket.send(text)
      if (onDelivered) deliveries.add(onDelivered)
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) fail('send_buffer_full', 'the other side does not read')
    },
    ping: onPong => {
      if (socket.readyState === WebSocket.OPEN) deliveries.add(onPong)
    },
  }

  socket.on('open', () => {
    clearTimeout(dialTimer)
    openedAt = performance.now()
    heartbeat = startHeartbeat({
      ...timings,
      sendPing: payload => socket.ping(payload),
      onSilent: () => {
        // Closing already: what ends it is known, and ws will not let it hang.
        if (socket.readyState !== WebSocket.OPEN || wake.justWoke()) return
        fail('silent', 'nothing was heard after a ping')
      },
      onRtt,
    })
    callOut(() => onOpen(connection))
  })
  socket.on('message', (data, isBinary) => {
    heartbeat?.heard()
    // A frame that was under way when we hung up: nobody is there to take it. Where the other side did, right behind its
    // frame, the frame counts.
    if (end !== undefined) return
    callOut(() => (isBinary ? onProtocolError('binary_frame') : onText(data.toString(), connection)))
  })
  socket.on('ping', () => heartbeat?.heard())
  socket.on('pong', payload => {
    heartbeat?.heard()
    const proven = heartbeat?.heardPong(payload.toString()) ?? 0
    if (socket.readyState === WebSocket.OPEN) callOut(() => deliveries.settle(proven))
  })
  // Whoever listens to this event owns the request: without terminate() neither 'error' nor 'close' would follow.
  socket.on('unexpected-response', (_request, response) => {
    const wait = retryAfterMs(response.headers['retry-after'], now())
    finish({
      kind: 'refused',
      status: response.statusCode ?? 0,
      ...(wait !== undefined && { retryAfterMs: wait }),
    })
  })
  // Stays to the end: terminate() during the dial reports an error, too.
  socket.on('error', error => {
    end ??= failure(error)
  })
  socket.on('close', (code, reason) => {
    clearTimeout(dialTimer)
    wake.stop()
    heartbeat?.stop()
    signal.removeEventListener('abort', stop)
    resolve({
      end: end ?? { kind: 'closed', code, reason: reason.toString() },
      livedMs: openedAt === undefined ? 0 : performance.now() - openedAt,
    })
  })
  return promise
}

/** ws throws at once what is wrong with the request itself, such as a line break in the secret. */
const dial = (url: URL, headers: Readonly<Record<string, string>>, timings: SocketTimings): WebSocket | SocketEnd => {
  // The types of ws do not know closeTimeout yet.
  const options: ClientOptions & { readonly closeTimeout: number } = {
    headers,
    closeTimeout: timings.closeMs,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    followRedirects: false,
    // One frame per turn of the event loop: a flood leaves timers and other sockets theirs, and fills the kernel's
    // buffer instead of ours.
    allowSynchronousEvents: false,
  }
  try {
    return new WebSocket(url, options)
  } catch (error) {
    return failure(error)
  }
}

const failure = (error: unknown): SocketEnd => ({
  kind: 'failed',
  code: error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'bad_handshake',
  message: error instanceof Error ? error.message : String(error),
})

/**
 * WebSocket pongs come in order: the pong of a ping proves everything that was sent before that ping. One ping at a time:
 * behind a flood of its own the other side's pongs have to wait, and libraries end a connection on which they pile up.
 */
const queueDeliveries = (ping: () => number) => {
  let unproven: { readonly ping: number; readonly onDelivered: readonly (() => void)[] } | undefined
  let fresh: (() => void)[] = []

  const askForProof = (): void => {
    if (unproven !== undefined || fresh.length === 0) return
    unproven = { ping: ping(), onDelivered: fresh }
    fresh = []
  }
  return {
    add: (onDelivered: () => void): void => {
      // What is sent in one go shares a ping.
      if (fresh.length === 0) queueMicrotask(askForProof)
      fresh.push(onDelivered)
    },
    settle: (provenPing: number): void => {
      if (unproven === undefined || unproven.ping > provenPing) return
      const { onDelivered } = unproven
      unproven = undefined
      for (const settle of onDelivered) settle()
      askForProof()
    },
  }
}
