import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { AgentStatus } from '../../src/agent/agent.ts'
import { askAgent } from '../../src/agent/control/ask-agent.ts'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'
import type { WaitingMessage } from '../../src/agent/store/inbox.ts'
import type { WaitingBubble } from '../../src/agent/store/outbox.ts'
import type { ListedSchedule } from '../../src/agent/store/schedules.ts'
import { removeFolder } from '../../src/lab/demo/remove-folder.ts'
import { serveMessages } from '../../src/lab/messages-simulator/serve-messages.ts'
import { createSimulator } from '../../src/lab/messages-simulator/simulator.ts'
import type { MockBackendEvent } from '../../src/lab/mock-backend/event.ts'
import { type MockBackendOptions, startMockBackend } from '../../src/lab/mock-backend/start-mock-backend.ts'
import type { Rights } from './rights.ts'
import { startTcpProxy } from './tcp-proxy.ts'

export const AGENT_ID = 'edge_13238407486'
export const SECRET = 'open-sesame'
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** What `edge-agent queue` lists; ids are `m12`, `b34`, `s56`. */
export type AgentQueue = {
  readonly messages: readonly (Omit<WaitingMessage, 'id'> & { readonly id: string })[]
  readonly bubbles: readonly (Omit<WaitingBubble, 'id'> & { readonly id: string })[]
  readonly schedules: readonly (Omit<ListedSchedule, 'id'> & { readonly id: string })[]
}

export type House = Awaited<ReturnType<typeof startHouse>>

export type HouseOptions = {
  readonly backend?: MockBackendOptions
  /** Puts a TCP proxy between agent and backend. */
  readonly proxy?: true
  /** Settings of the agent, as variables; they come before those of the house. */
  readonly env?: Readonly<Record<string, string>>
  /** What the agent may do, where that is less than we may. */
  readonly rights?: Rights
}

/**
 * Everything there is, in a folder of its own: Messages simulator and mock backend (in this process, so that a test can
 * turn their knobs), and the agent as a process, not started yet.
 */
