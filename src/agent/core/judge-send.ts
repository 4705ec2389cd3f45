import type { SendOutcome } from './bubble.ts'

/** What is known of an osascript that is no more. */
export type SendEnd =
  /** `warm`: it had stood ready, and was handed its text. */
  | { readonly kind: 'exited'; readonly code: number; readonly warm?: boolean }
  | { readonly kind: 'killed'; readonly by: string }
  /** The process never came to be. */
  | { readonly kind: 'not-spawned'; readonly code: string }
  /** It ended while no agent was looking; its output is all there is. */
  | { readonly kind: 'unobserved' }

/** Written into the attempt's file by its process, before that becomes osascript. */
export const SPAWN_MARK = 'edge-agent: spawned'

/** Written by send-warm.applescript once it has found its chat and waits for its job. Not a phase: nothing is begun. */
export const READY_MARK = 'edge-agent: ready'
/** Written by the agent right before it hands a job over: an attempt's file that takes this takes the next phase, too. */
export const JOB_MARK = 'edge-agent: job'

/** Written by the scripts before each step, into the attempt's file. */
export const PHASE_MARK = 'edge-agent phase:'
/** Stands where the middle of a long output was left out: what phases it told is not known. */
export const GAP_MARK = `\n${PHASE_MARK} ?\n`

/**
 * Errors by which Messages says that it did nothing. Told apart by number: their texts are localised.
 * -1743, -1744: not allowed to control Messages. -1728: no such chat. -1719: no such account. -600: Messages does not
 * run. -10810: it cannot be launched. -2740, -2741: the script does not compile. -43: it is not there.
 */
const NOTHING_DONE = new Map<number, 'not-allowed' | 'no-such-chat' | 'other'>([
  [-1743, 'not-allowed'],
  [-1744, 'not-allowed'],
  [-1728, 'no-such-chat'],
  [-1719, 'other'],
  [-600, 'other'],
  [-10810, 'other'],
  [-2740, 'other'],
  [-2741, 'other'],
  [-43, 'other'],
])

/**
 * Rule 8 of the delivery rules: did the text provably not reach Messages? That a phase is missing in the output proves
 * something only behind an earlier one: an osascript of another make, or a full disk, leaves none at all. `output` is
 * undefined where it cannot be read: then it proves nothing.
 */
export const judgeSend = (end: SendEnd, output: string | undefined): SendOutcome => {
  if (end.kind === 'not-spawned') return notStarted(`spawn_${end.code}`)
  // One that stood ready ends by itself when its agent does: only its last word makes it a success.
  const isWarm = (end.kind === 'exited' && end.warm) || output?.includes(READY_MARK)
  if (end.kind === 'exited' && end.code === 0 && !isWarm) return { kind: 'done' }
  if (output === undefined) return { kind: 'unknown', reason: 'evidence_lost' }
  // SIGXFSZ, say: the disk had no room for the mark, and the shell no time to stop by itself.
  const wasCut = end.kind === 'unobserved' || (end.kind === 'killed' && end.by !== 'timeout')
  if (wasCut && !output.includes(SPAWN_MARK)) return notStarted('never_spawned')

  const number = errorNumber(output)
  const reason = number === undefined ? describe(end) : `messages_error_${number}`
  const phases = [...output.matchAll(PHASES)].map(([, phase]) => phase)
  if (phases.includes('done')) return { kind: 'done' }
  // A phase that is cut off may be any.
  if (phases.some(phase => phase !== 'resolve') || endsTorn(output)) return { kind: 'unknown', reason }

  const nothingDone = number === undefined ? undefined : NOTHING_DONE.get(number)
  if (nothingDone !== undefined) return notStarted(reason, nothingDone)
  if (phases.length > 0) return notStarted(reason)
  // 126, 127: a shell says that there was nothing to run.
  if (end.kind === 'exited' && (end.code === 126 || end.code === 127)) return notStarted(reason)
  return { kind: 'unknown', reason }
}

const PHASES = new RegExp(`${PHASE_MARK} ?(\\S*)`, 'g')
/** A full disk may take the beginning of a mark, and not its end. */
const endsTorn = (output: string): boolean => {
  const rest = output.slice(output.lastIndexOf('\n') + 1)
  return rest !== '' && PHASE_MARK.startsWith(rest)
}

/** The last `(-1728)` at the end of a line. */
const errorNumber = (output: string): number | undefined => {
  const numbers = [...output.matchAll(/\((-\d{1,6})\)\s*$/gm)]
  return numbers.length === 0 ? undefined : Number(numbers.at(-1)?.[1])
}

const describe = (end: SendEnd): string => {
  switch (end.kind) {
    case 'exited':
      return `exit_${end.code}`
    case 'killed':
      return end.by === 'timeout' ? 'timed_out' : `killed_${end.by}`
    case 'not-spawned':
      return `spawn_${end.code}`
    case 'unobserved':
      return 'agent_stopped_meanwhile'
  }
}

const notStarted = (reason: string, cause: 'not-allowed' | 'no-such-chat' | 'other' = 'other'): SendOutcome => ({
  kind: 'not-started',
  reason,
  cause,
})
