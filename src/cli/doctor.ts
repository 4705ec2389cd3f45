import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent doctor`: everything that can be wrong, with what was seen and the cure. */
export const register = (program: Command): void => {
  const doctor = program
    .command('doctor')
    .description('look at everything that can be wrong: permissions, settings, backend, service, state')
    .option('--json', 'print the checks as JSON')
    .addHelpText('after', HELP)
  const input = addSettingsFlags(doctor)
  doctor.action(async ({ json }: { json?: true }) => {
    const { printDoctor } = await import('./print-doctor.ts')
    await printDoctor(input(), { json: json === true })
  })
}

const HELP = `
Nothing is changed, and no message is sent. To the backend goes one POST without any field; a WebSocket is dialled only
where no agent runs. What only the agent can tell (chat.db, Automation) is asked of the one that runs.

Exit code: 0 where nothing fails (warnings are allowed), 77 where only permissions fail, 78 only settings, 69 only the
backend, 1 else.

Examples:
  $ edge-agent doctor
  $ edge-agent doctor --profile family
  $ edge-agent doctor --json | jq '.checks[] | select(.state == "failed")'`
