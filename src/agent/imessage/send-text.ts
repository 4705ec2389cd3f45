import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type SendEnd, SPAWN_MARK } from '../core/judge-send.ts'
import { createAttemptFiles } from './attempt-files.ts'
import { findProcesses } from './find-processes.ts'

export type SendTarget =
  | { readonly mode: 'chat'; readonly chatGuid: string }
  /** A person's address on one account: for direct chats that Messages does not have in its live list. */
  | { readonly mode: 'participant'; readonly accountId: string; readonly service: string; readonly handle: string }

/**
 * Sends through osascript. Each attempt is a detached process of its own whose output goes to a file that is named
 * after the attempt: process and evidence outlive the agent.
 */
export const createSendText = (settings: {
  readonly osascript: string
  /** Folder of the attempts' files. */
  readonly dir: string
  readonly timeoutMs: number
}) => {
  const files = createAttemptFiles(settings.dir)

  return {
    /** Resolves when osascript has ended, or had to be ended; never rejects. */
    send: (attempt: string, target: SendTarget, text: string, onStarted: () => void = () => {}) =>
      new Promise<SendEnd>(resolve => {
        let output: number | undefined
        const end = (how: SendEnd): void => {
          files.removeText(attempt)
          resolve(how)
        }
        try {
          output = files.open(attempt)
          const args = [SCRIPT, attempt, ...toArguments(target), files.writeText(attempt, text)]
          const child = spawn('/bin/sh', ['-c', LAUNCH, settings.osascript, ...args], {
            detached: true,
            stdio: ['ignore', output, output],
          })
          onStarted()
          let timedOut = false
          const timer = setTimeout(() => {
            timedOut = true
            killGroup(child.pid)
          }, settings.timeoutMs)
          child.once('error', (error: NodeJS.ErrnoException) => {
            clearTimeout(timer)
            end({ kind: 'not-spawned', code: error.code ?? 'ERROR' })
          })
          child.once('exit', (code, signal) => {
            clearTimeout(timer)
            // After a freeze both are overdue, the time-out and the word of an end that came in time.
            if (code !== null) end({ kind: 'exited', code })
            else end({ kind: 'killed', by: timedOut ? 'timeout' : (signal ?? 'signal') })
          })
        } catch (error) {
          end({ kind: 'not-spawned', code: (error as NodeJS.ErrnoException).code ?? 'ERROR' })
        } finally {
          if (output !== undefined) closeSync(output)
        }
      }),
    wasPrepared: files.wasPrepared,
    evidence: files.evidence,
    forget: files.forget,
    /** For those who keep others of their kind in the same folder. */
    files,
    sweep: files.sweep,
    /** Process ids of an attempt of an earlier life that still runs. Undefined where that cannot be told now. */
    running: (attempt: string): Promise<number[] | undefined> => findProcesses(attempt),
    kill: (pid: number): void => killGroup(pid),
  }
}

/**
 * The child itself leaves word that it came to be: whoever finds the file without it knows that nothing was started. On
 * a full disk it cannot, and then goes no further: a send without evidence would later look like none.
 */
export const LAUNCH = `echo '${SPAWN_MARK}' || exit 126; exec "$0" "$@"`
const SCRIPT = fileURLToPath(new URL('./send.applescript', import.meta.url))

const toArguments = (target: SendTarget): [mode: string, account: string, service: string, target: string] =>
  target.mode === 'chat'
    ? ['chat', '', '', target.chatGuid]
    : ['participant', target.accountId, target.service, target.handle]

/** A detached child leads its own process group. */
export const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL')
      return
    } catch {
      // no such group: an osascript that another life of the agent started may not lead one
    }
  }
}
