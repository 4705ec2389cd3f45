import { setTimeout as sleep } from 'node:timers/promises'
import type { PlannedTrouble, Trouble } from './plan-trouble.ts'
import type { World } from './start-world.ts'

/**
 * Does to the world what the plan says, one thing after the other, until told to stop; what lasts goes on meanwhile.
 * Resolves when all of it is over. `count` hears of each thing that was done.
 */
export const makeTrouble = async (
  world: World,
  plan: () => PlannedTrouble,
  isOver: () => boolean,
  count: (kind: Trouble['kind']) => void,
): Promise<void> => {
  const lasting = new Map<Trouble['kind'], Promise<void>>()
  while (!isOver()) {
    const { afterMs, trouble } = plan()
    await sleep(afterMs)
    const { kind } = trouble
    // Two of a kind at once would end each other.
    await lasting.get(kind)
    const done = inflict(world, trouble).then(happened => {
      if (happened !== false) count(kind)
    })
    if (LASTING.has(kind)) lasting.set(kind, done)
    else await done
    done.catch(() => {}) // it is awaited later, and throws then
  }
  await Promise.all(lasting.values())
}

const LASTING: ReadonlySet<Trouble['kind']> = new Set([
  'freeze-agent',
  'freeze-backend',
  'freeze-osascript',
  'half-open',
  'disk-full',
  'kill-backend',
])

/** Resolves when it is over; to false where it could not be done. */
const inflict = async (world: World, trouble: Trouble): Promise<unknown> => {
  switch (trouble.kind) {
    case 'kill-agent':
      if (trouble.at !== 'once') await world.next(trouble.at)
      await sleep(trouble.delayMs)
      return world.killAgent(trouble.downMs)
    case 'restart-agent':
      return world.restartAgent()
    case 'kill-backend':
      return world.killBackend(trouble.downMs)
    case 'freeze-agent':
      return world.freezeAgent(trouble.ms)
    case 'freeze-backend':
      return world.freezeBackend(trouble.ms)
    case 'freeze-osascript':
      return world.freezeOsascript(trouble.ms)
    case 'half-open':
      return world.halfOpen(trouble.ms)
    case 'disk-full':
      return world.fillDisk(trouble.ms)
    case 'reset':
      return world.reset()
    case 'replace-chat-db':
      return world.replaceChatDb()
    case 'close-socket':
      return world.closeSocket(trouble.code)
    case 'step-clock':
      return world.stepClock(trouble.offsetMs)
    case 'checkpoint':
      return world.checkpoint(trouble.mode)
  }
}
