import { writeSync } from 'node:fs'

export type LineWriter = (line: string) => void

/**
 * Writes lines at once to the file descriptor that `target` gives for each, and never throws. What cannot be written is
 * dropped and counted;
 * `reportLost` words the count when writing works again. A reader that stalls is waited for once and not for long: while
 * lines are being lost there is no waiting.
 */
export const createLineWriter = (target: () => number, reportLost: (lost: number) => string): LineWriter => {
  let lost = 0
  let isTorn = false

  const write = (fd: number, text: string): void => {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) {
      at += writePatiently(fd, bytes.subarray(at), lost > 0 ? 0 : PATIENCE_MS)
      isTorn = at < bytes.length
    }
  }

  return line => {
    try {
      // The rest of a line that a full disk cut off is not to be continued by another one.
      const fd = target()
      if (isTorn) write(fd, '\n')
      if (lost > 0) {
        write(fd, reportLost(lost))
        lost = 0
      }
      write(fd, line)
    } catch {
      lost++
    }
  }
}

const writePatiently = (fd: number, bytes: Uint8Array, patienceMs: number): number => {
  for (let waited = 0; ; waited += STEP_MS) {
    try {
      return writeSync(fd, bytes)
    } catch (error) {
      // EAGAIN: a pipe that somebody made non-blocking is full.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waited >= patienceMs) throw error
      Atomics.wait(CLOCK, 0, 0, STEP_MS)
    }
  }
}

const STEP_MS = 5
const PATIENCE_MS = 100
const CLOCK = new Int32Array(new SharedArrayBuffer(4))
