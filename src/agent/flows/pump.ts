import type { Timers } from '../core/timers.ts'

/** Longest timer that Node can hold; a later due time is simply looked at again. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** How long to wait after `work` threw. */
const ERROR_PAUSE_MS = 1_000

export type Pump = {
  readonly wake: () => void
  readonly stop: () => void
}

/**
 * A queue's heart: `work` starts whatever is due and says in how many milliseconds the next thing is (undefined: nothing
 * waits for a time). `wake` runs it now; one timer runs it when the time has come. Where it throws, `onError` hears of it
 * and it runs again after a pause: a heart does not stop.
 */
export const createPump = (
  work: () => number | undefined,
  { timers, onError }: { readonly timers: Timers; readonly onError: (error: unknown) => void },
): Pump => {
  let callOff = () => {}
  let running = false
  let again = false
  let stopped = false

  const beat = (): number | undefined => {
    try {
      return work()
    } catch (error) {
      onError(error)
      return ERROR_PAUSE_MS
    }
  }
  const wake = (): void => {
    if (stopped) return
    if (running) {
      again = true
      return
    }
    running = true
    callOff()
    let nextMs: number | undefined
    do {
      again = false
      nextMs = beat()
    } while (again && !stopped)
    running = false
    if (nextMs !== undefined && !stopped) callOff = timers.after(Math.min(MAX_TIMER_MS, Math.max(1, nextMs)), wake)
  }
  return {
    wake,
    stop: (): void => {
      stopped = true
      callOff()
    },
  }
}

/** The earlier of two due times, either of which may not be. */
export const earliest = (...times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter(time => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
