import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent selftest --to +1…`: does a text of the running agent really come out of this Mac, and how fast? */
export const register = (program: Command): void => {
  const selftest = program
    .command('selftest')
    .description('send a test line to your own number and show how long each step took')
    .requiredOption('--to <number>', 'your own number or address; Messages must have a conversation with it')
    .option('--count <number>', 'how many lines to send, up to 20 (default: 1, with --ways 5)')
    .option('--ways', 'compare both ways of sending: an osascript kept ready, and one started for each text')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(selftest)
  selftest.action(async (options: unknown) => {
    const { runSelftest } = await import('./run-selftest.ts')
    await runSelftest(input(), options)
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent selftest --to +15551234567              one line
  $ edge-agent selftest --to me@example.com --count 5  five lines and medians
  $ edge-agent selftest --to +15551234567 --ways       compare both ways

The running agent sends the lines. The output names nobody, so you can paste it
into a bug report.

Exit codes: 1 a line did not get through, 3 no agent is running, 77 macOS does
not let the agent control Messages.`
