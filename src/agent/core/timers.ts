/** Who calls back later: Node itself, or a simulation that owns the time. */
export type Timers = {
  /** Calls back once, in so many milliseconds; what is returned calls it off. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Calls back as soon as what runs now has returned. */
  readonly soon: (run: () => void) => void
}

/** The time of a life: what is waited for within it goes by `now`, what people and backends set by `wall`. */
export type Clock = {
  /** Unix milliseconds that only go forward. */
  readonly now: () => number
  /** Unix milliseconds by the clock of this Mac, which may be set. */
  readonly wall: () => number
}

/** Runs it soon, once for all who ask until then. */
export const onceSoon = (run: () => void, { soon }: Pick<Timers, 'soon'>): (() => void) => {
  let isAsked = false
  return () => {
    if (isAsked) return
    isAsked = true
    soon(() => {
      isAsked = false
      run()
    })
  }
}

export const sleep = (ms: number, { after }: Timers): Promise<void> =>
  new Promise(resolve => {
    after(ms, resolve)
  })
