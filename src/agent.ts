import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { controlHandlers } from './agent-control.ts'
import { createForwarding } from './agent-forwarding.ts'
import { createGuard } from './agent-guard.ts'
import type { AgentSettings } from './agent-settings.ts'
import { createStatus } from './agent-status.ts'
import { type ConnectionStatus, keepConnected, lastErrorOf } from './backend/keep-connected.ts'
import { createPostMessage } from './backend/post-message.ts'
import { serveControl } from './control/serve-control.ts'
import { controlSocketPath } from './control/socket-path.ts'
import { backoff } from './core/backoff.ts'
import { createSteadyClock } from './core/clock.ts'
import { EdgeError, EXIT } from './core/errors.ts'
import { createLatency } from './core/latency.ts'
import type { Log } from './core/log.ts'
import type { ChatDbProbe } from './core/probes.ts'
import { createProblems } from './core/problems.ts'
import type { StoryAsked } from './core/story.ts'
import { createFailpoints } from './failpoints.ts'
import { createAnswering } from './flows/answer-message.ts'
import { confirmSent } from './flows/confirm-sent.ts'
import { createDelivery } from './flows/deliver-bubble.ts'
import { createCommandEnd } from './flows/end-command.ts'
import { executeCommand } from './flows/execute-command.ts'
import { findStory } from './flows/find-story.ts'
import { createKnownChats } from './flows/known-chats.ts'
import { createEditWatch } from './flows/notice-edits.ts'
import { createPump } from './flows/pump.ts'
import { receiveBatch } from './flows/receive-batch.ts'
import { requestSelftest, type SelftestRequest } from './flows/request-selftest.ts'
import { createRetirement } from './flows/retire-finished.ts'
import { createSelftest } from './flows/run-selftest.ts'
import { createAcks } from './flows/send-acks.ts'
import { createScheduled } from './flows/send-scheduled.ts'
import { createPausing } from './flows/tend-pauses.ts'
import { createQueue } from './flows/tend-queue.ts'
import { throttleLog } from './flows/throttle-log.ts'
import { createAutomationWatch } from './flows/watch-automation.ts'
import { createTextWiping } from './flows/wipe-texts.ts'
import { followSecret } from './follow-secret.ts'
import { CHAT_DB_CODES, type ChatDb } from './imessage/chat-db.ts'
import { commitTime } from './imessage/commit-time.ts'
import { createAutomationProbe } from './imessage/probe-automation.ts'
import { probeChatDb } from './imessage/probe-chat-db.ts'
import { createSendText } from './imessage/send-text.ts'
import { watchChatDb } from './imessage/watch-chat-db.ts'
import { watchForGrant } from './imessage/watch-for-grant.ts'
import { runTool } from './macos/run-tool.ts'
import { awaitStore } from './store/await-store.ts'
import { explainStartedOver } from './store/explain-started-over.ts'
import { explainUnusable } from './store/explain-unusable.ts'
import type { Store } from './store/open-store.ts'

export type Agent = {
  /** Resolves where the agent cannot go on and has to be started again. */
  readonly failed: Promise<EdgeError>
  /** Resolves when another terminal asks for an ordered stop. */
  readonly stopAsked: Promise<void>
  /** In order: nothing comes in any more, POSTs and sends under way end and are recorded, everything is closed. */
  readonly stop: () => Promise<void>
}

export type { AgentStatus } from './agent-status.ts'

/**
 * Starts the agent. It runs until `stop`; whatever goes wrong meanwhile is a problem in its status, not an end.
 *
 * @throws EdgeError where it cannot start: another one runs on this state (under launchd it waits for that to end), or the
 * state cannot be used.
 */
export const startAgent = async (settings: AgentSettings, log: Log): Promise<Agent> => {
  try {
    return await start(settings, log)
  } catch (error) {
    throw explainUnusable(error, settings.stateDir)
  }
}

const start = async (settings: AgentSettings, log: Log): Promise<Agent> => {
  const store = await awaitStore(settings.stateDir, settings.label !== undefined, log)
  try {
    const parts = assemble(settings, store, log)
    const stopAsked = Promise.withResolvers<void>()
    const control = await serveControl(controlSocketPath(settings.stateDir), {
      ...controlHandlers(parts),
      stop: () => {
        stopAsked.resolve()
        return { pid: process.pid, stopping: true }
      },
    })
    parts.recover()
    const ends = parts.run()
    return {
      failed: parts.failed,
      stopAsked: stopAsked.promise,
      stop: async () => {
        await parts.stop()
        await ends
        await control.close()
        store.close()
      },
    }
  } catch (error) {
    store.close()
    throw error
  }
}

