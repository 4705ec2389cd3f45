import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { JOB_MARK, PHASE_MARK, READY_MARK, type SendEnd } from '../core/judge-send.ts'
import type { AttemptFiles } from './attempt-files.ts'
import { findProcesses } from './find-processes.ts'
import { killGroup, LAUNCH } from './send-text.ts'

/** How an osascript ended that had stood ready, or was about to, and what it had written. */
export type SlotEnd = { readonly end: SendEnd; readonly evidence: string | undefined }

type Slot = {
  readonly child: ChildProcess
  readonly ended: Promise<SendEnd>
  readonly kill: (by: 'timeout' | 'us') => void
}

/**
 * Slots: osascripts that have found their chat and wait on standard input for one text, each an attempt under the name that
 * its text will have. Without a whole job they end and send nothing, and so they do when the agent is killed.
 */
export const createSlots = ({
  osascript,
  files,
  timeoutMs,
}: {
  readonly osascript: string
  readonly files: AttemptFiles
  readonly timeoutMs: number
}) => {
  const standing = new Map<string, Slot>()

  return {
    /** Starts one for a chat. `onGone` is called where it ends by itself before it was handed a job; never at once. */
    start: (attempt: string, chatGuid: string, onGone: (end: SlotEnd) => void): void => {
      const slot = startSlot({ osascript, files, attempt, chatGuid })
      standing.set(attempt, slot)
      void slot.ended.then(end => {
        if (!standing.delete(attempt)) return
        const evidence = files.evidence(attempt)
        files.forget(attempt)
        onGone({ end, evidence })
      })
    },
    /** Whether a job may be handed to it now: one read of its file. */
    isReady: (attempt: string): boolean => {
      if (!standing.has(attempt)) return false
      const wrote = files.evidence(attempt) ?? ''
      return wrote.includes(`${READY_MARK}\n`) && !wrote.includes(`${PHASE_MARK} send`)
    },
    /** From here on it is an attempt as any other. Resolves when it has ended, or had to be ended; never rejects. */
    handOver: async (attempt: string, text: string, onHanded: () => void): Promise<SendEnd> => {
      const slot = standing.get(attempt)
      if (slot === undefined) return { kind: 'not-spawned', code: 'SLOT_GONE' }
      standing.delete(attempt)
      // It has stood for a while: a disk that is full by now would hide that it sends.
      if (!files.append(attempt, JOB_MARK)) {
        slot.kill('us')
        return { kind: 'not-spawned', code: 'NO_EVIDENCE' }
      }
      giveJob(slot.child, `${attempt}\n${text}\n${attempt}`)
      onHanded()
      // One that does not take its job up has done nothing, and is not waited for.
      const pickUp = setTimeout(() => {
        if (files.evidence(attempt)?.includes(`${PHASE_MARK} send`) === false) slot.kill('timeout')
      }, PICK_UP_MS)
      const timer = setTimeout(() => slot.kill('timeout'), timeoutMs)
      const end = await slot.ended
      clearTimeout(pickUp)
      clearTimeout(timer)
      return end.kind === 'exited' ? { ...end, warm: true } : end
    },
    /** Ends one that has no job. */
    end: (attempt: string): void => {
      standing.get(attempt)?.kill('us')
      if (standing.delete(attempt)) files.forget(attempt)
    },
    /** Ends what is left of these by a life of the agent that had no time to: a deaf or a stopped one. */
    endOrphans: async (attempts: readonly string[]): Promise<void> => {
      for (const attempt of attempts) {
        for (const pid of (await findProcesses(attempt, WARM_SCRIPT)) ?? []) killGroup(pid)
      }
    },
  }
}

/** To read a line and log one takes milliseconds; Messages is not asked for anything before that. */
const PICK_UP_MS = 3_000
export const WARM_SCRIPT = fileURLToPath(new URL('./send-warm.applescript', import.meta.url))

export const startSlot = ({
  osascript,
  files,
  attempt,
  chatGuid,
}: {
  readonly osascript: string
  readonly files: AttemptFiles
  readonly attempt: string
  readonly chatGuid: string
}): Slot => {
  const output = files.open(attempt)
  try {
    const child = spawn('/bin/sh', ['-c', LAUNCH, osascript, WARM_SCRIPT, attempt, 'chat', '', '', chatGuid], {
      detached: true,
      stdio: ['pipe', output, output],
    })
    let endedBy: 'timeout' | 'us' | undefined
    const ended = new Promise<SendEnd>(resolve => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        resolve({ kind: 'not-spawned', code: error.code ?? 'ERROR' })
      })
      child.once('exit', (code, signal) => {
        if (code !== null) resolve({ kind: 'exited', code })
        else resolve({ kind: 'killed', by: endedBy ?? signal ?? 'signal' })
      })
    })
    // EPIPE: it ended, or closed its input. What it wrote tells how far it came.
    child.stdin?.on('error', () => {})
    return {
      child,
      ended,
      kill: by => {
        endedBy = by
        killGroup(child.pid)
      },
    }
  } finally {
    closeSync(output)
  }
}

/** The whole job and its end; undefined closes the input without one. */
export const giveJob = ({ stdin }: { readonly stdin: Writable | null }, job?: string): void => {
  stdin?.end(job)
}
