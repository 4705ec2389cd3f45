import type { SendOutcome } from '../core/bubble.ts'
import { explainBubble } from '../core/explain-reason.ts'
import type { Hold } from '../core/hold.ts'
import type { SendEnd } from '../core/judge-send.ts'
import type { Log } from '../core/log.ts'
import type { Chat } from '../core/message.ts'
import { type Clock, sleep, type Timers } from '../core/timers.ts'
import { FAILURES_AT_MOST, isGone, isNoFault, isUnlisted, type WarmStatus, type WarmTrial } from '../core/warmth.ts'
import { createPump } from './pump.ts'

/** An osascript that stands ready, where the world has one. */
export type Slots = {
  readonly start: (
    attempt: string,
    chatGuid: string,
    onGone: (gone: { readonly end: SendEnd; readonly evidence: string | undefined }) => void,
  ) => void
  readonly isReady: (attempt: string) => boolean
  readonly handOver: (attempt: string, text: string, onHanded: () => void) => Promise<SendEnd>
  readonly end: (attempt: string) => void
  /** Steps that send nothing, which have to pass first. */
  readonly trial?: {
    /** What is known from before, of this Mac as it is. */
    readonly known: () => Exclude<WarmTrial, { readonly verdict: 'undecided' }> | undefined
    readonly run: (chatGuid: string) => Promise<WarmTrial>
    /** Its owner says that it works here: it is used untried. */
    readonly isTrusted?: boolean
  }
}

export type WarmNeeds = {
  readonly slots: Slots
  readonly chatOf: (threadId: string, chatGuid?: string) => Chat | undefined
  /** Messages did not find this chat: where its thread goes on, if anywhere. */
  readonly chatInstead?: (lost: Chat) => Chat | undefined
  readonly holdOf: (threadId: string) => Hold | undefined
  /** When the limits next leave room for a send in this thread. */
  readonly roomAt: (threadId: string) => number
  readonly permission: {
    readonly state: () => 'granted' | 'missing' | 'unknown'
    readonly atOnce: () => number
  }
  /** How many bubbles wait for their send in a thread. */
  readonly waitingIn: (threadId: string) => number
  /** Some chat that Messages is likely to list. */
  readonly anyChat: () => string | undefined
  readonly newAttempt: () => string
  readonly clock: Clock
  readonly timers: Timers
  readonly onError: (error: unknown) => void
  readonly log: Log
}

export type Warmth = ReturnType<typeof createWarmth>

/** `chatGuid`: which chat of its thread was asked for. */
type Standing = {
  readonly attempt: string
  readonly threadId: string
  readonly chatGuid: string
  readonly sinceMs: number
}

/**
 * Keeps an osascript ready where a bubble is expected: one for a chat whose message is with the backend, two in all. It is
 * only ever an offer: a bubble that finds none ready goes the cold way at once.
 */
