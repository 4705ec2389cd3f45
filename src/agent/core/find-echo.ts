import { type Fit, fitOf } from './fit-of-row.ts'
import type { MessageRow } from './message.ts'

/** A bubble whose send was begun, and that has not been seen to come back. Times by the clock of sends. */
export type SentBubble = {
  readonly id: number
  readonly threadId: string
  readonly says: string
  /** Its row is still expected. */
  readonly open: boolean
  readonly startedMs: number
  readonly endedMs?: number
}

export type Echo = { readonly bubble: SentBubble; readonly fit: Fit; readonly isPrompt: boolean }

/**
 * The bubble of ours that a row which came in may be the copy of. `isFromOwner`: then it is looked for in every thread, and a part
 * of one is enough. Prompt is what nobody could have read and typed in that time.
 */
export const findEcho = (row: MessageRow, bubbles: readonly SentBubble[], isFromOwner: boolean): Echo | undefined => {
  if (row.chat === undefined) return undefined
  const { threadId, isGroup } = row.chat
  const fits = bubbles.map(bubble => ({ bubble, fit: fitOf(isFromOwner ? { ...bubble, threadId } : bubble, row) }))
  const taken: readonly Fit[] = isFromOwner ? ['same', 'rewritten', 'part'] : ['same', 'rewritten']
  const [found] = taken.flatMap(fit => fits.find(each => each.fit === fit) ?? [])
  return found && { ...found, isPrompt: !isGroup && isPrompt(row, found.bubble) }
}

const isPrompt = ({ dateMs }: MessageRow, { startedMs, endedMs }: SentBubble): boolean =>
  dateMs !== undefined &&
  dateMs >= startedMs - CLOCK_SLACK_MS &&
  (endedMs === undefined || dateMs <= endedMs + READ_AND_TYPE_MS)

/** In a shorter time nobody reads a text and types the same one. */
const READ_AND_TYPE_MS = 2_000
const CLOCK_SLACK_MS = 1_000
