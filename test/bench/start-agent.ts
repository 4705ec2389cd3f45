import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { AgentStatus } from '../../src/agent/agent.ts'
import { askAgent } from '../../src/agent/control/ask-agent.ts'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'

/** Starts the agent as built, with its usual log in a file, and waits until it is connected and reads chat.db. */
export const startAgent = async <Connection>(options: {
  readonly backend: { readonly url: string; readonly connectionOf: (agentId: string) => Promise<Connection> }
  /** Holds chat.db; the agent's state and log go there, too. */
  readonly dir: string
  readonly osascript?: string
  readonly warm?: 'on' | 'off'
  readonly hint?: boolean
  readonly agentId?: string
  readonly env?: Readonly<Record<string, string>>
  /** The program, where another build is to be compared. */
  readonly main?: string
}) => {
  const { backend, dir, osascript = '/bin/false', warm = 'off', hint = true, agentId = AGENT_ID } = options
  const { env = {}, main = MAIN } = options
  const stateDir = join(dir, `state-${hint ? 'hint' : 'no-hint'}`)
  const log = openSync(join(dir, 'agent.log'), 'a')
  const child = spawn(process.execPath, [main, 'start'], {
    // Nothing of the person's own settings counts.
    env: {
      PATH: process.env['PATH'],
      HOME: dir,
      EDGE_BACKEND_URL: backend.url,
      EDGE_AGENT_ID: agentId,
      EDGE_CHAT_DB: join(dir, 'chat.db'),
      EDGE_STATE_DIR: stateDir,
      EDGE_OSASCRIPT: osascript,
      EDGE_SEND_WARM: warm,
      EDGE_WATCH_HINT: String(hint),
      EDGE_LOG_FORMAT: 'json',
      EDGE_SEND_MAX_PER_MINUTE: '100000',
      EDGE_SEND_MAX_PER_MINUTE_PER_THREAD: '100000',
      EDGE_SEND_MAX_PER_DAY: '1000000',
      EDGE_SEND_MAX_PER_DAY_PER_THREAD: '1000000',
      EDGE_SEND_MAX_NEW_PER_DAY: '100000',
      EDGE_SEND_LOOP_ROUNDS: '0',
      ...env,
    },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  if (child.pid === undefined) throw new Error('the agent cannot be started')
  const ended = once(child, 'exit')
  const socket = await Promise.race([
    backend.connectionOf(agentId),
    ended.then(([code]) => {
      throw new Error(`the agent ended with exit code ${code}, see ${dir}/agent.log`)
    }),
  ])
  const status = async (): Promise<AgentStatus> =>
    (await askAgent(controlSocketPath(stateDir), 'status')) as AgentStatus
  while (!(await status()).chatDb.readable) await sleep(20)

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await ended
  }
  return { pid: child.pid, socket, status, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

export const AGENT_ID = 'edge_bench'
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
if (!existsSync(MAIN)) throw new Error('there is no dist to measure: run npm run build first')
