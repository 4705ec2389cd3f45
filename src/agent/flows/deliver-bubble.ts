import { coldAttempt, namesOf, otherChatAttempt, participantAttempt } from '../core/attempt.ts'
import { afterSend, type BubbleState, MESSAGE_UNSENT, RETRY_CAP_MS, type SendOutcome } from '../core/bubble.ts'
import type { HeldDetail, Hold } from '../core/hold.ts'
import { judgeSend, type SendEnd } from '../core/judge-send.ts'
import type { Log } from '../core/log.ts'
import type { Chat } from '../core/message.ts'
import type { Problems } from '../core/problems.ts'
import { type Clock, sleep, type Timers } from '../core/timers.ts'
import type { Store } from '../store/open-store.ts'
import type { Bubble } from '../store/outbox.ts'
import type { Slots, Warmth } from './keep-warm.ts'
import { createPump, earliest } from './pump.ts'
import { createSharedCommit } from './share-commit.ts'

type Target =
  | { readonly mode: 'chat'; readonly chatGuid: string }
  | { readonly mode: 'participant'; readonly accountId: string; readonly service: string; readonly handle: string }

export type Sender = {
  readonly send: (attempt: string, target: Target, text: string, onStarted: () => void) => Promise<SendEnd>
  readonly wasPrepared: (attempt: string) => boolean
  readonly evidence: (attempt: string) => string | undefined
  readonly forget: (attempt: string) => void
  readonly running: (attempt: string) => Promise<number[] | undefined>
  readonly kill: (pid: number) => void
  /** osascripts that stand ready, where the world has such. */
  readonly slots?: Slots | undefined
}

export type DeliveryNeeds = {
  readonly transaction: <T>(work: () => T) => T
  /** A transaction within that, of which nothing stays where its own work throws. */
  readonly nested: <T>(work: () => T) => T
  readonly outbox: Pick<
    Store['outbox'],
    | 'threadsWithPlanned'
    | 'isBusy'
    | 'head'
    | 'startSending'
    | 'move'
    | 'refundTry'
    | 'goTogether'
    | 'answersUnsent'
    | 'park'
    | 'inState'
    | 'recover'
    | 'noteHeld'
    | 'commandsPlannedIn'
  >
  readonly sender: Sender
  /** An osascript that stands ready: an offer, where there is one. */
  readonly warmth?: Pick<Warmth, 'take' | 'handOver' | 'learn' | 'wentCold'> | undefined
  /** Where a thread's bubbles go, of its chats to that one; undefined where no such chat is known. */
  readonly chatOf: (threadId: string, chatGuid?: string) => Chat | undefined
  /** Messages did not find this chat: where its thread goes on, if anywhere. */
  readonly chatInstead?: (lost: Chat) => Chat | undefined
  /** Highest ROWID of chat.db now; what we send comes after it. */
  readonly watermark: () => number
  readonly newAttempt: () => string
  readonly clock: Clock
  readonly timers: Timers
  readonly settings: {
    readonly timeoutMs: number
    readonly maxTries: number
  }
  /** When the limits next leave room for a send in this thread; 0 where they do. */
  readonly roomAt: (threadId: string) => number
  /** Takes in what Messages has written since it was last looked at: that may hold something back. */
  readonly lookFirst?: () => void
  /** What holds back all that is to be sent there, if anything does. */
  readonly holdOf: (threadId: string) => Hold | undefined
  /** Tells the backend why its command waits. */
  readonly ackHeld: (commandId: string, detail: HeldDetail) => void
  /** Something went out, or may have. */
  readonly onOut?: (bubble: Bubble) => void
  /** The bubble reached an end: what hangs on it is told, in the same transaction. */
  readonly onEnd: (bubbleId: number, state: BubbleState, reason: string | undefined) => void
  readonly onStarted?: (way: 'warm' | 'cold') => void
  /** Whether macOS lets us control Messages. */
  readonly permission: {
    /** How many sends may run at once for all that is known of it. */
    readonly atOnce: () => number
    /** A send found out. */
    readonly learn: (isAllowed: boolean) => void
  }
  readonly problems: Problems
  readonly log: Log
}

