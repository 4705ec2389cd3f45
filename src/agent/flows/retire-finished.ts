import type { Timers } from '../core/timers.ts'
import { createPump } from './pump.ts'

export type RetirementNeeds = {
  /** Removes some of what ended before that time; false where there is nothing left to remove. */
  readonly retire: (beforeMs: number) => boolean
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
  readonly timers: Timers
  readonly onError: (error: unknown) => void
}

/** Removes what ended long ago, piece by piece, from `wake` to `stop`; its counts stay. */
export const createRetirement = ({ retire, now, timers, onError }: RetirementNeeds) =>
  createPump(
    () => {
      try {
        return retire(now() - KEEP_MS) ? NEXT_PIECE_MS : EVERY_MS
      } catch {
        return EVERY_MS // the disk is full: that is told elsewhere
      }
    },
    { timers, onError },
  )

const KEEP_MS = 30 * 24 * 60 * 60_000
const EVERY_MS = 6 * 60 * 60_000
const NEXT_PIECE_MS = 1_000
