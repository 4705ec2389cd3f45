import { createHash, randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import pRetry from 'p-retry'
import { z } from 'zod'
import { type ConnectionStatus, keepConnected } from './backend/keep-connected.ts'
import { createPostMessage } from './backend/post-message.ts'
import { serveControl } from './control/serve-control.ts'
import { controlSocketPath } from './control/socket-path.ts'
import { backoff } from './core/backoff.ts'
import type { BubbleState } from './core/bubble.ts'
import { createSteadyClock } from './core/clock.ts'
import { EdgeError, EXIT } from './core/errors.ts'
import { createLatency } from './core/latency.ts'
import type { Log } from './core/log.ts'
import type { Chat } from './core/message.ts'
import type { ChatDbProbe } from './core/probes.ts'
import { createProblems, type Problems } from './core/problems.ts'
import { says } from './core/says.ts'
import { SELFTEST_MARK, type SelftestRun } from './core/selftest.ts'
import { createFailpoints } from './failpoints.ts'
import { createAnswering } from './flows/answer-message.ts'
import { confirmSent } from './flows/confirm-sent.ts'
import { createDelivery } from './flows/deliver-bubble.ts'
import { executeCommand } from './flows/execute-command.ts'
import { createPump } from './flows/pump.ts'
import { receiveBatch } from './flows/receive-batch.ts'
import { createSelftest } from './flows/run-selftest.ts'
import { createAcks } from './flows/send-acks.ts'
import { createQueue } from './flows/tend-queue.ts'
import { createAutomationWatch } from './flows/watch-automation.ts'
import { CHAT_DB_CODES, type ChatDb } from './imessage/chat-db.ts'
import { createAutomationProbe } from './imessage/probe-automation.ts'
import { probeChatDb } from './imessage/probe-chat-db.ts'
import { createSendText } from './imessage/send-text.ts'
import { watchChatDb } from './imessage/watch-chat-db.ts'
import { watchForGrant } from './imessage/watch-for-grant.ts'
import { KEYCHAIN_CODES, type KeychainItem, readKeychain } from './macos/keychain.ts'
import { createKeychainSecret } from './macos/keychain-secret.ts'
import { runTool } from './macos/run-tool.ts'
import type { MessageRequest } from './protocol/wire.ts'
import { openStore } from './store/open-store.ts'

/** What the agent has to be told; durations in milliseconds, paths absolute. */
export type AgentSettings = {
  readonly version: string
  /** The service's name, where launchd started us. */
  readonly label?: string | undefined
  /** Where the settings were read from. */
  readonly configFile?: string
  readonly backendUrl: string
  readonly agentId: string
  /** The secret of now: it is asked for at every use, so that a changed one is found without a restart. */
  readonly readSecret: () => string | undefined
  /** Where the secret is in the Keychain; it then takes the place of `readSecret`. */
  readonly keychainItem?: KeychainItem
  readonly chatDb: string
  readonly stateDir: string
  readonly osascript: string
  readonly maxMessageAgeMs: number
  readonly forward: { readonly allow: readonly string[]; readonly deny: readonly string[] }
  readonly dedupe: { readonly match: 'text' | 'position'; readonly windowMs: number }
  readonly send: {
    readonly allow: 'known' | 'any' | readonly string[]
    readonly timeoutMs: number
    readonly settleMs: number
    readonly unknown: 'park' | 'resend'
    readonly retries: number
    readonly maxPerMinute: number
    readonly maxPerMinutePerThread: number
  }
  readonly retry: { readonly maxAgeMs: number; readonly concurrency: number }
  readonly watch: { readonly hint: boolean }
}

export type Agent = {
  /** Resolves where the agent cannot go on and has to be started again. */
  readonly failed: Promise<EdgeError>
  /** Resolves when another terminal asks for an ordered stop. */
  readonly stopAsked: Promise<void>
  /** In order: nothing comes in any more, POSTs and sends under way end and are recorded, everything is closed. */
  readonly stop: () => Promise<void>
}

export type AgentStatus = ReturnType<Parts['status']>

/**
 * Starts the agent. It runs until `stop`; whatever goes wrong meanwhile is a problem in its status, not an end.
 *
 * @throws EdgeError where it cannot start: another one runs on this state (under launchd it waits for that to end), or the
 * state cannot be used.
 */
export const startAgent = async (settings: AgentSettings, log: Log): Promise<Agent> => {
  // The last life may still be ending: launchd starts the next one at once.
  const store = await pRetry(() => openStore(settings.stateDir), {
    // launchd would start us again every ten seconds for as long as another one runs.
    retries: settings.label === undefined ? 4 : Number.POSITIVE_INFINITY,
    minTimeout: 100,
    maxTimeout: LOCK_RETRY_MS,
    shouldRetry: ({ error }) => error instanceof EdgeError && error.code === 'already_running',
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (settings.label !== undefined && attemptNumber === LOUD_ATTEMPT && error instanceof EdgeError)
        log.warn({ code: error.code, remedy: error.remedy }, `${error.message}: waiting for it to end`)
    },
  })
  try {
    const parts = assemble(settings, store, log)
    const stopAsked = Promise.withResolvers<void>()
    const control = await serveControl(controlSocketPath(settings.stateDir), {
      status: parts.status,
      queue: parts.queue.list,
      'queue-retry': ids => parts.changeQueue(() => parts.queue.retry(z.array(z.string()).parse(ids))),
      'queue-drop': ids => parts.changeQueue(() => parts.queue.drop(z.array(z.string()).parse(ids))),
      'probe-automation': parts.probeAutomation,
      'probe-chat-db': parts.probeChatDb,
      selftest: args => parts.selftest(selftestRequest.parse(args)),
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

type Parts = ReturnType<typeof assemble>

/** Hands each flow what it needs of the edges. Reads in the order in which a message passes. */
const assemble = (settings: AgentSettings, store: ReturnType<typeof openStore>, log: Log) => {
  const { inbox, outbox, commands, cursor, counters, transaction } = store
  const startedMs = Date.now()
  const now = createSteadyClock(startedMs, () => performance.now())
  const intake = new AbortController()
  const latencies = { commitToPost: createLatency(), frameToOsascript: createLatency(), postToAnswer: createLatency() }
  const failed = Promise.withResolvers<EdgeError>()
  const problems = createProblems(Date.now, ({ code, message, remedy }, state) => {
    if (state === 'begins') log.warn({ code, remedy }, message)
    else log.info({ code }, 'problem over')
    // Only a new start sets it aside, or begins another.
    if (code === 'state_damaged' || code === 'state_gone') failed.resolve(new EdgeError(code, message, { remedy }))
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

  // the secret, from wherever it is
  const isRefused = (): boolean =>
    problems.has('backend_refuses') ||
    (connection !== undefined && 'lastError' in connection && connection.lastError?.code === 'unauthorized')
  const keychain = settings.keychainItem && openKeychain(settings.keychainItem, isRefused, problems)
  const readSecret = keychain?.current ?? settings.readSecret

  // chat.db → inbox
  const toBody = ({ threadId, sender, text }: { threadId: string; sender: string; text: string }): string =>
    JSON.stringify({ thread_id: threadId, sender, filtered_text: text } satisfies MessageRequest)

  let lookedMs = Number.NEGATIVE_INFINITY
  const receive = (db: ChatDb): 'at a change' | 'soon' | 'at once' => {
    try {
      const commitMs = commitTime(settings.chatDb)
      const attended = Math.abs(Date.now() - lookedMs) < UNATTENDED_MS
      lookedMs = Date.now()
      const { queued, pending, more } = receiveBatch(db, {
        rules: { maxAgeMs: settings.maxMessageAgeMs, ...settings.forward },
        now: Date.now,
        commitMs,
        attended,
        hash,
        transaction: commitAndClear('receive'),
        cursor,
        inbox,
        outbox,
        toBody,
        count: counters.count,
        startedOver: store.startedOver,
        firstStartMs: store.firstStartMs,
        onReanchored: file => log.warn({ file }, 'chat.db is another file or was rebuilt; going on by date'),
      })
      if (queued > 0) answering.wake()
      settling.wake()
      return more ? 'at once' : pending > 0 ? 'soon' : 'at a change'
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error // chat.db's
      problems.setFrom(error)
      return 'soon'
    }
  }

  // inbox → backend → bubbles
  const post = createPostMessage({ ...settings, readSecret })
  const answering = createAnswering({
    inbox,
    commands,
    outbox,
    transaction: commit('answer'),
    post: failpoints.around('post', keychain ? after(keychain.ready, post) : post),
    deliver: threadId => delivery.wake(threadId),
    now,
    backoff: attempt => backoff({ attempt, baseMs: 1_000, capMs: 60_000, random: Math.random }),
    random: Math.random,
    settings: { ...settings.retry, ...settings.dedupe },
    count: counters.count,
    problems,
    log,
    onPosting: ({ posts, seenMs }) => {
      if (posts === 1) latencies.commitToPost.add(Date.now() - seenMs)
    },
    onAnswered: latencies.postToAnswer.add,
  })

  // backend → command → bubble → outcome
  const acks = createAcks({ commands, transaction: commit('ack') })
  let frameAt: number | undefined
  const obey = (text: string): void => {
    frameAt = performance.now()
    try {
      executeCommand(text, {
        transaction: commitAndClear('command'),
        commands,
        inbox,
        outbox,
        refuse,
        hash,
        now,
        settings: settings.dedupe,
        claim: threadId => delivery.claim(threadId),
        ackNow: acks.sendNow,
        sendAcks: acks.send,
        sendAckAgain: acks.sendAgain,
        sendPong: acks.sendPong,
        count: counters.count,
        log,
      })
    } catch (error) {
      problems.setFrom(error)
      throw error // and with it the connection: the backend is not to think that we have it
    } finally {
      frameAt = undefined
    }
  }

  /** Rule 12 and 13 of the delivery rules: where a command may write at all, and how often. */
  const refuse = (threadId: string): string | undefined => {
    const { allow } = settings.send
    if (typeof allow !== 'string' && !allow.includes(threadId)) return 'not_allowed'
    if (chatOf(threadId) === undefined) return 'unknown_thread'
    const since = now() - 60_000
    // What was accepted and still waits takes its place as well, or a flood of commands would queue up for hours.
    const taken = (thread?: string) => outbox.startedSince(since, thread) + outbox.commandsPlanned(thread)
    const full = taken() >= settings.send.maxPerMinute || taken(threadId) >= settings.send.maxPerMinutePerThread
    return full ? 'rate_limited' : undefined
  }

  const chatOf = (threadId: string): Chat | undefined => {
    const remembered = cursor.chatOf(threadId)
    try {
      // An update of macOS may give chats other guids.
      if (remembered !== undefined && (chatDb === undefined || chatDb.hasChat(remembered.guid))) return remembered
      return chatDb?.chatOf(threadId, { writtenTo: settings.send.allow !== 'any' }) ?? remembered
    } catch {
      return remembered // chat.db cannot be read just now
    }
  }

  // bubble → Messages
  const watermark = (): number => {
    try {
      if (chatDb !== undefined) return chatDb.highestRowid()
    } catch {
      // chat.db cannot be read just now: what was seen of it last is a lower bound
    }
    return cursor.read()?.rowid ?? 0
  }
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
    hasRow: (threadId, words, after) => {
      try {
        const rows = chatDb?.outgoingAfter(after) ?? []
        return rows.some(({ chat, text }) => chat?.threadId === threadId && says(text) === words)
      } catch {
        return false // chat.db cannot be read just now
      }
    },
    mayAutomate: () => automation.state() !== 'missing',
    now,
  })
  const delivery = createDelivery({
    transaction: commit('deliver'),
    outbox,
    sender: selftests.watch({ ...sender, send: failpoints.around('send', sender.send) }),
    chatOf: threadId => chatOf(threadId) ?? selftests.chatOf(threadId),
    watermark,
    newAttempt: randomUUID,
    now,
    settings: {
      timeoutMs: settings.send.timeoutMs,
      maxTries: settings.send.retries + 1,
      perMinute: settings.send.maxPerMinute,
      perMinutePerThread: settings.send.maxPerMinutePerThread,
    },
    onEnd,
    onSent: () => settling.wake(),
    onPermission: isAllowed => automation.learn(isAllowed),
    onStarted: failpoints.around('spawn', () => {
      if (frameAt !== undefined) latencies.frameToOsascript.add(performance.now() - frameAt)
    }),
    problems,
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

  const retention = createPump(() => {
    try {
      return store.retire(Date.now() - KEEP_MS) ? 1_000 : RETIRE_EVERY_MS
    } catch {
      return RETIRE_EVERY_MS // the disk is full: that is told elsewhere
    }
  }, problems.setFrom)

  const run = async (): Promise<void> => {
    retention.wake()
    const secretWatch = watchSecret(readSecret, () => answering.backendIsBack())
    await Promise.all([
      watchChatDb({
        path: settings.chatDb,
        hint: settings.watch.hint,
        signal: intake.signal,
        isLive: () => answering.inFlight() > 0 || delivery.running() > 0,
        onOpen: db => {
          chatDb = db
          if (db !== undefined) problems.clear(RESTART_NEEDED)
        },
        onChange: receive,
        onProblem: problem => {
          for (const code of CHAT_DB_CODES) if (code !== problem?.code) problems.clear(code)
          if (problem !== undefined) problems.set(problem.code, problem.message, problem.remedy ?? '')
        },
        onReady: look => {
          lookNow = look
        },
      }),
      after(
        keychain?.ready,
        keepConnected,
      )({
        backendUrl: settings.backendUrl,
        agentId: settings.agentId,
        readSecret,
        signal: intake.signal,
        random: Math.random,
        onOpen: open => {
          acks.use(open)
          answering.backendIsBack()
        },
        onText: obey,
        onProtocolError: code => log.warn({ code }, 'frame ignored'),
        onWake: () => {
          log.info({}, 'woke up')
          keychain?.reread()
          lookNow()
          answering.wake()
        },
        onStatus: status => {
          if (status.state !== connection?.state) log.info(connectionFields(status), `connection ${status.state}`)
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
    secretWatch.stop()
  }

  // What macOS may forbid
  const runHere = (program: string, args: readonly string[], { timeoutMs }: { readonly timeoutMs: number }) =>
    runTool(program, args, { timeoutMs, signal: intake.signal })
  const automation = createAutomationWatch({
    probe: createAutomationProbe({
      osascript: settings.osascript,
      run: runHere,
    }),
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
  const permissions = () => ({
    fullDiskAccess: chatDb !== undefined ? 'granted' : problems.has('chat_db_forbidden') ? 'missing' : 'unknown',
    automation: automation.state(),
  })

  /** A line to somebody to whom Messages has a chat already, and to nobody else. */
  const selftest = async ({ to, number, count }: z.infer<typeof selftestRequest>): Promise<SelftestRun> => {
    if (automation.state() === 'missing') {
      const remedy = problems.list().find(({ code }) => code === 'automation_denied')?.remedy
      throw new EdgeError('automation_denied', 'macOS does not let the agent control Messages: nothing can be sent', {
        exit: EXIT.permission,
        ...(remedy !== undefined && { remedy }),
      })
    }
    const seen = probeChatDb(settings.chatDb, chatDb)
    if (seen.problem !== undefined) {
      const { code, message, remedy } = seen.problem
      const exit = code === 'chat_db_forbidden' ? EXIT.permission : EXIT.failure
      throw new EdgeError(code, message, { remedy, exit })
    }
    const chat = threadsOf(to)
      .map(threadId => cursor.chatOf(threadId) ?? chatDb?.chatOf(threadId, { writtenTo: false }))
      .find(found => found !== undefined && !found.isGroup)
    if (chat === undefined) {
      throw new EdgeError('unknown_thread', 'Messages has no conversation with that number or address', {
        remedy: 'Write to it once in Messages by hand, then say this again. It is never made up.',
      })
    }
    const line = `${SELFTEST_MARK} ${number} of ${count} (${randomUUID().slice(0, 8)})`
    return selftests.run(chat, line, settings.send.timeoutMs + SELFTEST_ROW_MS)
  }

  const status = () => ({
    agent: {
      id: settings.agentId,
      version: settings.version,
      pid: process.pid,
      node: process.versions.node,
      execPath: process.execPath,
      ...(settings.label !== undefined && { label: settings.label }),
      ...(settings.configFile !== undefined && { configFile: settings.configFile }),
      startedAt: new Date(startedMs).toISOString(),
      uptimeSeconds: Math.round((now() - startedMs) / 1000),
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    },
    connection: connection ?? { state: 'connecting' as const, since: startedMs, generation: 0 },
    chatDb: { readable: chatDb !== undefined },
    permissions: permissions(),
    lastMessage: lastMessage(inbox.last()),
    messages: inbox.counts(),
    skipped: counters.under('skipped'),
    bubbles: outbox.counts(),
    commands: commands.counts(),
    reflex: { sent: commands.reflexesSent(), deduplicated: 0, mismatch: 0, fallback: 0, ...counters.under('reflex') },
    latenciesMs: {
      commitToPost: latencies.commitToPost.summary(),
      frameToOsascript: latencies.frameToOsascript.summary(),
      postToAnswer: latencies.postToAnswer.summary(),
    },
    problems: problems.list(),
  })

  const queue = createQueue({ transaction, inbox, outbox, onEnd })

  return {
    failed: failed.promise,
    status,
    probeAutomation: automation.ask,
    selftest,
    probeChatDb: (): ChatDbProbe => {
      const seenRowid = cursor.read()?.rowid
      return { ...probeChatDb(settings.chatDb, chatDb), ...(seenRowid !== undefined && { seenRowid }) }
    },
    queue,
    changeQueue: <T>(change: () => T): T => {
      const result = change()
      answering.wake()
      delivery.wake()
      acks.send()
      return result
    },
    /** Takes up what the last life left. */
    recover: () => {
      const { startedOver } = store
      if (startedOver !== undefined) {
        problems.set(
          'state_started_over',
          startedOver.reason === 'deleted'
            ? 'the state database was deleted: what was known of messages and bubbles is lost'
            : `the state database was damaged and set aside as ${startedOver.setAside}`,
          'Recent messages may be unanswered: "edge-agent queue" lists them as dead (state_lost); retry those that are.',
        )
      }
      sender.sweep(outbox.inState('sending').map(({ attempt = '' }) => attempt))
      answering.recover()
      delivery.recover()
    },
    run: () => {
      const ended = run()
      answering.wake()
      delivery.wake()
      return ended
    },
    stop: async () => {
      intake.abort()
      automation.stop()
      keychain?.stop()
      await Promise.all([answering.stop(POST_GRACE_MS), delivery.stop(SEND_GRACE_MS)])
      settling.stop()
      retention.stop()
    },
  }
}

/** When a command's bubble ends, so does the command. */
export const createCommandEnd =
  (commands: Pick<ReturnType<typeof openStore>['commands'], 'ofBubble' | 'finish'>) =>
  (bubbleId: number, state: BubbleState, reason: string | undefined): void => {
    const commandId = commands.ofBubble(bubbleId)
    if (commandId === undefined) return
    if (state === 'confirmed') commands.finish(commandId, 'completed', Date.now(), undefined, 'sent')
    else commands.finish(commandId, 'failed', Date.now(), reason, state)
  }

/** An answer that is about to come is worth waiting for: without it the message is POSTed again. */
const POST_GRACE_MS = 5_000
/** Sends are never aborted. */
const SEND_GRACE_MS = 15_000
const SECRET_POLL_MS = 5_000
/** How often an agent that launchd keeps looks whether the other one has ended. */
const LOCK_RETRY_MS = 30_000
/** The tries before it are for a last life that is still ending. */
const LOUD_ATTEMPT = 5
const RESTART_NEEDED = 'restart_needed'
/** What is finished is kept for 30 days; its counts stay. */
const KEEP_MS = 30 * 24 * 60 * 60_000
const RETIRE_EVERY_MS = 6 * 60 * 60_000

/** After osascript has had its time, for the row to come. */
const SELFTEST_ROW_MS = 30_000

const selftestRequest = z.object({ to: z.string(), number: z.int(), count: z.int() })

/** The threads that may be meant by what a person types: numbers have marks, and not always their plus. */
const threadsOf = (to: string): readonly string[] => {
  if (!/^\+?[\d\s().\-\u2010-\u2015]+$/.test(to)) return [to, to.toLowerCase()]
  const digits = to.replace(/\D/g, '')
  return to.startsWith('+') ? [`+${digits}`] : [`+${digits}`, digits]
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** While a row is being written chat.db is looked at many times a second. */
const UNATTENDED_MS = 5_000

/** When Messages last wrote, Unix milliseconds: the commit that is about to be read. */
const commitTime = (chatDb: string): number => {
  const now = Date.now()
  const wal = statSync(`${chatDb}-wal`, { throwIfNoEntry: false })
  return wal === undefined || wal.mtimeMs > now || now - wal.mtimeMs > 10_000 ? now : wal.mtimeMs
}

const openKeychain = (item: KeychainItem, isRefused: () => boolean, problems: Problems) =>
  createKeychainSecret({
    read: () => readKeychain(item),
    isRefused,
    onProblem: problem => {
      for (const code of KEYCHAIN_CODES) if (code !== problem?.code) problems.clear(code)
      if (problem !== undefined) problems.setFrom(problem)
    },
  })

/** The same function, which first waits for what it needs, if there is such a thing. */
const after =
  <A, R>(ready: Promise<void> | undefined, work: (argument: A) => Promise<R>): ((argument: A) => Promise<R>) =>
  async argument => {
    await ready
    return await work(argument)
  }

/** A secret that was changed is tried at once. */
const watchSecret = (readSecret: () => string | undefined, onChange: () => void) => {
  let known = readSecret()
  const timer = setInterval(() => {
    const secret = readSecret()
    if (secret === known) return
    known = secret
    onChange()
  }, SECRET_POLL_MS)
  return { stop: () => clearInterval(timer) }
}

const connectionFields = (status: ConnectionStatus): Record<string, unknown> => ({
  generation: status.generation,
  ...('lastError' in status && { code: status.lastError?.code, message: status.lastError?.message }),
})

const lastMessage = (last: { readonly seenMs: number; readonly state: string } | undefined) =>
  last && { at: new Date(last.seenMs).toISOString(), state: last.state }
