import type { Socket } from 'node:net'
import type { buildConnector } from 'undici'
import type { Way } from './follow-way.ts'

/** How long things last, in milliseconds. */
export type SpareTimings = {
  /** A conversation is over when no POST has gone out for this long. */
  readonly liveMs: number
  /** From a POST until a spare is there: the POST itself comes first. */
  readonly pauseMs: number
  /** A spare is replaced at this age: servers wait some 20 to 60 s for the first request. */
  readonly renewMs: number
  /** A server that ends one sooner than this does not want any: the next one waits for the next POST. */
  readonly shortMs: number
  /** The longest since anything was heard over the way: a little more than from one ping of the WebSocket to the next. */
  readonly trustMs: number
}

const SPARE_TIMINGS: SpareTimings = {
  liveMs: 120_000,
  pauseMs: 1_000,
  renewMs: 15_000,
  shortMs: 3_000,
  trustMs: 12_000,
}

/**
 * Makes connections as `dial` does, and in a living conversation keeps one more at hand, open and unused, so that a message
 * after a pause does not wait for handshakes. The idle ones that have been used do not serve: servers end them after some
 * seconds, and a POST that crosses this end on its way is lost. A spare is handed out only while the WebSocket shows that
 * the way is alive.
 */
export const keepSpare = ({
  dial,
  way,
  now = Date.now,
  timings = SPARE_TIMINGS,
}: {
  readonly dial: buildConnector.connector
  readonly way: Way
  readonly now?: () => number
  readonly timings?: SpareTimings | undefined
}) => {
  let target: buildConnector.Options | undefined
  let spare: Spare | undefined
  let isDialling = false
  let liveUntilMs = 0
  let renewMs = timings.renewMs
  let timer: NodeJS.Timeout | undefined
  let lookMs = Number.POSITIVE_INFINITY
  /** Handed out, with what had been read then: nothing has proved them since. */
  const unproved = new Map<Socket, number>()

  /** One look: what is no good is dropped, what is missing is dialled, and the next look is set. */
  const tend = (): void => {
    clearTimeout(timer)
    lookMs = Number.POSITIVE_INFINITY
    const leftMs = liveUntilMs - now()
    if (leftMs <= 0) {
      drop()
      return
    }
    const ageMs = spare === undefined ? renewMs : now() - spare.openedMs
    const isDue = ageMs >= renewMs || !isTrusted()
    if (isDue && way.shows() !== undefined) dialSpare()
    lookIn(Math.min(leftMs, isDue ? renewMs : renewMs - ageMs))
  }
  /** The sooner of two looks counts. */
  const lookIn = (ms: number): void => {
    if (now() + ms >= lookMs) return
    clearTimeout(timer)
    lookMs = now() + ms
    timer = setTimeout(tend, ms).unref()
  }

  const isTrusted = (): boolean => {
    const shown = way.shows()
    if (spare === undefined || shown === undefined || shown.openedMs > spare.openedMs) return false
    const silentMs = now() - Math.max(spare.openedMs, shown.heardMs)
    return silentMs >= 0 && silentMs <= timings.trustMs
  }

  const dialSpare = (): void => {
    if (isDialling || target === undefined) return
    isDialling = true
    dial(target, (error, socket) => {
      isDialling = false
      drop()
      if (error !== null)
        liveUntilMs = 0 // until a POST has found a way again
      else if (now() < liveUntilMs && way.shows() !== undefined) keep(socket)
      else socket.on('error', () => {}).destroy()
    })
  }

  const keep = (socket: Socket): void => {
    const openedMs = now()
    const onEnd = (): void => {
      const livedMs = now() - openedMs
      drop()
      renewMs = Math.max(timings.shortMs, Math.min(renewMs, livedMs - MARGIN_MS))
      if (livedMs < timings.shortMs) liveUntilMs = 0
      else tend()
    }
    // Whatever comes in before a request is its end, or nothing that belongs to an answer.
    socket.on('readable', onEnd).on('error', onEnd).on('close', onEnd)
    socket.unref()
    spare = { socket, openedMs, release: () => socket.off('readable', onEnd).off('error', onEnd).off('close', onEnd) }
  }

  const drop = (): void => {
    const dropped = spare
    spare = undefined
    dropped?.release()
    dropped?.socket.on('error', () => {}).destroy()
  }

  const handOut = ({ socket, release }: Spare): Socket => {
    spare = undefined
    release()
    unproved.set(socket, socket.bytesRead)
    socket.once('close', () => unproved.delete(socket))
    return socket.ref()
  }

  way.onEnd(isSilent => {
    drop() // a server that ends in order would wait for it
    if (!isSilent) return
    for (const [socket, read] of unproved) {
      if (socket.bytesRead === read) socket.destroy(Object.assign(new Error('the way is lost'), { code: 'ECONNRESET' }))
    }
    unproved.clear()
  })

  const connect: buildConnector.connector = (options, callback) => {
    target = options
    if (!isTrusted()) {
      drop()
      return dial(options, callback)
    }
    // In one turn of the event loop its end is seen, if that has come already.
    setImmediate(() => {
      if (spare === undefined) dial(options, callback)
      else callback(null, handOut(spare))
    })
  }

  return {
    connect,
    /** A POST has gone out, or has been answered: somebody talks, and there is a way. */
    talked: (): void => {
      if (now() >= liveUntilMs) renewMs = timings.renewMs
      liveUntilMs = now() + timings.liveMs
      lookIn(timings.pauseMs)
    },
    /** The backend is down, or takes nothing: it is left alone. */
    rest: (): void => {
      liveUntilMs = 0
      tend()
    },
  }
}

type Spare = {
  readonly socket: Socket
  readonly openedMs: number
  /** From here on it is somebody else's. */
  readonly release: () => void
}

/** A server that ends them at some age is forestalled by this much. */
const MARGIN_MS = 1_000
