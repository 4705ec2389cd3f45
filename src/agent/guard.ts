import { createIsListed } from './core/filter.ts'
import { unreadableHold } from './core/hold.ts'
import type { Log } from './core/log.ts'
import type { Problems } from './core/problems.ts'
import type { Clock, Timers } from './core/timers.ts'
import { createTokenBucket } from './core/token-bucket.ts'
import { createHolds } from './flows/hold-threads.ts'
import type { KnownChats } from './flows/known-chats.ts'
import { createOwnAddresses } from './flows/learn-own-addresses.ts'
import type { Takeover } from './flows/receive-batch.ts'
import { createRefusal } from './flows/refuse-command.ts'
import { createSendLimits } from './flows/send-limits.ts'
import { createLoopWatch } from './flows/watch-for-loops.ts'
import { createNormaliser } from './matching/normalise-address.ts'
import type { AgentSettings } from './settings.ts'
import type { Store } from './store/open-store.ts'

type GuardNeeds = {
  readonly settings: Pick<AgentSettings, 'send' | 'takeover' | 'people' | 'country' | 'ownAddresses'>
  readonly store: Pick<
    Store,
    'outbox' | 'commands' | 'pauses' | 'recipients' | 'ownAddresses' | 'startedOver' | 'transaction'
  >
  readonly chats: KnownChats
  readonly clock: Clock
  readonly timers: Timers
  readonly problems: Problems
  readonly log: Log
}

/** What the backend may have sent, and what holds back even that: limits, pauses, quiet hours, the owner, loops. */
export const createGuard = ({ settings, store, chats, clock, timers, problems, log }: GuardNeeds) => {
  const { outbox, commands, pauses, recipients } = store
  const { send } = settings
  const { now, wall } = clock
  const startedMs = wall()
  const normalise = createNormaliser(settings.country)
  const own = createOwnAddresses({ table: store.ownAddresses, given: settings.ownAddresses, normalise, now: wall })
  const pausing = createHolds({ pauses, quietHours: send.quietHours, minuteOfDay, now: wall })
  const holds = {
    ...pausing,
    of: (threadId: string) =>
      pausing.of(threadId) ?? (chats.isUnreadable(threadId) ? unreadableHold(wall()) : undefined),
  }
  const limits = createSendLimits({ settings: send, outbox, commands, now })
  const loops = createLoopWatch({
    rules: { rounds: send.loopRounds, gapMs: send.loopGapMs, pauseMs: send.loopPauseMs },
    pauses,
    clock,
    timers,
    problems,
    log,
  })
  const takeover: Takeover = {
    pauseMs: settings.takeover.pauseMs,
    knownSinceMs: store.startedOver === undefined ? 0 : startedMs + UNKNOWN_ROWS_MS,
    isOwnAddress: own.has,
    started: threadId => outbox.startedFor(threadId, now() - OWN_ROWS_MS, now() - UNDER_WAY_MS),
    begin: (threadId, atMs, aliases) => {
      for (const each of [threadId, ...otherThreads(threadId, aliases)]) {
        loops.forget(each)
        const begins = pauses.extend(each, 'takeover', wall(), atMs + settings.takeover.pauseMs)
        if (begins)
          log.info({ forMs: settings.takeover.pauseMs }, 'the owner is writing by hand; bubbles there are on hold')
      }
    },
  }
  const isListed = createIsListed(settings.people, normalise)
  /** Messages shows what is said to one person under several addresses as one conversation. */
  const otherThreads = (threadId: string, aliases: readonly string[]): readonly string[] => {
    const addresses = [threadId, ...aliases]
    const handles = Object.values(settings.people).filter(person => addresses.some(each => isListed(person, each)))
    const others = new Set([...aliases, ...handles.flat().flatMap(handle => [handle, normalise(handle)])])
    return [...others].filter(each => each !== threadId && recipients.isKnown(each))
  }
  const refuse = createRefusal({
    settings: send,
    isListed,
    knowsChat: threadId => chats.chatOf(threadId) !== undefined || chats.isUnreadable(threadId),
    isFull: limits.isFull,
    isIdling: limits.isIdling,
    holdOf: holds.of,
    recipients,
    now,
  })
  return {
    holds,
    limits,
    loops,
    takeover: settings.takeover.pauseMs === 0 ? undefined : takeover,
    refuse,
    normalise,
    own,
    mayKeepRefusal: createTokenBucket(REFUSALS_AT_ONCE, REFUSAL_EVERY_MS, now),
    /** Why what is planned in a thread does not go now. */
    waitsFor: (threadId: string): string | undefined =>
      holds.of(threadId)?.detail ?? (limits.roomAt(threadId) > now() ? 'rate_limited' : undefined),
    /** After the clock was set, or a pause ended while nobody looked. */
    recover: (): void => {
      store.transaction(() => {
        pauses.tidy(wall())
        recipients.recover(now())
      })
    },
  }
}

/** For so long after a loss of state a row of our own may be one of which we know nothing any more. */
const UNKNOWN_ROWS_MS = 120_000
/** A row of ours that comes later than this is taken for hand-written. */
const OWN_ROWS_MS = 24 * 60 * 60_000
/** Messages may put what is under way into another chat of the same person. */
const UNDER_WAY_MS = 120_000

/** So many refused commands are kept of a flood, and then so often one. */
const REFUSALS_AT_ONCE = 1_000
const REFUSAL_EVERY_MS = 3_600

/** The local clock of this Mac. */
const minuteOfDay = (ms: number): number => {
  const date = new Date(ms)
  return date.getHours() * 60 + date.getMinutes()
}
