/**
 * A stand-in for /usr/bin/osascript that runs `send.applescript`, `send-warm.applescript`, `probe-automation.applescript` and
 * nothing else: the same arguments, the same lines on standard error, the same exit codes, and the same faults. Like the real
 * one it only asks Messages, which is another process (`messages-app`, or whoever serves): to end this one does not take back
 * what was asked for.
 *
 *     osascript.ts DIR SCRIPT ATTEMPT chat|participant ACCOUNT SERVICE TARGET TEXTFILE
 *     osascript.ts DIR WARM_SCRIPT ATTEMPT chat|participant ACCOUNT SERVICE TARGET
 *     osascript.ts DIR PROBE
 *
 * It starts for every bubble, so it imports what Node has and nothing more.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, extname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Answer, Request, RowPlan } from './answer-requests.ts'
import { messagesSocket } from './messages-socket.ts'
import { type OsascriptMode, readPace, standingMode, takeMode, takeSlotMode } from './osascript-modes.ts'

const main = async (args: readonly string[]): Promise<number> => {
  const [dir, script, attempt, addressing, account, service, target, textFile] = args
  if (dir !== undefined && script !== undefined && args.length === 2) return countAccounts(dir, script)
  if (dir === undefined || script === undefined || target === undefined) return usage()
  if (attempt === undefined || account === undefined || service === undefined) return usage()
  if (addressing !== 'chat' && addressing !== 'participant') return usage()
  const call: Call = { dir, script, attempt, to: { kind: 'resolve', addressing, account, service, target } }
  const isWarm = basename(script) === 'send-warm.applescript'
  if (args.length !== (isWarm ? 7 : 8)) return usage()
  return isWarm ? standReady(call) : sendCold(call, textFile ?? '')
}

type Call = {
  readonly dir: string
  readonly script: string
  readonly attempt: string
  readonly to: Extract<Request, { readonly kind: 'resolve' }>
}

const sendCold = async (call: Call, textFile: string): Promise<number> => {
  const { dir, script, to } = call
  const text = readText(textFile)
  const mode = takeMode(dir, to.target, text ?? '')
  if (mode.mode === 'exit-code') return mode.code
  if (!isReadable(script)) return write(`osascript: ${script}: No such file or directory\n`, 1)
  const { readyMs, sendMs } = readPace(dir)
  const working = sleep(mode.mode === 'slow' ? mode.ms : 30 + Math.random() * 30)

  phase('resolve')
  if (text === undefined) return fail(call, -43, `File ${textFile} wasn’t found.`)
  if (mode.mode === 'fail-before' || mode.mode === 'signed-out') {
    await working
    return failBefore(call, mode)
  }
  const ask = askMessages(dir, (await connectMessages(dir)) ?? startMessages(dir))
  const found = await ask(to)
  if (found.kind === 'error') return fail(call, found.number, undefined)
  await untilAge(readyMs ?? 0)
  return handToMessages(call, mode, text, ask, () =>
    sendMs === undefined || mode.mode === 'slow' ? working : sleep(sendMs),
  )
}

/** Finds its chat, says that it is ready, and sends the one text that comes on standard input. */
const standReady = async (call: Call): Promise<number> => {
  const { dir, script, attempt, to } = call
  const slot = takeSlotMode(dir, to.target)
  if (slot.mode === 'exit-code') return slot.code
  if (!isReadable(script)) return write(`osascript: ${script}: No such file or directory\n`, 1)

  phase('resolve')
  if (slot.mode === 'fail-before') return fail(call, slot.number, undefined)
  const ask = askMessages(dir, (await connectMessages(dir)) ?? startMessages(dir))
  const found = await ask(to)
  if (found.kind === 'error') return fail(call, found.number, undefined)
  if (slot.mode === 'never-ready') await sleep(LONGEST_HANG_MS)
  const { readyMs, sendMs } = readPace(dir)
  await untilAge(slot.mode === 'slow-ready' ? slot.ms : (readyMs ?? 0))
  if (slot.mode === 'shut') closeSync(STDIN)
  write('edge-agent: ready\n', 0)
  if (slot.mode === 'shut') await sleep(LONGEST_HANG_MS)
  if (slot.mode === 'dies') {
    await sleep(slot.afterMs)
    return 9
  }

  const text = await readJob(attempt).catch((error: Error) => error)
  if (slot.mode === 'stuck' || (slot.mode === 'deaf' && typeof text !== 'string')) await sleep(LONGEST_HANG_MS)
  if (slot.mode === 'quiet-end') return 0
  if (typeof text !== 'string') return fail(call, undefined, text.message)
  const mode = takeMode(dir, to.target, text)
  if (mode.mode === 'exit-code') return mode.code
  if (mode.mode === 'fail-before' || mode.mode === 'signed-out') return failBefore(call, mode)
  return handToMessages(call, mode, text, ask, () =>
    sleep(mode.mode === 'slow' ? mode.ms : (sendMs ?? 5 + Math.random() * 10)),
  )
}

