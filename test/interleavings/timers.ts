import type { Timers as EngineTimers } from '../../src/agent/core/timers.ts'

export type Timers = ReturnType<typeof createTimers>

/** Timers of the engine that go off when they are told to. */
export const createTimers = (now: () => number) => {
  let timers = new Map<number, { readonly dueMs: number; readonly isShort: boolean; readonly fire: () => void }>()
  let last = 0
  /** What a life wanted soon, and what it waited for, ends with it. */
  let life = {}
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
  const engine: EngineTimers = {
    after: (ms, fire) => {
      last += 1
      const id = last
      timers.set(id, { dueMs: now() + ms, isShort: ms <= SHORT_MS, fire })
      return () => timers.delete(id)
    },
    soon: run => {
      const asked = life
      queueMicrotask(() => {
        if (asked === life) run()
      })
    },
  }
  return {
    engine,
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
      life = {}
    },
  }
}

/** The flows look again this soon, or give this much headway; nothing that is explored is as quick. */
const SHORT_MS = 100
