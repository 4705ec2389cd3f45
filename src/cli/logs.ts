import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent logs`: the log of the agent that launchd keeps, or of any that has a log file. */
export const register = (program: Command): void => {
  const logs = program
    .command('logs')
    .description("print the agent's log, including rotated files")
    .option('-f, --follow', 'keep printing new lines until Ctrl-C')
    .option('--since <time>', 'start: a duration such as 10m or 2h, a date, or a time')
    .option('-n, --lines <number>', 'the last N lines (default: 100, unless --since is given)')
    .option('--launchd', "also show launchd's log (crashes, failed starts)")
    .option('--json', 'print the lines as they are, as JSON')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(logs)
  logs.action(async (options: unknown) => {
    const { printLogs } = await import('./print-logs.ts')
    await printLogs(input(), options)
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent logs -f                      follow new lines
  $ edge-agent logs --since 2h              the last two hours
  $ edge-agent logs --json | grep '"warn"'  for scripts
  $ edge-agent logs --launchd               if the agent does not start`
