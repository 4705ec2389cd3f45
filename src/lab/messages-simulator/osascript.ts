/**
 * A stand-in for /usr/bin/osascript that runs `send.applescript`, `probe-automation.applescript` and nothing else: the same
 * arguments, the same lines on standard error, the same exit codes, and the same faults. Like the real one it only asks Messages, which is
 * another process (`messages-app`, or whoever serves): to end this one does not take back what was asked for.
 *
 *     osascript.ts DIR SCRIPT ATTEMPT chat|participant ACCOUNT SERVICE TARGET TEXT
 *     osascript.ts DIR PROBE
 *
 * It starts for every bubble, so it imports what Node has and nothing more.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, openSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Answer, Request, RowPlan } from './answer-requests.ts'
import { messagesSocket } from './messages-socket.ts'
import { type OsascriptMode, standingMode, takeMode } from './osascript-modes.ts'

const main = async (args: readonly string[]): Promise<number> => {
  const [dir, script, attempt, addressing, account, service, target, text] = args
  if (dir !== undefined && script !== undefined && args.length === 2) return countAccounts(dir, script)
  if (args.length !== 8 || dir === undefined || script === undefined || target === undefined) return usage()
  if (attempt === undefined || account === undefined || service === undefined || text === undefined) return usage()
  if (addressing !== 'chat' && addressing !== 'participant') return usage()
  const mode = takeMode(dir, target, text)
  if (mode.mode === 'exit-code') return mode.code
  if (!isReadable(script)) return write(`osascript: ${script}: No such file or directory\n`, 1)

  const fail = (number: number | undefined, message: string | undefined): number =>
    write(`${script}: execution error: ${message ?? errorText(number, target)}${number ? ` (${number})` : ''}\n`, 1)
  const working = sleep(mode.mode === 'slow' ? mode.ms : 30 + Math.random() * 30)

  phase('resolve')
  if (mode.mode === 'fail-before' || mode.mode === 'signed-out') {
    await working
    return mode.mode === 'signed-out' ? fail(-1719, undefined) : fail(mode.number, mode.message)
  }
  const ask = askMessages(dir, (await connectMessages(dir)) ?? startMessages(dir))
  const found = await ask({ kind: 'resolve', addressing, account, service, target })
  if (found.kind === 'error') return fail(found.number, undefined)

  if (mode.mode === 'hang' || mode.mode === 'hang-then-send-late') process.on('SIGTERM', () => {})
  phase('send')
  if (mode.mode === 'hang') {
    await sleep(mode.ms ?? LONGEST_HANG_MS)
    return fail(-1712, undefined)
  }
  await working
  const afterMs = mode.mode === 'hang-then-send-late' ? mode.ms : 0
  await ask({ kind: 'send', text, attempt, afterMs, row: planRow(mode), rewrite: mode.rewrite })
  if (mode.mode === 'noisy') write(`${'noise '.repeat(Math.ceil(mode.bytes / 6)).slice(0, mode.bytes)}\n`, 0)
  if (mode.mode === 'send-then-fail') return fail(mode.number, mode.message)

  phase('done')
  return 0
}

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

const usage = (): number => write('usage: osascript SCRIPT ATTEMPT chat|participant ACCOUNT SERVICE TARGET TEXT\n', 64)

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
