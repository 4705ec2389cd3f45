/** Longest timer that Node can hold; a later due time is simply looked at again. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * A queue's heart: `work` starts whatever is due and says in how many milliseconds the next thing is (undefined: nothing
 * waits for a time). `wake` runs it now; one timer runs it when the time has come.
 */
export const createPump = (work: () => number | undefined) => {
  let timer: NodeJS.Timeout | undefined
  let running = false
  let again = false
  let stopped = false

  const wake = (): void => {
    if (stopped) return
    if (running) {
      again = true
      return
    }
    running = true
    clearTimeout(timer)
    let nextMs: number | undefined
    do {
      again = false
      nextMs = work()
    } while (again && !stopped)
    running = false
    if (nextMs !== undefined && !stopped) timer = setTimeout(wake, Math.min(MAX_TIMER_MS, Math.max(1, nextMs)))
  }
  return {
    wake,
    stop: (): void => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** The earlier of two due times, either of which may not be. */
export const earliest = (...times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter(time => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
