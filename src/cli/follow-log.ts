import { closeSync, statSync } from 'node:fs'
import { CHUNK_BYTES, createLineSplitter, type LogFile, openLog, readAt } from './read-log.ts'

/**
 * Follows the log whose files are `paths`, the one that is written first, on from where `from` ends, or from the beginning
 * of whatever comes. Returns what gives the new lines each time it is called, those of files included that were rotated
 * or replaced since.
 */
export const followLog = (paths: readonly string[], from: LogFile | undefined): (() => Generator<string>) => {
  const [path = ''] = paths
  let split = createLineSplitter()
  let file = from
  let at = from?.size ?? 0

  function* readOn(): Generator<string> {
    if (file === undefined) return
    for (;;) {
      const bytes = readAt(file.fd, at, CHUNK_BYTES)
      at += bytes.length
      yield* split(bytes)
      if (bytes.length < CHUNK_BYTES) return
    }
  }
  const turnTo = (next: LogFile | undefined): void => {
    if (file !== undefined) closeSync(file.fd)
    file = next
    at = 0
    split = createLineSplitter()
  }

  return function* () {
    yield* readOn()
    const now = statSync(path, { throwIfNoEntry: false })
    if (now !== undefined && now.ino === file?.ino) {
      if (now.size >= at) return
      at = 0 // somebody emptied it
      yield* readOn()
      return
    }
    if (now === undefined) return // between two files
    yield* readOn() // what came in right before it was renamed
    const old = file === undefined ? -1 : paths.findIndex(each => inodeOf(each) === file?.ino)
    for (const next of old > 0 ? paths.slice(0, old).reverse() : [path]) {
      turnTo(openLog(next))
      yield* readOn()
    }
  }
}

const inodeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino
