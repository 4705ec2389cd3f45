import type { Command } from 'commander'
import { addServiceFlags } from './settings-flags.ts'

/** `edge-agent restart`: the service starts anew, or at all, with the settings of now. */
export const register = (program: Command): void => {
  const restart = program
    .command('restart')
    .description('restart the service, e.g. after changing settings; also starts a stopped one')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
  const input = addServiceFlags(restart)
  restart.action(async ({ json }: { json?: true }) => {
    const { runRestart } = await import('./run-restart.ts')
    await runRestart(input(), { json: json === true })
  })
}

const HELP = `
It checks the settings first. If they are wrong, the service keeps running as
is.

Examples:
  $ edge-agent restart  after changing settings or permissions
  $ edge-agent restart --profile family`
