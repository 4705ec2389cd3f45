import { backoff } from './core/backoff.ts'
import type { Log } from './core/log.ts'
import type { AutomationProbe, ChatDbProbe } from './core/probes.ts'
import type { Problems } from './core/problems.ts'
import type { StoryAsked } from './core/story.ts'
import type { Clock, Timers } from './core/timers.ts'
import type { WarmTrial } from './core/warmth.ts'
import { type AnswerNeeds, createAnswering } from './flows/answer-message.ts'
import { createLongComposing, type LongNeeds } from './flows/compose-long.ts'
import { createConfirming } from './flows/confirm-sent.ts'
import { createDelivery, type Sender } from './flows/deliver-bubble.ts'
import { createCommandEnd } from './flows/end-command.ts'
import { executeCommand } from './flows/execute-command.ts'
import { createOverlooked } from './flows/find-overlooked.ts'
import { findStory } from './flows/find-story.ts'
import { createGathering } from './flows/gather-rows.ts'
import { createWarmth } from './flows/keep-warm.ts'
import { createKnownChats } from './flows/known-chats.ts'
import { createLook } from './flows/look-at-chat-db.ts'
import { createEditWatch } from './flows/notice-edits.ts'
import { createReflexProof, type PingedConnection } from './flows/prove-reflexes.ts'
import { createReadAhead } from './flows/read-ahead.ts'
import { receiveBatch } from './flows/receive-batch.ts'
import { relateRow } from './flows/relate-row.ts'
import { requestSelftest, type SelftestRequest, selftestChat } from './flows/request-selftest.ts'
import { createSelftest } from './flows/run-selftest.ts'
import { type AckConnection, createAcks } from './flows/send-acks.ts'
import { createScheduled } from './flows/send-scheduled.ts'
import { createPausing } from './flows/tend-pauses.ts'
import { createQueue } from './flows/tend-queue.ts'
import { createPumps } from './flows/wake-pumps.ts'
import { createAutomationWatch } from './flows/watch-automation.ts'
import { createForwarding } from './forwarding.ts'
import { createGuard } from './guard.ts'
import type { ChatDb } from './imessage/chat-db.ts'
import type { AgentSettings } from './settings.ts'
import type { Store } from './store/open-store.ts'

/** Where the engine touches the world. */
export type Edges = {
  readonly settings: EngineSettings
  readonly store: EngineStore
  /** The store's transaction, under a name by which a test can end the agent right before or after it. */
  readonly commit: (work: string) => Store['transaction']
  readonly clock: Clock
  readonly timers: Timers
  /** From 0 up to 1. */
  readonly random: () => number
  /** A name that nothing else has. */
  readonly newId: () => string
  /** When that was committed what is about to be read of chat.db; Unix milliseconds. */
  readonly commitMs: () => number
  readonly post: AnswerNeeds['post']
  readonly sender: Sender & { readonly sweep: (keep: readonly string[]) => void }
  /** Asks macOS whether it lets us control Messages. */
  readonly probeAutomation: () => Promise<AutomationProbe>
  readonly probeChatDb: () => ChatDbProbe
  /** Redacts a long text in the background; without it nobody is spared the wait. */
  readonly redactLong?: LongNeeds['redactLong']
  readonly problems: Problems
  readonly log: Log
  /** The same for what the backend causes: it cannot be flooded. */
  readonly frameLog: Log
  /** What is timed on the way, in milliseconds. */
  readonly latencies: { readonly [of in 'commitToPost' | 'postToAnswer' | 'frameToOsascript']: Latency } & {
    /** To the text in the hands of an osascript that stood ready. */
    readonly frameToJob?: Latency
  }
}

type Latency = { readonly add: (ms: number) => void }

export type EngineSettings = Pick<
  AgentSettings,
  | 'backendUrl'
  | 'maxMessageAgeMs'
  | 'payload'
  | 'ownAddresses'
  | 'gatherMs'
  | 'forward'
  | 'people'
  | 'country'
  | 'redact'
  | 'dedupe'
  | 'send'
  | 'takeover'
  | 'schedule'
  | 'retry'
