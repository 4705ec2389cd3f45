import type { Timers } from './core/timers.ts'

export const NODE_TIMERS: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  // At the end of the turn: whatever it brings shares a commit, and a look at what is due.
  soon: run => void setImmediate(run),
}
