import type { MessageAnswer } from '../../protocol/wire.ts'
import type { Connections } from './connections.ts'
import type { HttpEffect } from './http-faults.ts'
import type { ReflexEffect } from './reflex-faults.ts'
import { createSocketFaults, type UpgradeEffect } from './socket-faults.ts'

/** Whom a fault strikes, and how often: once unless said otherwise, `Infinity` until it is lifted. */
export type Aim = {
  readonly agentId?: string
  readonly thread_id?: string
  readonly times?: number
  /** Of each chance to strike, from 0 to 1; what is let pass does not count among `times`. Default 1. */
  readonly probability?: number
  readonly onStrike?: (target: Target) => void
}

/** What a fault may strike: a POST, or an agent that dials. */
export type Target = { readonly agentId: string; readonly thread_id?: string; readonly key?: string | undefined }

export type HttpFault = Aim & {
  /**
   * `before` (the default): the message is not looked at. `during`: the work begins, and goes on whatever becomes of the
   * answer. `after`: reflex sent, work done, only the answer goes wrong.
   */
  readonly when?: 'before' | 'during' | 'after'
  /** Waited before the effect, in ms. Without an effect the answer is right, but late. */
  readonly delayMs?: number
  readonly effect?: HttpEffect
}

export type UpgradeFault = Omit<Aim, 'thread_id'> & { readonly effect: UpgradeEffect }

export type ReflexFault = Aim & { readonly effect: ReflexEffect }

/** What is answered, and remembered under the key, in the place of the right answer. */
export type AnswerFault = Aim & { readonly effect: (answer: MessageAnswer) => MessageAnswer }

/** What can be made to go wrong. Queues strike what comes next; `socket` acts at once on the connections that are open. */
export const createFaults = (connections: Connections) => ({
  http: createFaultQueue<HttpFault>(),
  upgrade: createFaultQueue<UpgradeFault>(),
  reflex: createFaultQueue<ReflexFault>(),
  answer: createFaultQueue<AnswerFault>(),
  socket: createSocketFaults(connections),
})

export type Faults = ReturnType<typeof createFaults>

export const createFaultQueue = <Fault extends Aim>() => {
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

    /** The first fault that is aimed at this target and does not let it pass, used up by one. */
    take: (target: Target, fits: (fault: Fault) => boolean = () => true): Fault | undefined => {
      const strikes = (fault: Fault): boolean =>
        isAimedAt(fault, target) && fits(fault) && Math.random() < (fault.probability ?? 1)
      const entry = queue.find(({ fault }) => strikes(fault))
      if (entry === undefined) return undefined
      entry.left -= 1
      if (entry.left <= 0) queue = queue.filter(other => other !== entry)
      entry.fault.onStrike?.(target)
      return entry.fault
    },
  }
}

const isAimedAt = (aim: Aim, target: Target): boolean =>
  (aim.agentId === undefined || aim.agentId === target.agentId) &&
  (aim.thread_id === undefined || aim.thread_id === target.thread_id)
