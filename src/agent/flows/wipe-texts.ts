import { EdgeError } from '../core/errors.ts'
import type { Timers } from '../core/timers.ts'
import type { Store } from '../store/open-store.ts'
import { createPump } from './pump.ts'

type WipeNeeds = {
  readonly store: Pick<Store, 'wipe' | 'emptyLog' | 'hasRemains' | 'rewrite'>
  readonly settings: {
    /** How long texts are kept after all is done with them. */
    readonly keepMs: number
    /** How long reflex and answer look for each other, by their words. */
    readonly windowMs: number
  }
  /** Nothing is under way that a pause of a fraction of a second would hold up. */
  readonly isQuiet: () => boolean
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
  readonly timers: Timers
  readonly onError: (error: unknown) => void
}

/**
 * Removes texts from the state database once delivery needs them no more, piece by piece, from `wake` to `stop`. Then it
 * sees to it that the file holds no copies either: the write-ahead log is emptied at once, the database itself is written
 * anew in a quiet moment, some hours later at the latest.
 */
export const createTextWiping = ({ store, settings, isQuiet, now, timers, onError }: WipeNeeds) => {
  const keepMs = Math.max(settings.keepMs, settings.windowMs, ECHO_MS)
  const everyMs = Math.min(MAX_EVERY_MS, Math.max(MIN_EVERY_MS, settings.keepMs / 10))
  const rewriteEveryMs = Math.min(MAX_REWRITE_MS, Math.max(MIN_REWRITE_MS, settings.keepMs / 4))
  /** A life that was killed may have left a log with words in it. */
  let isLogFull = true
  let rewrittenAt = performance.now() - rewriteEveryMs

  return createPump(
    () => {
      try {
        const at = now()
        if (store.wipe({ now: at, ended: at - keepMs, undecided: at - Math.max(UNDECIDED_MS, keepMs) })) {
          isLogFull = true
          return NEXT_PIECE_MS
        }
        if (isLogFull) store.emptyLog()
        isLogFull = false
        if (!store.hasRemains()) return everyMs
        const dueMs = rewriteEveryMs - (performance.now() - rewrittenAt)
        if (dueMs > 0) return Math.min(dueMs, everyMs)
        if (!isQuiet() && dueMs > -rewriteEveryMs) return QUIET_RECHECK_MS
        rewrittenAt = performance.now()
        store.rewrite()
        return everyMs
      } catch (error) {
        if (error instanceof EdgeError && error.code === 'state_damaged') throw error
        return everyMs // the disk is full: that is told elsewhere
      }
    },
    { timers, onError },
  )
}

/** The incoming copy of our own text is known by its words for that long, and a little more. */
const ECHO_MS = 11 * 60_000
/** Dead letters and parked bubbles about which nobody decides. */
const UNDECIDED_MS = 30 * 24 * 60 * 60_000
const NEXT_PIECE_MS = 200
const MIN_EVERY_MS = 5_000
const MAX_EVERY_MS = 10 * 60_000
const MIN_REWRITE_MS = 60_000
const MAX_REWRITE_MS = 6 * 60 * 60_000
const QUIET_RECHECK_MS = 5_000
