import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent selftest --to +1…`: does a text of the running agent really come out of this Mac, and how fast? */
export const register = (program: Command): void => {
  const selftest = program
    .command('selftest')
    .description('have the running agent send a line to a number of your own, and say how long each step took')
    .requiredOption('--to <number>', 'a number or address of your own, with which Messages has a conversation')
    .option('--count <number>', 'how many lines, one after the other, up to 20 (default: 1, with --ways 5)')
    .option('--ways', 'compare both ways: steps of the warm one that send nothing, then --count lines by each')
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
  $ edge-agent selftest --to +15551234567              one line, its steps and their times
  $ edge-agent selftest --to me@example.com --count 5  five lines, and the medians
  $ edge-agent selftest --to +15551234567 --ways       is an osascript that stands ready faster, here? five lines by each

What it prints names no person: it can be put into a bug report as it is. Exit code 1 where a line did not come through,
3 where no agent runs, 77 where macOS does not let it control Messages.`
