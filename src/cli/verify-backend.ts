import { type Command, Option } from 'commander'

/** `edge-agent verify-backend`: answers the questions that a backend has to answer, by trying. */
export const register = (program: Command): void => {
  program
    .command('verify-backend')
    .description('judge a backend: does it correlate WebSocket and POST as an edge agent needs it?')
    .addOption(new Option('--backend-url <url>', 'where the backend is').env('EDGE_BACKEND_URL'))
    .option('--agent-id <id>', 'it acts as <id>-verify-a and <id>-verify-b', 'edge')
    .option('--agent-a <id>', 'the first of the two ids, where the backend knows certain ones only')
    .option('--agent-b <id>', 'the second of them')
    .option('--thread-id <id>', 'one thread and sender for all messages, where the backend wants a known one')
    .option('--text <text>', 'the message, where another question is more likely to be answered')
    .option('--secret-file <file>', 'a file with the secret; the variable EDGE_SECRET counts before it')
    .option('--timeout <duration>', 'how long one answer may take', '60s')
    .option('--strict', 'what could not be told is a failure, too')
    .option('--yes', 'do not ask before talking to another machine')
    .option('--json', 'print nothing but the result, as one JSON document')
    .option('--junit <file>', 'write the result as JUnit XML, too')
    .addHelpText('after', HELP)
    .action(async (options: unknown) => {
      const { runVerifyBackend } = await import('./run-verify-backend.ts')
      await runVerifyBackend(options)
    })
}

const HELP = `
Messages is never touched: nothing is sent to a person. But the backend, and its model, answer some
20 messages, which may cost money; what is going to happen is told before it starts.

Examples:
  $ edge-agent mock-backend &                                           a backend that does it right
  $ edge-agent verify-backend --backend-url http://127.0.0.1:8787
  $ EDGE_SECRET=… edge-agent verify-backend --backend-url https://dev.example.com
  $ edge-agent verify-backend --backend-url https://dev.example.com --yes --junit verify.xml   in CI

Exit codes: 0 nothing is wrong, 1 at least one "no" (with --strict also for "could not tell"), 2 cancelled,
64 wrong use, 69 the backend cannot be reached.`
