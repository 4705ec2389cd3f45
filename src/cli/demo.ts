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
    .description('see it work: a simulated Messages, a mock backend and the agent, with a verdict')
    .option('--web', 'play with it in the browser: a phone to write from, and the console of the backend')
    .option('--port <port>', 'with --web: port to listen on, 0 for any free one', '0')
    .option('--no-open', 'with --web: print the address, and open no browser')
    .option('--json', 'print nothing but the result, as one JSON document; with --web, the address')
    .option('--keep', 'keep the folder with chat.db, the ledger of what was sent, the logs and the state')
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
Real Messages are never touched. Exit code 1 when a promise was not kept. With --web it runs until Ctrl-C.

Examples:
  $ edge-agent demo                        a conversation with its time line, three times, and a verdict
  $ edge-agent demo --web                  a phone to write from, and the backend's console, in the browser
  $ edge-agent demo --keep                 and all that was written meanwhile, to look at
  $ edge-agent demo --web                  play with it in the browser
  $ edge-agent demo --web --no-open --port 8080
  $ edge-agent demo --json | jq .verdict`
