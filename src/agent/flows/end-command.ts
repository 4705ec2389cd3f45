import type { BubbleState } from '../core/bubble.ts'
import type { Store } from '../store/open-store.ts'

export type CommandEndNeeds = {
  readonly commands: Pick<Store['commands'], 'finish' | 'ofBubble'>
  /** Wall clock, Unix milliseconds: the backend is told when. */
  readonly now: () => number
}

/** When a command's bubble ends, so does the command. */
export const createCommandEnd =
  ({ commands, now }: CommandEndNeeds) =>
  (bubbleId: number, state: BubbleState, reason: string | undefined): void => {
    const commandId = commands.ofBubble(bubbleId)
    if (commandId === undefined) return
    if (state === 'confirmed') commands.finish(commandId, 'completed', now(), undefined, 'sent')
    else commands.finish(commandId, 'failed', now(), reason, state)
  }
