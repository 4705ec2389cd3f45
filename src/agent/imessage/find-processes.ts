import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/**
 * Process ids of what runs under an attempt's name, which is among its arguments, and, where one is named, that script.
 * Undefined where that cannot be told now.
 */
export const findProcesses = async (attempt: string, script?: string): Promise<number[] | undefined> => {
  if (existsSync('/proc/self/cmdline')) return findInProc(attempt, script)
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
    .filter(line => line.includes(attempt) && (script === undefined || line.includes(script)))
    .map(line => Number.parseInt(line, 10))
    .filter(pid => Number.isInteger(pid) && pid !== process.pid)
}

const findInProc = (attempt: string, script: string | undefined): number[] | undefined => {
  const isAttempt = (pid: string): boolean => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return words.includes(attempt) && (script === undefined || words.includes(script))
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
