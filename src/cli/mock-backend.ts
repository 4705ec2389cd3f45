import { type Command, Option } from 'commander'
import { DIALECTS } from '../lab/mock-backend/command-frame.ts'
import { DEFAULT_REFLEX, DEFAULT_REPLIES, DEFAULT_WAIT_MS } from '../lab/mock-backend/defaults.ts'

/** `edge-agent mock-backend`: the other side of the protocol, for trying things out on one machine. */
export const register = (program: Command): void => {
  program
    .command('mock-backend')
    .description('run a small backend that answers every message, with a console in the browser, for trials and tests')
    .option('--port <port>', 'port to listen on, 0 for any free one', '8787')
    .option('--host <host>', 'address to listen on; one that others can reach needs a secret', '127.0.0.1')
    .option('--scenario <file>', 'how it behaves and what goes wrong, as TOML or JSON; options here come before it')
    .option('--think-ms <ms>', 'time from the reflex to the answer (default: 1500)')
    .addOption(
      new Option('--secret <secret>', 'what agents have to present, and people at the console').env('EDGE_SECRET'),
    )
    .option(
      '--reflex <text>',
      `first bubble, sent ahead over the WebSocket; empty for none (default: "${DEFAULT_REFLEX}")`,
    )
    .option(
      '--replies <text...>',
      `bubbles after the reflex: several texts, or the option repeated (default: ${JSON.stringify(DEFAULT_REPLIES)})`,
    )
    .option('--echo', 'answer with the text of the message')
    .option(
      '--reply-command <command>',
      'a program that gets each message as JSON on its standard input and prints one bubble per line',
    )
    .option('--reply-timeout-ms <ms>', 'how long it may take (default: 60000)')
    .option('--no-in-reply-to', 'let no reflex name the message it answers: the agent has to compare texts')
    .addOption(new Option('--in-reply-to').hideHelp()) // what it was called when it was an exception
    .option('--no-websocket', 'refuse every WebSocket with 503: the answer alone brings the reflex')
    .option('--no-idempotency', 'work again on a message that is posted again')
    .addOption(
      new Option(
        '--dialect <dialect>',
        'all of the protocol, or only what its first description knows (default: "full")',
      ).choices(DIALECTS),
    )
    .addOption(
      new Option(
        '--router <url>',
        "how several of them find each other's WebSockets: redis://… or rediss://…, which they share",
      ).env('EDGE_ROUTER'),
    )
    .option('--router-wait-ms <ms>', 'how long a reflex waits for another replica', String(DEFAULT_WAIT_MS))
    .option('--json', 'print one JSON object per event in place of the log')
    .addHelpText('after', EXAMPLES)
    .action(async (options: unknown) => {
      const { runMockBackend } = await import('./run-mock-backend.ts')
      await runMockBackend(options)
    })
}

const EXAMPLES = `
{text} in the reflex or a reply stands for the text of the message. The console is at the address it listens on, its
API below /mock. The reply command is started without a shell; who needs one writes sh -c '…'.

Examples:
  $ edge-agent mock-backend                     then: edge-agent init --backend-url http://localhost:8787
  $ edge-agent mock-backend --think-ms 500 --reflex 'hm' --replies '{text}?' 'Well.'
  $ edge-agent mock-backend --scenario docs/scenarios/flaky-network.toml
  $ edge-agent mock-backend --reply-command 'python3 my-model.py'
  $ edge-agent mock-backend --port 8788 --router redis://localhost:6379    one of several replicas
  $ EDGE_SECRET=open-sesame edge-agent mock-backend --json    one event a line`
