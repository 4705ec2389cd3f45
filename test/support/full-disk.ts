import { execFileSync } from 'node:child_process'

/** Only Linux lets one process set another's limits while it runs. */
export const CAN_LIMIT = process.platform === 'linux'

/**
 * From now on no file that this process writes can take another byte, and each write fails at once; children that it
 * starts from now on inherit that. It stands for a full disk and for one that became read-only.
 */
export const fillDisk = (pid: number): void => limit(pid, 'fsize', '0')

export const freeDisk = (pid: number): void => limit(pid, 'fsize', 'unlimited')

/** From now on this process can open so many files and sockets, those included that it has. */
export const limitFiles = (pid: number, files: number): void => limit(pid, 'nofile', String(files))

const limit = (pid: number, what: string, soft: string): void => {
  execFileSync('prlimit', ['--pid', String(pid), `--${what}=${soft}:`])
}
