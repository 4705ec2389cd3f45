import { setTimeout as sleep } from 'node:timers/promises'
import type { BackendKind } from './backend-kinds.ts'
import { type PlannedMessage, planMessage } from './plan-message.ts'
import type { World } from './start-world.ts'

/** People write as planned, but wait while too much of what they are owed has not come. */
export const writeMessages = async (
  world: World,
  { seed, backend }: { readonly seed: number; readonly backend: BackendKind },
  written: PlannedMessage[],
  isOver: () => boolean,
): Promise<void> => {
  let owed = 0
  for (let n = 0; !isOver(); n += 1) {
    while (owed - world.sent() > MAX_BACKLOG && !isOver()) await sleep(100)
    const message = planMessage(seed, n, backend)
    await world.receive(message)
    written.push(message)
    if (!message.isSilent)
      owed += message.bubbles.length - message.sends.filter(({ mode }) => NEVER_SENT.has(mode.mode)).length
    await sleep(message.pauseMs)
  }
}

const MAX_BACKLOG = 40
const NEVER_SENT: ReadonlySet<string> = new Set(['hang', 'error-row'])
