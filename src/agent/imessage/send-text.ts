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
import { GAP_MARK, type SendEnd, SPAWN_MARK } from '../core/judge-send.ts'

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
  const ensureFolder = () => mkdirSync(settings.dir, { recursive: true, mode: 0o700 })
  // In a folder that was not there before, no file is missing: all are.
  const isFolderNew = ensureFolder() !== undefined
  const fileOf = (attempt: string) => join(settings.dir, `${attempt}.log`)

  return {
    /** Resolves when osascript has ended, or had to be ended; never rejects. */
    send: (attempt: string, target: SendTarget, text: string, onStarted: () => void = () => {}) =>
      new Promise<SendEnd>(resolve => {
        let output: number | undefined
        try {
          ensureFolder() // somebody may have tidied up
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
            // After a freeze both are overdue, the time-out and the word of an end that came in time.
            if (code !== null) resolve({ kind: 'exited', code })
            else resolve({ kind: 'killed', by: timedOut ? 'timeout' : (signal ?? 'signal') })
          })
        } catch (error) {
          resolve({ kind: 'not-spawned', code: (error as NodeJS.ErrnoException).code ?? 'ERROR' })
        } finally {
          if (output !== undefined) closeSync(output)
        }
      }),
    /** Whether the attempt may have come as far as its file, which is made right before its process. */
    wasPrepared: (attempt: string): boolean => isFolderNew || existsSync(fileOf(attempt)),
    /** What the attempt wrote: the first and the last 32 KiB, however much there is. Undefined where it cannot be read. */
    evidence: (attempt: string): string | undefined => readEnds(fileOf(attempt)),
    forget: (attempt: string): void => {
      try {
        rmSync(fileOf(attempt), { force: true })
      } catch {
        // the next start sweeps it away
      }
    },
    /** Removes the files of all attempts but those, and their fallbacks. */
    sweep: (keep: readonly string[]): void => {
      for (const file of readdirSync(settings.dir)) {
        if (!keep.some(attempt => attempt !== '' && file.startsWith(attempt)))
          rmSync(join(settings.dir, file), { force: true })
      }
    },
    /** Process ids of an attempt of an earlier life that still runs. Undefined where that cannot be told now. */
    running: (attempt: string): Promise<number[] | undefined> => findProcesses(attempt),
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

const readEnds = (file: string): string | undefined => {
  let fd: number | undefined
  try {
    fd = openSync(file, 'r')
    const { size } = statSync(file)
    const head = Buffer.alloc(Math.min(size, END_BYTES))
    readSync(fd, head, 0, head.length, 0)
    const tail = Buffer.alloc(Math.min(Math.max(0, size - END_BYTES), END_BYTES))
    readSync(fd, tail, 0, tail.length, size - tail.length)
    return [head, tail].join(size > 2 * END_BYTES ? GAP_MARK : '')
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** The attempt's name is among the arguments of its process. */
const findProcesses = async (attempt: string): Promise<number[] | undefined> => {
  if (existsSync('/proc/self/cmdline')) return findInProc(attempt)
  const listing = await new Promise<string | undefined>(resolve => {
    const ps = spawn('/bin/ps', ['-axww', '-o', 'pid=,command='], { stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    ps.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
    })
    ps.once('error', () => resolve(undefined))
    ps.once('close', code => resolve(code === 0 ? out : undefined))
  })
  return listing
    ?.split('\n')
    .filter(line => line.includes(attempt))
    .map(line => Number.parseInt(line, 10))
    .filter(pid => Number.isInteger(pid) && pid !== process.pid)
}

const findInProc = (attempt: string): number[] | undefined => {
  const isAttempt = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(attempt)
    } catch (error) {
      if (isOutOfFiles(error)) throw error
      return false // it ended meanwhile, or is somebody else's
    }
  }
  try {
    const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    return pids.filter(isAttempt).map(Number)
  } catch {
    return undefined
  }
}

const isOutOfFiles = (error: unknown): boolean =>
  ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '')
