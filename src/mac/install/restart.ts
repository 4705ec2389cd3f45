import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import type { Service, ServiceNeeds } from './as-launchd.ts'
import { refuseInside, refuseSettings } from './check-first.ts'
import { isAsLoaded, loadService } from './load-service.ts'
import { binaryOf, readInstalled } from './read-installed.ts'
import type { Tell } from './tell.ts'
import { endOfLog, explainStart, findAgent, isOfService, type RunningAgent, waitForAgent } from './wait-for-agent.ts'

/**
 * Starts the service anew, or at all where it is installed and stopped, and waits for the word of the new agent. The
 * settings are checked before the old one is ended.
 *
 * @throws EdgeError `not_installed`, or why it does not come up.
 */
export const restart = async (
  service: Service,
  needs: ServiceNeeds & {
    readonly tell: Tell
    readonly signal: AbortSignal
  },
): Promise<RunningAgent> => {
  const { launchctl, env, tell, signal } = needs
  const { places, socket } = service
  const { label, plistFile, launchdLogFile } = places
  refuseInside(label, env)
  const running = await findAgent(socket)
  const binary = refuseMissing(service, running?.pid)
  refuseSettings(service)
  if (socket === undefined) throw new Error('the settings are valid, but have no state folder')
  const seen = await launchctl.print(label)
  refuseOther(running, { seen, label, binary })
  const logFrom = endOfLog(launchdLogFile)
  let before: { readonly pid: number | undefined; readonly runs: number | undefined } | undefined
  const isLoaded = seen.kind === 'loaded' ? isAsLoaded(places, seen) : running !== undefined
  if (isLoaded) {
    tell({ kind: 'step', text: 'restart the service' })
    await launchctl.kickstart(label, { again: true })
    const { pid, runs } = seen.kind === 'loaded' ? seen : {}
    before = { pid: pid ?? running?.pid, runs }
  } else {
    if (seen.kind === 'loaded') {
      tell({ kind: 'step', text: 'stop the service, because its plist has changed' })
      await launchctl.bootout(label)
    }
    tell({ kind: 'step', text: `load the service from ${plistFile}` })
    await loadService(places, launchctl)
  }
  tell({ kind: 'step', text: 'wait until the agent reports that it is running' })
  const start = await waitForAgent({ launchctl, label, socket, signal, ...(before && { before }) })
  if (start.kind !== 'runs') throw explainStart(start, launchdLogFile, logFrom)
  return start.agent
}

/** Returns the binary that is installed. */
const refuseMissing = ({ places }: Service, runningPid: number | undefined): string => {
  const installed = readInstalled(places)
  if (installed.kind === 'none') {
    const isRunning = runningPid === undefined ? '' : `; the agent with pid ${runningPid} was started in a terminal`
    throw new EdgeError('not_installed', `not installed as a service${isRunning}`, {
      remedy: 'To install it: edge-agent install. An agent in a terminal has to be restarted there.',
    })
  }
  if (installed.kind === 'broken') {
    throw new EdgeError('not_installed', `the service is incomplete: ${installed.why}`, {
      remedy: 'To repair it: edge-agent install.',
    })
  }
  return binaryOf(places.runtimeDir, installed.manifest)
}

/** Beside an agent in a terminal the service cannot come up, and must not be ended for nothing. */
const refuseOther = (running: RunningAgent | undefined, job: Parameters<typeof isOfService>[1]): void => {
  if (running === undefined || isOfService(running, job)) return
  throw new EdgeError(
    'already_running',
    `an agent outside the service is running on the same state (pid ${running.pid})`,
    {
      exit: EXIT.alreadyRunning,
      remedy: 'Stop it first: edge-agent stop, or Ctrl-C in its terminal.',
    },
  )
}
