import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { EdgeError } from '../../agent/core/errors.ts'

export type RunningProcess = {
  readonly name: string
  /** All lines of its standard output so far. */
  readonly lines: readonly string[]
  /** A line to its standard input. */
  readonly write: (line: string) => void
  /** An error that says what is wrong with it, with the last lines that it printed. */
  readonly complain: (what: string) => EdgeError
  /** SIGTERM, and SIGKILL where that is not enough. */
  readonly stop: () => Promise<void>
  /** SIGKILL: what a crash or a power cut would be. */
  readonly kill: () => Promise<void>
}

/**
 * Starts a program that prints lines. Its end is an error, given to `onDeath`, unless it was asked for. In a process
 * group of its own: Ctrl-C in a terminal reaches us alone, and we end the others in order.
 */
export const startProcess = ({
  name,
  args,
  env,
  logFile,
  onLine,
  onDeath,
}: {
  /** As a person would call it: "the agent". */
  readonly name: string
  /** For this Node. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** All that it prints is added there. */
  readonly logFile: string
  readonly onLine: (line: string) => void
  readonly onDeath: (error: EdgeError) => void
}): RunningProcess => {
  const child = spawn(process.execPath, args, { env, detached: true, stdio: 'pipe' })
  const lines: string[] = []
  const tail: string[] = []
  let isAsked = false

  const print = (line: string): void => {
    tail.push(line)
    if (tail.length > TAIL_LINES) tail.shift()
    try {
      appendFileSync(logFile, `${line}\n`)
    } catch {
      // A full disk costs the log, not the order in which everything ends.
    }
  }
  createInterface({ input: child.stderr }).on('line', print)
  createInterface({ input: child.stdout }).on('line', line => {
    print(line)
    lines.push(line)
    onLine(line)
  })
  child.stdin.on('error', () => {}) // it ended: `onDeath` tells

  const complain = (what: string): EdgeError => {
    const last = tail.length === 0 ? 'It printed nothing.' : `Its last lines:\n${tail.join('\n').replace(/^/gm, '  ')}`
    return new EdgeError('demo_process', `${name} ${what}. ${last}`)
  }
  const closed = new Promise<void>(resolve => {
    child.once('error', error => {
      onDeath(complain(`cannot be started: ${error.message}`))
      resolve()
    })
    // Not 'exit', which can come before the last lines.
    child.once('close', (code, signal) => {
      if (!isAsked) onDeath(complain(`exited unexpectedly, with ${code === null ? signal : `exit code ${code}`}`))
      resolve()
    })
  })

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    isAsked = true
    child.kill(signal)
    await closed
  }
  return {
    name,
    lines,
    write: line => child.stdin.write(`${line}\n`),
    complain,
    stop: async () => {
      const patience = new AbortController()
      const last = sleep(STOP_MS, 'late', { signal: patience.signal }).catch(() => undefined)
      if ((await Promise.race([end('SIGTERM'), last])) === 'late') await end('SIGKILL')
      patience.abort()
    },
    kill: () => end('SIGKILL'),
  }
}

const TAIL_LINES = 8
/** An agent that waits for an answer gives it five seconds, and a send under way some more. */
const STOP_MS = 10_000
