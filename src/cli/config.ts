import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent config check|show|path`: what the settings are, where they come from, and whether they are right. */
export const register = (program: Command): void => {
  const config = program
    .command('config')
    .description('look at the settings: are they right, and where do they come from')
    .addHelpText('after', EXAMPLES)

  const check = config
    .command('check')
    .description('say whether the settings are right, and exit with 0 or 78')
    .option('--json', 'print the result as JSON')
  const checkInput = addSettingsFlags(check)
  check.action(async ({ json }: { json?: true }) => {
    const { checkConfig } = await import('./print-config.ts')
    await checkConfig(checkInput(), { json: json === true })
  })

  const show = config
    .command('show')
    .description('print every setting with its value and where that comes from')
    .option('--json', 'print the settings as JSON')
  const showInput = addSettingsFlags(show)
  show.action(async ({ json }: { json?: true }) => {
    const { showConfig } = await import('./print-config.ts')
    showConfig(showInput(), { json: json === true })
  })

  const path = config.command('path').description('print where the settings file is, or would be')
  const pathInput = addSettingsFlags(path)
  path.action(async () => {
    const { inspectConfig } = await import('../config/inspect-config.ts')
    process.stdout.write(`${inspectConfig(pathInput()).file.path}\n`)
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent config check                are they right? exit code 0, or 78 with all faults at once
  $ edge-agent config show                 every setting, its value, and where that comes from
  $ open -t "$(edge-agent config path)"    the file, in an editor`
