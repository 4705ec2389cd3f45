import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { runTool } from '../mac/macos/run-tool.ts'
import { followWay } from './backend/follow-way.ts'
import { type ConnectionStatus, keepConnected, lastErrorOf } from './backend/keep-connected.ts'
import { createPostMessage } from './backend/post-message.ts'
import { serveControl } from './control/serve-control.ts'
import { controlSocketPath } from './control/socket-path.ts'
import { controlHandlers } from './control-handlers.ts'
import { createSteadyClock } from './core/clock.ts'
import { EdgeError, EXIT } from './core/errors.ts'
import { createLatency } from './core/latency.ts'
import type { Log } from './core/log.ts'
import type { ChatDbProbe } from './core/probes.ts'
import { createProblems } from './core/problems.ts'
import { createEngine } from './engine.ts'
import { createFailpoints } from './failpoints.ts'
import { createRetirement } from './flows/retire-finished.ts'
import { throttleLog } from './flows/throttle-log.ts'
import { createTextWiping } from './flows/wipe-texts.ts'
import { followSecret } from './follow-secret.ts'
import { CHAT_DB_CODES, type ChatDb } from './imessage/chat-db.ts'
import { commitTime } from './imessage/commit-time.ts'
import { createAutomationProbe } from './imessage/probe-automation.ts'
import { probeChatDb } from './imessage/probe-chat-db.ts'
import { createSendText } from './imessage/send-text.ts'
import { tryWarm } from './imessage/try-warm.ts'
import { createSlots } from './imessage/warm-slots.ts'
import { createWarmTrial } from './imessage/warm-trial.ts'
import { watchChatDb } from './imessage/watch-chat-db.ts'
import { watchForGrant } from './imessage/watch-for-grant.ts'
import { NODE_TIMERS } from './node-timers.ts'
import { createRedactLong } from './redact-long.ts'
import type { AgentSettings } from './settings.ts'
import { createStatus } from './status.ts'
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

export type { AgentStatus } from './status.ts'

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