const handToMessages = async (
  call: Call,
  mode: OsascriptMode,
  text: string,
  ask: ReturnType<typeof askMessages>,
  work: () => Promise<void>,
): Promise<number> => {
  if (mode.mode === 'hang' || mode.mode === 'hang-then-send-late') process.on('SIGTERM', () => {})
  phase('send')
  if (mode.mode === 'hang') {
    await sleep(mode.ms ?? LONGEST_HANG_MS)
    return fail(call, -1712, undefined)
  }
  await work()
  const afterMs = mode.mode === 'hang-then-send-late' ? mode.ms : 0
  const { rewrite, comesBack } = mode
  await ask({ kind: 'send', text, attempt: call.attempt, afterMs, row: planRow(mode), rewrite, comesBack })
  if (mode.mode === 'noisy') write(`${'noise '.repeat(Math.ceil(mode.bytes / 6)).slice(0, mode.bytes)}\n`, 0)
  if (mode.mode === 'send-then-fail') return fail(call, mode.number, mode.message)

  phase('done')
  return 0
}

/** The text of a whole job: it stands between two lines with the attempt's name, and nothing else comes with it. */
const readJob = async (attempt: string): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  const job = Buffer.concat(chunks)
  const opening = Buffer.from(`${attempt}\n`)
  const closing = Buffer.from(`\n${attempt}`)
  const end = job.length - closing.length
  if (end <= opening.length) throw new Error('No whole job came. (41000)')
  const isWhole = job.subarray(0, opening.length).equals(opening) && job.subarray(end).equals(closing)
  if (!isWhole) throw new Error('The job is torn, or not this attempt’s. (41002)')
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(job.subarray(opening.length, end))
}

/** Until this process is that old: what the real one needs for its start, ours needs for its own. */
const untilAge = async (ms: number): Promise<void> => {
  const left = ms - performance.now() // the clock on the wall may be set
  if (left > 0) await sleep(left)
}

const fail = ({ script, to }: Call, number: number | undefined, message: string | undefined): number =>
  write(`${script}: execution error: ${message ?? errorText(number, to.target)}${number ? ` (${number})` : ''}\n`, 1)

const failBefore = (
  call: Call,
  mode: Extract<OsascriptMode, { readonly mode: 'fail-before' | 'signed-out' }>,
): number => (mode.mode === 'signed-out' ? fail(call, -1719, undefined) : fail(call, mode.number, mode.message))

/** The probe: nothing is sent, and no mode is used up. */
const countAccounts = async (dir: string, script: string): Promise<number> => {
  if (!isReadable(script)) return write(`osascript: ${script}: No such file or directory\n`, 1)
  const mode = standingMode(dir, 'probe')
  if (mode.mode === 'exit-code') return mode.code
  if (mode.mode === 'slow') await sleep(mode.ms)
  if (mode.mode === 'hang' || mode.mode === 'hang-then-send-late') {
    process.on('SIGTERM', () => {})
    await sleep(LONGEST_HANG_MS)
  }
  if (mode.mode === 'fail-before') {
    const { number, message = errorText(number, '') } = mode
    return write(`${script}: execution error: ${message} (${number})\n`, 1)
  }
  writeSync(STDOUT, `accounts 1, enabled ${mode.mode === 'signed-out' ? 0 : 1}\n`)
  return 0
}

