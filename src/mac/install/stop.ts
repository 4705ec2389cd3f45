import { setTimeout as sleep } from 'node:timers/promises'
import { askAgent } from '../../agent/control/ask-agent.ts'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import type { Service, ServiceNeeds } from './as-launchd.ts'
import { refuseInside } from './check-first.ts'
import { readInstalled } from './read-installed.ts'
import { findAgent, silentAgent } from './wait-for-agent.ts'

export type StopResult = {
  /** Whether the service was unloaded, and whether it stays so at the next login. */
  readonly service: boolean
  readonly disabled: boolean
  /** An agent that ran in a terminal, and does no more. */
  readonly pid?: number
}

/**
 * Stops the service in a way that lasts until the next login (with `disable`, longer), and an agent that runs in a
 * terminal; returns when they are gone.
 *
 * @throws EdgeError `not_running` (exit 3) where there is none.
 */
export const stop = async (
  service: Service,
  needs: ServiceNeeds & {
    readonly disable: boolean
    /** Where an agent that is no service may listen. */
    readonly socket: string
  },
): Promise<StopResult> => {
  const { launchctl, disable, env, socket } = needs
  const { label } = service.places
  refuseInside(label, env)
  const seen = await launchctl.print(label)
  const isLoaded = seen.kind === 'loaded'
  const disabled = disable && (isLoaded || readInstalled(service.places).kind !== 'none')
  if (disabled) await launchctl.disable(label)
  if (isLoaded) await launchctl.bootout(label)
  const pid = await stopAt(socket)
  if (isLoaded || disabled || pid !== undefined) {
    return { service: isLoaded, disabled, ...(pid !== undefined && { pid }) }
  }
  throw new EdgeError('not_running', 'not running', {
    exit: EXIT.notRunning,
    remedy:
      seen.kind === 'unclear' ? `launchd does not report whether there is a service: ${seen.said}` : 'Nothing to do.',
  })
}

/** Asks the agent there to stop in order, and waits until it is gone. Undefined where none was. */
const stopAt = async (socket: string): Promise<number | undefined> => {
  const agent = await findAgent(socket)
  if (agent === undefined) {
    const silent = await silentAgent(socket)
    if (silent !== undefined) throw silent
    return undefined
  }
  await askAgent(socket, 'stop').catch((error: unknown) => {
    if (!(error instanceof EdgeError) || error.code !== 'unknown_request') return // it went while it answered
    process.kill(agent.pid, 'SIGTERM') // an older agent
  })
  const deadline = performance.now() + PATIENCE_MS
  while (isAlive(agent.pid)) {
    if (performance.now() > deadline) {
      throw new EdgeError('not_stopping', `the agent with pid ${agent.pid} was asked to stop, but is still running`, {
        remedy: `Check its log. To kill it at once (a send in progress may become uncertain): kill -9 ${agent.pid}`,
      })
    }
    await sleep(100)
  }
  return agent.pid
}

/** A send that is under way is not cut off. */
const PATIENCE_MS = 40_000

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
