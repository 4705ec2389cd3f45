import { execFile } from 'node:child_process'
import { until } from './until.ts'

/**
 * Resolves once nothing sends in this simulator's folder any more: an osascript outlives the agent that started it, and
 * the Messages that it has asked writes its row a little later. Not for longer than a send takes.
 */
export const sendersEnded = async (simulatorDir: string): Promise<void> => {
  const check = async (): Promise<true | undefined> => {
    const commands = await listCommands()
    return commands.some(command => isSender.test(command) && command.includes(simulatorDir)) ? undefined : true
  }
  await until(check, new AbortController().signal, SEND_MS)
}

const SEND_MS = 10_000

const isSender = /\/(osascript|messages-app)\.[jt]s /

/** None where there is no ps to ask. */
const listCommands = (): Promise<readonly string[]> =>
  new Promise(resolve => {
    execFile('ps', ['-axww', '-o', 'command='], { maxBuffer: 64 << 20 }, (error, stdout) =>
      resolve(error ? [] : stdout.split('\n')),
    )
  })