export const startHouse = async (options: HouseOptions = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'edge-'))
  const simulator = createSimulator({ dir })
  const messages = serveMessages(dir)
  const { through = [], uid } = options.rights ?? {}
  if (uid !== undefined) giveTo(uid, dir)
  const events: MockBackendEvent[] = []
  const backendOptions: MockBackendOptions = {
    secret: SECRET,
    ...options.backend,
    onEvent: event => {
      events.push(event)
      options.backend?.onEvent?.(event)
    },
  }
  let backend = await startMockBackend(backendOptions)
  const proxy = options.proxy && (await startTcpProxy(backend.port))
  const stateDir = join(dir, 'state')
  let agent: ChildProcess | undefined
  let log = ''

  /** As `startAgent`, but does not wait for it: with a failpoint it may not live that long. */
  const spawnAgent = (env: Record<string, string> = {}): ChildProcess => {
    const [program = '', ...args] = [...through, process.execPath, MAIN, 'start', ...LOGGING]
    const child = spawn(program, args, {
      env: {
        ...process.env,
        HOME: dir, // whoever runs the tests may have settings of their own
        EDGE_BACKEND_URL: proxy ? `http://127.0.0.1:${proxy.port}` : backend.url,
        EDGE_AGENT_ID: AGENT_ID,
        EDGE_SECRET: SECRET,
        EDGE_CHAT_DB: simulator.chatDbPath,
        EDGE_STATE_DIR: stateDir,
        EDGE_OSASCRIPT: simulator.osascriptPath,
        EDGE_SEND_WARM: 'off', // what is about the warm way switches it on
        ...options.env,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    agent = child
    agents.add(child)
    child.once('exit', () => agents.delete(child))
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', chunk => {
        log += chunk
      })
    }
    return child
  }

  const startAgent = async (env: Record<string, string> = {}): Promise<void> => {
    const child = spawnAgent(env)
    await waitFor('the agent to start', async () => {
      const end = child.exitCode ?? child.signalCode
      if (end !== null) throw new Error(`the agent ended with ${end}:\n${log}`)
      return (await status()).agent.pid === child.pid
    })
  }

  /** Waits until the agent has ended by itself; what it ended with. */
  const agentEnd = async (): Promise<number | NodeJS.Signals> => {
    const child = agent
    if (child === undefined) throw new Error('the agent does not run')
    await waitFor('the agent to end', () => (child.exitCode ?? child.signalCode) !== null)
    agent = undefined
    return child.exitCode ?? child.signalCode ?? 0
  }

  const endAgent = async (signal: NodeJS.Signals): Promise<number | null> => {
    const child = agent
    agent = undefined
    if (child === undefined) throw new Error('the agent does not run')
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
    return child.exitCode
  }

  const status = async () => (await askAgent(controlSocketPath(stateDir), 'status')) as AgentStatus

  const connected = () => waitFor('a connection', () => backend.connections.size > 0)

  return {
    dir,
    stateDir,
    simulator,
    get backend() {
      return backend
    },
    /** Between agent and backend. */
    get proxy() {
      if (proxy === undefined) throw new Error('this house was started without a proxy')
      return proxy
    },
    /** What the backend saw and did, over all its lives. */
    events: events as readonly MockBackendEvent[],
    /** All that the agent printed, over all its lives. */
    get log() {
      return log
    },
    get agentPid() {
      if (agent?.pid === undefined) throw new Error('the agent does not run')
      return agent.pid
    },
    /** The lines of the log that match. */
    logged: (pattern: RegExp) => log.split('\n').filter(line => pattern.test(line)),
    startAgent,
    spawnAgent,
    agentEnd,
    /** SIGTERM; the exit code. */
    stopAgent: () => endAgent('SIGTERM'),
    killAgent: () => endAgent('SIGKILL'),
    /** Whether the process is gone, as a failpoint ends it. */
    agentHasEnded: () => agent?.exitCode !== null || agent.signalCode !== null,
    signalAgent: (signal: NodeJS.Signals) => agent?.kill(signal),
    status,
    /** What the agent reports as not at its end, or at a bad one. */
    queue: async () => (await askAgent(controlSocketPath(stateDir), 'queue')) as AgentQueue,
    /** Until the agent has a connection. */
    connected,
    /** Starts the agent and waits for its connection. */
    startConnected: async (env?: Record<string, string>) => {
      await startAgent(env)
      await connected()
    },
    /** Stops the backend and, with `restart`, starts another on the same port. */
    restartBackend: async (down?: () => Promise<void>) => {
      const { port } = backend
      await backend.close()
      await down?.()
      backend = await startMockBackend({ ...backendOptions, port })
    },
    /** What a person sees in a thread: the texts that really left, in order. */
    seen: (threadId: string): string[] =>
      simulator
        .readLedger()
        .filter(({ guid }) => guid.endsWith(`;${threadId}`) || guid === threadId)
        .map(({ text }) => text),
    close: async () => {
      if (agent !== undefined) await endAgent('SIGKILL')
      await proxy?.close()
      await backend.close()
      messages.close()
      simulator.close()
      // An osascript may still be out; it writes into the folder until it is done.
      await removeFolder(dir)
    },
  }
}

const LOGGING = ['--log-format', 'json', '--log-level', 'debug']

const giveTo = (uid: number, dir: string): void => {
  chownSync(dir, uid, uid)
  for (const name of readdirSync(dir)) chownSync(join(dir, name), uid, uid)
}

/** A test that is given up leaves none behind. */
const agents = new Set<ChildProcess>()
process.on('exit', () => {
  for (const agent of agents) agent.kill('SIGKILL')
})

/** Waits for a condition; errors in it count as "not yet". It looks often at first, then less: each look may cost an agent work. */
export const waitFor = async (
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 120_000,
): Promise<void> => {
  const start = Date.now()
  let last: unknown
  while (Date.now() < start + timeoutMs) {
    try {
      if (await condition()) return
      last = undefined
    } catch (error) {
      last = error
      if (error instanceof Error && error.message.startsWith('the agent ended')) throw error
    }
    await sleep(Math.min(10 + (Date.now() - start) / 20, LONGEST_PAUSE_MS))
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause: last })
}

/** Shorter than anything that is to be seen while it lasts. */
const LONGEST_PAUSE_MS = 60
