import type { Command } from 'commander'

type Options = {
  readonly json?: true
  readonly keep?: true
  readonly web?: true
  readonly port: string
  readonly open: boolean
}

/** `edge-agent demo`: the whole product on one machine, with everything around it simulated. */
export const register = (program: Command): void => {
  program
    .command('demo')
    .description('watch the agent work with a simulated Messages and a mock backend')
    .option('--web', "try it in the browser: a phone to write from, and the backend's console")
    .option('--port <port>', 'with --web: port to listen on, 0 for any free port', '0')
    .option('--no-open', 'with --web: print the address, but do not open a browser')
    .option('--json', 'print only the result, as JSON; with --web, only the address')
    .option('--keep', 'keep the folder with chat.db, the ledger of sent texts, logs and state')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json, keep, web, port, open }: Options) => {
      const options = { json: json === true, keep: keep === true }
      if (web) {
        const { runWebDemo } = await import('./run-web-demo.ts')
        await runWebDemo({ ...options, port, open })
      } else {
        const { printDemo } = await import('./print-demo.ts')
        await printDemo(options)
      }
    })
}

const EXAMPLES = `
It plays three scenarios: normal, no WebSocket, agent killed mid-reply. Then it
prints a pass/fail summary; the exit code is 1 if anything failed. With --web,
it runs until Ctrl-C. Your real Messages are never touched.

Examples:
  $ edge-agent demo         three scenarios and a summary
  $ edge-agent demo --web   a phone and the backend's console
  $ edge-agent demo --keep  keep all files, to look at later
  $ edge-agent demo --web --no-open --port 8080
  $ edge-agent demo --json | jq .verdict`
