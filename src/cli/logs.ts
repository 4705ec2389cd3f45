import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent logs`: the log of the agent that launchd keeps, or of any that has a log file. */
export const register = (program: Command): void => {
  const logs = program
    .command('logs')
    .description("print the agent's log, across its rotated files")
    .option('-f, --follow', 'go on with what is logged from now on, until Ctrl-C')
    .option('--since <time>', 'from then on: 10m or 2h ago, or a time such as 2026-01-31T09:00')
    .option('-n, --lines <number>', 'the last so many lines; 100 unless --since is given')
    .option('--launchd', 'also what launchd itself keeps, however old: the words of a crash, of a start that failed')
    .option('--json', 'the lines as they are')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(logs)
  logs.action(async (options: unknown) => {
    const { printLogs } = await import('./print-logs.ts')
    await printLogs(input(), options)
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent logs -f                          what happens now
  $ edge-agent logs --since 2h                  what happened
  $ edge-agent logs --json | grep '"warn"'      for programs
  $ edge-agent logs --launchd                   it does not start: why?`
