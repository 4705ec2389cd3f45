import { writeSync } from 'node:fs'
import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import { escapeControls } from '../core/escape-controls.ts'
import { maskPeople } from '../core/mask-people.ts'
import { createLineWriter, type LineWriter } from './line-writer.ts'
import { createRotatingFile } from './rotating-file.ts'

/**
 * The program's log, on standard output or in a `file` that rotates itself: ISO times, no host name. Writing never throws and never
 * ends the process: a closed pipe or a full disk costs lines, which are counted and reported once there is room again; where
 * the file cannot be opened, lines go to standard error until it can.
 * That texts, people and secrets stay out of it is the caller's duty; the redaction here is the net below.
 */
export const createLog = async ({
  level,
  format,
  file,
  destination = { fd: 1, isTTY: process.stdout.isTTY === true },
}: {
  readonly level: string
  readonly format: 'json' | 'pretty'
  readonly file?: string | undefined
  readonly destination?: { readonly fd: number; readonly isTTY: boolean }
}): Promise<Logger> => {
  const render =
    format === 'pretty' ? await loadPretty(file === undefined && destination.isTTY && !process.env['NO_COLOR']) : asIs
  const target = file === undefined ? () => destination.fd : fileOrStderr(file, line => render(maskStrings(line)))
  const toWriter: LineWriter = createLineWriter(target, lost => render(maskStrings(lostLine(lost))))
  return pino({ ...OPTIONS, level }, { write: line => toWriter(render(maskStrings(escapeControls(line)))) })
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

/** The file's descriptor, or that of standard error for as long as there is none, said once each time. */
const fileOrStderr = (file: string, render: (line: string) => string): (() => number) => {
  const next = createRotatingFile(file)
  let isLost = false
  return () => {
    try {
      const fd = next()
      isLost = false
      return fd
    } catch (error) {
      if (!isLost) {
        isLost = true
        const told = { code: 'log_unwritable', file, error: String(error) }
        writeSync(
          STDERR,
          render(noteLine({ ...told, msg: 'the log file cannot be opened; logging to standard error' })),
        )
      }
      return STDERR
    }
  }
}

const STDERR = 2

/** Only pretty logs need pino-pretty, and they are read by a person who waits for it. */
export const loadPretty = async (
  colorize: boolean,
  translateTime = 'SYS:HH:MM:ss.l',
): Promise<(line: string) => string> => {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({ colorize, translateTime, ignore: 'pid' })
  // What was escaped in JSON is a character again.
  return line => escapeControls(pretty(line))
}

const asIs = (line: string): string => line

/** People wherever they slipped into a text, an error's message included. Numbers are pids and times: JSON stays JSON. */
const maskStrings = (line: string): string => line.replace(JSON_STRING, maskPeople)

const JSON_STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/g

const lostLine = (lost: number): string => noteLine({ lost, msg: 'log lines lost' })

/** A line of the log about itself. */
const noteLine = (fields: object): string =>
  `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), pid: process.pid, ...fields })}\n`