/** The engine on the real edges, and what lives beside it: the connections, permissions, housekeeping. */
const assemble = (settings: AgentSettings, store: Store, log: Log) => {
  const startedMs = Date.now()
  const clock = { now: createSteadyClock(startedMs, () => performance.now()), wall: Date.now }
  const intake = new AbortController()
  const latencies = {
    commitToPost: createLatency(),
    frameToOsascript: createLatency(),
    frameToJob: createLatency(),
    postToAnswer: createLatency(),
  }
  const failed = Promise.withResolvers<EdgeError>()
  const problems = createProblems(Date.now, ({ code, message, remedy }, state) => {
    if (state === 'begins') log.warn({ code, remedy }, message)
    else log.info({ code }, 'problem over')
    // Only a new start sets it aside, or begins another.
    if (ENDS.test(code)) failed.resolve(new EdgeError(code, message, { remedy }))
  })
  const failpoints = createFailpoints(process.env['EDGE_FAILPOINT'])
  const frameLog = throttleLog(log, NODE_TIMERS)
  let chatDb: ChatDb | undefined
  let connection: ConnectionStatus | undefined
  let lookNow = () => {}

  // The edges
  const secret = followSecret({
    readSecret: settings.readSecret,
    keychainItem: settings.keychainItem,
    isRefused: () => problems.has('backend_refuses') || lastErrorOf(connection)?.code === 'unauthorized',
    problems,
  })
  const socketWay = followWay()
  const post = createPostMessage({ ...settings, readSecret: secret.current, way: socketWay.way })
  const sender = createSendText({
    osascript: settings.osascript,
    dir: join(settings.stateDir, 'attempts'),
    timeoutMs: settings.send.timeoutMs,
  })
  const { osascript, stateDir } = settings
  const slots = createSlots({ osascript, files: sender.files, timeoutMs: settings.send.timeoutMs })
  const { warm } = settings.send
  const trial =
    warm !== 'off'
      ? createWarmTrial({
          file: join(stateDir, 'warm.json'),
          osascript,
          run: chatGuid => tryWarm(chatGuid, { osascript, files: sender.files, newAttempt: randomUUID }),
        })
      : undefined
  const runHere = (program: string, args: readonly string[], { timeoutMs }: { readonly timeoutMs: number }) =>
    runTool(program, args, { timeoutMs, signal: intake.signal })
  const probe = (): ChatDbProbe => probeChatDb(settings.chatDb, chatDb)

  const engine = createEngine({
    settings,
    store,
    commit: work => failpoints.transaction(work, store.transaction),
    clock,
    timers: NODE_TIMERS,
    random: Math.random,
    newId: randomUUID,
    commitMs: () => commitTime(settings.chatDb),
    post: failpoints.around('post', secret.whenReady(post)),
    sender: {
      ...sender,
      send: failpoints.around('send', (attempt, target, text, onStarted) =>
        sender.send(attempt, target, text, failpoints.around('spawn', onStarted)),
      ),
      sweep: keep => void slots.endOrphans(sender.sweep(keep)),
      ...(warm !== 'off' && {
        slots: {
          ...slots,
          ...(trial && { trial: { ...trial, isTrusted: warm === 'on' } }),
          start: failpoints.around('slot', slots.start),
          handOver: failpoints.around('job', (attempt, text, onHanded) =>
            slots.handOver(attempt, text, failpoints.around('handed', onHanded)),
          ),
        },
      }),
    },
    probeAutomation: createAutomationProbe({ osascript: settings.osascript, run: runHere }),
    probeChatDb: probe,
    redactLong: createRedactLong(settings.redact),
    problems,
    log,
    frameLog,
    latencies,
  })

  // What is kept in order meanwhile
  const retirement = createRetirement({
    retire: beforeMs => {
      for (const file of store.discardRemains(beforeMs)) log.info({ file }, 'remains of a damaged state removed')
      return store.retire(beforeMs)
    },
    now: Date.now,
    timers: NODE_TIMERS,
    onError: problems.setFrom,
  })
  const wiping = createTextWiping({
    store,
    settings: { keepMs: settings.retention.textMs, windowMs: settings.dedupe.windowMs },
    isQuiet: () => !engine.isBusy(),
    now: Date.now,
    timers: NODE_TIMERS,
    onError: problems.setFrom,
  })

  /** A grant that only a new process sees: launchd starts one when we end. */
  const needsRestart = (): void => {
    const message = `macOS now lets edge-agent read ${settings.chatDb}, but only after a restart`
    if (settings.label !== undefined) failed.resolve(new EdgeError(RESTART_NEEDED, message, { exit: EXIT.permission }))
    else problems.set(RESTART_NEEDED, message, 'Stop edge-agent and start it again.')
  }

  const run = async (): Promise<void> => {
    const living = Promise.all([
      watchChatDb({
        path: settings.chatDb,
        hint: settings.watch.hint,
        signal: intake.signal,
        isLive: engine.isBusy,
        onOpen: db => {
          chatDb = db
          engine.useChatDb(db)
          if (db !== undefined) problems.clear(RESTART_NEEDED)
        },
        look: engine.look,
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
        onOpen: engine.useConnection,
        onText: frame => {
          socketWay.heard()
          engine.obey(frame)
        },
        onProtocolError: code => frameLog.warn({ code }, 'frame ignored'),
        onWake: () => {
          log.info({}, 'woke up')
          secret.reread()
          lookNow()
          engine.wake()
        },
        onStatus: status => {
          const { code, message } = lastErrorOf(status) ?? {}
          const fields = { generation: status.generation, code, message }
          if (status.state !== connection?.state) log.info(fields, `connection ${status.state}`)
          connection = status
          socketWay.follow(status)
          if (status.state !== 'open') engine.useConnection(undefined)
        },
      }),
      watchForGrant({
        path: settings.chatDb,
        isForbidden: () => problems.has('chat_db_forbidden'),
        run: runHere,
        onNewOnly: needsRestart,
        signal: intake.signal,
      }),
      // macOS asks its user at the first one: early, while somebody is there
      engine.automation.ask().then(() => engine.warmth?.tryOut()),
    ])
    secret.watch(engine.backendIsBack)
    retirement.wake()
    wiping.wake()
    await living
  }

  return {
    failed: failed.promise,
    engine,
    status: createStatus({
      settings,
      startedMs,
      now: clock.now,
      connection: () => connection,
      isChatDbOpen: () => chatDb !== undefined,
      automation: engine.automation.state,
      store,
      latencies,
      problems,
      quietUntilMs: engine.quietUntilMs,
      ownAddresses: engine.ownAddresses,
      warmth: () => ({ setting: warm, ...(engine.warmth?.status() ?? NO_WARMTH) }),
      passed: () => engine.seen().passed,
    }),
    probeChatDb: (): ChatDbProbe => {
      const { rowid: seenRowid } = engine.seen()
      return { ...probe(), ...(seenRowid !== undefined && { seenRowid }) }
    },
    /** Takes up what the last life left. */
    recover: () => {
      if (store.startedOver !== undefined) problems.setFrom(explainStartedOver(store.startedOver))
      engine.recover()
    },
    run,
    stop: async () => {
      intake.abort()
      secret.stop()
      await engine.stop({ post: POST_GRACE_MS, send: SEND_GRACE_MS })
      retirement.stop()
      wiping.stop()
    },
  }
}

/** An answer that is about to come is worth waiting for: without it the message is POSTed again. */
const POST_GRACE_MS = 5_000
/** Sends are never aborted. */
const SEND_GRACE_MS = 15_000
const NO_WARMTH = { state: 'off', standing: 0, sent: { warm: 0, cold: 0, wentCold: 0 } } as const
const RESTART_NEEDED = 'restart_needed'
