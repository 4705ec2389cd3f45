import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { waitFor } from './start-house.ts'

export type Process = { readonly pid: number; readonly state: string; readonly command: string }

/** The processes whose command line has `word` in it, such as a house's folder. */
export const processesWith = (word: string): Process[] =>
  execFileSync('ps', ['-axww', '-o', 'pid=,state=,command='], { encoding: 'utf8' })
    .split('\n')
    .map(line => /^\s*(?<pid>\d+)\s+(?<state>\S+)\s+(?<command>.*)$/.exec(line)?.groups)
    .filter(found => found?.['command']?.includes(word))
    .map(found => ({ pid: Number(found?.['pid']), state: found?.['state'] ?? '', command: found?.['command'] ?? '' }))

/** The osascripts of a house that still run and send; the one that only asks does not count. */
export const osascriptsOf = ({ dir }: { readonly dir: string }): Process[] =>
  processesWith(dir).filter(({ command }) => /osascript\.[jt]s .*\/send\.applescript/.test(command))

/** Those that stand ready, are about to, or send what they were handed. */
export const slotsOf = ({ dir }: { readonly dir: string }): Process[] =>
  processesWith(dir).filter(({ command }) => /osascript\.[jt]s .*\/send-warm\.applescript/.test(command))

/** Stops the osascript of a house where it is, as soon as there is one; what comes back lets it go on. */
export const holdOsascript = async (house: { readonly dir: string }): Promise<() => void> => {
  await waitFor('osascript', () => osascriptsOf(house).length > 0)
  const held = osascriptsOf(house)
  for (const { pid } of held) process.kill(pid, 'SIGSTOP')
  return () => {
    for (const { pid } of held) process.kill(pid, 'SIGCONT')
  }
}

/** Until a process stands still, by a failpoint's `pause` or by us. */
export const stopped = (pid: number): Promise<void> =>
  waitFor('the process to stand still', () => stateOf(pid).startsWith('T'))

/** As ps has it: R, S, T, Z. Without a ps for each look where there is a /proc. */
const stateOf = (pid: number): string => {
  if (!existsSync('/proc/self/stat'))
    return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2)
}
