import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import { createLineWriter, type LineWriter } from './line-writer.ts'

/**
 * The program's log, on standard output unless told otherwise: ISO times, no host name. Writing never throws and never
 * ends the process: a closed pipe or a full disk costs lines, which are counted and reported once there is room again.
 * That texts, people and secrets stay out of it is the caller's duty; the redaction here is the net below.
 */
export const createLog = async ({
  level,
  format,
  destination = { fd: 1, isTTY: process.stdout.isTTY === true },
}: {
  readonly level: string
  readonly format: 'json' | 'pretty'
  readonly destination?: { readonly fd: number; readonly isTTY: boolean }
}): Promise<Logger> => {
  const render = format === 'pretty' ? await loadPretty(destination.isTTY && !process.env['NO_COLOR']) : asIs
  const toWriter: LineWriter = createLineWriter(destination.fd, lost => render(maskPeople(lostLine(lost))))
  return pino({ ...OPTIONS, level }, { write: line => toWriter(render(maskPeople(line))) })
}

const SECRETIVE = [
  'text',
  'filtered_text',
  'filteredText',
  'message_text',
  'reply_bubbles',
  'bubbles',
  'body',
  'secret',
  'authorization',
  'Authorization',
  'token',
  'password',
]

const OPTIONS: LoggerOptions = {
  base: { pid: process.pid },
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: label => ({ level: label }) },
  redact: { paths: SECRETIVE.flatMap(key => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
}

/** Only pretty logs need pino-pretty, and they are read by a person who waits for it. */
const loadPretty = async (colorize: boolean): Promise<(line: string) => string> => {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid' })
  return line => pretty(line)
}

const asIs = (line: string): string => line

/** Phone numbers and e-mail addresses wherever they slipped in, an error's message included. Valid JSON stays valid. */
const maskPeople = (line: string): string =>
  line.replace(/\+\d{5,}(?=\d{2})/g, '+…').replace(/(?<![\w.+-])[\w.+-]+@[\w-]+(\.[\w-]+)+/g, '…@…')

const lostLine = (lost: number): string =>
  `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), pid: process.pid, lost, msg: 'log lines lost' })}\n`
