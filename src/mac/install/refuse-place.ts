import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'

/**
 * Throws an EdgeError where macOS guards the place of `path`: a process of launchd that opens a file there stands still
 * for ever, or is refused. Links are followed.
 */
export const refuseProtected = (what: string, path: string, homedir: string): void => {
  const real = realPlace(path)
  const guarded = GUARDED_IN_HOME.map(name => join(realPlace(homedir), name)).concat('/Volumes')
  const place = guarded.find(each => isWithin(real, each))
  if (place === undefined) return
  throw new EdgeError('protected_place', `${what} would be in ${place}, which macOS protects: ${real}`, {
    exit: EXIT.config,
    remedy:
      'A service that opens a file there hangs or is refused. Use a folder in ~/Library or another ordinary folder of your home.',
  })
}

/** Throws an EdgeError where a folder below the home, or the file itself, is a link: what we write must not land elsewhere. */
export const refuseLinks = (path: string, homedir: string): void => {
  const parts = relative(homedir, path).split('/')
  if (isAbsolute(relative(homedir, path)) || parts[0] === '..') return
  for (const [index] of parts.entries()) {
    const each = join(homedir, ...parts.slice(0, index + 1))
    if (!lstatSync(each, { throwIfNoEntry: false })?.isSymbolicLink()) continue
    throw new EdgeError('symlink', `${each} is a symbolic link, and install does not write through links`, {
      exit: EXIT.permission,
      remedy: 'Remove the link, or replace it with a real folder.',
    })
  }
}

const GUARDED_IN_HOME = ['Documents', 'Desktop', 'Downloads', 'Library/Mobile Documents', 'Library/CloudStorage']

/** The real path, of the part that exists. */
const realPlace = (path: string): string => {
  try {
    return realpathSync.native(path)
  } catch {
    return dirname(path) === path ? path : join(realPlace(dirname(path)), basename(path))
  }
}

/** As the file system of a Mac compares: without regard to case. */
const isWithin = (path: string, folder: string): boolean =>
  `${path}/`.toLowerCase().startsWith(`${folder}/`.toLowerCase())
