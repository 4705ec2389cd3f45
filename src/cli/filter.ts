import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent filter test|replay`: what the rules do with a message, and with the history. */
export const register = (program: Command): void => {
  const filter = program
    .command('filter')
    .description('try the rules for what leaves this Mac, on one message or on the history')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', EXAMPLES)

  const test = filter
    .command('test')
    .description('show what would happen to a message, by which rule and why; sends nothing')
    .requiredOption('--from <address>', "the sender's number or e-mail address, or a name in [people]")
    .option('--text <text>', 'the text; - reads it from standard input')
    .option('--thread <id>', 'the conversation, such as chat655333 (default: the one with the sender)')
    .option('--group', "as in a group, whatever the thread's id")
    .option('--service <name>', 'iMessage, SMS or RCS', 'iMessage')
    .option('--unknown-sender', 'as if Messages had filtered the sender as unknown')
    .option('--category <name>', 'as if Messages had filed it there, such as junk')
    .option('--attachment', 'with an attachment; without --text, only that')
    .option('--mention', 'as if you were @-mentioned')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', TEST_EXAMPLES)
  const testInput = addSettingsFlags(test)
  test.action(async (options: unknown) => {
    const { testFilter } = await import('./test-filter.ts')
    await testFilter(testInput(), options)
  })

  const replay = filter
    .command('replay')
    .description('count what the rules would do with the history in chat.db; sends nothing')
    .option('--since <time>', 'start: a duration such as 7d or 12h, a date, or a time', '7d')
    .option('--limit <number>', 'only the newest N messages')
    .option('--samples', 'print samples with --json too')
    .option('--no-samples', 'print counts only')
    .option('--json', 'print the counts as JSON')
    .addHelpText('after', REPLAY_EXAMPLES)
  const replayInput = addSettingsFlags(replay)
  replay.action(async (options: unknown) => {
    const { replayFilter } = await import('./replay-filter.ts')
    // Both spellings are one option to commander, with true as its default.
    const samples = replay.getOptionValueSource('samples') === 'cli' ? replay.opts()['samples'] : undefined
    await replayFilter(replayInput(), { ...(options as object), samples })
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent filter test --from +15622924139 --text "lunch?"
  $ edge-agent filter replay --since 7d`

const TEST_EXAMPLES = `
Examples:
  $ edge-agent filter test --from +15622924139 --text "lunch?"
  $ edge-agent filter test --from anna@example.com --thread chat655333 --group \\
      --text "hey bot, who is in?"
  $ edge-agent filter test --from 262966 --service SMS --unknown-sender \\
      --text "Your code is 123456"
  $ pbpaste | edge-agent filter test --from +15622924139 --text - --json

Exit codes: 0 for any answer, 64 wrong usage, 78 wrong settings.`

const REPLAY_EXAMPLES = `
Examples:
  $ edge-agent filter replay  the last seven days
  $ edge-agent filter replay --since 2026-01-01 --no-samples
  $ edge-agent filter replay --since 30d --json |
      jq '.outcomes[] | select(.action == "forward")'

It only reads chat.db. For that, your terminal app needs Full Disk Access.

Exit codes: 0 done, 2 cancelled, 64 wrong usage, 77 permission missing, 78
wrong settings or no chat.db.`
