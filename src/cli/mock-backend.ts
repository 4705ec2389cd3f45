import { type Command, Option } from 'commander'
import { DIALECTS } from '../lab/mock-backend/command-frame.ts'
import { DEFAULT_REFLEX, DEFAULT_REPLIES, DEFAULT_WAIT_MS } from '../lab/mock-backend/defaults.ts'

/** `edge-agent mock-backend`: the other side of the protocol, for trying things out on one machine. */
export const register = (program: Command): void => {
  program
    .command('mock-backend')
    .description('run a small test backend that answers every message, with a browser console')
    .option('--port <port>', 'port to listen on, 0 for any free port', '8787')
    .option('--host <host>', 'address to listen on; if others can reach it, a secret is required', '127.0.0.1')
    .option('--scenario <file>', 'file with behaviour and faults, as TOML or JSON; options override it')
    .option('--think-ms <ms>', 'time from reflex to answer (default: 1500)')
    .addOption(
      new Option('--secret <secret>', 'secret that agents, and people at the console, must present').env('EDGE_SECRET'),
    )
    .option(
      '--reflex <text>',
      `first bubble, sent early over the WebSocket; empty for none (default: "${DEFAULT_REFLEX}")`,
    )
    .option(
      '--replies <text...>',
      `bubbles after the reflex: several texts, or repeat the option (default: ${JSON.stringify(DEFAULT_REPLIES)})`,
    )
    .option('--echo', 'reply with the text of the message')
    .option(
      '--reply-command <command>',
      'program that reads a message as JSON from standard input and prints one bubble per line',
    )
    .option('--reply-timeout-ms <ms>', 'time limit of the reply command (default: 60000)')
    .option('--no-in-reply-to', 'let no reflex name the message it answers: the agent compares texts')
    .addOption(new Option('--in-reply-to').hideHelp()) // what it was called when it was an exception
    .option('--no-websocket', 'refuse every WebSocket with 503: the reflex comes with the answer only')
    .option('--no-idempotency', 'ignore Idempotency-Key')
    .addOption(
      new Option('--dialect <dialect>', 'the full protocol, or only its first version (default: "full")').choices(
        DIALECTS,
      ),
    )
    .addOption(
      new Option(
        '--router <url>',
        "Redis that several replicas share to find each other's WebSockets: redis://… or rediss://…",
      ).env('EDGE_ROUTER'),
    )
    .option('--router-wait-ms <ms>', 'how long a reflex waits for another replica', String(DEFAULT_WAIT_MS))
    .option('--json', 'print one JSON object per event instead of the log')
    .addHelpText('after', EXAMPLES)
    .action(async (options: unknown) => {
      const { runMockBackend } = await import('./run-mock-backend.ts')
      await runMockBackend(options)
    })
}

const EXAMPLES = `
In the reflex and the replies, {text} is replaced with the text of the message.
The console is at the address it listens on, its API below /mock. The reply
command runs without a shell; for a shell, use sh -c '…'.

Examples:
  $ edge-agent mock-backend
      then: edge-agent init --backend-url http://localhost:8787
  $ edge-agent mock-backend --think-ms 500 --reflex hm --replies '{text}?' Well
  $ edge-agent mock-backend --scenario docs/scenarios/flaky-network.toml
  $ edge-agent mock-backend --reply-command 'python3 my-model.py'
  $ edge-agent mock-backend --port 8788 --router redis://localhost:6379
  $ EDGE_SECRET=open-sesame edge-agent mock-backend --json`
