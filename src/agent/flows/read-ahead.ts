import type { CursorPosition } from '../store/cursor.ts'
import type { Store } from '../store/open-store.ts'

/**
 * The cursor, which may be further on than the disk knows: over rows of which nothing is to be kept but their number. Whoever
 * comes after this life passes them once more.
 */
export const createReadAhead = (cursor: Store['cursor'], count: Store['counters']['count']) => {
  let ahead: { readonly to: CursorPosition; readonly rows: number } | undefined
  const countPassed = (): void => {
    if (ahead !== undefined) count('skipped.own', ahead.rows)
    ahead = undefined
  }
  return {
    ...cursor,
    read: (): CursorPosition | undefined => ahead?.to ?? cursor.read(),
    move: (to: CursorPosition): void => {
      countPassed()
      cursor.move(to)
    },
    /** Moves it over so many rows: the disk is told with the next move, and counts them. */
    pass: (to: CursorPosition, rows: number): void => {
      ahead = { to, rows: (ahead?.rows ?? 0) + rows }
    },
    /** Tells the disk now, in the caller's transaction. */
    catchUp: (): void => {
      if (ahead !== undefined) cursor.move(ahead.to)
      countPassed()
    },
    /** How many rows were passed of which the disk does not know. */
    passed: (): number => ahead?.rows ?? 0,
  }
}

export type ReadAhead = ReturnType<typeof createReadAhead>
