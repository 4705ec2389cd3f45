import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent filter test|replay`: what the rules do with a message, and with the history. */
export const register = (program: Command): void => {
  const filter = program
    .command('filter')
    .description('try the rules of what leaves this Mac, on one message or on the history')
    .addHelpText('after', EXAMPLES)

  const test = filter
    .command('test')
    .description('say what would happen with a message, by which rule and why; nothing is sent')
    .requiredOption('--from <address>', "the sender's number or e-mail address, or a name in [people]")
    .option('--text <words>', 'what it says; - reads it from standard input')
    .option('--thread <id>', 'the conversation, such as chat655333; the one with the sender otherwise')
    .option('--group', 'it is a group, whatever its id')
    .option('--service <name>', 'iMessage, SMS or RCS', 'iMessage')
    .option('--unknown-sender', 'Messages has filtered the sender away')
    .option('--attachment', 'there is an attachment; without --text nothing else')
    .option('--mention', 'you are @-mentioned')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', TEST_EXAMPLES)
  const testInput = addSettingsFlags(test)
  test.action(async (options: unknown) => {
    const { testFilter } = await import('./test-filter.ts')
    await testFilter(testInput(), options)
  })

  const replay = filter
    .command('replay')
    .description('count what the rules would have done with the history in chat.db, with samples; nothing is sent')
    .option('--since <time>', 'from then on: 7d or 12h ago, a date such as 2026-01-31, or a time', '7d')
    .option('--limit <number>', 'the newest so many messages only')
    .option('--samples', 'samples with --json, too')
    .option('--no-samples', 'counts only')
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
  $ edge-agent filter test --from +15622924139 --text "lunch?"     would this leave the Mac?
  $ edge-agent filter replay --since 7d                            what would have left in a week?`

const TEST_EXAMPLES = `
Examples:
  $ edge-agent filter test --from +15622924139 --text "lunch?"
  $ edge-agent filter test --from anna@example.com --thread chat655333 --group --text "hey bot, who is in?"
  $ edge-agent filter test --from 262966 --service SMS --unknown-sender --text "Your code is 123456"
  $ pbpaste | edge-agent filter test --from +15622924139 --text - --json

Exit codes: 0 whatever the answer is, 64 usage, 78 settings.`

const REPLAY_EXAMPLES = `
Examples:
  $ edge-agent filter replay                            the last seven days
  $ edge-agent filter replay --since 2026-01-01 --no-samples
  $ edge-agent filter replay --since 30d --json | jq '.outcomes[] | select(.action == "forward")'

chat.db is only read. macOS asks for Full Disk Access of whoever reads it: here that is your terminal's app.
Exit codes: 0, 2 cancelled, 64 usage, 77 permission, 78 settings or no chat.db.`
