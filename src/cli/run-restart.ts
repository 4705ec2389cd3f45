import type { ConfigInput } from '../config/inspect-config.ts'
import { asLaunchd } from '../mac/install/as-launchd.ts'
import { restart } from '../mac/install/restart.ts'
import { printResult, printTold } from './print-told.ts'
import { abortedByCtrlC, ownLaunchctl } from './this-mac.ts'

export const runRestart = async (input: ConfigInput, { json }: { readonly json: boolean }): Promise<void> => {
  const tell = printTold({ json })
  const signal = abortedByCtrlC()
  const agent = await restart(asLaunchd(input), { launchctl: ownLaunchctl(), env: input.env, tell, signal })
  if (json) printResult({ ok: true, ...agent })
  else tell({ kind: 'done', text: `the agent runs, pid ${agent.pid}, version ${agent.version}` })
}
