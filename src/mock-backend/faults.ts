import type { Connections } from './connections.ts'
import type { HttpEffect } from './http-faults.ts'
import type { ReflexEffect } from './reflex-faults.ts'
import { createSocketFaults, type UpgradeEffect } from './socket-faults.ts'

/** Whom a fault strikes, and how often: once unless said otherwise, `Infinity` until it is lifted. */
export type Aim = { readonly agentId?: string; readonly thread_id?: string; readonly times?: number }

export type HttpFault = Aim & {
  /** `before` (the default): the message is not looked at. `after`: reflex sent, work done, only the answer goes wrong. */
  readonly when?: 'before' | 'after'
  /** Waited before the effect, in ms. Without an effect the answer is right, but late. */
  readonly delayMs?: number
  readonly effect?: HttpEffect
}

export type UpgradeFault = Omit<Aim, 'thread_id'> & { readonly effect: UpgradeEffect }

export type ReflexFault = Aim & { readonly effect: ReflexEffect }

/** What can be made to go wrong. Queues strike what comes next; `socket` acts at once on the connections that are open. */
export const createFaults = (connections: Connections) => ({
  http: createFaultQueue<HttpFault>(),
  upgrade: createFaultQueue<UpgradeFault>(),
  reflex: createFaultQueue<ReflexFault>(),
  socket: createSocketFaults(connections),
})

export type Faults = ReturnType<typeof createFaults>

const createFaultQueue = <Fault extends Aim>() => {
  let queue: readonly { readonly fault: Fault; left: number }[] = []

  return {
    /** Queues faults, to strike in this order. The function that comes back lifts those of them that are still there. */
    push: (...faults: readonly Fault[]): (() => void) => {
      const added = faults.map(fault => ({ fault, left: fault.times ?? 1 }))
      queue = [...queue, ...added]
      return () => {
        queue = queue.filter(entry => !added.includes(entry))
      }
    },

    /** The first fault aimed at this target, used up by one. */
    take: (target: { readonly agentId: string; readonly thread_id?: string }): Fault | undefined => {
      const entry = queue.find(({ fault }) => isAimedAt(fault, target))
      if (entry === undefined) return undefined
      entry.left -= 1
      if (entry.left <= 0) queue = queue.filter(other => other !== entry)
      return entry.fault
    },
  }
}

const isAimedAt = (aim: Aim, target: { readonly agentId: string; readonly thread_id?: string }): boolean =>
  (aim.agentId === undefined || aim.agentId === target.agentId) &&
  (aim.thread_id === undefined || aim.thread_id === target.thread_id)
