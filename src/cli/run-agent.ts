import { startAgent } from '../agent/agent.ts'
import { EXIT } from '../agent/core/errors.ts'
import { createLog } from '../agent/log/log.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadConfig } from '../config/load-config.ts'
import { placesOf } from '../config/places.ts'
import { readSecret } from '../config/secret.ts'
import { version } from './version.ts'

/** Lives as long as the agent does; the process's exit code is 0 after an ordered stop. */
export const runAgent = async (input: ConfigInput): Promise<void> => {
  const { config, warnings, file } = loadConfig(input)
  const log = await createLog({ level: config.logLevel, format: config.logFormat, file: config.logFile })
  if (config.logFile !== undefined && input.isTTY) process.stderr.write(`logging to ${config.logFile}\n`)
  for (const warning of warnings) log.warn({ warning }, 'setting ignored')

  const { secret } = config
  const agent = await startAgent(
    {
      ...config,
      version: version(),
      label: serviceLabel(input),
      configFile: file,
      readSecret: readSecret(config),
      ...(secret.kind === 'keychain' && { keychainItem: secret }),
    },
    log,
  )
  log.info({ agentId: config.agentId, pid: process.pid, stateDir: config.stateDir }, 'agent started')

  const asked = agent.stopAsked.then(() => 'asked' as const)
  const end = await Promise.race([nextStopSignal(), asked, agent.failed])
  log.info({ reason: typeof end === 'string' ? end : end.code }, 'stopping')
  // To close what we hold would remove files of whoever runs in our place now.
  if (typeof end !== 'string' && end.code === 'state_gone') process.exit(EXIT.failure)
  // Who asks twice does not want to wait: everything that matters is on the disk.
  void nextStopSignal().then(() => process.exit(0))
  try {
    await agent.stop()
    log.info({}, 'agent stopped')
  } catch (error) {
    log.error({ error: String(error) }, 'stopped, but not cleanly') // what was asked for stays: launchd keeps to the code
  }
  process.exit(typeof end === 'string' ? EXIT.ok : end.exit) // an osascript that is still out would keep the process
}

/**
 * The service's name where launchd started us. The variable alone tells nothing: whatever a terminal starts inherits that of
 * the terminal, or "0".
 */
const serviceLabel = (input: ConfigInput): string | undefined => {
  const name = process.env['XPC_SERVICE_NAME']
  if (!name || name === '0' || name.startsWith('application.')) return undefined
  return name === placesOf(input).label || process.ppid === 1 ? name : undefined
}

const nextStopSignal = (): Promise<NodeJS.Signals> =>
  new Promise(resolve => {
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
    const stop = (signal: NodeJS.Signals) => {
      for (const each of signals) process.off(each, stop)
      resolve(signal)
    }
    for (const each of signals) process.on(each, stop)
  })
