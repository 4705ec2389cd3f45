import { type Command, Option } from 'commander'
import type { InitOptions } from '../mac/setup/answers.ts'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent init`: asks for what is needed, tries it out, and writes the settings file and the secret. */
export const register = (program: Command): void => {
  const init = program
    .command('init')
    .description('set it up: asks for backend, agent id and secret, tries them out, and writes them down')
    .option('--secret-file <file>', 'read the secret from this file, or from standard input with -')
    .addOption(
      new Option('--secret-store <store>', 'where to keep the secret: a file of mode 0600, or the Keychain').choices([
        'file',
        'keychain',
      ]),
    )
    .option('--allow-insecure-http', 'let the secret and all texts go unencrypted to a backend elsewhere')
    .option('--no-test', 'do not try out the backend')
    .option('--force', 'replace settings that are there; they are kept as .bak')
    .option('-y, --yes', 'do not ask: replace what is there, and invent an agent id where none is given')
    .option('--json', 'do not ask, and print what was done as JSON')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(init)
  init.action(async (options: InitOptions) => {
    const { setUp } = await import('../mac/setup/set-up.ts')
    await setUp(options, input())
  })
}

const EXAMPLES = `
What a flag says is not asked; flags of settings are written into the file. The secret itself has no flag, as other
users can see those: it is typed without being shown, or read from --secret-file, or from the variable EDGE_SECRET.
The trial sends no message. It is safe beside a running agent.

Examples:
  $ edge-agent init                                        asks for all that is needed
  $ edge-agent init --secret-store keychain                keep the secret in the Keychain
  $ edge-agent init --backend-url https://assistant.example.com --agent-id edge_13238407486 \\
      --secret-file - < secret.txt                         from a script, without questions
  $ edge-agent init --profile family                       a second agent of the same user`
