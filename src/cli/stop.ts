import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent stop`: ends the agent, as a service or in a terminal. Exit code 3 when none runs. */
export const register = (program: Command): void => {
  const stop = program
    .command('stop')
    .description('stop the agent (service or terminal); exit code 3 if it is not running')
    .option('--disable', 'also do not start the service at the next login')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
  const input = addSettingsFlags(stop)
  stop.action(async ({ disable, json }: { disable?: true; json?: true }) => {
    const { runStop } = await import('./run-stop.ts')
    await runStop(input(), { disable: disable === true, json: json === true })
  })
}

const HELP = `
It waits for sends in progress. A stopped service starts again at the next
login, or with "edge-agent restart".

Examples:
  $ edge-agent stop            until the next login
  $ edge-agent stop --disable  until "edge-agent restart" or "… install"`
