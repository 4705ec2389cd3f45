/**
 * The warm way: an osascript that stands ready for a chat before its bubble is there. Whether this Mac can do it is tried
 * by steps that send nothing; what came of them is kept for this version of macOS, this osascript and this node.
 */
export type WarmTrial =
  /** `readyMs`: how long an osascript took until it stood ready; `rssKb`: what it used of the memory then. */
  | { readonly verdict: 'passed'; readonly readyMs: number; readonly rssKb?: number | undefined }
  | { readonly verdict: 'failed'; readonly step: TrialStep; readonly reason: string }
  /** Something else was in the way, such as a Messages that does not run. */
  | { readonly verdict: 'undecided'; readonly reason: string }

export type TrialStep = 'ready' | 'no job' | 'half a job' | "parent's end"

export type WarmStatus = {
  readonly setting: 'auto' | 'on' | 'off'
  /**
   * untried: nothing is known yet. in_use. failed: this Mac cannot do it, as far as was tried. fallen_back: it failed too
   * often in a row and rests.
   */
  readonly state: 'off' | 'untried' | 'trying' | 'in_use' | 'failed' | 'fallen_back'
  /** Why it is not in use. */
  readonly reason?: string
  /** When it is tried again. ISO 8601 */
  readonly until?: string
  /** Until an osascript stood ready, in the last trial. */
  readonly readyMs?: number
  /** How many stand ready now, or are about to. */
  readonly standing: number
  /** Texts handed to one since the agent started, those that were started cold, and how many of these had to be. */
  readonly sent: { readonly warm: number; readonly cold: number; readonly wentCold: number }
}

/** So many failures in a row, and it rests. */
export const FAILURES_AT_MOST = 3

/** What keeps a slot from its chat, and is no fault of the warm way: a cold send would meet the same. */
export const isNoFault = (evidence: string | undefined): boolean => numberIn(evidence) !== undefined

/** Messages does not list this chat, or has no such account: no slot can ever be ready for it. */
export const isUnlisted = (evidence: string | undefined): boolean =>
  ['-1728', '-1719'].includes(numberIn(evidence) ?? '')

/** It has no such chat; its thread may have another one. */
export const isGone = (evidence: string | undefined): boolean => numberIn(evidence) === '-1728'

/** -600, -10810: Messages does not run. -1743, -1744: not allowed. -1728, -1719: not there. */
const numberIn = (evidence = ''): string | undefined =>
  /\((-600|-10810|-1743|-1744|-1728|-1719)\)\s*$/m.exec(evidence)?.[1]
