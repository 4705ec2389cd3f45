import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent explain`: what became of one message, step by step. Exit code 1 where it is not known. */
export const register = (program: Command): void => {
  const explain = program
    .command('explain [id]')
    .description('show everything that happened to one message, without its text')
    .option('--last', 'the latest message')
    .option('--thread <thread>', 'with --last: the latest from this number, address or chat')
    .option('--json', 'print the story as JSON')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(explain)
  explain.action(async (id: string | undefined, options: { last?: true; thread?: string; json?: true }) => {
    const { printStory } = await import('./print-explain.ts')
    const { last = false, thread, json = false } = options
    await printStory(input(), { id, last, thread, json })
  })
}

const EXAMPLES = `
It shows when the message was seen, which rule decided, what was redacted, each
POST, the reflex, each bubble and each ack.

Examples:
  $ edge-agent explain --last  the latest message
  $ edge-agent explain --last --thread "+1 (562) 292-4139"
  $ edge-agent explain B373E262-AFC1-41F5-B802-7B90DC0BEE7B
  $ edge-agent explain b34     the message behind this queue item
  $ edge-agent explain 8bb7509b-ad82-4bd1-bbb2-f47e837294dd --json`
