/** Messages, for one osascript that asks over standard input and output; a process of its own. */
import { answerRequests } from './answer-requests.ts'

await answerRequests({
  dir: process.argv[2] ?? '.',
  input: process.stdin,
  output: process.stdout,
  log: line => console.error(line), // standard error is messages-app.log
})
process.exit(0) // nobody else would end a process whose folder is gone
