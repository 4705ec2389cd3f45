import { startAgent } from '../agent.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadConfig } from '../config/load-config.ts'
import { readSecret } from '../config/secret.ts'
import { EXIT } from '../core/errors.ts'
import { createLog } from '../log.ts'
import { version } from './version.ts'

/** Lives as long as the agent does; the process's exit code is 0 after an ordered stop. */
export const runAgent = async (input: ConfigInput): Promise<void> => {
  const { config, warnings } = loadConfig(input)
  const log = await createLog({ level: config.logLevel, format: config.logFormat })
  for (const warning of warnings) log.warn({ warning }, 'setting ignored')

  const { secret } = config
  const agent = await startAgent(
    {
      ...config,
      version: version(),
      readSecret: readSecret(config),
      ...(secret.kind === 'keychain' && { keychainItem: secret }),
    },
    log,
  )
  log.info({ agentId: config.agentId, pid: process.pid, stateDir: config.stateDir }, 'agent started')

  const end = await Promise.race([nextStopSignal(), agent.failed])
  log.info({ reason: typeof end === 'string' ? end : end.code }, 'stopping')
  // Who asks twice does not want to wait: everything that matters is on the disk.
  void nextStopSignal().then(() => process.exit(0))
  await agent.stop()
  log.info({}, 'agent stopped')
  process.exit(typeof end === 'string' ? EXIT.ok : EXIT.failure) // an osascript that is still out would keep the process
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
