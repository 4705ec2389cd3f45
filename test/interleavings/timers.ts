import { vi } from 'vitest'

export type Timers = ReturnType<typeof stubTimers>

/** Puts timers that go off when they are told to in the place of Node's; `restore` puts Node's back. */
export const stubTimers = (now: () => number) => {
  let timers = new Map<number, { readonly dueMs: number; readonly isShort: boolean; readonly fire: () => void }>()
  let last = 0
  vi.stubGlobal('setTimeout', (fire: () => void, ms: number) => {
    last += 1
    timers.set(last, { dueMs: now() + ms, isShort: ms <= SHORT_MS, fire })
    return last
  })
  vi.stubGlobal('clearTimeout', (id: number | undefined) => {
    if (id !== undefined) timers.delete(id)
  })
  /** Fires, the earliest first, as long as there are such; says whether there were. */
  const fireAll = (isDue: (timer: { readonly dueMs: number; readonly isShort: boolean }) => boolean): boolean => {
    for (let fired = false; ; fired = true) {
      const [next] = [...timers].filter(([, timer]) => isDue(timer)).sort(([, a], [, b]) => a.dueMs - b.dueMs)
      if (next === undefined) return fired
      timers.delete(next[0])
      next[1].fire()
    }
  }
  const fireShort = () => fireAll(({ isShort }) => isShort)
  return {
    /** All that wait, in Unix milliseconds, the earliest first. */
    dueMs: (): number[] => [...timers.values()].map(({ dueMs }) => dueMs).sort((a, b) => a - b),
    fireDue: (): boolean => fireAll(({ dueMs }) => dueMs <= now()),
    fireShort,
    /** Until whatever can go on by itself has gone on. Short waits are no time. */
    settle: async (): Promise<void> => {
      do await new Promise(resolve => setImmediate(resolve))
      while (fireShort())
    },
    forget: (): void => {
      timers = new Map()
    },
    restore: (): void => {
      vi.unstubAllGlobals()
    },
  }
}

/** The flows look again this soon, or give this much headway; nothing that is explored is as quick. */
const SHORT_MS = 100
