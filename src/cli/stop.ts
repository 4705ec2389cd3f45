import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent stop`: ends the agent, as a service or in a terminal. Exit code 3 when none runs. */
export const register = (program: Command): void => {
  const stop = program
    .command('stop')
    .description('stop the agent, as a service or in another terminal; exit code 3 when none runs')
    .option('--disable', 'do not start the service at the next login either')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
  const input = addSettingsFlags(stop)
  stop.action(async ({ disable, json }: { disable?: true; json?: true }) => {
    const { runStop } = await import('./run-stop.ts')
    await runStop(input(), { disable: disable === true, json: json === true })
  })
}

const HELP = `
It waits for sends that are under way. A stopped service starts again at the next login, or by "edge-agent restart".

Examples:
  $ edge-agent stop                         until the next login
  $ edge-agent stop --disable               until "edge-agent restart" or "edge-agent install"`
