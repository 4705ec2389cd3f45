import type { BubbleState } from '../core/bubble.ts'
import type { Store } from '../store/open-store.ts'

export type CommandEndNeeds = {
  readonly commands: Pick<Store['commands'], 'finish' | 'ofBubble'>
  readonly outbox: Pick<Store['outbox'], 'partsOf'>
  /** Wall clock, Unix milliseconds: the backend is told when. */
  readonly now: () => number
}

/** When a command's bubble ends, so does the command; one whose text went in parts with the last of them. */
export const createCommandEnd =
  ({ commands, outbox, now }: CommandEndNeeds) =>
  (bubbleId: number, state: BubbleState, reason: string | undefined): void => {
    const commandId = commands.ofBubble(bubbleId)
    if (commandId === undefined) return
    const parts = outbox.partsOf(bubbleId)
    if (parts.some(part => !isEnd(part.state))) return
    const [failed] = parts.length === 0 ? [{ state, reason }].filter(isNotSent) : parts.filter(isNotSent)
    if (failed === undefined) commands.finish(commandId, 'completed', now(), undefined, 'sent')
    else commands.finish(commandId, 'failed', now(), failed.reason ?? undefined, failed.state)
  }

const isEnd = (state: BubbleState): boolean => state === 'confirmed' || state === 'failed' || state === 'parked'
const isNotSent = ({ state }: { readonly state: BubbleState }): boolean => state !== 'confirmed'
