import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { JOB_MARK, READY_MARK } from '../../src/agent/core/judge-send.ts'
import { checkInvariants, type Expected } from './check-invariants.ts'
import { ANNA } from './conversation.ts'
import { AGENT_ID, type House, type HouseOptions, startHouse, waitFor } from './start-house.ts'
import { bubblesTo } from './two-bubbles.ts'

export type Talk = Awaited<ReturnType<typeof startTalk>>

/**
 * A house whose agent keeps osascripts ready, and a backend that sends reflex and answer when the test says so: in between
 * there is time for one to get ready.
 */
export const startTalk = async ({ env, backend, ...options }: HouseOptions = {}) => {
  const thought = Promise.withResolvers<void>()
  const reflexes = new Map<string, string>()
  const house = await startHouse({
    ...options,
    backend: {
      reflex: () => undefined,
      replies: ({ filtered_text }) => thought.promise.then(() => bubblesTo(filtered_text)),
      ...backend,
    },
    env: { EDGE_SEND_WARM: 'on', ...env },
  })
  return {
    house,
    say: async (from: string = ANNA, text = 'hi'): Promise<string> => {
      const { guid } = await house.simulator.receive({ from, text })
      await waitFor('the POST', () => house.backend.received.some(message => message.thread_id === from))
      return guid
    },
    /** The backend sends the reflex to this message. */
    reflex: (guid: string, to: string = ANNA, text = 'hi'): void => {
      const payload = { thread_id: to, text: `R to ${text}`, bubble_type: 'reflex' }
      const command = { command_type: 'send_message_now', payload, priority: 'immediate' } as const
      reflexes.set(house.backend.sendCommand(AGENT_ID, command), guid)
    },
    /** The backend has thought of its answers. */
    answer: (): void => thought.resolve(),
    /** What it takes for no bubble to be lost, doubled or out of order, and nothing left behind. */
    check: (expected: Expected = {}): Promise<void> => checkInvariants(house, { reflexes, ...expected }),
    close: (): Promise<void> => {
      thought.resolve()
      return house.close()
    },
  }
}

/** How many stand ready and have no job. */
export const countReady = ({ stateDir }: Pick<House, 'stateDir'>): number => {
  const dir = join(stateDir, 'attempts')
  const isReady = (file: string): boolean => {
    try {
      const wrote = readFileSync(join(dir, file), 'utf8')
      return wrote.includes(`${READY_MARK}\n`) && !wrote.includes(JOB_MARK)
    } catch {
      return false // it has just gone
    }
  }
  return readdirSync(dir).filter(isReady).length
}

export const ready = (house: Pick<House, 'stateDir'>, count = 1): Promise<void> =>
  waitFor(`${count} to stand ready`, () => countReady(house) >= count)
