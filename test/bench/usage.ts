import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Resident memory of a process in megabytes of 10^6 bytes, as the operating system counts it. */
export const rssOf = (pid: number | undefined): number =>
  (Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024) / 1e6

/** Processor time of a process so far, in milliseconds; in steps of 10. */
export const cpuOf = (pid: number): number => {
  if (process.platform === 'linux') {
    // proc_pid_stat(5): the name, in parentheses, may hold anything; utime and stime are 12th and 13th behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  }
  // 1:02.34 on macOS
  const parts = execFileSync('ps', ['-o', 'time=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(':')
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0) * 1000
}
