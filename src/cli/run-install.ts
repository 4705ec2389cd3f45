import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { EXIT } from '../agent/core/errors.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { type DryRun, type InstallResult, install } from '../mac/install/install.ts'
import { runTool } from '../mac/macos/run-tool.ts'
import type { InstallOptions } from './install.ts'
import { printResult, printTold } from './print-told.ts'
import { abortedByCtrlC, ownLaunchctl, uid } from './this-mac.ts'
import { version } from './version.ts'

/** Installs, prints the outcome, and sets the exit code where a permission is missing. */
export const runInstall = async (input: ConfigInput, options: InstallOptions): Promise<void> => {
  const json = options.json === true
  const isTerminal = process.stdout.isTTY === true && process.stdin.isTTY === true
  const result = await install(
    {
      input,
      root: fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, ''),
      version: version(),
      node: options.node,
      upgrade: options.upgrade === true,
      dryRun: options.dryRun === true,
      wait: options.wait ?? (isTerminal && !json),
    },
    { run: runTool, launchctl: ownLaunchctl(), uid: uid(), tell: printTold({ json }), signal: abortedByCtrlC() },
  )
  if ('steps' in result) {
    if (json) printResult({ dryRun: true, ...result })
    else process.stdout.write(`${describeDryRun(result, input).join('\n')}\n`)
    return
  }
  process.exitCode = exitCode(result)
  if (json) printResult({ ok: process.exitCode === EXIT.ok, ...result })
  else process.stdout.write(`${describe(result, input).join('\n')}\n`)
}

const exitCode = ({ permissions }: InstallResult): number => {
  const states = Object.values(permissions).map(({ state }) => state)
  if (states.includes('missing')) return EXIT.permission
  return states.includes('unknown') ? EXIT.failure : EXIT.ok
}

const describe = (result: InstallResult, input: ConfigInput): readonly string[] => {
  const code = exitCode(result)
  const command = (words: string) => `edge-agent ${words}${profileFlag(input)}`
  const rows = [
    '',
    paint('bold', OUTCOMES[result.action](result.version)),
    row('service', `${result.label}${result.pid === undefined ? '' : `, pid ${result.pid}`}`),
    row('binary', result.binary),
    row('plist', result.plist),
    row('log', result.log),
    row('Full Disk Access', result.permissions.fullDiskAccess.state),
    row('Automation', result.permissions.automation.state),
    '',
  ]
  if (code === EXIT.ok) {
    return [
      ...rows,
      `To look at it: ${command('status')}, ${command('logs -f')}, ${command('doctor')}.`,
      ...(result.action === 'nothing' ? [`To replace it with another version: ${command('install --upgrade')}.`] : []),
    ]
  }
  return [
    ...rows,
    `The service is running but cannot work yet. After the steps above, run: ${command('install')} or ${command('doctor')}.`,
  ]
}

const OUTCOMES: Readonly<Record<InstallResult['action'], (version: string) => string>> = {
  nothing: version => `edge-agent ${version} is already installed; nothing was replaced`,
  install: version => `edge-agent ${version} is installed`,
  repair: version => `edge-agent ${version} was repaired`,
  upgrade: version => `edge-agent is now ${version}`,
}

const describeDryRun = ({ action, steps }: DryRun, input: ConfigInput): readonly string[] => [
  paint('bold', `install${profileFlag(input)} would run these steps; nothing has been changed`),
  ...(action === 'nothing' ? ['', 'This version is already installed; nothing needs to be replaced.'] : []),
  ...steps.flatMap(({ title, commands, file }, index) => [
    '',
    `${index + 1}. ${title}`,
    ...commands.map(command => `     $ ${command}`),
    ...(file === undefined
      ? []
      : file.content
          .trimEnd()
          .split('\n')
          .map(line => `     | ${line}`)),
  ]),
  '',
  `${steps.length + 1}. wait until the agent reports that it is running`,
  `     $ edge-agent status${profileFlag(input)}`,
  '',
  `${steps.length + 2}. ask the agent for its permissions; for each missing one, open its pane and wait`,
  "     $ open 'x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?Privacy_AllFiles'",
  "     $ open 'x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?Privacy_Automation'",
]

const profileFlag = ({ profile }: ConfigInput): string => (profile === undefined ? '' : ` --profile ${profile}`)

const row = (name: string, value: string): string => `  ${name.padEnd(18)}${value}`

const paint = (format: Parameters<typeof styleText>[0], text: string): string =>
  styleText(format, text, { stream: process.stdout })
