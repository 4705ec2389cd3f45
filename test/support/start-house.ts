import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { AgentStatus } from '../../src/agent.ts'
import { askAgent } from '../../src/control/ask-agent.ts'
import { controlSocketPath } from '../../src/control/socket-path.ts'
import { createSimulator } from '../../src/messages-simulator/simulator.ts'
import { type MockBackendOptions, startMockBackend } from '../../src/mock-backend/start-mock-backend.ts'

export const AGENT_ID = 'edge_13238407486'
export const SECRET = 'open-sesame'
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export type House = Awaited<ReturnType<typeof startHouse>>

/**
 * Everything there is, in a folder of its own: Messages simulator, mock backend (in this process, so that a test can
 * turn its knobs), and the agent as a process, not started yet.
 */
export const startHouse = async (
  options: {
    readonly backend?: MockBackendOptions
    readonly env?: Record<string, string>
    /** Whom the agent runs as, where root may choose: what is forbidden to others is not forbidden to root. */
    readonly uid?: number
  } = {},
) => {
  const dir = mkdtempSync(join(tmpdir(), 'edge-'))
  const simulator = createSimulator({ dir })
  if (options.uid !== undefined) giveTo(options.uid, dir)
  let backend = await startMockBackend({ secret: SECRET, ...options.backend })
  const stateDir = join(dir, 'state')
  let agent: ChildProcess | undefined
  let log = ''

  /** As `startAgent`, but does not wait for it: with a failpoint it may not live that long. */
  const spawnAgent = (env: Record<string, string> = {}): ChildProcess => {
    const child = spawn(process.execPath, [MAIN, 'start', '--log-format', 'json', '--log-level', 'debug'], {
      env: {
        ...process.env,
        HOME: dir, // whoever runs the tests may have settings of their own
        EDGE_BACKEND_URL: backend.url,
        EDGE_AGENT_ID: AGENT_ID,
        EDGE_SECRET: SECRET,
        EDGE_CHAT_DB: simulator.chatDbPath,
        EDGE_STATE_DIR: stateDir,
        EDGE_OSASCRIPT: simulator.osascriptPath,
        ...options.env,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    })
    agent = child
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

  return {
    dir,
    stateDir,
    simulator,
    get backend() {
      return backend
    },
    /** All that the agent printed, over all its lives. */
    get log() {
      return log
    },
    get agentPid() {
      if (agent?.pid === undefined) throw new Error('the agent does not run')
      return agent.pid
    },
    startAgent,
    spawnAgent,
    agentEnd,
    /** SIGTERM; the exit code. */
    stopAgent: () => endAgent('SIGTERM'),
    killAgent: () => endAgent('SIGKILL'),
    signalAgent: (signal: NodeJS.Signals) => agent?.kill(signal),
    status,
    /** Until the agent has a connection. */
    connected: () => waitFor('a connection', () => backend.connections.size > 0),
    /** Stops the backend and, with `restart`, starts another on the same port. */
    restartBackend: async (down?: () => Promise<void>) => {
      const { port } = backend
      await backend.close()
      await down?.()
      backend = await startMockBackend({ secret: SECRET, ...options.backend, port })
    },
    /** What a person sees in a thread: the texts that really left, in order. */
    seen: (threadId: string): string[] =>
      simulator
        .readLedger()
        .filter(({ guid }) => guid.endsWith(`;${threadId}`) || guid === threadId)
        .map(({ text }) => text),
    close: async () => {
      if (agent !== undefined) await endAgent('SIGKILL')
      await backend.close()
      simulator.close()
      // An osascript may still be out; it writes into the folder until it is done.
      rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}

const giveTo = (uid: number, dir: string): void => {
  chownSync(dir, uid, uid)
  for (const name of readdirSync(dir)) chownSync(join(dir, name), uid, uid)
}

/** Waits for a condition; errors in it count as "not yet". */
export const waitFor = async (
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 50_000,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  while (Date.now() < deadline) {
    try {
      if (await condition()) return
      last = undefined
    } catch (error) {
      last = error
      if (error instanceof Error && error.message.startsWith('the agent ended')) throw error
    }
    await sleep(10)
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause: last })
}