>

export type EngineStore = Pick<
  Store,
  | 'inbox'
  | 'outbox'
  | 'commands'
  | 'schedules'
  | 'lines'
  | 'cursor'
  | 'counters'
  | 'pauses'
  | 'recipients'
  | 'ownAddresses'
  | 'stories'
  | 'audits'
  | 'hash'
  | 'transaction'
  | 'onCommit'
  | 'startedOver'
  | 'firstStartMs'
>

/** What the engine reads of chat.db. */
export type EngineChatDb = Pick<
  ChatDb,
  | 'file'
  | 'dataVersion'
  | 'snapshot'
  | 'highestRowid'
  | 'guidAt'
  | 'rowsAfter'
  | 'datesAfter'
  | 'incomingSince'
  | 'row'
  | 'rowOf'
  | 'rowidsSince'
  | 'highestRowidBefore'
  | 'marksFinished'
  | 'changedSince'
  | 'outgoingAfter'
  | 'failedSince'
  | 'hasChat'
  | 'latestChat'
  | 'chatOf'
  | 'chatsOf'
  | 'ownAddresses'
  | 'earlierIn'
  | 'rowsOf'
  | 'ownAmong'
  | 'detailsOf'
  | 'attachmentsOf'
>

export type Engine = ReturnType<typeof createEngine>

/**
 * The flows, put together once: the agent runs this on the real edges, the explorer on edges of its own. Reads in the
 * order in which a message passes, then a command.
 *
 * Each commit wakes whoever may have work. Somebody from outside has to wake them only for what the store does not know:
 * that the Mac woke up (`wake`), that chat.db changed (`look`) or can be read again (`useChatDb`), that there is a connection
 * (`useConnection`), that the backend is there again (`backendIsBack`), and that macOS lets us control Messages again
 * (`automation`). Each of these has its test in wakes.test.ts.
 */
