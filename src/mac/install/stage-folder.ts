import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'

/** Where a folder is built anew, and where the last one is while they change places. */
export const stagingOf = (folder: string): string => `${folder}.new`
const lastOf = (folder: string): string => `${folder}.old`

/**
 * A new folder beside `folder` to build the next one in. What a killed attempt left is cleared first; where that was
 * killed while the folders changed places, the last one is put back.
 *
 * @throws EdgeError `installing` (exit 75) while another process builds there.
 */
export const openStaging = (folder: string): string => {
  const staging = stagingOf(folder)
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 })
  const builder = builderOf(staging)
  if (builder !== undefined) {
    throw new EdgeError('installing', `another install is running (pid ${builder})`, {
      exit: EXIT.alreadyRunning,
      remedy: 'Wait until it ends, then run this again.',
    })
  }
  putBack(folder)
  clearLeftovers(folder)
  mkdirSync(staging, { mode: 0o700 })
  writeFileSync(join(staging, PID), `${process.pid}`)
  return staging
}

/** The staged folder takes the place of the last one. */
export const swapIn = (folder: string): void => {
  const [staging, last] = [stagingOf(folder), lastOf(folder)]
  rmSync(join(staging, PID), { force: true })
  if (existsSync(folder)) renameSync(folder, last)
  try {
    renameSync(staging, folder)
  } catch (error) {
    if (existsSync(last)) renameSync(last, folder)
    throw error
  }
  rmSync(last, { recursive: true, force: true })
}

/** The last folder, where an install was killed just when it had lost its place. */
export const putBack = (folder: string): void => {
  if (existsSync(lastOf(folder)) && !existsSync(folder)) renameSync(lastOf(folder), folder)
}

/** Removes what a killed install left. */
const clearLeftovers = (folder: string): void => {
  for (const path of [stagingOf(folder), lastOf(folder)]) rmSync(path, { recursive: true, force: true })
}

const PID = 'pid'
/** A process number is soon another's. */
const LONGEST_INSTALL_MS = 60 * 60_000

const builderOf = (staging: string): number | undefined => {
  try {
    const file = join(staging, PID)
    const pid = Number(readFileSync(file, 'utf8'))
    if (Date.now() - statSync(file).mtimeMs > LONGEST_INSTALL_MS || pid === process.pid) return undefined
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}
