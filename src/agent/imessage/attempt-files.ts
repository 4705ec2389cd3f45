import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { GAP_MARK } from '../core/judge-send.ts'

export type AttemptFiles = ReturnType<typeof createAttemptFiles>

/**
 * What an attempt has on the disk: a file for what its process writes, and for a cold one a file with its text, so that no
 * text is among the arguments, which others may read. Both are for their owner alone.
 */
export const createAttemptFiles = (dir: string) => {
  const ensureFolder = () => mkdirSync(dir, { recursive: true, mode: 0o700 })
  // In a folder that was not there before, no file is missing: all are.
  const isFolderNew = ensureFolder() !== undefined
  const fileOf = (attempt: string) => join(dir, `${attempt}${OUTPUT}`)
  const textOf = (attempt: string) => join(dir, `${attempt}.txt`)
  const remove = (file: string): void => {
    try {
      rmSync(file, { force: true })
    } catch {
      // the next start sweeps it away
    }
  }

  return {
    /** Makes the file for what the attempt writes; the caller closes it. Throws where there is one. */
    open: (attempt: string): number => {
      ensureFolder() // somebody may have tidied up
      return openSync(fileOf(attempt), 'ax', 0o600)
    },
    /** Whether the line could be added to what the attempt wrote. */
    append: (attempt: string, line: string): boolean => {
      let file: number | undefined
      try {
        file = openSync(fileOf(attempt), constants.O_WRONLY | constants.O_APPEND) // never made: it would be another file
        return writeSync(file, `${line}\n`) === line.length + 1
      } catch {
        return false
      } finally {
        if (file !== undefined) closeSync(file)
      }
    },
    /** The path of the file that now holds the text. */
    writeText: (attempt: string, text: string): string => {
      const file = textOf(attempt)
      writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
      return file
    },
    removeText: (attempt: string): void => remove(textOf(attempt)),
    /** Whether the attempt may have come as far as its file, which is made right before its process. */
    wasPrepared: (attempt: string): boolean => isFolderNew || existsSync(fileOf(attempt)),
    /** What the attempt wrote: the first and the last 32 KiB, however much there is. Undefined where it cannot be read. */
    evidence: (attempt: string): string | undefined => readEnds(fileOf(attempt)),
    forget: (attempt: string): void => {
      remove(textOf(attempt))
      remove(fileOf(attempt))
    },
    /** Removes the files of all attempts but those and their fallbacks, and says whose they were. */
    sweep: (keep: readonly string[]): readonly string[] => {
      const swept = readdirSync(dir).filter(file => !keep.some(name => name !== '' && file.startsWith(name)))
      for (const file of swept) rmSync(join(dir, file), { force: true })
      return swept.filter(file => file.endsWith(OUTPUT)).map(file => file.slice(0, -OUTPUT.length))
    },
  }
}

const OUTPUT = '.log'
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
