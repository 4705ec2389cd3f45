import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent status`: how the running agent is. Exit code 3 when none runs. */
export const register = (program: Command): void => {
  const status = program
    .command('status')
    .description("show the agent's status; exit code 3 if it is not running")
    .option('--json', 'print the status as JSON')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(status)
  status.action(async ({ json }: { json?: true }) => {
    const { printStatus } = await import('./print-status.ts')
    await printStatus(input(), { json: json === true })
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent status                        connection, counts and problems
  $ edge-agent status --json | jq .problems  the problems, for scripts
  $ edge-agent status --profile family       another agent of the same user`
