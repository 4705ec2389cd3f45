import type { BubbleState } from '../core/bubble.ts'
import type { CommandNeeds } from './execute-command.ts'

export type CommandEndNeeds = Pick<CommandNeeds['commands'], 'finish'> & {
  readonly ofBubble: (bubbleId: number) => string | undefined
}

/** When a command's bubble ends, so does the command. */
export const createCommandEnd =
  (commands: CommandEndNeeds) =>
  (bubbleId: number, state: BubbleState, reason: string | undefined): void => {
    const commandId = commands.ofBubble(bubbleId)
    if (commandId === undefined) return
    if (state === 'confirmed') commands.finish(commandId, 'completed', Date.now(), undefined, 'sent')
    else commands.finish(commandId, 'failed', Date.now(), reason, state)
  }
