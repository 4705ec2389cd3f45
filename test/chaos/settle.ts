import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from './start-world.ts'

/** Waits until the agent has nothing more to do; says what was left when patience ended. */
export const settle = async (world: World, messages: number): Promise<string[]> => {
  const deadline = performance.now() + SETTLE_MS
  for (;;) {
    const left = await findLeft(world, messages)
    if (left.length === 0 || performance.now() > deadline) return left
    await sleep(500)
  }
}

/** Longer than the longest wait of the agent: two minutes for a row, a minute of back-off. */
const SETTLE_MS = 6 * 60_000

const findLeft = async (world: World, written: number): Promise<string[]> => {
  try {
    const { messages, bubbles, commands, problems, connection } = await world.status()
    const seen = Object.values(messages).reduce((sum, count) => sum + count, 0)
    const open = { ...messages, ...bubbles, received: commands['received'] }
    return [
      ...(seen < written ? [`${written - seen} messages were never seen`] : []),
      ...OPEN_STATES.flatMap(state => (open[state] ? [`${open[state]} ${state}`] : [])),
      ...findUnackedSoFar(world),
      ...(connection.state === 'open' ? [] : [`the connection is ${connection.state}`]),
      ...problems.map(({ code }) => `problem ${code}`),
    ]
  } catch (error) {
    return [`no status: ${error instanceof Error ? error.message : error}`]
  }
}

const OPEN_STATES = ['queued', 'posting', 'waiting', 'planned', 'sending', 'sent', 'unknown', 'received'] as const

const findUnackedSoFar = (world: World): string[] => {
  const acks = world.journal().flatMap(entry => (entry.type === 'ack' ? [entry] : []))
  const final = new Set(acks.filter(({ status }) => status !== 'received').map(({ commandId }) => commandId))
  const open = new Set(acks.map(({ commandId }) => commandId).filter(commandId => !final.has(commandId)))
  return open.size === 0 ? [] : [`${open.size} commands without a final ack`]
}
