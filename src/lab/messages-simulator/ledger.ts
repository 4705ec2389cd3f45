import { appendFileSync, closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** One text that was really sent: a person has it, whatever anyone noted about it. */
export type Sent = {
  /** Unix milliseconds with fractions. */
  readonly at: number
  /** The chat's guid. */
  readonly guid: string
  readonly text: string
  readonly attempt: string
  readonly mode: string
}

export const ledgerFile = (dir: string): string => join(dir, 'ledger.jsonl')

/** Durable once this returns: the line is on disk. */
export const appendSent = (path: string, sent: Sent): void => {
  const fd = openSync(path, 'a')
  try {
    appendFileSync(fd, `${JSON.stringify(sent)}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** All that was sent, in order. */
export const readLedger = (path: string): readonly Sent[] => parseLines(readFileSync(path, 'utf8'))

/** Calls `onSent` for each line that is added from now on; stops when `signal` is aborted, after a last look. */
export const followLedger = (path: string, onSent: (sent: Sent) => void, signal: AbortSignal): void => {
  const fd = openSync(path, 'r')
  let offset = fstatSync(fd).size
  const look = (): void => {
    const added = Buffer.alloc(Math.max(0, fstatSync(fd).size - offset))
    readSync(fd, added, 0, added.length, offset)
    const whole = added.subarray(0, added.lastIndexOf('\n') + 1)
    offset += whole.length
    parseLines(whole.toString('utf8')).forEach(onSent)
  }
  const timer = setInterval(look, FOLLOW_MS)
  signal.addEventListener('abort', () => {
    clearInterval(timer)
    look()
    closeSync(fd)
  })
}

const FOLLOW_MS = 5

const parseLines = (lines: string): readonly Sent[] =>
  lines
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
