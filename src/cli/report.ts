import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent report`: one archive for whoever helps, without texts, people or secrets. */
export const register = (program: Command): void => {
  const report = program
    .command('report')
    .description('write one archive with all that helps to find a fault, without texts, numbers or secrets')
    .option('--output <file>', 'where to write it (default: edge-agent-report-DATE-TIME.tar.gz in this folder)')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', HELP)
  const input = addSettingsFlags(report)
  report.action(async ({ output, json }: { output?: string; json?: true }) => {
    const { printReport } = await import('./print-report.ts')
    await printReport(input(), { output, json: json === true })
  })
}

const HELP = `
It works whether the agent runs or not. Nothing is sent anywhere: look into the archive, then give it to whom you like.

Examples:
  $ edge-agent report
  $ edge-agent report --output /tmp/report.tar.gz && tar -xzOf /tmp/report.tar.gz | less`
