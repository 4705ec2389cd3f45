import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** How a tool of macOS ended. Output is text, the last 64 KiB of each stream. */
export type ToolEnd =
  /** `code` is undefined where a signal ended it. */
  | { readonly kind: 'exited'; readonly code: number | undefined; readonly stdout: string; readonly stderr: string }
  /** A prompt that nobody answers, most likely; it was killed with all that it had started. */
  | { readonly kind: 'timed-out'; readonly stdout: string; readonly stderr: string }
  /** There is no such program on PATH: this is not a Mac, or not all of one. */
  | { readonly kind: 'not-found' }

export type RunTool = typeof runTool

/**
 * Runs a tool that is found by PATH, or is a path itself, and waits for its end; never rejects. What is secret goes in by
 * `input`. `signal` ends it as its time-out does.
 */
export const runTool = (
  name: string,
  args: readonly string[],
  {
    input,
    timeoutMs = 10_000,
    signal,
  }: { readonly input?: string; readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<ToolEnd> => {
  const path = findTool(name)
  if (path === undefined) return Promise.resolve({ kind: 'not-found' })
  return new Promise(resolve => {
    // Detached, so that it leads a process group which can be ended as a whole.
    const child: ChildProcess = spawn(path, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    // Its streams are missing where no file can be opened any more; the error comes a little later.
    child.once('error', cause => finish({ kind: 'exited', code: 126, stdout: '', stderr: cause.message }))
    const output = { stdout: '', stderr: '' }
    const collect = (stream: 'stdout' | 'stderr') =>
      child[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
        output[stream] = (output[stream] + chunk).slice(-MAX_OUTPUT)
      })
    collect('stdout')
    collect('stderr')
    child.stdin?.on('error', () => {}) // it ended without reading
    child.stdin?.end(input ?? '')

    const finish = (end: ToolEnd): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      resolve(end)
    }
    const giveUp = (): void => {
      finish({ kind: 'timed-out', ...output })
      killGroup(child.pid)
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
    }
    const timer = setTimeout(giveUp, timeoutMs)
    signal?.addEventListener('abort', giveUp)
    child.once('close', code => finish({ kind: 'exited', code: code ?? undefined, ...output }))
  })
}

/** Where PATH has a program of that name; what has a slash in it is a path, as in a shell. */
export const findTool = (name: string, path = process.env['PATH'] ?? ''): string | undefined => {
  if (name.includes('/')) return isProgram(name) ? name : undefined
  return path
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(isProgram)
}

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // it ended meanwhile
  }
}

const MAX_OUTPUT = 64 * 1024
