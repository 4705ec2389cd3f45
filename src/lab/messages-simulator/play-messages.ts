import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import { followLedger } from './ledger.ts'
import { createSimulator, type Simulator } from './simulator.ts'

/**
 * Runs a simulator by JSON lines. The first line out names its files: `{chatDb, osascript, ledger}`. Each line in,
 * `{"receive": {"from", "text", "chat"?, "name"?, "participants"?, "attachments"?, "replyTo"?}}`, is a message to us, answered by
 * `{"event": "committed", guid, at, thread, text}`; with `{"edit": {"guid", "text"}}` and `{"unsend": {"guid"}}` its sender changes
 * it or takes it back, answered by an event "edited" or "unsent"; each text that is sent by osascript comes out as
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
    else {
      try {
        print(await obey(simulator, request))
      } catch (error) {
        errors.write(`failed, ${String(error)}: ${line}\n`)
      }
    }
  }
  ended.abort()
  simulator.close()
}

const receive = z.strictObject({
  from: z.string().min(1),
  text: z.string(),
  /** The guid of another chat than the sender's own. */
  chat: z
    .string()
    .regex(/^\w+;[-+];.+$/)
    .optional(),
  /** Of a group: its name, and who else is in it. */
  name: z.string().optional(),
  participants: z.array(z.string().min(1)).optional(),
  attachments: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        mimeType: z.string().optional(),
        bytes: z.number().optional(),
        isSticker: z.boolean().optional(),
      }),
    )
    .optional(),
  replyTo: z.string().optional(),
})

const requestSchema = z.union([
  z.strictObject({ receive }),
  z.strictObject({ edit: z.strictObject({ guid: z.string(), text: z.string() }) }),
  z.strictObject({ unsend: z.strictObject({ guid: z.string() }) }),
])
type Request = z.infer<typeof requestSchema>

const parseRequest = (line: string): Request | { readonly problem: string } => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { problem: 'not JSON' }
  }
  // By what it asks for: of three misfits only one is worth a word.
  const asks = typeof value === 'object' && value !== null ? value : {}
  const schema = requestSchema.options.find(({ shape }) => Object.keys(shape).some(name => name in asks))
  const request = (schema ?? requestSchema.options[0]).safeParse(value)
  return request.success ? request.data : { problem: z.prettifyError(request.error).replaceAll(/\s+/g, ' ') }
}

const obey = async (simulator: Simulator, request: Request): Promise<object> => {
  if ('receive' in request) return receiveMessage(simulator, request.receive)
  if ('edit' in request) {
    const { guid, text } = request.edit
    return { event: 'edited', guid, at: simulator.editMessage(guid, text).committedAt, text }
  }
  const { guid } = request.unsend
  return { event: 'unsent', guid, at: simulator.unsendMessage(guid).committedAt }
}

const receiveMessage = async (
  simulator: Simulator,
  { from, text, chat, name, participants, attachments = [], replyTo }: z.infer<typeof receive>,
): Promise<object> => {
  const guid = chat ?? `any;-;${from}`
  const committed = await simulator.receive({
    from,
    text,
    chat: { guid, ...(name !== undefined && { name }), ...(participants && { participants }) },
    attachments,
    ...(replyTo !== undefined && { replyTo }),
  })
  return { event: 'committed', guid: committed.guid, at: committed.committedAt, thread: toThread(guid), text }
}

/** chat.chat_identifier, which the guid ends with. */
const toThread = (guid: string): string => guid.split(';').slice(2).join(';')
