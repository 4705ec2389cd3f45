import { controlSocketPath } from '../agent/control/socket-path.ts'
import { type ConfigInput, inspectConfig } from '../config/inspect-config.ts'
import { asLaunchd } from '../mac/install/as-launchd.ts'
import { stop } from '../mac/install/stop.ts'
import { printResult } from './print-told.ts'
import { ownLaunchctl } from './this-mac.ts'

export const runStop = async (
  input: ConfigInput,
  { disable, json }: { readonly disable: boolean; readonly json: boolean },
): Promise<void> => {
  const service = asLaunchd(input)
  // Wrong settings are no reason not to stop.
  const stateDir = inspectConfig(input).rows.find(({ key }) => key === 'state_dir')?.value
  const socket = controlSocketPath(typeof stateDir === 'string' ? stateDir : service.places.stateDir)
  const result = await stop(service, { launchctl: ownLaunchctl(), disable, env: input.env, socket })
  if (json) return printResult(result)
  const lines = [
    ...(result.service ? ['service stopped'] : []),
    ...(result.pid === undefined ? [] : [`agent stopped (pid ${result.pid})`]),
    ...(result.disabled
      ? ['it no longer starts at login; to start it again: edge-agent restart']
      : result.service
        ? ['it starts again at the next login, unless you use stop --disable; to start it now: edge-agent restart']
        : []),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