/** The state database is not what it was; that it is damaged may show at a read. */
const ENDS = /^(state_damaged|state_gone|SQLITE_CORRUPT.*|SQLITE_NOTADB)$/

/** Hands each flow what it needs of the edges. Reads in the order in which a message passes. */
const assemble = (settings: AgentSettings, store: Store, log: Log) => {
  const { inbox, outbox, commands, schedules, cursor, counters, pauses, recipients, hash, transaction } = store
  const startedMs = Date.now()
  const now = createSteadyClock(startedMs, () => performance.now())
  const intake = new AbortController()
  const latencies = { commitToPost: createLatency(), frameToOsascript: createLatency(), postToAnswer: createLatency() }
  const failed = Promise.withResolvers<EdgeError>()
  const problems = createProblems(Date.now, ({ code, message, remedy }, state) => {
    if (state === 'begins') log.warn({ code, remedy }, message)
    else log.info({ code }, 'problem over')
    // Only a new start sets it aside, or begins another.
    if (ENDS.test(code)) failed.resolve(new EdgeError(code, message, { remedy }))
  })
  const failpoints = createFailpoints(process.env['EDGE_FAILPOINT'])
  const commit = (work: string) => failpoints.transaction(work, transaction)
  /** The same for flows that have no problems of their own: where it can be stored, what could not be is over. */
  const commitAndClear = (work: string) => {
    const inTransaction = commit(work)
    return <T>(inside: () => T): T => {
      const result = inTransaction(inside)
      problems.clear('state_unwritable')
      return result
    }
  }
  let chatDb: ChatDb | undefined
  let connection: ConnectionStatus | undefined
  let lookNow = () => {}

  // What several of them need
  const isRefused = (): boolean => problems.has('backend_refuses') || lastErrorOf(connection)?.code === 'unauthorized'
  const secret = followSecret({
    readSecret: settings.readSecret,
    keychainItem: settings.keychainItem,
    isRefused,
    problems,
  })
  const chats = createKnownChats({ chatDb: () => chatDb, cursor, writtenTo: settings.send.allow !== 'any' })

  const guard = createGuard({ settings, store, chats, startedMs, now, problems, log })
  const { holds, limits, loops, refuse } = guard

  // chat.db → inbox
  const { rules, compose, details } = createForwarding(settings, () => chatDb, guard.normalise)
  let lookedMs = Number.NEGATIVE_INFINITY
  let lookedAt: { readonly db: ChatDb; readonly version: number } | undefined
  const receive = (db: ChatDb): 'at a change' | 'soon' | 'at once' => {
    try {
      lookedAt = { db, version: db.dataVersion() }
      const commitMs = commitTime(settings.chatDb)
      const nowMs = Date.now() // once: a clock that is set meanwhile counts at the next look
      const attended = Math.abs(nowMs - lookedMs) < UNATTENDED_MS
      lookedMs = nowMs
      const { queued, pending, more } = receiveBatch(db, {
        rules,
        now: () => nowMs,
        commitMs,
        attended,
        hash,
        transaction: commitAndClear('receive'),
        cursor,
        inbox,
        outbox,
        compose,
        ...details,
        count: counters.count,
        startedOver: store.startedOver,
        firstStartMs: store.firstStartMs,
        takeover: guard.takeover,
        onQueued: ({ says, ...turn }) => loops.incoming({ ...turn, words: hash(says) }),
        onReanchored: file => log.warn({ file }, 'chat.db is another file or was rebuilt; going on by date'),
      })
      if (queued > 0) {
        loops.wake()
        answering.wake()
      }
      if (edits.look(db)) afterEdit()
      settling.wake()
      return more ? 'at once' : pending > 0 ? 'soon' : 'at a change'
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error // chat.db's
      problems.setFrom(error)
      return 'soon'
    }
  }

  /** Before anything of ours goes out: the owner may have written by hand just now, or a sender taken back what is answered. */
  const lookFirst = (): void => {
    try {
      if (chatDb === undefined || (lookedAt?.db === chatDb && lookedAt.version === chatDb.dataVersion())) return
      receive(chatDb)
    } catch (error) {
      log.debug({ error: String(error) }, 'chat.db cannot be read now') // whoever follows it tells why
    }
  }

  // What people edit and unsend
  const edits = createEditWatch({
    chatDb: () => chatDb,
    rules,
    now: Date.now,
    steadyNow: now,
    hash,
    transaction: commitAndClear('edit'),
    inbox,
    outbox,
    commands,
    compose,
    ...details,
    onEnd: (bubble, state, reason) => onEnd(bubble, state, reason),
    log,
  })

  /** There may be something to tell, bubbles that were held back, and others that are no longer behind them. */
  const afterEdit = (): void => {
    answering.wake()
    delivery.wake()
    acks.send()
  }

  // inbox → backend → bubbles
  const post = createPostMessage({ ...settings, readSecret: secret.current })
  const backend = new URL(settings.backendUrl).origin
  const answering = createAnswering({
    inbox: { ...inbox, startPost: (id, nowMs) => inbox.startPost(id, nowMs, backend) },
    commands,
    outbox,
    transaction: commit('answer'),
    lookAgain: id => {
      const fate = edits.lookAgain(id)
      if (fate === 'ended') afterEdit()
      return fate
    },
    post: failpoints.around('post', secret.whenReady(post)),
    deliver: threadId => delivery.wake(threadId),
    now,
    backoff: attempt => backoff({ attempt, baseMs: 1_000, capMs: 60_000, random: Math.random }),
    random: Math.random,
    settings: {
      ...settings.retry,
      ...settings.dedupe,
      maxLength: settings.send.maxLength,
      maxWaiting: settings.send.maxPerDayPerThread,
    },
    count: counters.count,
    problems,
    log,
    onPosting: ({ posts, seenMs }) => {
      if (posts === 1) latencies.commitToPost.add(Date.now() - seenMs)
    },
    onAnswered: latencies.postToAnswer.add,
  })

  // backend → command → bubble → outcome
  const throttledLog = throttleLog(log)
  const acks = createAcks({ commands, transaction: commit('ack') })
  let frameAt: number | undefined
  const obey = (text: string): void => {
    frameAt = performance.now()
    lookFirst()
    try {
      executeCommand(text, {
        transaction: commitAndClear('command'),
        commands,
        inbox,
        outbox,
        refuse: refuse.command,
        scheduling: {
          schedules,
          cancelBubble: outbox.cancel,
          refuse: refuse.schedule,
          isGroup: threadId => chats.chatOf(threadId)?.isGroup,
          clock: Date.now,
          limits: settings.schedule,
          onChange: () => {
            scheduled.wake()
            delivery.wake()
          },
        },
        mayKeepRefusal: guard.mayKeepRefusal,
        heldBy: threadId => holds.of(threadId)?.detail,
        hash,
        now,
        settings: settings.dedupe,
        claim: threadId => delivery.claim(threadId),
        ackNow: acks.sendNow,
        ackHeld: acks.sendHeld,
        sendAcks: acks.send,
        sendAckAgain: acks.sendAgain,
        sendPong: acks.sendPong,
        count: counters.count,
        log: throttledLog,
      })
    } catch (error) {
      problems.setFrom(error)
      throw error // and with it the connection: the backend is not to think that we have it
    } finally {
      frameAt = undefined
    }
  }

  // bubble → Messages
  const onEnd = createCommandEnd(commands)

  const sender = createSendText({
    osascript: settings.osascript,
    dir: join(settings.stateDir, 'attempts'),
    timeoutMs: settings.send.timeoutMs,
  })
  const selftests = createSelftest({
    transaction: commit('selftest'),
    outbox,
    claim: threadId => delivery.claim(threadId),
    evidence: sender.evidence,
    hasRow: chats.hasRow,
    mayAutomate: () => automation.state() !== 'missing',
    now,
  })
  const delivery = createDelivery({
    transaction: commit('deliver'),
    outbox,
    sender: selftests.watch({ ...sender, send: failpoints.around('send', sender.send) }),
    chatOf: threadId => chats.chatOf(threadId) ?? selftests.chatOf(threadId),
    watermark: chats.watermark,
    newAttempt: randomUUID,
    now,
    settings: {
      timeoutMs: settings.send.timeoutMs,
      maxTries: settings.send.retries + 1,
    },
    roomAt: limits.roomAt,
    lookFirst,
    holdOf: holds.of,
    wallNow: Date.now,
    onHeld: (threadId, detail) => {
      outbox.noteHeld(threadId, detail)
      for (const commandId of outbox.commandsPlannedIn(threadId)) acks.sendHeld(commandId, detail)
    },
    onOut: ({ threadId, messageId }) => loops.sent(threadId, messageId !== undefined),
    onEnd,
    onSent: () => settling.wake(),
    onPermission: isAllowed => automation.learn(isAllowed),
    onStarted: failpoints.around('spawn', () => {
      if (frameAt !== undefined) latencies.frameToOsascript.add(performance.now() - frameAt)
    }),
    problems,
    log,
  })

  // message for later → bubble
  const scheduled = createScheduled({
    transaction: commitAndClear('schedule'),
    schedules,
    commands,
    outbox,
    refuse: refuse.due,
    clock: Date.now,
    now,
    limits: settings.schedule,
    onChange: () => {
      delivery.wake()
      acks.send()
    },
    onError: problems.setFrom,
    log,
  })

  // Messages → chat.db → confirmed
  const settling = createPump(
    () => {
      if (chatDb === undefined) return undefined // its return wakes us
      const nextMs = confirmSent(chatDb, {
        transaction: commitAndClear('confirm'),
        outbox,
        now,
        settings: settings.send,
        onEnd,
        log,
      })
      delivery.wake()
      acks.send()
      return nextMs
    },
    error => {
      if (error instanceof EdgeError) problems.setFrom(error)
      else log.debug({ error: String(error) }, 'outgoing rows cannot be read now')
    },
  )

  const retirement = createRetirement(beforeMs => {
    for (const file of store.discardRemains(beforeMs)) log.info({ file }, 'remains of a damaged state removed')
    return store.retire(beforeMs)
  }, problems.setFrom)
  const wiping = createTextWiping(
    {
      store,
      settings: { keepMs: settings.retention.textMs, windowMs: settings.dedupe.windowMs },
      isQuiet: () => answering.inFlight() === 0 && delivery.running() === 0,
      now: Date.now,
    },
    problems.setFrom,
  )

  // What macOS may forbid
  const runHere = (program: string, args: readonly string[], { timeoutMs }: { readonly timeoutMs: number }) =>
    runTool(program, args, { timeoutMs, signal: intake.signal })
  const automation = createAutomationWatch({
    probe: createAutomationProbe({ osascript: settings.osascript, run: runHere }),
    pause: delivery.pause,
    resume: delivery.resume,
    problems,
    program: process.execPath,
  })
  /** A grant that only a new process sees: launchd starts one when we end. */
  const needsRestart = (): void => {
    const message = `a new process may read ${settings.chatDb}, this one may not yet`
    if (settings.label !== undefined) failed.resolve(new EdgeError(RESTART_NEEDED, message, { exit: EXIT.permission }))
    else problems.set(RESTART_NEEDED, message, 'Stop edge-agent and start it again.')
  }

  const run = async (): Promise<void> => {
    retirement.wake()
    wiping.wake()
    secret.watch(() => answering.backendIsBack())
    await Promise.all([
      watchChatDb({
        path: settings.chatDb,
        hint: settings.watch.hint,
        signal: intake.signal,
        isLive: () => answering.inFlight() > 0 || delivery.running() > 0,
        onOpen: db => {
          chatDb = db
          if (db === undefined) return
          problems.clear(RESTART_NEEDED)
          answering.wake() // what waits for a last look at its row
        },
        onChange: receive,
        onProblem: problem => problems.replace(CHAT_DB_CODES, problem),
        onReady: look => {
          lookNow = look
        },
      }),
      secret.whenReady(keepConnected)({
        backendUrl: settings.backendUrl,
        agentId: settings.agentId,
        readSecret: secret.current,
        signal: intake.signal,
        random: Math.random,
        onOpen: open => {
          acks.use(open)
          answering.backendIsBack()
        },
        onText: obey,
        onProtocolError: code => throttledLog.warn({ code }, 'frame ignored'),
        onWake: () => {
          log.info({}, 'woke up')
          secret.reread()
          lookNow()
          answering.wake()
          scheduled.wake()
        },
        onStatus: status => {
          const { code, message } = lastErrorOf(status) ?? {}
          const fields = { generation: status.generation, code, message }
          if (status.state !== connection?.state) log.info(fields, `connection ${status.state}`)
          connection = status
          if (status.state !== 'open') acks.use(undefined)
        },
      }),
      watchForGrant({
        path: settings.chatDb,
        isForbidden: () => problems.has('chat_db_forbidden'),
        run: runHere,
        onNewOnly: needsRestart,
        signal: intake.signal,
      }),
      automation.ask(), // macOS asks its user at the first one: early, while somebody is there
    ])
  }

  // What other terminals ask
  const selftest = (request: SelftestRequest) =>
    requestSelftest(request, {
      mayAutomate: () => automation.state() !== 'missing',
      problems: problems.list,
      probeChatDb: () => probeChatDb(settings.chatDb, chatDb),
      personOf: chats.personOf,
      holdOf: holds.of,
      run: (chat, line) => selftests.run(chat, line, settings.send.timeoutMs + SELFTEST_ROW_MS),
      newId: randomUUID,
    })

  const status = createStatus({
    settings,
    startedMs,
    now,
    connection: () => connection,
    isChatDbOpen: () => chatDb !== undefined,
    automation: automation.state,
    store,
    latencies,
    problems,
    quietUntilMs: holds.quietUntilMs,
  })

  const queue = createQueue({
    transaction,
    inbox,
    outbox,
    schedules,
    commands,
    onEnd,
    waitsFor: guard.waitsFor,
    pauses: () => pauses.list(Date.now()),
  })
  const pausing = createPausing({
    transaction,
    pauses,
    outbox,
    recipients,
    isThread: threadId => recipients.isKnown(threadId) || chats.isThread(threadId),
    normalise: guard.normalise,
    onEnd,
    now: Date.now,
  })

  const explain = (asked: StoryAsked) =>
    findStory(asked, { read: store.stories.read, rowOf: guid => chats.rowOf(guid), waitsFor: guard.waitsFor, cursor })
  const audit = ({ sinceMs, list }: { readonly sinceMs: number; readonly list?: number | undefined }) => ({
    audit: store.audits.read(sinceMs, Date.now()),
    ...(list !== undefined && { list: store.audits.list(sinceMs, list) }),
  })

  return {
    failed: failed.promise,
    status,
    explain,
    audit,
    probeAutomation: automation.ask,
    selftest,
    probeChatDb: (): ChatDbProbe => {
      const seenRowid = cursor.read()?.rowid
      return { ...probeChatDb(settings.chatDb, chatDb), ...(seenRowid !== undefined && { seenRowid }) }
    },
    queue,
    pausing,
    changePauses: <T>(change: () => T): T => {
      const result = change()
      loops.wake()
      delivery.wake()
      acks.send()
      return result
    },
    changeQueue: <T>(change: () => T): T => {
      const result = change()
      answering.wake()
      delivery.wake()
      acks.send()
      return result
    },
    /** Takes up what the last life left. */
    recover: () => {
      if (store.startedOver !== undefined) problems.setFrom(explainStartedOver(store.startedOver))
      sender.sweep(outbox.inState('sending').map(({ attempt = '' }) => attempt))
      guard.recover()
      answering.recover()
      delivery.recover()
    },
    run: () => {
      const ended = run()
      answering.wake()
      delivery.wake()
      scheduled.wake()
      return ended
    },
    stop: async () => {
      intake.abort()
      scheduled.stop()
      automation.stop()
      secret.stop()
      await Promise.all([answering.stop(POST_GRACE_MS), delivery.stop(SEND_GRACE_MS)])
      settling.stop()
      loops.stop()
      retirement.stop()
      wiping.stop()
    },
  }
}

/** An answer that is about to come is worth waiting for: without it the message is POSTed again. */
const POST_GRACE_MS = 5_000
/** Sends are never aborted. */
const SEND_GRACE_MS = 15_000
const RESTART_NEEDED = 'restart_needed'
/** After osascript has had its time, for the row to come. */
const SELFTEST_ROW_MS = 30_000

/** While a row is being written chat.db is looked at many times a second. */
const UNATTENDED_MS = 5_000
