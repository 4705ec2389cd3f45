import { type AnswerDecision, bindAnswer, type OwnReflex } from '../core/bind-reflex.ts'
import { MESSAGE_UNSENT, unsendable } from '../core/bubble.ts'
import type { Log } from '../core/log.ts'
import type { Problems } from '../core/problems.ts'
import { isBlank, says } from '../core/says.ts'
import { splitText } from '../core/split-text.ts'
import { onceSoon, type Timers } from '../core/timers.ts'
import type { DueMessage, InboxMessage } from '../store/inbox.ts'
import type { Store } from '../store/open-store.ts'
import { createPump, earliest } from './pump.ts'
import { createSharedCommit } from './share-commit.ts'

/** How one POST ended. */
export type PostResult =
  | {
      readonly kind: 'answered'
      readonly answer: {
        readonly should_respond: boolean
        readonly reply_bubbles?: readonly string[] | null | undefined
      }
    }
  | { readonly kind: 'invalid-answer'; readonly reason: string; readonly bodyHead: string }
  | {
      readonly kind: 'retry'
      readonly reason: string
      /** backend: it asks everybody to wait. */
      readonly scope: 'message' | 'backend'
      readonly network: boolean
      readonly retryAfterMs?: number
    }
  | { readonly kind: 'refuses-all'; readonly reason: string; readonly detail: string }
  | { readonly kind: 'rejected'; readonly status: number; readonly bodyHead: string }
  | { readonly kind: 'stopped' }

export type AnswerNeeds = {
  readonly inbox: Pick<
    Store['inbox'],
    | 'heads'
    | 'startPost'
    | 'waitForRetry'
    | 'deadLetter'
    | 'markAnswered'
    | 'firstPostSeq'
    | 'othersInFlight'
    | 'postedById'
    | 'endLateOf'
    | 'isWithdrawn'
    | 'hastenRetries'
    | 'recover'
  >
  readonly commands: Pick<
    Store['commands'],
    'unmatched' | 'heldBack' | 'heldText' | 'namedFor' | 'bind' | 'doubt' | 'attachBubble'
  >
  readonly outbox: Pick<Store['outbox'], 'planAnswer' | 'planCommand' | 'plannedIn'>
  readonly lines: Pick<Store['lines'], 'note'>
  readonly socket: {
    /** The backend has a WebSocket to write reflexes to. */
    readonly isOpen: () => boolean
    /** Whether a reflex of a message may still be under way when its answer comes. */
    readonly mayBringReflex: (messageId: number) => boolean
  }
  readonly hash: (text: string) => string
  readonly transaction: <T>(work: () => T) => T
  /** A transaction within that, of which nothing stays where its own work throws. */
  readonly nested: <T>(work: () => T) => T
  /**
   * A last look at the row of a message, right before a POST: it may have been edited or unsent. `ended`: it is not POSTed
   * any more; `wait`: chat.db cannot be read now, and the message has not left this Mac yet.
   */
  readonly lookAgain: (id: number) => 'go' | 'ended' | 'wait'
  /** Never rejects. `onSent` is called when the request is on its way. */
  readonly post: (post: {
    readonly key: string
    readonly body: string
    readonly signal: AbortSignal
    readonly onSent: () => void
  }) => Promise<PostResult>
  readonly now: () => number
  readonly timers: Timers
  readonly backoff: (attempt: number) => number
  readonly random: () => number
  readonly settings: {
    /** Where the backend is, as a message remembers it. */
    readonly backend: string
    readonly concurrency: number
    readonly maxAgeMs: number
    readonly match: 'text' | 'position'
    readonly windowMs: number
    /** Of a bubble, in UTF-16 units. */
    readonly maxLength: number
    /** More bubbles than this do not wait in a thread. */
    readonly maxWaiting: number
  }
  readonly count: (name: string) => void
  readonly problems: Problems
  readonly log: Log
  readonly onPosting?: (message: InboxMessage) => void
  readonly onAnswered?: (ms: number) => void
  /** A POST that had begun has ended, and what came of it is stored. */
  readonly onPosted?: (threadId: string) => void
}

/**
 * Inbox → backend → bubbles. Within a thread POSTs start in order, and a message that waits for its retry holds back
 * later ones of its thread; waiting for an answer holds back nobody.
 */
