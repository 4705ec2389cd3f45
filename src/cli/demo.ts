import type { Command } from 'commander'

/** `edge-agent demo`: the whole product on one machine, with everything around it simulated. */
export const register = (program: Command): void => {
  program
    .command('demo')
    .description('see it work: a simulated Messages, a mock backend and the agent, with a verdict')
    .option('--json', 'print nothing but the result, as one JSON document')
    .option('--keep', 'keep the folder with chat.db, the ledger of what was sent, the logs and the state')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json, keep }: { json?: true; keep?: true }) => {
      const { printDemo } = await import('./print-demo.ts')
      await printDemo({ json: json === true, keep: keep === true })
    })
}

const EXAMPLES = `
Real Messages are never touched. Exit code 1 when a promise was not kept.

Examples:
  $ edge-agent demo                        a conversation with its time line, three times, and a verdict
  $ edge-agent demo --keep                 and all that was written meanwhile, to look at
  $ edge-agent demo --json | jq .verdict`
