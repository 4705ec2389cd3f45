import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent config check|show|path`: what the settings are, where they come from, and whether they are right. */
export const register = (program: Command): void => {
  const config = program
    .command('config')
    .description('check the settings and show where each one comes from')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', EXAMPLES)

  const check = config
    .command('check')
    .description('check the settings; exit code 0 if they are valid, 78 if not')
    .option('--json', 'print the result as JSON')
  const checkInput = addSettingsFlags(check)
  check.action(async ({ json }: { json?: true }) => {
    const { checkConfig } = await import('./print-config.ts')
    await checkConfig(checkInput(), { json: json === true })
  })

  const show = config
    .command('show')
    .description('print every setting, its value and its source')
    .option('--json', 'print the settings as JSON')
  const showInput = addSettingsFlags(show)
  show.action(async ({ json }: { json?: true }) => {
    const { showConfig } = await import('./print-config.ts')
    showConfig(showInput(), { json: json === true })
  })

  const path = config.command('path').description('print the path of the settings file, even if there is none yet')
  const pathInput = addSettingsFlags(path)
  path.action(async () => {
    const { inspectConfig } = await import('../config/inspect-config.ts')
    process.stdout.write(`${inspectConfig(pathInput()).file.path}\n`)
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent config check              lists all errors at once
  $ edge-agent config show               every setting, its value and its source
  $ open -t "$(edge-agent config path)"  open the file in an editor`
