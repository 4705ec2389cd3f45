import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent audit`: what left this Mac and what did not. */
export const register = (program: Command): void => {
  const audit = program
    .command('audit')
    .description('count what left this Mac and what did not, by rule and kind, without any texts')
    .option('--since <time>', 'start: a duration such as 12h or 7d, a date, or a time', '7d')
    .option('--list [number]', 'also list messages, one per line, the newest last (default: the last 100)')
    .option('--json', 'print the counts as JSON')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(audit)
  audit.action(async ({ since, list, json = false }: { since: string; list?: string | true; json?: boolean }) => {
    const { printAudit } = await import('./print-audit.ts')
    await printAudit(input(), { since, list, json })
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent audit                             the last seven days
  $ edge-agent audit --since 2026-11-23          since the start of that day
  $ edge-agent audit --since 24h --list          with one line per message
  $ edge-agent audit --json | jq .messages.kept  what was not forwarded, and why`
