import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import type { AgentStatus } from '../../src/agent/agent.ts'
import { askAgent } from '../../src/agent/control/ask-agent.ts'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'
import { followLedger } from '../../src/lab/messages-simulator/ledger.ts'
import { createSimulator } from '../../src/lab/messages-simulator/simulator.ts'
import { waitFor } from '../support/start-house.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { BackendKind } from './backend-kinds.ts'
import { type JournalEntry, readJournal } from './journal.ts'
import type { PlannedMessage } from './plan-message.ts'
import type { Moment } from './plan-trouble.ts'

export type World = Awaited<ReturnType<typeof startWorld>>

/** One life of the agent; Unix milliseconds with fractions. */
export type Life = {
  readonly startedMs: number
  /** Once it has ended. */
  endedMs?: number
  readonly after: 'start' | 'kill' | 'restart'
}

/**
 * Agent and backend as processes of their own, a proxy between them, and the Messages simulator, all in a folder of
 * their own; with a handle for each thing that can be done to them.
 */
export const startWorld = async (options: { readonly seed: number; readonly backend: BackendKind }) => {
  const dir = mkdtempSync(join(tmpdir(), 'edge-chaos-'))
  const paths = {
    journal: join(dir, 'journal.jsonl'),
    clock: join(dir, 'clock-offset'),
    agentLog: join(dir, 'agent.log'),
    stateDir: join(dir, 'state'),
    osascript: join(dir, 'unlimited-osascript'),
  }
  let simulator = createSimulator({ dir })
  writeUnlimited(paths.osascript, simulator.osascriptPath)
  setClock(paths.clock, 0)
  let sent = 0
  const following = new AbortController()
  const moments = new EventEmitter<Record<Moment, []>>()
  const onSent = (): void => {
    sent += 1
    moments.emit('sent')
  }
  followLedger(simulator.ledgerPath, onSent, following.signal)

  const backend = createBackend({ ...options, journal: paths.journal, onMoment: moment => moments.emit(moment) })
  const proxy = await startTcpProxy(await backend.start())

  const lives: Life[] = []
  const deaths: string[] = []
  let agent: ChildProcess | undefined
  let diskless: ChildProcess | undefined
  const startAgent = (after: Life['after']): void => {
    const life: Life = { startedMs: now(), after }
    lives.push(life)
    const log = openSync(paths.agentLog, 'a')
    const child = spawn(
      process.execPath,
      ['--import', CLOCK, MAIN, 'start', '--log-format', 'json', '--log-level', 'debug'],
      {
        // Nothing of the person's own settings counts.
        env: {
          PATH: process.env['PATH'],
          EDGE_FORWARD_GROUPS: 'all',
          HOME: dir,
          STEPPED_CLOCK: paths.clock,
          EDGE_BACKEND_URL: `http://127.0.0.1:${proxy.port}`,
          EDGE_AGENT_ID: 'edge_chaos',
          EDGE_SECRET: SECRET,
          EDGE_CHAT_DB: simulator.chatDbPath,
          EDGE_STATE_DIR: paths.stateDir,
          EDGE_OSASCRIPT: paths.osascript,
          EDGE_SEND_WARM: 'on',
          EDGE_SEND_TIMEOUT: '10s',
          EDGE_SEND_SETTLE: '6s',
          EDGE_SEND_RETRIES: '20',
          EDGE_SEND_MAX_PER_MINUTE: '100000',
          EDGE_SEND_MAX_PER_MINUTE_PER_THREAD: '100000',
          EDGE_SEND_MAX_PER_DAY: '1000000',
          EDGE_SEND_MAX_PER_DAY_PER_THREAD: '1000000',
          EDGE_SEND_MAX_NEW_PER_DAY: '100000',
          EDGE_SEND_LOOP_ROUNDS: '0',
        },
        // What it says at its end is to be heard on a full disk, too.
        stdio: ['ignore', log, 'pipe'],
      },
    )
    closeSync(log)
    agent = child
    let lastWords = ''
    child.stderr?.setEncoding('utf8').on('data', words => {
      lastWords += words
    })
    child.once('exit', () => {
      life.endedMs = now()
    })
    child.once('close', (code, signal) => {
      if (agent !== child) return
      // On a full disk it may refuse to start, as long as it says why; launchd would try again, too.
      const refused = child === diskless && lastWords.startsWith('edge-agent: the state database')
      if (!refused) deaths.push(`the agent ended by itself with ${code ?? signal}: ${lastWords}`)
      startAgent('restart')
    })
  }
  const endAgent = async (signal: NodeJS.Signals): Promise<number | null> => {
    const child = agent
    agent = undefined
    if (child === undefined) throw new Error('the agent does not run')
    const exited = once(child, 'exit')
    child.kill('SIGCONT') // a stopped process hears of no SIGTERM
    child.kill(signal)
    await exited
    return child.exitCode
  }
  startAgent('start')

  const status = async () => (await askAgent(controlSocketPath(paths.stateDir), 'status')) as AgentStatus

  // What was there before the first start is history, and nobody's to answer.
  await waitFor('the agent to read chat.db', async () => (await status()).chatDb.readable)

  /** chat.db as another file with the same content, as after a restore. Only Messages being quiet makes that possible. */
  const replaceChatDb = async (): Promise<boolean> => {
    const gate = Promise.withResolvers<void>()
    writable = gate.promise
    const frozen = agent
    frozen?.kill('SIGSTOP')
    try {
      await Promise.allSettled(writing)
      for (let tries = 0; osascriptsOf(dir).length > 0; tries += 1) {
        if (tries >= 20) return false
        await sleep(200)
      }
      const copy = `${simulator.chatDbPath}.copy`
      simulator.close()
      const db = new Database(simulator.chatDbPath)
      await db.backup(copy)
      db.close()
      renameSync(copy, simulator.chatDbPath)
      for (const part of ['-wal', '-shm']) rmSync(`${simulator.chatDbPath}${part}`, { force: true })
      simulator = createSimulator({ dir })
      return true
    } finally {
      frozen?.kill('SIGCONT')
      gate.resolve()
    }
  }
  let writable: Promise<void> = Promise.resolve()
  const writing = new Set<Promise<unknown>>()

  return {
    lives: lives as readonly Life[],
    /** Ends of the agent that nobody asked for. */
    deaths: deaths as readonly string[],
    /** How many texts have really been sent. */
    sent: (): number => sent,
    status,
    /** Waits for the next such moment, but not for ever: somebody may be down or frozen. */
    next: async (moment: Moment): Promise<void> => {
      await once(moments, moment, { signal: AbortSignal.timeout(MOMENT_MS) }).catch(() => {})
    },

    receive: async (message: PlannedMessage): Promise<void> => {
      await writable
      for (const { text, mode } of message.sends) simulator.setOsascriptMode(mode, { text, times: 1 })
      const written = simulator.receive({ ...message.row, columns: { guid: message.guid } })
      writing.add(written)
      void written.finally(() => writing.delete(written))
    },
    killAgent: async (downMs: number): Promise<void> => {
      await endAgent('SIGKILL')
      await sleep(downMs)
      startAgent('kill')
    },
    restartAgent: async (): Promise<void> => {
      await stopAgent()
      startAgent('restart')
    },
    stopAgent,
    killBackend: async (downMs: number): Promise<void> => {
      await backend.kill()
      await sleep(downMs)
      await backend.start()
    },
    freezeAgent: (ms: number): Promise<void> => freeze(agent, ms),
    freezeBackend: (ms: number): Promise<void> => freeze(backend.process(), ms),
    /** All that are out, if any; Messages with them. */
    freezeOsascript: async (ms: number): Promise<boolean> => {
      const pids = osascriptsOf(dir).map(String)
      if (pids.length === 0) return false
      // A shell wakes them again: they may hold a lock for which this very process then waits.
      const freezer = spawn('/bin/sh', [
        '-c',
        'kill -STOP "$@"; sleep "$0"; kill -CONT "$@"',
        String(ms / 1000),
        ...pids,
      ])
      await once(freezer, 'exit')
      return true
    },
    closeSocket: (code: number): void => backend.closeSocket(code),
    reset: proxy.reset,
    halfOpen: async (ms: number): Promise<void> => {
      proxy.pause()
      await sleep(ms)
      proxy.resume()
    },
    stepClock: (offsetMs: number): void => setClock(paths.clock, offsetMs),
    /** No file of the agent can grow beyond its first page: neither state nor log. False where the system cannot do that. */
    fillDisk: async (ms: number): Promise<boolean> => {
      const { pid } = agent ?? {}
      diskless = agent
      if (pid === undefined || !limitFiles(pid, '4096')) return false
      await sleep(ms)
      limitFiles(pid, 'unlimited')
      return true
    },
    replaceChatDb,
    checkpoint: async (mode: 'PASSIVE' | 'RESTART' | 'TRUNCATE'): Promise<void> => {
      await writable
      simulator.checkpoint(mode)
    },

    journal: (): readonly JournalEntry[] => readJournal(paths.journal),
    ledger: () => simulator.readLedger(),
    /** The agent's own records, once it has stopped. */
    openState: () => new Database(join(paths.stateDir, 'state.db')),
    chatDbPath: simulator.chatDbPath,
    agentLog: paths.agentLog,
    dir,
    close: async ({ keep }: { readonly keep: boolean }): Promise<void> => {
      following.abort()
      if (agent !== undefined) await endAgent('SIGKILL')
      await backend.kill()
      await proxy.close()
      for (const pid of osascriptsOf(dir)) signal(pid, 'SIGKILL')
      simulator.close()
      if (!keep) rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }

  /** Asked politely, once it has started: before that SIGTERM simply ends it. */
  async function stopAgent(): Promise<void> {
    const pid = agent?.pid
    await waitFor('the agent to listen', async () => (await status()).agent.pid === pid)
    const code = await endAgent('SIGTERM')
    if (code !== 0) deaths.push(`the agent ended with ${code} when it was asked to stop: ${tail(paths.agentLog)}`)
  }
}

const now = (): number => performance.timeOrigin + performance.now()

const SECRET = 'open-sesame'
const MOMENT_MS = 4_000
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const CLOCK = new URL('../support/stepped-clock.ts', import.meta.url).href
const BACKEND = fileURLToPath(new URL('./backend.ts', import.meta.url))

/** The backend's process; every life of it listens on the port of the first. */
const createBackend = (options: {
  readonly seed: number
  readonly backend: BackendKind
  readonly journal: string
  readonly onMoment: (moment: Moment) => void
}) => {
  let child: ChildProcess | undefined
  let port = 0
  return {
    process: () => child,
    /** Resolves to its port when it listens. */
    start: async (): Promise<number> => {
      child = fork(BACKEND, [String(options.seed), String(port), SECRET, options.journal, options.backend])
      const ended = once(child, 'exit').then(([code]) => {
        throw new Error(`the backend ended with ${code} before it listened`)
      })
      const [listening] = await Promise.race([once(child, 'message'), ended])
      ended.catch(() => {}) // later it may end
      child.on('message', (moment: Moment) => options.onMoment(moment))
      port = listening
      return port
    },
    kill: async (): Promise<void> => {
      if (child === undefined) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
    closeSocket: (code: number): void => {
      if (child?.connected) child.send(code, () => {}) // it may be killed just now
    },
  }
}

/** The files of the agent are limited at times, and its children inherit that; Messages has nothing to do with it. */
const writeUnlimited = (path: string, osascript: string): void =>
  writeFileSync(path, `#!/bin/sh\nulimit -S -f unlimited\nexec '${osascript}' "$@"\n`, { mode: 0o755 })

const setClock = (path: string, offsetMs: number): void => {
  writeFileSync(`${path}.new`, String(offsetMs))
  renameSync(`${path}.new`, path)
}

const freeze = async (child: ChildProcess | undefined, ms: number): Promise<void> => {
  child?.kill('SIGSTOP')
  await sleep(ms)
  child?.kill('SIGCONT')
}

/** Processes of the simulator, osascript and Messages alike. */
const osascriptsOf = (dir: string): number[] =>
  execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .split('\n')
    .filter(line => line.includes(dir) && /osascript|messages-app/.test(line))
    .map(line => Number.parseInt(line, 10))

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // it ended meanwhile
  }
}

const limitFiles = (pid: number, bytes: string): boolean => {
  try {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const tail = (path: string): string => readFileSync(path, 'utf8').split('\n').slice(-6).join('\n')
