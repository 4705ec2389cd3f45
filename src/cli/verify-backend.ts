import { type Command, Option } from 'commander'

/** `edge-agent verify-backend`: answers the questions that a backend has to answer, by trying. */
export const register = (program: Command): void => {
  program
    .command('verify-backend')
    .description('test whether a backend follows the protocol')
    .addOption(new Option('--backend-url <url>', 'URL of the backend').env('EDGE_BACKEND_URL'))
    .option('--agent-id <id>', 'the test acts as <id>-verify-a and <id>-verify-b', 'edge')
    .option('--agent-a <id>', 'first of the two ids, if the backend only knows certain ids')
    .option('--agent-b <id>', 'second of the two ids')
    .option('--thread-id <id>', 'one thread and sender for all messages, if the backend needs a known one')
    .option('--text <text>', 'the message to send, if your backend does not answer the usual one')
    .option('--secret-file <file>', 'file with the secret; the EDGE_SECRET variable overrides it')
    .option('--timeout <duration>', 'how long one answer may take', '60s')
    .option('--strict', 'treat "could not tell" as a failure')
    .option('--yes', 'do not ask before contacting another machine')
    .option('--json', 'print only the result, as JSON')
    .option('--junit <file>', 'also write the result as JUnit XML')
    .addHelpText('after', HELP)
    .action(async (options: unknown) => {
      const { runVerifyBackend } = await import('./run-verify-backend.ts')
      await runVerifyBackend(options)
    })
}

const HELP = `
It never touches Messages and sends nothing to a person. The backend and its
model answer about 20 messages, which may cost money. It shows its plan first.

Examples:
  $ edge-agent mock-backend &  a backend that passes the test
  $ edge-agent verify-backend --backend-url http://127.0.0.1:8787
  $ EDGE_SECRET=… edge-agent verify-backend --backend-url https://example.com
  $ edge-agent verify-backend --backend-url https://example.com --yes \\
      --junit verify.xml       in CI

Exit codes: 0 nothing is wrong, 1 at least one "no" (with --strict, also for
"could not tell"), 2 cancelled, 64 wrong usage, 69 the backend cannot be
reached.`
