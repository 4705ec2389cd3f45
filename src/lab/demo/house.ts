import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { askAgent } from '../../agent/control/ask-agent.ts'
import { controlSocketPath } from '../../agent/control/socket-path.ts'
import type { EdgeError } from '../../agent/core/errors.ts'
import { ledgerFile, readLedger, type Sent } from '../messages-simulator/ledger.ts'
import { type Observation, readAgentLine, readBackendLine, readListening, readSimulatorLine } from './observation.ts'
import { AGENT_ID, type Scene } from './scenes.ts'
import { sendersEnded } from './senders-ended.ts'
import { type RunningProcess, startProcess } from './start-process.ts'
import { until } from './until.ts'

export type House = ReturnType<typeof createHouse>

/**
 * Everything there is, in one folder: each part is this very program in a process of its own. One that ends by itself
 * is told to `onDeath`; all waiting ends with the reason of `stop`.
 */
export const createHouse = ({
  dir,
  stop,
  onDeath,
}: {
  /** Absolute, empty, and ours. */
  readonly dir: string
  readonly stop: AbortSignal
  readonly onDeath: (error: EdgeError) => void
}) => {
  const secret = randomUUID()
  const simulatorDir = join(dir, 'messages')
  const stateDir = join(dir, 'state')
  const noSettings = join(dir, 'no-settings.toml')
  mkdirSync(stateDir, { mode: 0o700 })
  // The settings of whoever runs this are none of the demo's.
  writeFileSync(noSettings, '')
  const running: RunningProcess[] = []
  let listener: (seen: Observation) => void = () => {}

  const start = (
    part: { readonly name: string; readonly log: string; readonly args: readonly string[] },
    env: Readonly<Record<string, string>>,
    read: (line: string) => Observation | undefined,
  ): RunningProcess => {
    const process = startProcess({
      name: part.name,
      args: [MAIN, ...part.args],
      env: { ...withoutSettings(), EDGE_SECRET: secret, ...env },
      logFile: join(dir, part.log),
      onLine: line => {
        const seen = read(line)
        if (seen !== undefined) listener(seen)
      },
      onDeath,
    })
    running.push(process)
    return process
  }

  const ready = async <T>(process: RunningProcess, check: () => Promise<T | undefined> | T | undefined): Promise<T> => {
    const found = await until(check, stop, START_MS)
    if (found === undefined) throw process.complain(`was not ready within ${START_MS / 1000} s`)
    return found
  }

  return {
    /** All that was really sent so far, in order. */
    readLedger: (): readonly Sent[] => readLedger(ledgerFile(simulatorDir)),

    /** Whoever listens last hears what all parts see and do. */
    listen: (onObservation: (seen: Observation) => void): void => {
      listener = onObservation
    },

    /** Resolves once there is a chat.db; lines written to it are messages to us. */
    startSimulator: async (): Promise<RunningProcess> => {
      const args = ['messages-simulator', '--dir', simulatorDir]
      const simulator = start({ name: 'the Messages simulator', log: 'simulator.log', args }, {}, readSimulatorLine)
      await ready(simulator, () => simulator.lines[0])
      return simulator
    },

    /** Resolves once it listens. */
    startBackend: async (scene: Scene): Promise<RunningProcess & { readonly url: string }> => {
      const words = ['--reflex', scene.reflex, '--replies', ...scene.replies]
      const flags = scene.hasWebSocket ? [] : ['--no-websocket']
      const args = ['mock-backend', '--port', '0', '--json', ...words, ...flags]
      const backend = start({ name: 'the mock backend', log: 'backend.log', args }, {}, readBackendLine)
      const url = await ready(backend, () => backend.lines.map(readListening).find(found => found !== undefined))
      return { ...backend, url }
    },

    /** Resolves once it reads chat.db and has its WebSocket, or knows that there is none. */
    startAgent: async (backendUrl: string): Promise<RunningProcess> => {
      const env = {
        EDGE_CONFIG: noSettings,
        EDGE_BACKEND_URL: backendUrl,
        EDGE_AGENT_ID: AGENT_ID,
        EDGE_CHAT_DB: join(simulatorDir, 'chat.db'),
        EDGE_STATE_DIR: stateDir,
        EDGE_OSASCRIPT: join(simulatorDir, 'osascript'),
        EDGE_SEND_WARM: 'on', // our own osascript need not be tried first
        EDGE_LOG_FORMAT: 'json',
        EDGE_LOG_LEVEL: 'info',
        EDGE_SEND_LOOP_ROUNDS: '0', // who plays says the same again and again, and fast
      }
      const agent = start({ name: 'the agent', log: 'agent.log', args: ['start'] }, env, readAgentLine)
      await ready(agent, async () => ((await askStatus(stateDir))?.isReady ? true : undefined))
      return agent
    },

    /** Until the agent is done with so many messages and knows what became of all that it sent; half a minute at most. */
    finished: async (messages: number): Promise<void> => {
      const check = async (): Promise<true | undefined> => {
        const status = await askStatus(stateDir)
        return status?.finished === messages && status.bubblesUnderWay === 0 ? true : undefined
      }
      await until(check, stop, FINISH_MS)
    },

    /** The youngest first; then nothing of it is at work in the folder any more. */
    close: async (): Promise<void> => {
      for (const process of running.toReversed()) await process.stop()
      await sendersEnded(simulatorDir)
    },
  }
}

const START_MS = 20_000
const FINISH_MS = 30_000

const MAIN = fileURLToPath(new URL(`../../main${extname(fileURLToPath(import.meta.url))}`, import.meta.url))

const withoutSettings = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('EDGE_')))

/** What the agent says of itself; undefined while it says nothing. */
const askStatus = async (stateDir: string): Promise<z.infer<typeof statusAnswer> | undefined> => {
  const answer = await askAgent(controlSocketPath(stateDir), 'status').catch(() => undefined)
  return statusAnswer.safeParse(answer).data
}

const counts = z.record(z.string(), z.number())

const statusAnswer = z
  .object({
    connection: z.object({ state: z.string() }),
    chatDb: z.object({ readable: z.boolean() }),
    messages: counts,
    bubbles: counts,
  })
  .transform(({ connection, chatDb, messages, bubbles }) => ({
    isReady: chatDb.readable && connection.state !== 'connecting',
    finished: (messages['answered'] ?? 0) + (messages['dead'] ?? 0),
    bubblesUnderWay: ['planned', 'sending', 'sent', 'unknown'].reduce((sum, state) => sum + (bubbles[state] ?? 0), 0),
  }))
