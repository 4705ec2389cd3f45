import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import { followLedger } from './ledger.ts'
import { createSimulator, type Simulator } from './simulator.ts'

/**
 * Runs a simulator by JSON lines. The first line out names its files: `{chatDb, osascript, ledger}`. Each line in,
 * `{"receive": {"from", "text", "chat"?}}`, is a message to us, answered by
 * `{"event": "committed", guid, at, thread, text}`; each text that is sent by osascript comes out as
 * `{"event": "sent", guid, at, text, thread}`. A line that does not fit is explained on `errors` and skipped. Ends when the
 * input does, or at `stop`.
 */
export const playMessages = async ({
  dir,
  input,
  output,
  errors,
  stop,
}: {
  readonly dir: string
  readonly input: Readable
  readonly output: Writable
  readonly errors: Writable
  readonly stop: AbortSignal
}): Promise<void> => {
  const simulator = createSimulator({ dir })
  const ended = new AbortController()
  const print = (line: object): void => {
    output.write(`${JSON.stringify(line)}\n`)
  }
  const { chatDbPath: chatDb, osascriptPath: osascript, ledgerPath: ledger } = simulator
  followLedger(
    ledger,
    ({ guid, at, text }) => print({ event: 'sent', guid, at, text, thread: toThread(guid) }),
    ended.signal,
  )
  print({ chatDb, osascript, ledger })
  const lines = createInterface({ input })
  stop.addEventListener('abort', () => lines.close())
  for await (const line of lines) {
    const request = parseRequest(line)
    if ('problem' in request) errors.write(`skipped, ${request.problem}: ${line}\n`)
    else print(await receive(simulator, request.receive))
  }
  ended.abort()
  simulator.close()
}

const requestSchema = z.strictObject({
  receive: z.strictObject({
    from: z.string().min(1),
    text: z.string(),
    /** The guid of another chat than the sender's own. */
    chat: z
      .string()
      .regex(/^\w+;[-+];.+$/)
      .optional(),
  }),
})
type Receive = z.infer<typeof requestSchema>['receive']

const parseRequest = (line: string): { readonly receive: Receive } | { readonly problem: string } => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { problem: 'not JSON' }
  }
  const request = requestSchema.safeParse(value)
  return request.success ? request.data : { problem: z.prettifyError(request.error).replaceAll(/\s+/g, ' ') }
}

const receive = async (simulator: Simulator, { from, text, chat }: Receive): Promise<object> => {
  const guid = chat ?? `any;-;${from}`
  const committed = await simulator.receive({ from, text, chat: guid })
  return { event: 'committed', guid: committed.guid, at: committed.committedAt, thread: toThread(guid), text }
}

/** chat.chat_identifier, which the guid ends with. */
const toThread = (guid: string): string => guid.split(';').slice(2).join(';')
