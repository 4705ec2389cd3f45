import { createPump } from './pump.ts'

/** Removes what ended long ago, piece by piece, from `wake` to `stop`; its counts stay. */
export const createRetirement = (retire: (beforeMs: number) => boolean, onError: (error: unknown) => void) =>
  createPump(() => {
    try {
      return retire(Date.now() - KEEP_MS) ? NEXT_PIECE_MS : EVERY_MS
    } catch {
      return EVERY_MS // the disk is full: that is told elsewhere
    }
  }, onError)

const KEEP_MS = 30 * 24 * 60 * 60_000
const EVERY_MS = 6 * 60 * 60_000
const NEXT_PIECE_MS = 1_000
