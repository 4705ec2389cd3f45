import { z } from 'zod'
import { EdgeError, EXIT } from '../core/errors.ts'
import { DIALECTS } from '../mock-backend/command-frame.ts'
import { logLine } from '../mock-backend/log-line.ts'
import { answerUpgrade } from '../mock-backend/socket-faults.ts'
import { startMockBackend } from '../mock-backend/start-mock-backend.ts'

/**
 * Runs a mock backend until SIGINT or SIGTERM, its log on stdout.
 * @param raw the options as commander read them
 * @throws EdgeError `usage`, and those of `startMockBackend`
 */
export const runMockBackend = async (raw: unknown): Promise<void> => {
  const { reflex, replies, json, websocket, ...options } = parseOptions(raw)
  const backend = await startMockBackend({
    ...options,
    reflex: message => (reflex === '' ? undefined : fill(reflex, message.filtered_text)),
    replies: message => replies.map(reply => fill(reply, message.filtered_text)),
    ...(json ? { onEvent: event => print(JSON.stringify({ ...event, line: logLine(event) })) } : { log: print }),
  })
  if (!websocket) backend.faults.upgrade.push({ effect: answerUpgrade(503), times: Number.POSITIVE_INFINITY })

  const line = `mock backend listening on ${backend.url}`
  print(json ? JSON.stringify({ at: Date.now(), type: 'listening', url: backend.url, line }) : line)
  await untilSignal()
  await backend.close()
}

const parseOptions = (raw: unknown): z.infer<typeof optionsSchema> => {
  const parsed = optionsSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new EdgeError('usage', `An option does not fit.\n${z.prettifyError(parsed.error)}`, {
    remedy: 'See edge-agent mock-backend --help.',
    exit: EXIT.usage,
  })
}

// Not z.coerce, for which an empty text is a zero.
const wholeNumber = (max: number) =>
  z.string().regex(/^\d+$/, 'Not a whole number').transform(Number).pipe(z.number().max(max))

const optionsSchema = z.object({
  port: wholeNumber(65_535),
  host: z.string().min(1),
  thinkMs: wholeNumber(3_600_000),
  secret: z.string().default(''),
  reflex: z.string(),
  replies: z.array(z.string()),
  inReplyTo: z.boolean().default(false),
  websocket: z.boolean(),
  idempotency: z.boolean(),
  dialect: z.enum(DIALECTS),
  json: z.boolean().default(false),
})

// A replacer function: in a plain replacement `$&` and its like would be taken for patterns.
const fill = (template: string, text: string): string => template.replaceAll('{text}', () => text)

const untilSignal = (): Promise<unknown> =>
  new Promise(resolve => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