// Nobody's time-out is longer, and a forgotten process ends.
const LONGEST_HANG_MS = 120_000

const usage = (): number =>
  write('usage: osascript SCRIPT ATTEMPT chat|participant ACCOUNT SERVICE TARGET TEXTFILE\n', 64)

const STDIN = 0
// Not process.stderr.fd: to touch process.stderr makes the descriptor non-blocking.
const STDERR = 2
const STDOUT = 1

/** Written when this returns: Node's own stream to a pipe would lose what is left at exit, and a kill what is queued. */
const write = (text: string, exitCode: number): number => {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += writeSync(STDERR, bytes, at)
  return exitCode
}

/** Before each step, as the script's `log` does: what came out tells how far it got. */
const phase = (name: 'resolve' | 'send' | 'done'): void => {
  write(`edge-agent phase: ${name}\n`, 0)
}

const isReadable = (file: string): boolean => {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

const planRow = (mode: OsascriptMode): RowPlan => {
  const afterMs = mode.mode === 'row-late' ? mode.ms : 20 + Math.random() * 60
  if (mode.mode === 'no-row') return { kind: 'none' }
  if (mode.mode === 'ghost-row') return { kind: 'ghost', afterMs }
  if (mode.mode === 'error-row') return { kind: 'error', afterMs, error: mode.error, errorAfterMs: mode.afterMs ?? 0 }
  return { kind: 'sent', afterMs }
}

const errorText = (number: number | undefined, target: string): string => {
  if (number === -1728) return `Messages got an error: Can’t get chat id "${target}".`
  const known = ERROR_TEXTS.get(number)
  return known ?? 'Messages got an error: An error has occurred.'
}

const ERROR_TEXTS: ReadonlyMap<number | undefined, string> = new Map([
  [-600, 'Messages got an error: Application isn’t running.'],
  [-609, 'Messages got an error: Connection is invalid.'],
  [-1712, 'Messages got an error: AppleEvent timed out.'],
  [-1719, 'Messages got an error: Can’t get account 1 whose service type = iMessage. Invalid index.'],
  [-1743, 'Not authorized to send Apple events to Messages.'],
  [-10810, 'An error of type -10810 has occurred.'],
])

type Messages = { readonly stdin: Writable; readonly stdout: Readable }

/** The Messages that runs already, where one does: see serve-messages.ts. */
const connectMessages = async (dir: string): Promise<Messages | undefined> => {
  const path = messagesSocket(dir)
  if (!existsSync(path)) return undefined // to try it would make standard error non-blocking
  const socket = connect(path)
  return once(socket, 'connect').then(
    () => ({ stdin: socket, stdout: socket }),
    () => undefined,
  )
}

/** Starts Messages in a process group of its own. */
const startMessages = (dir: string): Messages => {
  const self = fileURLToPath(import.meta.url)
  const program = fileURLToPath(new URL(`./messages-app${extname(self)}`, import.meta.url))
  const log = openSync(join(dir, 'messages-app.log'), 'a')
  // Node's types do not tell the pipes from the file here.
  const app = spawn(process.execPath, [program, dir], {
    detached: true,
    stdio: ['pipe', 'pipe', log],
  }) as ChildProcessByStdio<Writable, Readable, null>
  app.unref()
  return app
}

/** The returned function asks Messages one thing at a time. */
const askMessages = (dir: string, { stdin, stdout }: Messages): ((request: Request) => Promise<Answer>) => {
  stdin.on('error', () => {}) // it ended: the missing answer tells
  const answers = createInterface({ input: stdout })[Symbol.asyncIterator]()
  return async request => {
    stdin.write(`${onOneLine(JSON.stringify(request))}\n`)
    const { value, done } = await answers.next()
    if (done) throw new Error(`the Messages stand-in ended without an answer, see messages-app.log in ${dir}`)
    return JSON.parse(value)
  }
}

/** Node's readline ends lines at these two as well. */
const onOneLine = (json: string): string => json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')

// Not process.exitCode alone: pipes to Messages would keep this process until its row is written.
main(process.argv.slice(2)).then(
  code => process.exit(code),
  error => {
    process.exit(write(`${error instanceof Error ? error.stack : error}\n`, 70))
  },
)