export const createAnswering = (needs: AnswerNeeds) => {
  const { inbox, now, settings, problems } = needs
  const abort = new AbortController()
  const running = new Set<Promise<void>>()
  /** How many of these each thread has. */
  const runningBy = new Map<string, number>()
  /** The message of a thread whose POST is just leaving: until it is well on its way the next one would overtake it. */
  const departing = new Map<string, number>()
  /** The backend as a whole: nobody is POSTed before `untilMs`; where it refuses all, one probe at a time then. */
  let gate: { readonly untilMs: number; readonly isProbing: boolean } | undefined
  /** How many messages the backend has taken. */
  let taken = 0
  /** Messages that it refused as it would all others, least lately first, with how many it had taken before. */
  const refused = new Map<number, number>()
  let stopping = false
  const store = createSharedCommit(needs)

  /** What may be POSTed now, and in how many milliseconds the next may be. `isFresh`: only those, which need no last look. */
  const findDue = (isFresh?: (id: number) => boolean): Due => {
    const due: number[] = []
    if (stopping) return { due }
    const at = now()
    if (gate !== undefined && at < gate.untilMs) return { due, nextMs: gate.untilMs - at }
    const slots = gate?.isProbing ? 1 : settings.concurrency
    if (running.size >= slots) return { due } // whoever ends wakes us
    let nextMs: number | undefined
    for (const { id, threadId, dueMs } of gate?.isProbing ? inProbeOrder(inbox.heads()) : inFairOrder(inbox.heads())) {
      const underWay = running.size + due.length
      if (underWay >= slots) break
      if (departing.has(threadId) || isFresh?.(id) === false) continue
      if (!mayTakeSlot(runningIn(threadId), underWay, slots)) continue
      if (dueMs > at) {
        nextMs = earliest(nextMs, dueMs - at)
        continue
      }
      const look = isFresh === undefined ? needs.lookAgain(id) : 'go'
      if (look === 'go') due.push(id)
      else if (look === 'wait') nextMs = earliest(nextMs, BLIND_PAUSE_MS)
    }
    return { due, nextMs }
  }

  /** Counts them as POSTed, in the caller's transaction: whoever comes after a crash knows that they may have been. */
  const intend = (due: readonly number[]): InboxMessage[] =>
    due.map(id => inbox.startPost(id, now(), settings.backend, needs.socket.isOpen()))

  const startDue = (): number | undefined => {
    const { due, nextMs } = findDue()
    if (due.length === 0) return nextMs
    try {
      for (const message of needs.transaction(() => intend(due))) start(message)
    } catch (error) {
      pauseForStore(error)
      return STORE_PAUSE_MS
    }
    return nextMs
  }

  const pauseForStore = (error: unknown): void => {
    problems.setFrom(error)
    gate = { untilMs: now() + STORE_PAUSE_MS, isProbing: false }
  }

  const runningIn = (threadId: string): number => runningBy.get(threadId) ?? 0

  /** Whoever has the fewest POSTs under way comes first: nobody waits for another's backlog. */
  const inFairOrder = (heads: readonly DueMessage[]): readonly DueMessage[] =>
    running.size === 0 ? heads : heads.toSorted((a, b) => runningIn(a.threadId) - runningIn(b.threadId))

  /** Never refused or longest ago comes first: what is refused for its own sake must not be the only probe. */
  const inProbeOrder = <T extends { readonly id: number }>(heads: readonly T[]): readonly T[] => {
    const order = [...refused.keys()]
    return heads.toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
  }

  const start = (message: InboxMessage): void => {
    const { id, threadId } = message
    departing.set(threadId, id)
    const departed = () => {
      if (departing.get(threadId) !== id) return
      departing.delete(threadId)
      wakeSoon()
    }
    const run = answerMessage(message, () => needs.timers.after(HEADWAY_MS, departed)).finally(() => {
      running.delete(run)
      const left = runningIn(threadId) - 1
      if (left > 0) runningBy.set(threadId, left)
      else runningBy.delete(threadId)
      needs.onPosted?.(threadId)
      departed()
      wakeSoon()
    })
    running.add(run)
    runningBy.set(threadId, runningIn(threadId) + 1)
  }

  const answerMessage = async (message: InboxMessage, onSent: () => void): Promise<void> => {
    try {
      needs.onPosting?.(message)
      const startedMs = now()
      const result = await needs.post({ key: message.guid, body: message.body, signal: abort.signal, onSent })
      if (result.kind === 'answered') needs.onAnswered?.(now() - startedMs)
      await accept(message, result)
    } catch (error) {
      // The store could not record it: after a pause what was being POSTed is tried again, under the same key.
      pauseForStore(error)
      unrecorded.add(message.id)
    }
  }
  /** Messages whose POST ended without a record of it. */
  const unrecorded = new Set<number>()

  const accept = async (message: InboxMessage, result: PostResult): Promise<void> => {
    const { id, guid } = message
    if (result.kind === 'answered') {
      const { rule, bubbles } = await store(() => storeAnswer(message, result.answer, needs))
      stopProbing(id)
      // `bubbles` would be taken for the words themselves, and redacted.
      needs.log.info({ guid, posts: message.posts, bubbleCount: bubbles, rule }, 'message answered')
      return
    }
    if (result.kind === 'rejected') {
      await store(() => inbox.deadLetter(id, `http_${result.status}`, result.bodyHead))
      stopProbing(id)
      needs.log.warn({ guid, status: result.status }, 'message rejected by the backend; kept as a dead letter')
      return
    }
    const at = now()
    const age = at - (message.firstPostMs ?? at)
    const reason = result.kind === 'stopped' ? 'stopped' : result.reason
    const invalid = result.kind === 'invalid-answer'
    const detail = invalid ? result.bodyHead : result.kind === 'refuses-all' ? result.detail : undefined
    const hopeless = invalid
      ? message.invalidAnswers + 1 >= MAX_INVALID_ANSWERS
      : result.kind === 'retry' && age > settings.maxAgeMs
    if (hopeless) {
      await store(() => inbox.deadLetter(id, reason, detail))
      needs.log.warn({ guid, reason, posts: message.posts }, 'message given up; kept as a dead letter')
      return
    }
    const refusesAll = result.kind === 'refuses-all' && !isRefusedAlone(id)
    const waitMs = refusesAll ? 0 : waitAfter(result, message.posts)
    const asked = result.kind === 'retry' && isAsked(result.retryAfterMs)
    if (refusesAll) startProbing(reason, result.detail)
    else if (result.kind === 'retry' && result.scope === 'backend') {
      gate = { untilMs: Math.max(gate?.untilMs ?? 0, at + waitMs), isProbing: false }
    }
    await store(() => inbox.waitForRetry(id, reason, detail, at, waitMs, invalid, asked))
    if (result.kind === 'stopped') return
    needs.log.info({ guid, reason, posts: message.posts, waitMs: Math.round(waitMs) }, 'message waits for its retry')
  }

  const waitAfter = (result: PostResult, posts: number): number => {
    if (result.kind === 'stopped') return 0
    const own = needs.backoff(posts - 1)
    if (result.kind !== 'retry' || !isAsked(result.retryAfterMs)) return own
    return result.retryAfterMs + needs.random() * 250
  }

  /** Not this message is wrong but the way to the backend: keep all, ask once a minute. */
  const startProbing = (reason: string, detail: string): void => {
    gate = { untilMs: now() + PROBE_MS, isProbing: true }
    // A body may repeat what somebody wrote; this goes into the log.
    const told = reason.startsWith('http_') ? errorWord(detail) : detail
    problems.set('backend_refuses', `the backend refuses all messages: ${reason} ${told}`.trim(), remedyFor(reason))
  }

  /** The backend has taken others since it first refused this one: then it does not refuse all. */
  const isRefusedAlone = (id: number): boolean => {
    const before = refused.get(id) ?? taken
    refused.delete(id)
    refused.set(id, before)
    return taken > before
  }

  const stopProbing = (id: number): void => {
    taken += 1
    refused.delete(id)
    // Where the backend asked for patience, what it answers now was POSTed before that.
    if (gate?.isProbing) gate = undefined
    problems.clear('backend_refuses')
  }

  const pump = createPump(
    () => {
      recoverUnrecorded()
      return startDue()
    },
    { timers: needs.timers, onError: problems.setFrom },
  )
  const wakeSoon = onceSoon(pump.wake, needs.timers)

  const recoverUnrecorded = (): void => {
    if (unrecorded.size === 0 || (gate !== undefined && now() < gate.untilMs)) return
    try {
      needs.transaction(() => {
        for (const id of unrecorded) inbox.waitForRetry(id, 'interrupted', undefined, now(), 0, false)
      })
      unrecorded.clear()
    } catch (error) {
      pauseForStore(error)
    }
  }

  return {
    /** Picks up what an earlier life left; call before anything else. */
    recover: (): void => {
      needs.transaction(() => inbox.recover(now()))
    },
    wake: pump.wake,
    /**
     * For a caller that is just storing messages, as it has read them: makes their first POSTs part of its transaction, as far
     * as they may go now. What is returned is to be called once that is on the disk.
     */
    intend: (isFresh: (id: number) => boolean): (() => void) => {
      const messages = intend(findDue(isFresh).due)
      return () => messages.forEach(start)
    },
    /** The backend was seen alive: messages that wait for the network alone go now, and one that refused all is probed. */
    backendIsBack: (): void => {
      try {
        needs.transaction(() => inbox.hastenRetries(now()))
      } catch (error) {
        problems.setFrom(error) // then they wait as long as they would have
      }
      if (gate?.isProbing) gate = { ...gate, untilMs: now() }
      pump.wake()
    },
    inFlight: (): number => running.size,
    /** No new POSTs; those under way have `graceMs` to be answered, then they are cut and tried again by the next life. */
    stop: async (graceMs: number): Promise<void> => {
      stopping = true
      pump.stop()
      const callOff = needs.timers.after(graceMs, () => abort.abort())
      while (running.size > 0) await Promise.all(running)
      callOff()
    },
  }
}

