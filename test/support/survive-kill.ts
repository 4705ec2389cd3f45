import { expect } from 'vitest'
import type { MockBackendOptions } from '../../src/lab/mock-backend/start-mock-backend.ts'
import { checkInvariants } from './check-invariants.ts'
import { ANNA } from './conversation.ts'
import { startHouse } from './start-house.ts'
import { bubblesTo, sees, settled, twoBubbles } from './two-bubbles.ts'

/** Each commit and effect of a conversation of one message, R and B; before and after each there is a point. */
const CONVERSATION: readonly (readonly [work: string, what: string])[] = [
  ['receive@2', 'the message is stored, and that it is POSTed'],
  ['post@1', 'the POST is made'],
  ['command@1', 'R is accepted, with the intent to send it'],
  ['spawn@1', 'osascript is out with R'],
  ['send@1', 'osascript sends R'],
  ['deliver@2', 'the outcome of R'],
  ['confirm@1', 'the row of R is found'],
  ['ack@1', 'the ack has arrived'],
  ['answer@3', 'the answer is stored'],
  ['deliver@3', 'the intent to send B, or a look whether to'],
  ['spawn@2', 'osascript is out with B'],
  ['send@2', 'osascript sends B'],
  ['deliver@4', 'the outcome of B, or the intent'],
  ['confirm@2', 'the row of B is found'],
]
/** What a life does first of all, and the outcome of a send that was out when the last life ended. */
const RECOVERY: typeof CONVERSATION = [
  ['answer@1', 'messages are taken up'],
  ['deliver@1', 'bubbles are taken up'],
  ['deliver@2', 'the outcome of what was out'],
]

const around = ([work, what]: readonly [string, string]) => {
  const [name, at] = work.split('@')
  return [
    [`${name}-before@${at}`, `before ${what}`],
    [`${name}-after@${at}`, `after ${what}`],
  ] as const
}
export const KILL_POINTS = CONVERSATION.flatMap(around)
export const RECOVERY_POINTS = RECOVERY.flatMap(around)

/**
 * One conversation through one life per point, each killed there, and a last one that is let live. A person sees R and B
 * once each and in this order, and the agent is in doubt about nothing: its sends all leave evidence.
 */
export const surviveKill = async (
  points: readonly string[],
  options: { readonly backend?: MockBackendOptions; readonly osascript?: (dir: string) => string } = {},
): Promise<void> => {
  const house = await startHouse({ backend: { ...twoBubbles, ...options.backend } })
  const env: Record<string, string> = options.osascript ? { EDGE_OSASCRIPT: options.osascript(house.dir) } : {}
  try {
    for (const [life, point] of points.entries()) {
      if (life > 0) house.spawnAgent({ ...env, EDGE_FAILPOINT: `${point}:kill` })
      else {
        await house.startAgent({ ...env, EDGE_FAILPOINT: `${point}:kill` })
        await house.connected()
        await house.simulator.receive({ from: ANNA, text: 'hi' })
      }
      expect(await house.agentEnd(), `the end at ${point}`).toBe('SIGKILL')
    }
    await house.startAgent(env)
    await sees(house, ANNA, bubblesTo('hi'))
    await settled(house)
    const { bubbles, problems } = await house.status()
    expect({ bubbles, problems }).toEqual({ bubbles: { confirmed: 2 }, problems: [] })
    // A reflex that was under way when the agent died is lost: the answer has its words.
    await checkInvariants(house, { unheard: 'any' })
    expect(house.seen(ANNA)).toEqual(bubblesTo('hi'))
  } finally {
    await house.close()
  }
}