/** The only way a text leaves this machine: one send at a time per thread, its intent on the disk before it starts. */
export const createDelivery = (needs: DeliveryNeeds) => {
  const { outbox, sender, warmth, clock, timers, settings, permission, problems } = needs
  const running = new Map<string, Promise<void>>()
  let stopping = false
  const store = createSharedCommit(needs)

  /** What is next in a thread: a bubble that may go now, while so many others begin, or in how many milliseconds one may. */
  const next = (threadId: string, beginning = 0): Bubble | number | undefined => {
    const atOnce = Math.min(MAX_PARALLEL, permission.atOnce())
    if (stopping || running.has(threadId) || running.size + beginning >= atOnce) return undefined
    if (outbox.isBusy(threadId)) return undefined
    const head = outbox.head(threadId)
    if (head === undefined) return undefined
    const at = clock.now()
    const dueMs = Math.max(head.dueMs, needs.roomAt(threadId))
    return dueMs > at ? dueMs - at : head.bubble
  }

  /** Stores the intent to send it, in the caller's transaction; what is returned begins the send. */
  const intend = (bubble: Bubble): (() => void) => {
    const chat = needs.chatOf(bubble.threadId, bubble.chatGuid)
    const slot = chat && warmth?.take(chat)
    const attempt = slot ?? needs.newAttempt()
    outbox.startSending(bubble.id, attempt, needs.watermark(), clock.now(), slot && WARM)
    return () => run(bubble.threadId, deliverBubble(bubble, attempt, chat, slot !== undefined))
  }

  /** Until it has ended, nothing else goes out in its thread. */
  const run = (threadId: string, delivery: Promise<void>): void => {
    const ended = delivery.finally(() => {
      running.delete(threadId)
      pump.wake()
    })
    running.set(threadId, ended)
  }

  /** For how many milliseconds a hold lasts, as far as is known. */
  const waitFor = ({ untilMs }: Hold): number => Math.min(HOLD_RECHECK_MS, Math.max(1, untilMs - clock.wall()))

  /** The same, where nothing holds it back; where something does, the backend is told. */
  const nextUnheld = (threadId: string, beginning: number): Bubble | number | undefined => {
    const hold = needs.holdOf(threadId)
    if (hold === undefined) return next(threadId, beginning)
    tellHeld(threadId, hold)
    return waitFor(hold)
  }

  const tellHeld = (threadId: string, { detail }: Hold): void => {
    outbox.noteHeld(threadId, detail)
    for (const commandId of outbox.commandsPlannedIn(threadId)) needs.ackHeld(commandId, detail)
  }

  const startDue = (): number | undefined => {
    if (outbox.threadsWithPlanned().length === 0) return undefined
    needs.lookFirst?.()
    const due: Bubble[] = []
    let nextMs: number | undefined
    for (const threadId of outbox.threadsWithPlanned()) {
      const found = nextUnheld(threadId, due.length)
      if (typeof found === 'object') due.push(found)
      else nextMs = earliest(nextMs, found)
    }
    if (due.length === 0) return nextMs
    try {
      for (const begin of needs.transaction(() => due.map(intend))) begin()
      return nextMs
    } catch (error) {
      problems.setFrom(error) // without the intent on the disk nothing is sent
      return earliest(nextMs, STORE_PAUSE_MS)
    }
  }

  const pump = createPump(startDue, { timers, onError: problems.setFrom })

  const deliverBubble = async (
    bubble: Bubble,
    attempt: string,
    chat: Chat | undefined,
    isWarm: boolean,
  ): Promise<void> => {
    const send = isWarm ? sendWarm : sendCold
    const outcome = chat === undefined ? noChat(bubble) : await send(attempt, bubble, chat)
    await keepOutcome({ ...bubble, attempt, tries: bubble.tries + 1 }, outcome)
  }

  /** Unless chat.db became unreadable in this very moment. */
  const noChat = ({ threadId }: Bubble): SendOutcome => ({
    kind: 'not-started',
    reason: 'unknown_thread',
    cause: needs.holdOf(threadId) === undefined ? 'no-thread' : 'other',
  })

  const sendWarm = async (attempt: string, bubble: Bubble, chat: Chat): Promise<SendOutcome> => {
    if (warmth === undefined) return sendCold(attempt, bubble, chat)
    const end = await warmth.handOver(attempt, bubble, () => needs.onStarted?.('warm'))
    const outcome = judge(end, attempt)
    warmth.learn(outcome)
    if (outcome.kind !== 'not-started') return outcome
    needs.log.info(
      { bubble: bubble.id, reason: outcome.reason },
      'the osascript that stood ready did nothing; going cold',
    )
    const second = await sendCold(attempt, bubble, chat, coldAttempt(attempt))
    return second.kind === 'done' ? { ...second, note: WENT_COLD } : second
  }

  const sendCold = async (
    attempt: string,
    bubble: Bubble,
    chat: Chat,
    name: string = attempt,
  ): Promise<SendOutcome> => {
    warmth?.wentCold()
    const first = await trySend(name, bubble, { mode: 'chat', chatGuid: chat.guid })
    if (!isLookupFailed(first)) return first
    const other = needs.chatInstead?.(chat)
    if (other !== undefined) {
      needs.log.info({ bubble: bubble.id }, 'chat not in the live list; sending to another one of its thread')
      const second = await trySend(otherChatAttempt(attempt), bubble, { mode: 'chat', chatGuid: other.guid })
      if (!isLookupFailed(second)) return second
      needs.chatInstead?.(other)
    }
    if (chat.isGroup) return first
    // A direct chat may be in chat.db and yet not in the live list of Messages: its person can still be addressed.
    needs.log.info({ bubble: bubble.id }, 'chat not in the live list; sending to its participant')
    return trySend(participantAttempt(attempt), bubble, {
      mode: 'participant',
      accountId: chat.accountId,
      service: chat.service,
      handle: chat.threadId,
    })
  }

  const trySend = async (attempt: string, bubble: Bubble, target: Target): Promise<SendOutcome> => {
    const end = await sender.send(attempt, target, bubble.text, () => needs.onStarted?.('cold'))
    return judge(end, attempt)
  }

  const judge = (end: SendEnd, attempt: string): SendOutcome => judgeSend(end, sender.evidence(attempt))

  /** Once the outcome is on the disk, what told of it is no longer needed. */
  const conclude = async (bubble: Bubble, outcome: SendOutcome): Promise<void> => {
    await record(bubble, outcome)
    const { attempt = '' } = bubble
    for (const name of namesOf(attempt)) sender.forget(name)
  }

  const record = async (bubble: Bubble, outcome: SendOutcome): Promise<void> => {
    const after = afterSend(outcome, bubble.tries, settings.maxTries)
    const at = clock.now()
    const reason = 'reason' in after ? after.reason : undefined
    await store(() => {
      if (after.state === 'paused') {
        outbox.move(bubble.id, 'planned', reason, at)
        outbox.refundTry(bubble.id)
      } else {
        outbox.move(bubble.id, after.state, reason, at, after.state === 'planned' ? at + after.delayMs : 0)
      }
      const hasLeft = after.state === 'sent' || after.state === 'unknown'
      if (hasLeft && bubble.firstPart !== undefined) outbox.goTogether(bubble.firstPart)
      if (after.state === 'failed') needs.onEnd(bubble.id, 'failed', reason)
      // The message that it answers was unsent while the send ran: it is not tried again.
      const isPlanned = after.state === 'planned' || after.state === 'paused'
      if (isPlanned && outbox.answersUnsent(bubble.id)) {
        outbox.park(bubble.id, MESSAGE_UNSENT)
        needs.onEnd(bubble.id, 'parked', MESSAGE_UNSENT)
      }
    })
    if (after.state === 'paused') permission.learn(false)
    else if (after.state === 'sent') permission.learn(true)
    const fields = { bubble: bubble.id, state: after.state, reason, tries: bubble.tries }
    if (after.state === 'sent' || after.state === 'unknown') needs.onOut?.(bubble)
    if (after.state === 'sent') needs.log.info(fields, 'bubble sent')
    else needs.log.warn(fields, 'bubble not sent')
  }

  /**
   * Keeps at it until the disk takes the outcome: a bubble must not stay `sending` for want of space. Until then its
   * evidence stays in its file; but we know more, for the disk may have been too full for the evidence, too.
   */
  const keepOutcome = async (bubble: Bubble, outcome: SendOutcome): Promise<void> => {
    do {
      try {
        await conclude(bubble, outcome)
        return
      } catch (error) {
        problems.setFrom(error)
        await sleep(STORE_PAUSE_MS, timers)
      }
    } while (!stopping)
  }

  /**
   * An attempt of an earlier life: wait for its osascript, then judge it by what it left. It has the whole time-out once
   * more, as the clock may have been set since it began, and to end it too early makes a doubt of what would be sent.
   */
  const settleLeftover = async (bubble: Bubble): Promise<void> => {
    const { attempt = '' } = bubble
    const deadline = clock.now() + settings.timeoutMs
    for (;;) {
      const found = await Promise.all(namesOf(attempt).map(sender.running))
      if (found.every(pids => pids?.length === 0)) break
      if (clock.now() >= deadline) for (const pid of found.flatMap(pids => pids ?? [])) sender.kill(pid)
      await sleep(LEFTOVER_LOOK_MS, timers)
    }
    await keepOutcome(bubble, judgeLeftover(bubble))
  }

  const judgeLeftover = ({ attempt = '' }: Bubble): SendOutcome => {
    // A fallback is made only after what came before it provably did nothing.
    const last = namesOf(attempt).findLast(sender.wasPrepared)
    if (last === undefined) return { kind: 'not-started', reason: 'agent_stopped_before', cause: 'other' }
    return judge({ kind: 'unobserved' }, last)
  }

  return {
    /** Takes up what an earlier life was sending. Threads stay closed until theirs is settled. */
    recover: (): void => {
      needs.transaction(() => outbox.recover(clock.now(), RETRY_CAP_MS))
      for (const bubble of outbox.inState('sending')) run(bubble.threadId, settleLeftover(bubble))
    },
    /**
     * For a caller that is just storing what is to be sent: makes the intent part of its transaction. What is returned is
     * to be called once that is on the disk.
     */
    intend: (threadId: string): (() => void) => {
      const bubble = needs.holdOf(threadId) === undefined ? next(threadId) : undefined
      return typeof bubble === 'object' ? intend(bubble) : () => {}
    },
    wake: pump.wake,
    running: (): number => running.size,
    /** Starts nothing more; sends are never aborted, so those under way are waited for, at most `graceMs`. */
    stop: async (graceMs: number): Promise<void> => {
      stopping = true
      pump.stop()
      let callOff = () => {}
      const patience = new Promise<void>(resolve => {
        callOff = timers.after(graceMs, resolve)
      })
      await Promise.race([Promise.allSettled([...running.values()]), patience])
      callOff()
    },
  }
}

const MAX_PARALLEL = 16
/** Which way the try goes, for its story; without a word it is the cold one. */
const WARM = 'warm'
const WENT_COLD = 'went_cold'
/** The clock may be set, and a night may get longer. */
const HOLD_RECHECK_MS = 30_000
const STORE_PAUSE_MS = 2_000
const LEFTOVER_LOOK_MS = 100
const isLookupFailed = (outcome: SendOutcome): boolean =>
  outcome.kind === 'not-started' && outcome.cause === 'no-such-chat'
