import { createInterface } from 'node:readline/promises'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { asLaunchd } from '../mac/install/as-launchd.ts'
import { dataOf, uninstall } from '../mac/install/uninstall.ts'
import { printResult, printTold } from './print-told.ts'
import { ownLaunchctl } from './this-mac.ts'
import type { UninstallOptions } from './uninstall.ts'

/** Asks before a purge, removes, and prints what went and what stays. */
export const runUninstall = async (input: ConfigInput, options: UninstallOptions): Promise<void> => {
  const json = options.json === true
  const purge = options.purge === true
  const service = asLaunchd(input)
  if (purge && options.yes !== true) await confirmPurge(dataOf(service))
  const tell = printTold({ json })
  const result = await uninstall(service, { purge, launchctl: ownLaunchctl(), env: input.env, tell })
  if (json) return printResult({ ok: true, ...result })
  const { found, removed, kept } = result
  const lines = [
    ...(found ? ['Service removed.'] : ['There was no service to remove.']),
    ...removed.map(path => `  removed  ${path}`),
    ...kept.map(path => `  kept     ${path}`),
    ...(kept.length > 0 && !purge ? ['Settings, state and logs are kept; --purge removes them too.'] : []),
    ...(found ? ['System Settings may still list it under Full Disk Access and Automation. Remove it there.'] : []),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

const confirmPurge = async (paths: readonly string[]): Promise<void> => {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new EdgeError('usage', '--purge removes settings, state and logs for good', {
      exit: EXIT.usage,
      remedy: 'This is not a terminal, so add --yes to confirm.',
    })
  }
  process.stdout.write(`This permanently removes:\n${paths.map(path => `  ${path}\n`).join('')}`)
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const cancelled = new AbortController()
  terminal.once('SIGINT', () => cancelled.abort())
  // Ctrl-D ends the input without an answer.
  terminal.once('close', () => cancelled.abort())
  const answer = await terminal.question('Continue? [y/N] ', { signal: cancelled.signal }).catch(() => '')
  terminal.close()
  if (/^y(es)?$/i.test(answer.trim())) return
  throw new EdgeError('cancelled', 'nothing was removed', { exit: EXIT.cancelled })
}
