import { setTimeout as sleep } from 'node:timers/promises'
import { createLaunchctl, type Launchctl } from '../mac/launchd/launchctl.ts'
import { runTool } from '../mac/macos/run-tool.ts'

/** Who runs this. */
export const uid = (): number => process.getuid?.() ?? 0

/** launchctl for whoever runs this. */
export const ownLaunchctl = (): Launchctl => createLaunchctl({ run: runTool, uid: uid(), sleep })

/** Aborted by the first Ctrl-C; the second one ends the process at once. */
export const abortedByCtrlC = (): AbortSignal => {
  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort())
  return controller.signal
}
