import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type SendEnd, SPAWN_MARK } from '../core/judge-send.ts'

export type SendTarget =
  | { readonly mode: 'chat'; readonly chatGuid: string }
  /** A person's address on one account: for direct chats that Messages does not have in its live list. */
  | { readonly mode: 'participant'; readonly accountId: string; readonly service: string; readonly handle: string }

/**
 * Sends through osascript. Each attempt is a detached process of its own whose output goes to a file that is named
 * after the attempt: process and evidence outlive the agent.
 */
export const createSendText = (settings: {
  readonly osascript: string
  /** Folder of the attempts' files. */
  readonly dir: string
  readonly timeoutMs: number
}) => {
  mkdirSync(settings.dir, { recursive: true, mode: 0o700 })
  const fileOf = (attempt: string) => join(settings.dir, `${attempt}.log`)

  return {
    /** Resolves when osascript has ended, or had to be ended; never rejects. */
    send: (attempt: string, target: SendTarget, text: string, onStarted: () => void = () => {}) =>
      new Promise<SendEnd>(resolve => {
        let output: number | undefined
        try {
          output = openSync(fileOf(attempt), 'ax', 0o600)
          const child = spawn(
            '/bin/sh',
            ['-c', LAUNCH, settings.osascript, SCRIPT, attempt, ...toArguments(target), text],
            {
              detached: true,
              stdio: ['ignore', output, output],
            },
          )
          onStarted()
          let timedOut = false
          const timer = setTimeout(() => {
            timedOut = true
            killGroup(child.pid)
          }, settings.timeoutMs)
          child.once('error', (error: NodeJS.ErrnoException) => {
            clearTimeout(timer)
            resolve({ kind: 'not-spawned', code: error.code ?? 'ERROR' })
          })
          child.once('exit', (code, signal) => {
            clearTimeout(timer)
            if (timedOut) resolve({ kind: 'killed', by: 'timeout' })
            else resolve(code === null ? { kind: 'killed', by: signal ?? 'signal' } : { kind: 'exited', code })
          })
        } catch (error) {
          resolve({ kind: 'not-spawned', code: (error as NodeJS.ErrnoException).code ?? 'ERROR' })
        } finally {
          if (output !== undefined) closeSync(output)
        }
      }),
    /** Whether the attempt came as far as its file, which is made right before its process. */
    wasPrepared: (attempt: string): boolean => existsSync(fileOf(attempt)),
    /** What the attempt wrote: the first and the last 32 KiB, however much there is. */
    evidence: (attempt: string): string => readEnds(fileOf(attempt)),
    forget: (attempt: string): void => rmSync(fileOf(attempt), { force: true }),
    /** Removes the files of all attempts but those, and their fallbacks. */
    sweep: (keep: readonly string[]): void => {
      for (const file of readdirSync(settings.dir)) {
        if (!keep.some(attempt => attempt !== '' && file.startsWith(attempt)))
          rmSync(join(settings.dir, file), { force: true })
      }
    },
    /** Process ids of an attempt of an earlier life that still runs. */
    running: (attempt: string): Promise<number[]> => findProcesses(attempt),
    kill: (pid: number): void => killGroup(pid),
  }
}

/**
 * The child itself leaves word that it came to be: whoever finds the file without it knows that nothing was started. On
 * a full disk it cannot, and then goes no further: a send without evidence would later look like none.
 */
export const LAUNCH = `echo '${SPAWN_MARK}' || exit 126; exec "$0" "$@"`
const SCRIPT = fileURLToPath(new URL('./send.applescript', import.meta.url))

const toArguments = (target: SendTarget): [mode: string, account: string, service: string, target: string] =>
  target.mode === 'chat'
    ? ['chat', '', '', target.chatGuid]
    : ['participant', target.accountId, target.service, target.handle]

/** A detached child leads its own process group. */
const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL')
      return
    } catch {
      // no such group: an osascript that another life of the agent started may not lead one
    }
  }
}

const END_BYTES = 32 * 1024

const readEnds = (file: string): string => {
  let fd: number | undefined
  try {
    fd = openSync(file, 'r')
    const { size } = statSync(file)
    const head = Buffer.alloc(Math.min(size, END_BYTES))
    readSync(fd, head, 0, head.length, 0)
    const tail = Buffer.alloc(Math.min(Math.max(0, size - END_BYTES), END_BYTES))
    readSync(fd, tail, 0, tail.length, size - tail.length)
    return `${head.toString()}\n${tail.toString()}`
  } catch {
    return ''
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** The attempt's name is among the arguments of its process. */
const findProcesses = async (attempt: string): Promise<number[]> => {
  if (existsSync('/proc/self/cmdline')) return findInProc(attempt)
  const listing = await new Promise<string>(resolve => {
    const ps = spawn('/bin/ps', ['-axww', '-o', 'pid=,command='], { stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    ps.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
    })
    ps.once('error', () => resolve(''))
    ps.once('close', () => resolve(out))
  })
  return listing
    .split('\n')
    .filter(line => line.includes(attempt))
    .map(line => Number.parseInt(line, 10))
    .filter(pid => Number.isInteger(pid) && pid !== process.pid)
}

const findInProc = (attempt: string): number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(attempt)
      } catch {
        return false // it ended meanwhile
      }
    })
    .map(Number)
