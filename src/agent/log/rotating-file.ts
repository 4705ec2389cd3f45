import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * A log file that rotates itself: `path`, and the older `path.1` … `path.4`, each of some 10 MB. What comes back gives the
 * descriptor to write the next line to: the file is made, and made again where somebody moved or deleted it. It throws
 * where there can be none.
 */
export const createRotatingFile = (path: string, { maxBytes = MAX_BYTES } = {}): (() => number) => {
  let fd: number | undefined

  const open = (): number => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return openSync(path, 'a', 0o600)
  }
  const close = (): void => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }

  return () => {
    const there = statSync(path, { throwIfNoEntry: false })
    if (fd !== undefined && there?.ino !== fstatSync(fd).ino) close()
    if (there !== undefined && there.size >= maxBytes && rotate(path)) close()
    fd ??= open()
    return fd
  }
}

const MAX_BYTES = 10_000_000
/** The one that is written included. */
const LOG_FILES = 5

/** The files of a log, the one that is written first. */
export const logFilesOf = (path: string): readonly string[] =>
  Array.from({ length: LOG_FILES }, (_, index) => (index === 0 ? path : `${path}.${index}`))

/** False where the folder does not permit it: then the file grows on. */
const rotate = (path: string): boolean => {
  const files = logFilesOf(path)
  for (let index = files.length - 2; index >= 0; index--) {
    try {
      renameSync(files[index] ?? path, files[index + 1] ?? path)
    } catch {
      if (index === 0) return false
    }
  }
  return true
}
