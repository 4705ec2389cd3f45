import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { EdgeError } from '../../agent/core/errors.ts'
import { startWithConsole } from '../mock-backend/start-with-console.ts'
import { createHouse, type House } from './house.ts'
import { createPhone, type Phone } from './phone.ts'
import { PERSON } from './scenes.ts'
import type { RunningProcess } from './start-process.ts'
import { WORDS } from './words.ts'

/** How long an agent that was killed stays away, in ms: long enough to be seen. */
const AWAY_MS = 1_500
const THINK_MS = 2_200

/**
 * The demo to play with: Messages and the agent as real processes, the mock backend with its console in this one, and
 * a phone beside the console. Resolves once `signal` aborts; however it ends, no process is left.
 *
 * @throws EdgeError `demo_process` where one of the processes ended by itself or did not get ready; `port-in-use`
 */
export const playWeb = async ({
  dir,
  port,
  signal,
  onReady,
}: {
  /** Absolute, empty, and ours. */
  readonly dir: string
  /** 0 for any that is free. */
  readonly port: number
  readonly signal: AbortSignal
  readonly onReady: (url: string) => void
}): Promise<void> => {
  const death = new AbortController()
  const stop = AbortSignal.any([signal, death.signal])
  const house = createHouse({ dir, stop, onDeath: error => death.abort(error) })
  const phone = createPhone()
  const agent = createAgent({ house, phone, stop, onDeath: error => death.abort(error) })

  const simulator = await startOrClose(house, () => house.startSimulator())
  const act = (name: string, body: unknown): unknown => {
    if (name === 'write') {
      const { text } = parse(writeBody, body)
      phone.write(text)
      simulator.write(JSON.stringify({ receive: { from: PERSON, text } }))
      return {}
    }
    if (name === 'kill') return agent.kill('now')
    if (name === 'kill-after-reflex') return agent.kill('after-reflex')
    throw new EdgeError('not-found', `There is nothing called ${name} here.`)
  }

  const mock = await startOrClose(house, () =>
    startWithConsole({
      port,
      behaviour: { thinkMs: THINK_MS, ...WORDS },
      extension: {
        folder: new URL('./phone/', import.meta.url),
        script: '/phone.js',
        style: '/phone.css',
        state: phone.state,
        onChange: phone.onChange,
        act,
      },
    }),
  )

  try {
    house.listen(seen => {
      if (seen.what === 'committed') phone.onCommitted(seen.at)
      if (seen.what === 'sent' && (seen.thread === undefined || seen.thread === PERSON)) {
        phone.onSent(seen.text, seen.at)
        mock.console.onSeen(PERSON, seen.text, seen.at)
        agent.onSent()
      }
    })
    await agent.start(mock.backend.url)
    onReady(mock.backend.url)
    await aborted(stop)
    if (!signal.aborted) throw death.signal.reason
  } finally {
    // The agent first: it may still be answered.
    await house.close()
    await mock.close()
  }
}

/** The agent as the phone's buttons treat it. */
const createAgent = ({
  house,
  phone,
  stop,
  onDeath,
}: {
  readonly house: House
  readonly phone: Phone
  readonly stop: AbortSignal
  readonly onDeath: (error: EdgeError) => void
}) => {
  let url = ''
  let running: RunningProcess | undefined
  let isArmed = false

  const start = async (backendUrl: string): Promise<void> => {
    url = backendUrl
    phone.setAgent('starting')
    running = await house.startAgent(url)
    phone.setAgent('running')
  }

  const killAndRestart = async (): Promise<void> => {
    const killed = running
    running = undefined
    isArmed = false
    await killed?.kill()
    phone.setAgent('killed')
    phone.note('kill -9: the agent is gone')
    await sleep(AWAY_MS, undefined, { signal: stop })
    await start(url)
    phone.note('The agent was restarted')
  }

  const kill = (): void => {
    killAndRestart().catch((error: unknown) => {
      if (!stop.aborted) onDeath(error instanceof EdgeError ? error : new EdgeError('demo_process', String(error)))
    })
  }

  return {
    start,
    /** Just after the next bubble that is sent, for an agent that is armed: the reflex. */
    onSent: (): void => {
      if (isArmed && running !== undefined) kill()
    },
    kill: (when: 'now' | 'after-reflex'): object => {
      if (running === undefined)
        throw new EdgeError('not-connected', 'The agent is not running yet; try again in a moment.')
      if (when === 'now') kill()
      else isArmed = true
      return {}
    },
  }
}

const startOrClose = async <T>(house: House, start: () => Promise<T>): Promise<T> => {
  try {
    return await start()
  } catch (error) {
    await house.close()
    throw error
  }
}

const writeBody = z.strictObject({ text: z.string().trim().min(1).max(5000) })

const parse = <T>(schema: z.ZodType<T>, raw: unknown): T => {
  const parsed = schema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new EdgeError('bad-request', z.prettifyError(parsed.error))
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
