import { type Command, Option } from 'commander'
import type { InitOptions } from '../mac/setup/answers.ts'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent init`: asks for what is needed, tries it out, and writes the settings file and the secret. */
export const register = (program: Command): void => {
  const init = program
    .command('init')
    .description('set up edge-agent: ask for backend, agent id and secret, test and save them')
    .option('--secret-file <file>', 'read the secret from this file, or from standard input with -')
    .addOption(
      new Option('--secret-store <store>', 'where to keep the secret: a file (mode 0600) or the Keychain').choices([
        'file',
        'keychain',
      ]),
    )
    .option('--allow-insecure-http', 'allow plain http to another machine: secret and texts travel unencrypted')
    .option('--no-test', 'do not test the backend')
    .option('--force', 'replace existing settings; the old file is kept as .bak')
    .option('-y, --yes', 'do not ask: replace existing settings, and make up an agent id if none is given')
    .option('--json', 'do not ask, and print what was done as JSON')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(init)
  init.action(async (options: InitOptions) => {
    const { setUp } = await import('../mac/setup/set-up.ts')
    await setUp(options, input())
  })
}

const EXAMPLES = `
It only asks for what the flags leave open, and saves the flags of settings in
the settings file. There is no flag for the secret itself, because other users
can see flags: type it (it is not shown), or use --secret-file or the
EDGE_SECRET variable. The test sends no message and is safe while an agent is
running.

Examples:
  $ edge-agent init                          ask for everything needed
  $ edge-agent init --secret-store keychain  keep the secret in the Keychain
  $ edge-agent init --profile family         a second agent of the same user
  $ edge-agent init --backend-url https://assistant.example.com \\
      --agent-id edge_13238407486 --secret-file - < secret.txt
                                             from a script, without questions`
