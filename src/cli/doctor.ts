import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent doctor`: everything that can be wrong, with what was seen and the cure. */
export const register = (program: Command): void => {
  const doctor = program
    .command('doctor')
    .description('find problems with permissions, settings, backend, service and state')
    .option('--json', 'print the checks as JSON')
    .addHelpText('after', HELP)
  const input = addSettingsFlags(doctor)
  doctor.action(async ({ json }: { json?: true }) => {
    const { printDoctor } = await import('./print-doctor.ts')
    await printDoctor(input(), { json: json === true })
  })
}

const HELP = `
It changes nothing and sends no message. It sends one POST without any fields
to the backend, and opens a WebSocket only if no agent is running. macOS grants
access to chat.db and Automation per program, so it asks the running agent.

Exit codes: 0 nothing fails (there may be warnings), 77 only permissions fail,
78 only settings fail, 69 only the backend fails, 1 otherwise.

Examples:
  $ edge-agent doctor
  $ edge-agent doctor --profile family
  $ edge-agent doctor --json | jq '.checks[] | select(.state == "failed")'`
