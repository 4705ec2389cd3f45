import type { Timers } from '../core/timers.ts'
import type { Store } from '../store/open-store.ts'
import { createPump } from './pump.ts'

/** The open connection, as far as evidence is concerned. */
export type PingedConnection = {
  /** Pings; `onPong` is called when that is answered on this connection, and never if it ends before. */
  readonly ping: (onPong: () => void) => void
}

export type ProofNeeds = {
  readonly inbox: Pick<Store['inbox'], 'meetSocket' | 'expectLate' | 'oldestLate' | 'endLate'>
  readonly transaction: <T>(work: () => T) => T
  readonly now: () => number
  readonly timers: Timers
  readonly onError: (error: unknown) => void
}

/**
 * Whether a reflex that is missing may still come. Frames come in order: what the backend wrote before it answered a POST is
 * here when a ping that was sent a little later is answered, and lost when the connection has ended.
 */
export const createReflexProof = ({ inbox, transaction, now, timers, onError }: ProofNeeds) => {
  let connection: PingedConnection | undefined
  /** What the ping that is under way covers: answers until then. */
  let askedUntilMs = Number.NEGATIVE_INFINITY
  /** Answered since the last dial began, without a connection that we knew of: the backend may have known one already. */
  let answeredMeanwhile: number[] = []

  const ask = (): number | undefined => {
    if (connection === undefined) return undefined
    const answeredMs = inbox.oldestLate()
    if (answeredMs === undefined || answeredMs <= askedUntilMs) return undefined
    const waitMs = answeredMs + WRITING_MS - now()
    if (waitMs > 0) return Math.min(waitMs, WRITING_MS) // the clock may have been set back
    const over = connection
    const untilMs = now() - WRITING_MS
    askedUntilMs = untilMs
    over.ping(() => {
      if (connection === over) endLate(untilMs)
    })
    return undefined
  }
  const endLate = (untilMs: number): void => {
    if (inbox.oldestLate() === undefined) return
    try {
      transaction(() => inbox.endLate(untilMs))
    } catch (error) {
      onError(error) // then it is expected for longer
    }
  }
  const pump = createPump(ask, { timers, onError })

  return {
    wake: pump.wake,
    stop: pump.stop,
    /** Connections of an earlier life have ended. Call before anything else. */
    recover: (): void => endLate(Number.POSITIVE_INFINITY),
    /** A connection opened; or (undefined) it ended, or another dial begins. */
    use: (next: PingedConnection | undefined): void => {
      endLate(Number.POSITIVE_INFINITY)
      connection = next
      askedUntilMs = Number.NEGATIVE_INFINITY
      if (next !== undefined) {
        try {
          transaction(() => {
            inbox.meetSocket()
            for (const id of answeredMeanwhile) inbox.expectLate(id)
          })
        } catch (error) {
          onError(error)
        }
      }
      answeredMeanwhile = []
      pump.wake()
    },
    isOpen: (): boolean => connection !== undefined,
    mayBringReflex: (messageId: number): boolean => {
      if (connection === undefined) answeredMeanwhile.push(messageId)
      return connection !== undefined
    },
  }
}

/** A backend that handles a POST writes its reflex and its answer in any order, but no further apart than this. */
const WRITING_MS = 2_000
