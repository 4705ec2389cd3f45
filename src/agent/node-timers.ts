import type { Timers } from './core/timers.ts'

export const NODE_TIMERS: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  soon: queueMicrotask,
}
