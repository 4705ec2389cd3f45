import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { PHASE_MARK, READY_MARK, type SendEnd } from '../core/judge-send.ts'
import { isNoFault, type TrialStep, type WarmTrial } from '../core/warmth.ts'
import type { AttemptFiles } from './attempt-files.ts'
import { findProcesses } from './find-processes.ts'
import { killGroup, LAUNCH } from './send-text.ts'
import { giveJob, startSlot, WARM_SCRIPT } from './warm-slots.ts'

type TrialNeeds = {
  readonly osascript: string
  readonly files: AttemptFiles
  readonly newAttempt: () => string
}

/**
 * Whether an osascript can stand ready here, by steps that send nothing: it becomes ready; without a job, and with half a
 * job, it ends with an error and never begins to send; it is gone soon after the one who started it. Never rejects.
 */
export const tryWarm = async (chatGuid: string, needs: TrialNeeds): Promise<WarmTrial> => {
  try {
    const began = performance.now()
    const { readyMs, rssKb } = await withSlot(chatGuid, needs, async (slot, attempt) => {
      const readyMs = Math.round(performance.now() - began)
      const rssKb = await memoryOf(slot.child)
      giveJob(slot.child)
      await expectRefusal('no job', attempt, slot.ended, needs)
      return { readyMs, rssKb }
    })
    await withSlot(chatGuid, needs, async (slot, attempt) => {
      giveJob(slot.child, `${attempt}\nhalf a job`)
      await expectRefusal('half a job', attempt, slot.ended, needs)
    })
    await tryParentsEnd(chatGuid, needs)
    return { verdict: 'passed', readyMs, ...(rssKb !== undefined && { rssKb }) }
  } catch (error) {
    if (error instanceof Verdict) return error.trial
    return { verdict: 'undecided', reason: String((error as NodeJS.ErrnoException).code ?? error) }
  }
}

class Verdict extends Error {
  readonly trial: WarmTrial
  constructor(trial: WarmTrial) {
    super(trial.verdict)
    this.trial = trial
  }
}

const failed = (step: TrialStep, reason: string): Verdict => new Verdict({ verdict: 'failed', step, reason })

type Slot = ReturnType<typeof startSlot>

/** With one that stands ready; it is gone afterwards. */
const withSlot = async <T>(
  chatGuid: string,
  needs: TrialNeeds,
  work: (slot: Slot, attempt: string) => Promise<T>,
): Promise<T> => {
  const attempt = needs.newAttempt()
  const slot = startSlot({ ...needs, attempt, chatGuid })
  let end: SendEnd | undefined
  void slot.ended.then(how => {
    end = how
  })
  try {
    await awaitReady(attempt, needs, () => end)
    return await work(slot, attempt)
  } finally {
    if (end === undefined) slot.kill('us')
    needs.files.forget(attempt)
  }
}

const awaitReady = async (attempt: string, { files }: TrialNeeds, ended: () => SendEnd | undefined): Promise<void> => {
  const deadline = performance.now() + READY_WITHIN_MS
  while (!files.evidence(attempt)?.includes(`${READY_MARK}\n`)) {
    const end = ended()
    const evidence = files.evidence(attempt)
    if (end !== undefined && isNoFault(evidence)) {
      throw new Verdict({ verdict: 'undecided', reason: lastLine(evidence) })
    }
    if (end !== undefined) throw failed('ready', `it ended: ${describe(end)} ${lastLine(evidence)}`.trim())
    if (performance.now() > deadline) throw failed('ready', `not within ${READY_WITHIN_MS / 1_000} s`)
    await sleep(LOOK_MS)
  }
}

/** It ends, by an error of its own, and has not begun to send. */
const expectRefusal = async (
  step: TrialStep,
  attempt: string,
  ended: Promise<SendEnd>,
  { files }: TrialNeeds,
): Promise<void> => {
  const end = await Promise.race([ended, sleep(ENDS_WITHIN_MS, undefined, { ref: false })])
  if (files.evidence(attempt)?.includes(`${PHASE_MARK} send`)) throw failed(step, 'it began to send')
  if (end === undefined) throw failed(step, 'it did not end')
  if (end.kind !== 'exited' || end.code === 0) throw failed(step, `it ended: ${describe(end)}`)
}

/** Another node starts one, as the agent does, and is killed. */
const tryParentsEnd = async (chatGuid: string, needs: TrialNeeds): Promise<void> => {
  const { files, osascript } = needs
  const attempt = needs.newAttempt()
  const output = files.open(attempt)
  let parent: ChildProcess | undefined
  try {
    const args = ['-c', LAUNCH, osascript, WARM_SCRIPT, attempt, 'chat', '', '', chatGuid]
    parent = spawn(process.execPath, ['-e', PARENT, '--', ...args], { stdio: ['ignore', output, output] })
    let end: SendEnd | undefined
    parent.once('error', (error: NodeJS.ErrnoException) => {
      end = { kind: 'not-spawned', code: error.code ?? 'ERROR' }
    })
    parent.once('exit', code => {
      end ??= { kind: 'exited', code: code ?? -1 }
    })
    await awaitReady(attempt, needs, () => end)
    parent.kill('SIGKILL')
    if (!(await isGone(attempt, GONE_WITHIN_MS))) {
      // On a machine that is very busy it may only be late.
      throw (await isGone(attempt, ENDS_WITHIN_MS))
        ? new Verdict({ verdict: 'undecided', reason: 'it ended late after the one who started it' })
        : failed("parent's end", 'it went on without the one who started it')
    }
    if (files.evidence(attempt)?.includes(`${PHASE_MARK} send`)) throw failed("parent's end", 'it began to send')
  } finally {
    closeSync(output)
    parent?.kill('SIGKILL')
    for (const pid of (await findProcesses(attempt, WARM_SCRIPT)) ?? []) killGroup(pid)
    files.forget(attempt)
  }
}

/** In a process of its own: what the agent does for a slot, and then nothing. It ends with its child. */
const PARENT = `require('node:child_process')
  .spawn('/bin/sh', process.argv.slice(1), { detached: true, stdio: ['pipe', 1, 2] })
  .on('exit', code => process.exit(code ?? 1))`

const isGone = async (attempt: string, withinMs: number): Promise<boolean> => {
  const deadline = performance.now() + withinMs
  while ((await findProcesses(attempt, WARM_SCRIPT))?.length !== 0) {
    if (performance.now() > deadline) return false
    await sleep(LOOK_MS)
  }
  return true
}

/** In KB, where `ps` tells. */
const memoryOf = ({ pid }: ChildProcess): Promise<number | undefined> =>
  new Promise(resolve => {
    execFile('/bin/ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
      const kb = Number.parseInt(stdout, 10)
      resolve(error === null && kb > 0 ? kb : undefined)
    })
  })

const describe = (end: SendEnd): string =>
  end.kind === 'exited' ? `exit code ${end.code}` : end.kind === 'killed' ? end.by : end.kind

const lastLine = (evidence = ''): string => (evidence.trim().split('\n').at(-1) ?? '').slice(0, 200)

const READY_WITHIN_MS = 10_000
const ENDS_WITHIN_MS = 5_000
const GONE_WITHIN_MS = 1_000
const LOOK_MS = 25