export const createEngine = (edges: Edges) => {
  const { settings, store, commit, clock, timers, random, newId, problems, log, latencies } = edges
  const { inbox, outbox, commands, schedules, lines, counters, pauses, recipients, hash } = store
  const cursor = createReadAhead(store.cursor, counters.count)
  const { now, wall } = clock
  const onError = problems.setFrom
  const pumps = createPumps(timers)
  store.onCommit(() => {
    problems.clear('state_unwritable') // what could not be stored can be now
    pumps.wakeSoon()
  })
  let openDb: EngineChatDb | undefined
  const chatDb = () => openDb

  // What several of them ask
  const chats = createKnownChats({ chatDb, cursor, writtenTo: settings.send.allow !== 'any', now })
  const guard = createGuard({ settings, store, chats, clock, timers, problems, log })
  const { normalise, own } = guard
  const { holds, limits, loops, refuse } = guard
  const { redactLong } = edges
  const { rules, compose, composeRedacted, details } = createForwarding(
    settings,
    chatDb,
    normalise,
    // What is made of several rows is made at once.
    redactLong !== undefined && settings.gatherMs === 0,
  )
  const endCommand = createCommandEnd({ commands, outbox, now: wall })
  pumps.add(loops)

  // chat.db → inbox
  const gathering = createGathering({
    chatDb,
    inbox,
    gatherMs: settings.gatherMs,
    hash,
    compose: composeRedacted,
    ...('details' in details && { details: details.details }),
    now: wall,
    steadyNow: now,
  })
  const edits = createEditWatch({
    chatDb,
    rules,
    now: wall,
    steadyNow: now,
    hash,
    transaction: commit('edit'),
    inbox,
    outbox,
    commands,
    gathering,
    compose,
    ...details,
    onEnd: endCommand,
    log,
  })
  const overlooked = createOverlooked({
    transaction: commit('receive'),
    cursor,
    inbox,
    maxAgeMs: settings.maxMessageAgeMs,
    firstStartMs: store.firstStartMs,
  })
  const looking = createLook<EngineChatDb>({
    chatDb,
    receive: (db, { nowMs, attended, intendPosts }) =>
      receiveBatch(db, {
        rules,
        now: () => nowMs,
        commitMs: edges.commitMs(),
        attended,
        hash,
        transaction: commit('receive'),
        cursor,
        inbox,
        outbox,
        own,
        relate: row => relateRow(row, { chatDb, inbox }),
        gathering,
        compose,
        ...details,
        count: counters.count,
        startedOver: store.startedOver,
        firstStartMs: store.firstStartMs,
        takeover: guard.takeover,
        onQueued: ({ guid, says, ...turn }) => {
          edits.noteQueued(guid)
          loops.incoming({ ...turn, words: hash(says) })
        },
        ...(intendPosts && { intendPosts }),
        onReanchored: file => log.warn({ file }, 'chat.db was replaced or rebuilt; continuing by date'),
      }),
    followEdits: edits.look,
    overlooked,
    onLooked: pumps.wakeSoon,
    onError,
    now: wall,
  })

  const longTexts =
    redactLong &&
    pumps.add(
      createLongComposing({
        chatDb,
        inbox,
        transaction: commit('compose'),
        redactLong,
        compose: composeRedacted,
        ...details,
        timers,
        onError,
        log,
      }),
    )

  // What sends, as far as others need it
  const acks = pumps.add(createAcks({ commands, transaction: commit('ack') }))
  const automation = createAutomationWatch({
    probe: edges.probeAutomation,
    onFree: pumps.wakeSoon,
    timers,
    problems,
    program: process.execPath,
  })
  const mayAutomate = () => automation.state() !== 'missing'
  const selftests = createSelftest({
    transaction: commit('selftest'),
    outbox,
    evidence: edges.sender.evidence,
    hasRow: chats.hasRow,
    mayAutomate,
    now,
    timers,
  })
  const sender = selftests.watch(edges.sender)
  const chatOf = (threadId: string, chatGuid?: string) => chats.chatOf(threadId, chatGuid) ?? selftests.chatOf(threadId)
  const warmth =
    sender.slots &&
    pumps.add(
      createWarmth({
        slots: sender.slots,
        chatOf,
        chatInstead: chats.instead,
        holdOf: holds.of,
        roomAt: limits.roomAt,
        permission: automation,
        waitingIn: threadId => outbox.plannedIn(threadId).length,
        anyChat: chats.anyChat,
        newAttempt: newId,
        clock,
        timers,
        onError,
        log,
      }),
    )

  // inbox → backend → bubbles
  const reflexProof = pumps.add(createReflexProof({ inbox, transaction: commit('proof'), now, timers, onError }))
  const answering = pumps.add(
    createAnswering({
      inbox,
      commands,
      outbox,
      lines,
      socket: reflexProof,
      hash,
      transaction: commit('answer'),
      nested: store.transaction,
      lookAgain: id => {
        if (settings.gatherMs === 0) return edits.lookAgain(id)
        looking.lookIfChanged() // who was busy may not have seen the last row of it
        return inbox.isHeld(id, now()) ? 'wait' : edits.lookAgain(id)
      },
      post: edges.post,
      now,
      timers,
      backoff: attempt => backoff({ attempt, baseMs: 1_000, capMs: 60_000, random }),
      random,
      settings: {
        backend: new URL(settings.backendUrl).origin,
        ...settings.retry,
        ...settings.dedupe,
        maxLength: settings.send.maxLength,
        maxWaiting: settings.send.maxPerDayPerThread,
      },
      count: counters.count,
      problems,
      log,
      onPosting: ({ posts, seenMs, threadId, chatGuid }) => {
        if (posts === 1) latencies.commitToPost.add(wall() - seenMs)
        warmth?.posting(threadId, chatGuid)
      },
      onPosted: threadId => warmth?.posted(threadId),
      onAnswered: latencies.postToAnswer.add,
    }),
  )

  // bubble → Messages
  /** When the frame came that is being obeyed now. */
  let frameAt: number | undefined
  const delivery = pumps.add(
    createDelivery({
      transaction: commit('deliver'),
      nested: store.transaction,
      outbox,
      sender,
      warmth,
      chatOf,
      chatInstead: chats.instead,
      watermark: chats.watermark,
      newAttempt: newId,
      clock,
      timers,
      settings: { timeoutMs: settings.send.timeoutMs, maxTries: settings.send.retries + 1 },
      roomAt: limits.roomAt,
      lookFirst: looking.lookIfChanged,
      holdOf: holds.of,
      ackHeld: acks.sendHeld,
      onOut: ({ threadId, messageId }) => loops.sent(threadId, messageId !== undefined),
      onEnd: endCommand,
      permission: automation,
      onStarted: way => {
        const latency = way === 'warm' ? latencies.frameToJob : latencies.frameToOsascript
        if (frameAt !== undefined) latency?.add(now() - frameAt)
      },
      problems,
      log,
    }),
  )

  // Messages → chat.db → confirmed
  const confirming = pumps.add(
    createConfirming({
      chatDb,
      transaction: commit('confirm'),
      outbox,
      now,
      timers,
      settings: settings.send,
      onEnd: endCommand,
      onError,
      log,
    }),
  )

  // backend → command → bubble
  const obey = (frame: string): void => {
    frameAt = now()
    looking.lookIfChanged()
    try {
      executeCommand(frame, {
        transaction: commit('command'),
        commands,
        inbox,
        outbox,
        lines,
        refuse: refuse.command,
        scheduling: {
          schedules,
          cancelBubble: outbox.cancel,
          refuse: refuse.schedule,
          isGroup: threadId => chats.chatOf(threadId)?.isGroup,
          clock: wall,
          limits: settings.schedule,
        },
        mayKeepRefusal: guard.mayKeepRefusal,
        heldBy: threadId => holds.of(threadId)?.detail,
        hash,
        now,
        settings: { ...settings.dedupe, maxLength: settings.send.maxLength },
        intend: delivery.intend,
        acks,
        count: counters.count,
        log: edges.frameLog,
      })
    } catch (error) {
      onError(error)
      throw error // and with it the connection: the backend is not to think that we have it
    } finally {
      frameAt = undefined
    }
  }

  // message for later → bubble
  const scheduled = pumps.add(
    createScheduled({
      transaction: commit('schedule'),
      schedules,
      commands,
      outbox,
      refuse: refuse.due,
      clock,
      timers,
      limits: { ...settings.schedule, maxLength: settings.send.maxLength },
      onError,
      log,
    }),
  )

  const learnFrom = (db: EngineChatDb): void => {
    try {
      const addresses = db.ownAddresses().filter(address => !own.has(address))
      if (addresses.length > 0) commit('learn')(() => own.learn(addresses))
    } catch {
      // The next message tells them, too.
    }
  }

  const asked = {
    mayAutomate,
    problems: problems.list,
    probeChatDb: edges.probeChatDb,
    personOf: chats.personOf,
    holdOf: holds.of,
  }
  return {
    /**
     * Takes up what the last life left; call before anything else. What of it is due goes as soon as the caller has
     * returned: by then chat.db is to be looked at, lest something is POSTed again that was taken back meanwhile.
     */
    recover: (): void => {
      edges.sender.sweep(outbox.inState('sending').map(({ attempt = '' }) => attempt))
      guard.recover()
      reflexProof.recover()
      answering.recover()
      delivery.recover()
    },
    /** Whatever is due by the clock on the wall goes: the Mac woke up. */
    wake: (): void => {
      warmth?.dropAll() // what stood ready through a sleep may have lost its Messages
      pumps.wake()
    },
    /** chat.db is open, or is not for the moment. */
    useChatDb: (db: EngineChatDb | undefined): void => {
      openDb = db
      if (db === undefined) return
      learnFrom(db)
      pumps.wakeSoon()
    },
    /** Reads what chat.db has that is new; undefined where nothing is. Throws what SQLite throws. */
    look: (db: EngineChatDb) => looking.look(db, answering.intend),
    /** A connection opened; or (undefined) it ended, or another dial begins. */
    useConnection: (connection: (AckConnection & PingedConnection) | undefined): void => {
      reflexProof.use(connection)
      acks.use(connection)
      if (connection !== undefined) answering.backendIsBack()
    },
    /** One frame from the backend. When it returns, its command is on the disk. Throws where it cannot be stored. */
    obey,
    backendIsBack: answering.backendIsBack,
    /** How far chat.db was read, and over how many rows of our own that nobody has counted yet. */
    seen: () => ({ rowid: cursor.read()?.rowid, passed: cursor.passed() }),
    /** POSTs or sends are under way. */
    isBusy: (): boolean => answering.inFlight() > 0 || delivery.running() > 0,
    automation,
    /** The addresses of this Mac's owner, as far as they are known. */
    ownAddresses: own.list,
    /** Undefined where it is switched off. */
    warmth,
    quietUntilMs: holds.quietUntilMs,
    /** In order: nothing new starts; what is under way has so many milliseconds to end. */
    stop: async (graceMs: { readonly post: number; readonly send: number }): Promise<void> => {
      scheduled.stop()
      automation.stop()
      warmth?.stop()
      await Promise.all([answering.stop(graceMs.post), delivery.stop(graceMs.send)])
      longTexts?.stop()
      reflexProof.stop()
      confirming.stop()
      loops.stop()
      if (cursor.passed() === 0) return
      try {
        store.transaction(cursor.catchUp)
      } catch (error) {
        onError(error) // then the next life passes them once more
      }
    },

    // What people ask, by another terminal
    queue: createQueue({
      transaction: commit('queue'),
      inbox,
      outbox,
      schedules,
      commands,
      onEnd: endCommand,
      waitsFor: guard.waitsFor,
      pauses: () => pauses.list(wall()),
      now: wall,
    }),
    pausing: createPausing({
      transaction: commit('pause'),
      pauses,
      outbox,
      recipients,
      isThread: threadId => recipients.isKnown(threadId) || chats.isThread(threadId),
      normalise,
      onEnd: endCommand,
      now: wall,
    }),
    explain: (asked: StoryAsked) =>
      findStory(asked, { read: store.stories.read, rowOf: chats.rowOf, waitsFor: guard.waitsFor, cursor }),
    audit: ({ sinceMs, list }: { readonly sinceMs: number; readonly list?: number | undefined }) => {
      const audit = store.audits.read(sinceMs, wall())
      return {
        audit: { ...audit, own: audit.own + cursor.passed() },
        ...(list !== undefined && { list: store.audits.list(sinceMs, list) }),
      }
    },
    selftest: (request: SelftestRequest) =>
      requestSelftest(request, {
        ...asked,
        awaitReady: async chat => (await warmth?.awaitReady(chat)) ?? false,
        run: async (chat, text, way) => {
          const letGo = way === 'cold' ? warmth?.keepCold(chat.threadId) : undefined
          try {
            const timeoutMs = settings.send.timeoutMs + SELFTEST_ROW_MS
            return await selftests.run({ chat, text, timeoutMs, intend: delivery.intend })
          } finally {
            letGo?.()
          }
        },
        newId,
      }),
    /** The steps of the warm way that send nothing, in somebody's conversation. */
    tryWarm: async ({ to }: { readonly to: string }): Promise<WarmTrial> =>
      (await warmth?.tryAgain(selftestChat(to, asked))) ?? { verdict: 'undecided', reason: 'send.warm is "off"' },
  }
}

/** After osascript has had its time, for the row to come. */
const SELFTEST_ROW_MS = 30_000
