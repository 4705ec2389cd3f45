import { createLife, type Life, type Store, type Tamper } from './life.ts'
import type { Scenario } from './scenario.ts'
import type { Timers } from './timers.ts'
import type { World } from './world.ts'

/**
 * A life in the middle of which the store and the world are: what the engine has under way is handed to it once more by a
 * store that records nothing, at an hour in which nothing is held back, so that it stands where it stood. Then all are
 * woken, for their timers; in a life at rest that changes nothing, and the explorer checks that it did not.
 */
export const resumeLife = (world: World, opened: Store, timers: Timers, scenario: Scenario, tamper: Tamper): Life => {
  const posting = world.posts.map(({ record }) => record)
  let sending = world.processes.filter(({ leftover }) => !leftover)
  const leftovers = new Set(world.processes.filter(({ leftover }) => leftover).map(({ attempt }) => attempt))
  let isResuming = true
  let isConnecting = false
  const nextIn = (threadId: string) => sending.find(({ thread }) => thread === threadId)
  const attempts = sending.map(({ attempt }) => attempt)

  const life = createLife(world, opened, scenario, timers, {
    ...tamper,
    // Far from any quiet hours, long before any pause.
    // A ping that is not answered yet is sent once more when it was sent.
    clockAheadMs: () => {
      if (!isResuming) return 0
      return (isConnecting && world.pingedMs !== undefined ? world.pingedMs : NOON_MS) - world.now
    },
    newId: () => {
      const attempt = isResuming ? attempts.shift() : undefined
      if (attempt !== undefined) return attempt
      world.attempts += 1
      return `attempt-${world.attempts}`
    },
    store: given => {
      const store = tamper.store?.(given) ?? given
      const { inbox, outbox, pauses, recipients } = store
      const unlessResuming =
        <A extends unknown[]>(record: (...of: A) => void) =>
        (...of: A): void => {
          if (!isResuming) record(...of)
        }
      return {
        ...store,
        inbox: {
          ...inbox,
          recover: unlessResuming(inbox.recover),
          hastenRetries: unlessResuming(inbox.hastenRetries),
          heads: () => {
            if (!isResuming) return inbox.heads()
            return posting.slice(0, 1).map(({ id, threadId }) => ({ id, threadId, dueMs: 0 }))
          },
          meetSocket: unlessResuming(inbox.meetSocket),
          expectLate: unlessResuming(inbox.expectLate),
          endLate: unlessResuming(inbox.endLate),
          late: () => inbox.late().filter(({ id }) => !isResuming || world.pinged.includes(id)),
          // What is POSTed already is not looked at once more.
          lookUpId: id => (isResuming ? { ...inbox.lookUpId(id), event: 'unsent' } : inbox.lookUpId(id)),
          startPost: (...of) => (isResuming ? posting.shift() : undefined) ?? inbox.startPost(...of),
        },
        outbox: {
          ...outbox,
          recover: unlessResuming(outbox.recover),
          inState: state => {
            const found = outbox.inState(state)
            return isResuming && state === 'sending'
              ? found.filter(({ attempt = '' }) => leftovers.has(attempt))
              : found
          },
          threadsWithPlanned: () => (isResuming ? sending.map(({ thread }) => thread) : outbox.threadsWithPlanned()),
          isBusy: threadId => !isResuming && outbox.isBusy(threadId),
          nthLatestStart: (...of) => (isResuming ? undefined : outbox.nthLatestStart(...of)),
          head: threadId => {
            if (!isResuming) return outbox.head(threadId)
            const bubble = nextIn(threadId)?.bubble
            return bubble && { bubble, dueMs: 0, isCommand: false }
          },
          startSending: (id, attempt, ...of) => {
            if (!isResuming) outbox.startSending(id, attempt, ...of)
            sending = sending.filter(other => other.attempt !== attempt)
          },
        },
        pauses: {
          ...pauses,
          of: (...of) => (isResuming ? [] : pauses.of(...of)),
          tidy: unlessResuming(pauses.tidy),
        },
        recipients: { ...recipients, recover: unlessResuming(recipients.recover) },
      }
    },
  })
  if (leftovers.size > 0) life.engine.recover()
  for (let under = posting.length + sending.length; under > 0; under -= 1) {
    life.engine.wake()
    timers.fireShort()
  }
  isConnecting = true
  if (world.connected) life.connect()
  isResuming = false
  life.openChatDb()
  if (world.looked === world.version) life.look()
  life.engine.wake()
  timers.fireShort()
  return life
}

const NOON_MS = new Date(2000, 0, 1, 12).getTime()