type Due = { readonly due: readonly number[]; readonly nextMs?: number | undefined }

/**
 * Slots are shared by thread: its first POST takes any that is free; for more of them a thread leaves others more free slots
 * than it has itself, and a quarter of all on top.
 */
const mayTakeSlot = (own: number, running: number, slots: number): boolean =>
  own === 0 || slots - running - Math.floor(slots / 4) > own

/** A server may take up a new connection a little later than a request on an old one. */
const HEADWAY_MS = 10
const PROBE_MS = 60_000
/** A shorter `Retry-After` is none. */
const MIN_RETRY_AFTER_MS = 1_000
const STORE_PAUSE_MS = 2_000
/** While chat.db cannot be read; its return wakes us sooner. */
const BLIND_PAUSE_MS = 1_000
/** "At once", as a date of the past says too, is nothing that many messages can keep up. */
const isAsked = (retryAfterMs: number | undefined): retryAfterMs is number =>
  retryAfterMs !== undefined && retryAfterMs >= MIN_RETRY_AFTER_MS

/** An answer that does not fit is asked for again this often before its message is given up. */
const MAX_INVALID_ANSWERS = 8

/** Part of one transaction: there is no moment at which the answer is stored and its bubbles are not, or unbound. */
const storeAnswer = (
  message: InboxMessage,
  answer: { readonly should_respond: boolean; readonly reply_bubbles?: readonly string[] | null | undefined },
  needs: AnswerNeeds,
): { readonly rule: AnswerDecision['rule']; readonly bubbles: number } => {
  const { commands, settings } = needs
  const now = needs.now()
  // To what was unsent nobody is sent a reply.
  const isReply = answer.should_respond && message.event !== 'unsent'
  const bubbles = isReply ? (answer.reply_bubbles ?? []).filter(text => !isBlank(text)) : []
  const parked = needs.inbox.isWithdrawn(message.id) ? MESSAGE_UNSENT : undefined
  const firstSays = bubbles[0] === undefined ? undefined : says(bubbles[0])
  const named = commands.namedFor(message.id)
  const { threadId, id: messageId } = message
  const firstPostSeq = needs.inbox.firstPostSeq(messageId)
  const others = needs.inbox.othersInFlight(threadId, messageId)
  const decision = bindAnswer(
    {
      firstPostSeq,
      lacks: lacking(messageId, needs),
      ...(firstSays !== undefined && { firstSays }),
      ...(named !== undefined && { named }),
    },
    {
      unmatched: commands.unmatched(threadId, now - settings.windowMs),
      held: commands.heldBack(threadId, firstPostSeq),
      others,
    },
    settings.match,
  )
  for (const reflex of decision.perhaps) commands.doubt(reflex)
  for (const own of decision.own) takeOwn(message, own, parked !== undefined, needs)
  if (decision.rule === 'A3') {
    if (decision.mismatch) needs.count('reflex.mismatch')
  } else {
    if (named === undefined) commands.bind(decision.reflex, messageId, decision.rule)
    // It shows that the message it was taken for has none under way: or each reflex of the thread would be held back.
    if (decision.rule === 'A1b') needs.inbox.endLateOf(decision.takenFor)
    if (decision.rule !== 'A1b') needs.count(decision.rule === 'A1' ? 'reflex.deduplicated' : 'reflex.fallback')
  }
  // The answer of an earlier message that comes with it goes first.
  const isAhead = others.some(({ id, unsent }) => id < messageId && !unsent)
  const due = isAhead && { dueMs: now + TOGETHER_MS }
  let room = settings.maxWaiting - needs.outbox.plannedIn(threadId).length
  for (const [position, text] of bubbles.entries()) {
    if (position === 0 && decision.rule === 'A1') continue
    const parts = splitText(text, settings.maxLength)
    const failed = unsendable(text) ?? tooMany(parts.length, room, settings.maxWaiting)
    const inParts = failed === undefined && { parts }
    needs.outbox.planAnswer({
      threadId,
      messageId,
      position,
      text,
      says: says(text),
      ...inParts,
      ...due,
      failed,
      parked,
      now,
    })
    if (failed === undefined) room -= parts.length
  }
  const rule = decision.rule === 'A3' && decision.mismatch ? 'A3 mismatch' : decision.rule
  if (firstSays !== undefined) needs.lines.note(needs.hash(firstSays), messageId)
  const isLate = lacking(messageId, needs) > 0 && needs.socket.mayBringReflex(messageId)
  needs.inbox.markAnswered(messageId, now, firstSays, bubbles.length, rule, isLate)
  return { rule: decision.rule, bubbles: bubbles.length }
}

