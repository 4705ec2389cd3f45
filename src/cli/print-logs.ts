import { once } from 'node:events'
import { closeSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { z } from 'zod'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { escapeControls } from '../agent/core/escape-controls.ts'
import { loadPretty } from '../agent/log/log.ts'
import { logFilesOf } from '../agent/log/rotating-file.ts'
import { type ConfigInput, inspectConfig } from '../config/inspect-config.ts'
import { placesOf } from '../config/places.ts'
import { followLog } from './follow-log.ts'
import { type LogFile, linesFromEnd, linesOf, openLogs } from './read-log.ts'
import { sinceOption } from './since-option.ts'
import { toJson } from './to-json.ts'
import { withoutControls } from './without-controls.ts'

/**
 * Prints what the options ask for of the log; with `follow` until it is interrupted.
 *
 * @throws EdgeError `usage`.
 */
export const printLogs = async (input: ConfigInput, rawOptions: unknown): Promise<void> => {
  const options = parseOptions(rawOptions)
  const { launchdLogFile, logFile } = placesOf(input)
  const set = inspectConfig(input).rows.find(({ key }) => key === 'log_file')?.value
  const paths = logFilesOf(typeof set === 'string' ? set : logFile)
  const print = await createPrinter(options.json)
  endQuietly()

  const files = openLogs(paths)
  const launchd = openLogs([launchdLogFile])
  await showLaunchd(launchd, launchdLogFile, options, print)
  if (files.length === 0) note(`no log yet: the agent logs to ${paths[0]} if launchd runs it or --log-file is set`)
  for (const line of selectLines(files, options)) await print.line(line)
  if (options.follow) {
    const followed = [
      { next: followLog(paths, newestOf(files, paths[0])), isLaunchd: false },
      { next: followLog([launchdLogFile], launchd[0]), isLaunchd: true },
    ]
    for (;;) {
      for (const { next, isLaunchd } of followed) {
        for (const line of next()) await (isLaunchd ? print.launchdLine(line) : print.line(line))
      }
      await sleep(FOLLOW_MS)
    }
  }
  for (const { fd } of [...files, ...launchd]) closeSync(fd)
}

const FOLLOW_MS = 150
const DEFAULT_LINES = 100
/** Of launchd's own log, unless it is asked for: enough for the end of a crash. */
const CRASH_LINES = 20
const RECENT_MS = 24 * 60 * 60_000

type Options = ReturnType<typeof parseOptions>

const parseOptions = (raw: unknown) => {
  const parsed = optionsSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new EdgeError('usage', `Invalid option value:\n${z.prettifyError(parsed.error)}`, {
    remedy: 'See edge-agent logs --help.',
    exit: EXIT.usage,
  })
}

const optionsSchema = z.object({
  follow: z.boolean().default(false),
  launchd: z.boolean().default(false),
  json: z.boolean().default(false),
  lines: z
    .string()
    .regex(/^\d{1,6}$/, 'Expected a number of lines, such as 100')
    .transform(Number)
    .optional(),
  since: sinceOption.optional(),
})

/** Of the log's files, the newest first, the lines that are asked for, the oldest first. */
function* selectLines(files: readonly LogFile[], { lines, since }: Options): Generator<string> {
  if (lines === undefined && since !== undefined) {
    yield* linesSince(files, since)
    return
  }
  yield* lastLines(files, lines ?? DEFAULT_LINES, since)
}

function* linesSince(files: readonly LogFile[], since: number): Generator<string> {
  const oldest = files.findIndex(file => (firstTime(file) ?? Number.POSITIVE_INFINITY) < since)
  let isDue = false
  for (const file of (oldest < 0 ? files : files.slice(0, oldest + 1)).toReversed()) {
    for (const line of linesOf(file)) {
      // A line without a time belongs to the one before it.
      isDue = isDue || (timeOf(line) ?? 0) >= since
      if (isDue) yield line
    }
  }
}

const lastLines = (files: readonly LogFile[], count: number, since = 0): readonly string[] => {
  const found: string[] = []
  for (const file of files) {
    for (const line of linesFromEnd(file)) {
      if (found.length >= count || (timeOf(line) ?? since) < since) return found.reverse()
      found.push(line)
    }
  }
  return found.reverse()
}

const firstTime = (file: LogFile): number | undefined => {
  for (const line of linesOf(file)) return timeOf(line)
  return undefined
}

/** Unix milliseconds of a line of the agent's; undefined for any other. */
const timeOf = (line: string): number | undefined => {
  const time = /"time":"([^"]+)"/.exec(line)?.[1]
  const ms = time === undefined ? Number.NaN : Date.parse(time)
  return Number.isNaN(ms) ? undefined : ms
}

/** launchd's own log has what no agent could log: a crash, or why it did not start. */
const showLaunchd = async (
  files: readonly LogFile[],
  path: string,
  { launchd, lines, since }: Options,
  print: Awaited<ReturnType<typeof createPrinter>>,
): Promise<void> => {
  const [file] = files
  if (launchd && (file === undefined || file.size === 0))
    note(`launchd has logged nothing (its log would be at ${path})`)
  if (file === undefined || file.size === 0) return
  const changedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (!launchd && changedMs < (since ?? Date.now() - RECENT_MS)) return
  note(`launchd's own log ${path}, last written ${new Date(changedMs).toISOString()}:`)
  const count = launchd ? (lines ?? DEFAULT_LINES) : CRASH_LINES
  for (const line of lastLines(files, count)) await print.launchdLine(line)
}

/** The file that is written now, to be followed; where only older ones are there, whatever comes is new. */
const newestOf = ([newest]: readonly LogFile[], path = ''): LogFile | undefined =>
  newest?.ino === statSync(path, { throwIfNoEntry: false })?.ino ? newest : undefined

const createPrinter = async (json: boolean) => {
  const isColoured = process.stdout.isTTY === true && !process.env['NO_COLOR']
  const pretty = json ? undefined : await loadPretty(isColoured, 'SYS:yyyy-mm-dd HH:MM:ss.l')
  const write = async (text: string): Promise<void> => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain')
  }
  const isJson = (line: string): boolean => line.startsWith('{') && timeOf(line) !== undefined
  const show = (line: string): string =>
    pretty === undefined ? `${escapeControls(line)}\n` : isJson(line) ? pretty(line) : `${withoutControls(line)}\n`
  const mark = isColoured ? styleText('dim', 'launchd |') : 'launchd |'
  return {
    line: (line: string) => write(json && !isJson(line) ? `${toJson({ line })}\n` : show(line)),
    launchdLine: (line: string) => write(json ? `${toJson({ source: 'launchd', line })}\n` : `${mark} ${show(line)}`),
  }
}

/** Ctrl-C is how following ends, and a reader that has seen enough is no failure. */
const endQuietly = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(EXIT.ok))
  process.stdout.on('error', () => process.exit(EXIT.ok))
}

const note = (text: string): void => {
  process.stderr.write(`${text}\n`)
}
