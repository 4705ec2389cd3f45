import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { EdgeError, EXIT } from '../agent/core/errors.ts'

export type PrivateFile = { readonly path: string; readonly text: string }

/**
 * Writes files that are for their owner only, in folders that are, too. Each is there as a whole or not at all, and the
 * first one is moved into place only after all could be written. What was there before is kept as `….bak`.
 * Returns the paths of what was kept.
 *
 * @throws EdgeError `cannot_write`
 */
export const writePrivateFiles = (files: readonly PrivateFile[]): string[] => {
  const changed = files.filter(({ path, text }) => contentOf(path) !== text)
  const written: { readonly from: string; readonly to: string }[] = []
  try {
    for (const { path, text } of files) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      if (!changed.some(file => file.path === path)) chmodSync(path, 0o600)
      else written.push(writeAside(path, text))
    }
    return written.flatMap(({ from, to }) => {
      const kept = keep(to)
      renameSync(from, to)
      return kept
    })
  } catch (cause) {
    const { message } = cause as Error
    throw new EdgeError('cannot_write', `cannot write the settings: ${message}`, {
      cause,
      exit: EXIT.permission,
      remedy: 'Check who owns the folder and whether the disk is full, or name another file with --config.',
    })
  } finally {
    for (const { from } of written) rmSync(from, { force: true })
  }
}

const contentOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** A file that is a link, to a folder of dotfiles say, stays one. */
const writeAside = (path: string, text: string): { readonly from: string; readonly to: string } => {
  const to = targetOf(path)
  const from = `${to}.${randomUUID()}.tmp`
  const file = openSync(from, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } catch (error) {
    rmSync(from, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  return { from, to }
}

const targetOf = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const keep = (path: string): string[] => {
  if (contentOf(path) === undefined) return []
  const kept = `${path}.bak`
  copyFileSync(path, kept)
  chmodSync(kept, 0o600)
  return [kept]
}
