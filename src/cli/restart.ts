import type { Command } from 'commander'
import { addServiceFlags } from './settings-flags.ts'

/** `edge-agent restart`: the service starts anew, or at all, with the settings of now. */
export const register = (program: Command): void => {
  const restart = program
    .command('restart')
    .description('start the service anew, after a change of the settings say; also starts a stopped one')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
  const input = addServiceFlags(restart)
  restart.action(async ({ json }: { json?: true }) => {
    const { runRestart } = await import('./run-restart.ts')
    await runRestart(input(), { json: json === true })
  })
}

const HELP = `
The settings are checked first: where they are wrong, what runs goes on.

Examples:
  $ edge-agent restart                      after a change of the settings, or of a permission
  $ edge-agent restart --profile family`