export const createWarmth = (needs: WarmNeeds) => {
  const { slots, clock, timers, permission, log } = needs
  /** By the chat's guid. */
  const standing = new Map<string, Standing>()
  /** Given to a bubble, and not yet handed its text: that is done in the same breath, or never. */
  const taken = new Set<string>()
  /** How many messages of a thread are with the backend. */
  const inFlight = new Map<string, number>()
  /** Chats that Messages does not list, and until when they are not tried again. */
  const unlisted = new Map<string, number>()
  const coldThreads = new Set<string>()
  const sent = { warm: 0, cold: 0, wentCold: 0 }
  const { isTrusted = slots.trial === undefined } = slots.trial ?? {}
  let known = slots.trial?.known()
  let isTrying = false
  let mayTryMs = 0
  let undecided: string | undefined
  let failures = 0
  let rest: { readonly untilMs: number; readonly reason: string } | undefined
  let stopped = false

  const isInUse = (): boolean => rest === undefined && (isTrusted || known?.verdict === 'passed') && !stopped

  const maySend = (threadId: string): boolean =>
    needs.holdOf(threadId) === undefined && permission.state() !== 'missing' && permission.atOnce() > 0

  const isExpected = (threadId: string): boolean => (inFlight.get(threadId) ?? 0) > 0 || needs.waitingIn(threadId) > 0

  const prepare = (threadId: string, chat: Chat | undefined = needs.chatOf(threadId)): void => {
    if (chat === undefined || !maySend(threadId) || needs.roomAt(threadId) > clock.now()) return
    if (standing.has(chat.guid) || (unlisted.get(chat.guid) ?? 0) > clock.now()) return
    endRest()
    if (!isInUse()) {
      tryFirst(chat.guid)
      return
    }
    if (standing.size >= STANDING_AT_MOST && !makeRoom()) return
    const attempt = needs.newAttempt()
    try {
      slots.start(attempt, chat.guid, ({ end, evidence }) => {
        standing.delete(chat.guid)
        taken.delete(attempt)
        if (isUnlisted(evidence)) {
          unlisted.set(chat.guid, clock.now() + UNLISTED_MS)
          const other = isGone(evidence) ? needs.chatInstead?.(chat) : undefined
          if (other !== undefined && isExpected(threadId)) prepare(threadId, other)
        } else if (!isNoFault(evidence)) fail(`it ended by itself: ${describe(end)}`)
      })
      standing.set(chat.guid, { attempt, threadId, chatGuid: chat.guid, sinceMs: clock.now() })
      pump.wake()
    } catch (error) {
      log.debug({ code: (error as NodeJS.ErrnoException).code }, 'no osascript could be made ready')
    }
  }

  /** To start a process takes us milliseconds, and what is just leaving goes first. */
  const prepareSoon = (threadId: string, chatGuid: string | undefined): void => {
    timers.after(HEADWAY_MS, () => {
      if (isExpected(threadId)) prepare(threadId, needs.chatOf(threadId, chatGuid))
    })
  }

  /** One that nobody waits for makes way. */
  const makeRoom = (): boolean => {
    const idle = [...standing].find(([, { threadId }]) => !isExpected(threadId))
    if (idle !== undefined) drop(idle[0])
    return idle !== undefined
  }

  const drop = (chatGuid: string): void => {
    const slot = standing.get(chatGuid)
    standing.delete(chatGuid)
    if (slot !== undefined) slots.end(slot.attempt)
  }
  const dropAll = (): void => {
    for (const chatGuid of [...standing.keys()]) drop(chatGuid)
  }

  /** Ends those that may not be any more, or are too old; where their bubble is still to come, the next one is started. */
  const tend = (): number | undefined => {
    for (const attempt of taken) slots.end(attempt) // the intent to send by it never reached the disk
    taken.clear()
    for (const [guid, { attempt, threadId, chatGuid, sinceMs }] of [...standing]) {
      const ageMs = clock.now() - sinceMs
      const isLate = ageMs >= WARM_UP_MS && !slots.isReady(attempt)
      if (ageMs >= LIVES_MS || isLate || !maySend(threadId)) drop(guid)
      if (isLate) fail(`it did not stand ready within ${WARM_UP_MS / 1_000} s`)
      else if (ageMs >= LIVES_MS && isExpected(threadId)) prepare(threadId, needs.chatOf(threadId, chatGuid))
    }
    return standing.size > 0 ? LOOK_MS : undefined
  }
  const pump = createPump(tend, { timers, onError: needs.onError })

  const fail = (reason: string): void => {
    failures += 1
    if (failures < FAILURES_AT_MOST) return
    rest = { untilMs: clock.now() + REST_MS, reason }
    log.warn({ reason, failures }, 'the warm way failed too often; texts go by a fresh osascript for a while')
    dropAll()
  }
  /** One more failure, and it rests again. */
  const endRest = (): void => {
    if (rest === undefined || clock.now() < rest.untilMs) return
    rest = undefined
    failures = FAILURES_AT_MOST - 1
  }

  const tryFirst = (chatGuid: string): void => {
    const { trial } = slots
    const isOpen = known === undefined && !isTrying && clock.now() >= mayTryMs && !stopped
    if (trial === undefined || isTrusted || !isOpen || permission.state() !== 'granted') return
    void runTrial(chatGuid, trial)
  }

  const runTrial = async (chatGuid: string, trial: NonNullable<Slots['trial']>): Promise<WarmTrial> => {
    isTrying = true
    try {
      const result = await trial.run(chatGuid)
      undecided = result.verdict === 'undecided' ? result.reason : undefined
      if (result.verdict === 'undecided') mayTryMs = clock.now() + TRY_AGAIN_MS
      else known = result
      log.info(result, 'the warm way was tried')
      return result
    } finally {
      isTrying = false
      for (const threadId of inFlight.keys()) prepare(threadId)
    }
  }

  return {
    /** A message of this thread, and of this chat, is POSTed: its bubbles will come. */
    posting: (threadId: string, chatGuid?: string): void => {
      inFlight.set(threadId, (inFlight.get(threadId) ?? 0) + 1)
      prepareSoon(threadId, chatGuid)
    },
    /** Its answer is stored, or it is to be POSTed again. */
    posted: (threadId: string): void => {
      const left = (inFlight.get(threadId) ?? 1) - 1
      if (left > 0) inFlight.set(threadId, left)
      else inFlight.delete(threadId)
    },
    /** The attempt that stands ready for this chat. It is the bubble's from now on. */
    take: ({ guid }: Chat): string | undefined => {
      const slot = standing.get(guid)
      if (slot === undefined || coldThreads.has(slot.threadId) || !slots.isReady(slot.attempt)) return undefined
      standing.delete(guid)
      taken.add(slot.attempt)
      return slot.attempt
    },
    handOver: (
      attempt: string,
      { threadId, chatGuid, text }: { readonly threadId: string; readonly chatGuid?: string; readonly text: string },
      onHanded: () => void,
    ): Promise<SendEnd> => {
      taken.delete(attempt)
      return slots.handOver(attempt, text, () => {
        onHanded()
        sent.warm += 1
        prepareSoon(threadId, chatGuid)
      })
    },
    /** What became of a text that was handed over. */
    learn: (outcome: SendOutcome): void => {
      if (outcome.kind === 'done') failures = 0
      else fail(explainBubble(outcome.reason))
      if (outcome.kind === 'not-started') sent.wentCold += 1
    },
    wentCold: (): void => {
      sent.cold += 1
    },
    wake: pump.wake,
    /** macOS lets us control Messages: whether this Mac can do it is found out before anybody writes. */
    tryOut: (): void => {
      const chatGuid = known === undefined && !isTrusted ? needs.anyChat() : undefined
      if (chatGuid !== undefined) tryFirst(chatGuid)
    },
    /** The Mac slept: what stood ready may have lost its Messages. */
    dropAll,
    /** For the self-test: the steps that send nothing, once more. */
    tryAgain: async (chat: Chat): Promise<WarmTrial> => {
      if (slots.trial === undefined || isTrying) return { verdict: 'undecided', reason: 'a trial is under way' }
      return runTrial(chat.guid, slots.trial)
    },
    /** For the self-test: until one stands ready there. */
    awaitReady: async (chat: Chat): Promise<boolean> => {
      const deadline = performance.now() + WARM_UP_MS
      prepare(chat.threadId, chat)
      while (performance.now() < deadline) {
        const slot = standing.get(chat.guid)
        if (slot === undefined) return false
        if (slots.isReady(slot.attempt)) return true
        await sleep(READY_LOOK_MS, timers)
      }
      return false
    },
    /** For the self-test: nothing goes the warm way there until what is returned is called. */
    keepCold: (threadId: string): (() => void) => {
      coldThreads.add(threadId)
      return () => coldThreads.delete(threadId)
    },
    status: (): Omit<WarmStatus, 'setting'> => {
      endRest()
      const more = { standing: standing.size, sent, ...(known?.verdict === 'passed' && { readyMs: known.readyMs }) }
      if (rest !== undefined) {
        return {
          state: 'fallen_back',
          reason: rest.reason,
          until: new Date(clock.wall() + rest.untilMs - clock.now()).toISOString(),
          ...more,
        }
      }
      if (isInUse()) return { state: 'in_use', ...more }
      if (known?.verdict === 'failed') return { state: 'failed', reason: `${known.step}: ${known.reason}`, ...more }
      return { state: isTrying ? 'trying' : 'untried', ...(undecided !== undefined && { reason: undecided }), ...more }
    },
    stop: (): void => {
      stopped = true
      pump.stop()
      dropAll()
    },
  }
}

const describe = (end: SendEnd): string =>
  end.kind === 'exited' ? `exit code ${end.code}` : end.kind === 'killed' ? end.by : end.kind

const STANDING_AT_MOST = 2
const HEADWAY_MS = 5
const LIVES_MS = 45_000
/** A prompt at the screen that nobody answers keeps an osascript for ever. */
const WARM_UP_MS = 15_000
/** Pauses begin by a commit, which wakes us; quiet hours by themselves. */
const LOOK_MS = 5_000
const UNLISTED_MS = 10 * 60_000
const REST_MS = 10 * 60_000
const TRY_AGAIN_MS = 60_000
const READY_LOOK_MS = 20
