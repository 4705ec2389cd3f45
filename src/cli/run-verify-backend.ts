import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { z } from 'zod'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { ConfigError } from '../config/config-error.ts'
import { parseDuration } from '../config/duration.ts'
import { isLoopback } from '../config/inspect-config.ts'
import { findSecret, readSecret } from '../config/secret.ts'
import { agentsFor, planFor } from '../lab/verify-backend/plan.ts'
import { timingsFor } from '../lab/verify-backend/timings.ts'
import { toJunit } from '../lab/verify-backend/to-junit.ts'
import { exitCodeOf, type Report, verifyBackend } from '../lab/verify-backend/verify-backend.ts'
import { type Paint, renderOpening, renderReport } from './print-verify.ts'
import { toJson } from './to-json.ts'

/**
 * Judges a backend and prints what was found; the exit code tells, too.
 *
 * @param raw the options as commander read them
 * @throws EdgeError `usage`, `cancelled`, `junit`; ConfigError
 */
export const runVerifyBackend = async (raw: unknown): Promise<void> => {
  const options = parseOptions(raw)
  const { backendUrl, json, strict, yes, junit } = options
  const secret = loadSecret(options.secretFile)
  const bench = {
    backendUrl,
    secret,
    agents: agentsFor(options),
    threadId: options.threadId,
    question: options.text,
    timings: timingsFor(options.timeout),
  }
  const opening = renderOpening(backendUrl, planFor(bench), isExposed(backendUrl) && secret !== undefined)
  ;(json ? process.stderr : process.stdout).write(opening)

  const stop = new AbortController()
  const cancel = (): void => stop.abort(CANCELLED)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, cancel)
  try {
    if (!yes && !isLoopback(backendUrl)) await confirm(backendUrl, stop.signal)
    const report = await verifyBackend({ ...bench, signal: stop.signal, tell: tellOnTerminal })
    wipeLine()
    if (junit !== undefined) writeJunit(junit, report, strict)
    // Follows NO_COLOR and whether it is a terminal.
    const paint: Paint = (format, text) => styleText(format, text, { stream: process.stdout })
    process.stdout.write(json ? `${toJson(report, 2)}\n` : renderReport(report, paint))
    process.exitCode = exitCodeOf(report, strict)
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, cancel)
  }
}

const parseOptions = (raw: unknown): z.infer<typeof optionsSchema> => {
  const parsed = optionsSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new EdgeError('usage', `Invalid option value:\n${z.prettifyError(parsed.error)}`, {
    remedy: 'See edge-agent verify-backend --help.',
    exit: EXIT.usage,
  })
}

const isBackendUrl = (value: string): boolean => {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && !/[?#]/.test(value)
}

// What a header can carry.
const id = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'Expected 1 to 128 printable ASCII characters without spaces')

const optionsSchema = z
  .object({
    backendUrl: z
      .string('Missing: --backend-url https://…')
      .refine(isBackendUrl, 'Expected an http or https URL without credentials, query or fragment'),
    agentId: id,
    agentA: id.optional(),
    agentB: id.optional(),
    threadId: z.string().min(1).max(256).optional(),
    text: z.string().min(1).optional(),
    secretFile: z.string().min(1).optional(),
    timeout: z
      .string()
      .transform(text => parseDuration(text) ?? Number.NaN)
      .pipe(z.number('Expected a duration, such as 60s').min(1_000).max(600_000)),
    strict: z.boolean().default(false),
    yes: z.boolean().default(false),
    json: z.boolean().default(false),
    junit: z.string().min(1).optional(),
  })
  .refine(options => agentsFor(options).a !== agentsFor(options).b, {
    path: ['agentB'],
    message: 'Expected an id other than that of the first agent',
  })

const loadSecret = (path: string | undefined): string | undefined => {
  const given = { value: path, origin: '--secret-file' }
  const file = path === undefined ? undefined : { path, given }
  const { source, faults } = findSecret(process.env['EDGE_SECRET'], undefined, file)
  if (faults.length > 0) throw new ConfigError(faults)
  return readSecret({ secret: source })()
}

/** The secret would go over a network as it is. */
const isExposed = (url: string): boolean => url.startsWith('http:') && !isLoopback(url)

const confirm = async (backendUrl: string, signal: AbortSignal): Promise<void> => {
  const { host } = new URL(backendUrl)
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new EdgeError('usage', `cannot ask for confirmation here, and ${host} is another machine`, {
      remedy: 'Add --yes to confirm that it may receive this traffic.',
      exit: EXIT.usage,
    })
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  terminal.once('SIGINT', () => process.emit('SIGINT'))
  // Ctrl-D leaves the question without an answer.
  const closed = new Promise<string>(resolve => terminal.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([terminal.question(`Continue with ${host}? [y/N] `, { signal }), closed])
    if (!/^y(es)?$/i.test(answer.trim())) throw CANCELLED
  } catch {
    throw CANCELLED
  } finally {
    terminal.close()
  }
}

const CANCELLED = new EdgeError('cancelled', 'stopped; all connections are closed', { exit: EXIT.cancelled })

const tellOnTerminal = (doing: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K  … ${doing}`)
}

const wipeLine = (): void => {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
}

const writeJunit = (path: string, report: Report, strict: boolean): void => {
  try {
    writeFileSync(path, toJunit(report, strict))
  } catch (cause) {
    throw new EdgeError('junit', `cannot write ${path}: ${String(cause)}`, {
      remedy: 'Use --junit with a file in an existing, writable folder.',
      cause,
    })
  }
}
