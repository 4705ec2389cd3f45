import { execFileSync } from 'node:child_process'

/** Only Linux lets one process set another's limits while it runs. */
export const CAN_LIMIT = process.platform === 'linux'

/**
 * From now on no file that this process writes can take another byte, and each write fails at once; children that it
 * starts from now on inherit that. It stands for a full disk and for one that became read-only. What comes back ends it.
 */
export const fillDisk = (pid: number): (() => void) => limit(pid, 'fsize', 0)

/** From now on this process can open so many files and sockets, those included that it has. What comes back ends it. */
export const limitFiles = (pid: number, files: number): (() => void) => limit(pid, 'nofile', files)

/** From now on this process can start no other, unless it is root's. `uid`: whose it is, if not ours. What comes back ends it. */
export const stopSpawning = (pid: number, uid?: number): (() => void) => limit(pid, 'nproc', 1, uid)

const limit = (pid: number, what: 'fsize' | 'nofile' | 'nproc', soft: number, uid?: number): (() => void) => {
  const prlimit = (...args: string[]): string =>
    execFileSync('prlimit', ['--pid', String(pid), ...args], {
      encoding: 'utf8',
      ...(uid !== undefined && { uid, gid: uid }),
    }).trim()
  const hard = prlimit(`--${what}`, '--output', 'HARD', '--noheadings')
  prlimit(`--${what}=${soft}:`)
  return () => void prlimit(`--${what}=${hard}:`)
}
