import type { Timers } from '../core/timers.ts'
import type { LateMessage } from '../store/inbox.ts'
import type { Store } from '../store/open-store.ts'
import { createPump } from './pump.ts'

/** The open connection, as far as evidence is concerned. */
export type PingedConnection = {
  /** Pings; `onPong` is called when that is answered on this connection, and never if it ends before. */
  readonly ping: (onPong: () => void) => void
}

export type ProofNeeds = {
  readonly inbox: Pick<Store['inbox'], 'meetSocket' | 'expectLate' | 'late' | 'endLate' | 'endLateOf'>
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
  /** A ping is under way: one at a time. */
  let isAsking = false
  /** Answered since the last dial began, without a connection that we knew of: the backend may have known one already. */
  let answeredMeanwhile: number[] = []

  const ask = (): number | undefined => {
    if (connection === undefined || isAsking) return undefined
    const late = inbox.late().map(({ id, ...message }) => ({ id, waitMs: provableMs(message) - now() }))
    const ids = late.filter(({ waitMs }) => waitMs <= 0).map(({ id }) => id)
    // The clock may have been set back.
    if (ids.length === 0) return late[0] && Math.min(WRITING_MS, ...late.map(({ waitMs }) => waitMs))
    const over = connection
    isAsking = true
    over.ping(() => {
      if (connection !== over) return
      isAsking = false
      record(() => ids.forEach(inbox.endLateOf))
      pump.wake()
    })
    return undefined
  }
  const endAll = (): void => {
    if (inbox.late().length > 0) record(inbox.endLate)
  }
  const record = (work: () => void): void => {
    try {
      transaction(work)
    } catch (error) {
      onError(error) // then it is expected for longer
    }
  }
  const pump = createPump(ask, { timers, onError })

  return {
    wake: pump.wake,
    stop: pump.stop,
    /** Connections of an earlier life have ended. Call before anything else. */
    recover: endAll,
    /** A connection opened; or (undefined) it ended, or another dial begins. */
    use: (next: PingedConnection | undefined): void => {
      endAll()
      connection = next
      isAsking = false
      if (next !== undefined) {
        record(() => {
          inbox.meetSocket()
          for (const id of answeredMeanwhile) inbox.expectLate(id)
        })
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

/** When a ping tells: one that had a reflex sent ahead of its answer has a backend that writes reflexes first. */
const provableMs = ({ answeredMs, hasOwn }: Omit<LateMessage, 'id'>): number => answeredMs + (hasOwn ? 0 : WRITING_MS)

/** A backend that handles a POST writes its reflex and its answer in any order, but no further apart than this. */
const WRITING_MS = 2_000
