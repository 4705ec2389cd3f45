import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent report`: one archive for whoever helps, without texts, people or secrets. */
export const register = (program: Command): void => {
  const report = program
    .command('report')
    .description('write a diagnostics archive for bug reports, without texts, numbers or secrets')
    .option('--output <file>', 'file to write (default: edge-agent-report-DATE-TIME.tar.gz in this folder)')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', HELP)
  const input = addSettingsFlags(report)
  report.action(async ({ output, json }: { output?: string; json?: true }) => {
    const { printReport } = await import('./print-report.ts')
    await printReport(input(), { output, json: json === true })
  })
}

const HELP = `
It works whether or not the agent is running, and sends nothing anywhere: check
the archive, then share it yourself.

Examples:
  $ edge-agent report
  $ edge-agent report --output report.tar.gz && tar -xzOf report.tar.gz | less`
