import { onceSoon, type Timers } from '../core/timers.ts'

/**
 * All queues that live by the store. A commit may have made work for any of them, and to look costs them little: so each
 * commit wakes them all, once, when what runs now has returned. Nobody has to remember whom a change concerns.
 */
export const createPumps = (timers: Pick<Timers, 'soon'>) => {
  const wakes: (() => void)[] = []
  const wake = (): void => {
    for (const each of wakes) each()
  }
  return {
    /** They are woken in the order in which they were added. */
    add: <P extends { readonly wake: () => void }>(pump: P): P => {
      wakes.push(() => pump.wake())
      return pump
    },
    wake,
    wakeSoon: onceSoon(wake, timers),
  }
}
