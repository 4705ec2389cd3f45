import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** A file as it was when it was opened; what is appended later is not part of it. */
export type LogFile = { readonly fd: number; readonly ino: number; readonly size: number }

/** Opens those of the files that are there, each once: one may be renamed to the next meanwhile. */
export const openLogs = (paths: readonly string[]): readonly LogFile[] => {
  const files: LogFile[] = []
  for (const path of paths) {
    const file = openLog(path)
    if (file === undefined) continue
    if (files.some(({ ino }) => ino === file.ino)) closeSync(file.fd)
    else files.push(file)
  }
  return files
}

/** @throws what `open` throws where the file is there and may not be read. */
export const openLog = (path: string): LogFile | undefined => {
  try {
    const fd = openSync(path, 'r')
    const { ino, size } = fstatSync(fd)
    return { fd, ino, size }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The lines of a file from the first to the last, some KiB of it in memory at a time. */
export function* linesOf({ fd, size }: LogFile): Generator<string> {
  const take = createLineSplitter()
  for (let at = 0; at < size; at += CHUNK_BYTES) yield* take(readAt(fd, at, Math.min(CHUNK_BYTES, size - at)))
  yield* take(Buffer.from('\n'))
}

/** The lines of a file from the last to the first, some KiB of it in memory at a time. */
export function* linesFromEnd({ fd, size }: LogFile): Generator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES)
    const bytes = Buffer.concat([readAt(fd, start, end - start), rest])
    const first = start === 0 ? -1 : bytes.indexOf(NEWLINE)
    end = start
    if (start > 0 && first < 0 && bytes.length < MAX_LINE_BYTES) {
      rest = bytes
      continue
    }
    // What stands before the first line end begins in the chunk before this one.
    rest = bytes.subarray(0, Math.max(0, first))
    yield* bytes
      .subarray(first + 1)
      .toString()
      .split('\n')
      .reverse()
      .filter(isLine)
  }
}

/** Whole lines out of pieces; a line without an end is cut at a megabyte. */
export const createLineSplitter = (): ((bytes: Buffer) => readonly string[]) => {
  let rest: Buffer = Buffer.alloc(0)
  return bytes => {
    const all = Buffer.concat([rest, bytes])
    const end = all.length > MAX_LINE_BYTES ? all.length : all.lastIndexOf(NEWLINE) + 1
    rest = all.subarray(end)
    return all.subarray(0, end).toString().split('\n').filter(isLine)
  }
}

export const readAt = (fd: number, at: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(fd, bytes, 0, length, at))
}

export const CHUNK_BYTES = 64 * 1024
const MAX_LINE_BYTES = 1024 * 1024
const NEWLINE = 0x0a

const isLine = (line: string): boolean => line !== ''