/** Answers that come within this time came together: a person notices no such pause. */
const TOGETHER_MS = 120

/** The parts of a text go together, or not at all. */
const tooMany = (parts: number, room: number, most: number): string | undefined => {
  if (parts > most) return 'text_too_long'
  return parts > room ? 'too_many_waiting' : undefined
}

const lacking = (messageId: number, { inbox }: AnswerNeeds): number => {
  const { posts = 0, reflexes = 0 } = inbox.postedById(messageId) ?? {}
  return posts - reflexes
}

/** A reflex that was this message's own, though its answer begins otherwise: what was held back of it is sent, ahead of all. */
const takeOwn = (
  { id, threadId }: InboxMessage,
  { reflex, says: words, act }: OwnReflex,
  isUnsent: boolean,
  { commands, outbox, lines, hash, now, settings }: AnswerNeeds,
): void => {
  const text = commands.heldText(reflex)
  commands.bind(reflex, id, 'A4')
  lines.note(hash(words), id)
  if (act === 'bind' || text === undefined || isUnsent) return
  const parts = splitText(text, settings.maxLength)
  const planned = { threadId, commandId: reflex, answers: id, text, says: words, parts, immediate: true, now: now() }
  commands.attachBubble(reflex, outbox.planCommand(planned))
}

/** Of a refusal's body only the word for programs: `unauthorized` of {"error":"unauthorized","reason":"…"}. */
const errorWord = (body: string): string => /^\s*\{\s*"error"\s*:\s*"([a-z][a-z0-9_]{0,40})"/.exec(body)?.[1] ?? ''

const remedyFor = (reason: string): string => {
  if (reason === 'http_401' || reason === 'http_403') {
    return 'Check the secret (edge-agent config show says where it comes from) and the agent id with the people who run the backend.'
  }
  if (reason === 'redirect') return 'Set backend_url to the address it redirects to, if you trust it.'
  if (reason.startsWith('tls_')) return "Check the backend's certificate and this Mac's clock."
  return 'Check backend_url: the backend does not take messages there.'
}
