import { createLife, type Life, type Store, type Tamper } from './life.ts'
import type { Scenario } from './scenario.ts'
import type { Timers } from './timers.ts'
import type { World } from './world.ts'

/**
 * A life in the middle of which the store and the world are: what the flows have under way is handed to them once more
 * by needs that record nothing, so that they stand where they stood. Then all are woken, for their timers; in a life at
 * rest that changes nothing, and the explorer checks that it did not.
 */
export const resumeLife = (world: World, store: Store, timers: Timers, scenario: Scenario, tamper: Tamper): Life => {
  const posting = world.posts.map(({ record }) => record)
  let sending = world.processes.find(({ leftover }) => !leftover)

  const life = createLife(world, store, scenario, {
    ...tamper,
    answering: given => {
      const needs = tamper.answering?.(given) ?? given
      const { heads, startPost } = needs.inbox
      const next = () => posting.slice(0, 1).map(({ id, threadId }) => ({ id, threadId, dueMs: 0 }))
      return {
        ...needs,
        inbox: {
          ...needs.inbox,
          heads: () => (posting.length > 0 ? next() : heads()),
          startPost: (id, nowMs) => posting.shift() ?? startPost(id, nowMs),
        },
      }
    },
    delivery: given => {
      const needs = tamper.delivery?.(given) ?? given
      const { outbox, newAttempt } = needs
      return {
        ...needs,
        outbox: {
          ...outbox,
          isBusy: threadId => sending === undefined && outbox.isBusy(threadId),
          head: threadId =>
            sending === undefined ? outbox.head(threadId) : { bubble: sending.bubble, dueMs: 0, isCommand: false },
          startSending: (...intent) => {
            if (sending === undefined) outbox.startSending(...intent)
          },
        },
        newAttempt: () => sending?.attempt ?? newAttempt(),
      }
    },
  })
  if (sending !== undefined) life.delivery.wake(sending.thread)
  sending = undefined
  if (world.processes.some(({ leftover }) => leftover)) life.delivery.recover()
  life.wake()
  timers.fireShort()
  return life
}
