import { describe, expect, test } from 'vitest'
import { ANNA } from '../support/conversation.ts'
import { slotsOf } from '../support/processes.ts'
import { waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled } from '../support/two-bubbles.ts'
import { ready, startTalk } from '../support/warm-talk.ts'

/** Each step of a bubble that goes by an osascript that stood ready; before and after each there is a point. */
const STARTS = [['slot@1', 'an osascript is started for the chat']] as const
const REFLEX = [
  ['command@1', 'R is accepted, with the intent to send it by what stands ready'],
  ['job@1', 'R is handed over, and sent'],
  ['handed@1', 'the job is known to be written'],
  ['deliver@2', 'the outcome of R'],
  ['confirm@1', 'the row of R is found'],
] as const
const ANSWER = [
  ['answer@3', 'the answer is stored'],
  ['job@2', 'B is handed over, and sent'],
  ['handed@2', 'the job is known to be written'],
] as const

const around = ([work, what]: readonly [string, string]) => {
  const [name, at] = work.split('@')
  return [
    [`${name}-before@${at}`, `before ${what}`],
    [`${name}-after@${at}`, `after ${what}`],
  ] as const
}

/**
 * Killed there, and then let live: R and B come once each and in this order, nobody is in doubt, and of what stood ready
 * nothing is left.
 */
const survive = async (
  point: string,
  until: 'message' | 'reflex' | 'answer',
  next: Record<string, string> = {},
): Promise<void> => {
  const talk = await startTalk()
  const { house } = talk
  try {
    await house.startConnected({ EDGE_FAILPOINT: `${point}:kill` })
    if (until === 'message') await house.simulator.receive({ from: ANNA, text: 'hi' })
    else {
      const guid = await talk.say()
      await ready(house)
      talk.reflex(guid)
    }
    if (until === 'answer') {
      await sees(house, ANNA, ['R to hi'])
      await ready(house)
      talk.answer()
    }
    expect(await house.agentEnd(), `the end at ${point}`).toBe('SIGKILL')
    talk.answer()
    await house.startAgent(next)
    await sees(house, ANNA, bubblesTo('hi'))
    await settled(house)
    const { bubbles, problems } = await house.status()
    expect({ bubbles, problems }).toEqual({ bubbles: { confirmed: 2 }, problems: [] })
    await talk.check({ unheard: 'any' })
    await waitFor('no osascript to be left', () => slotsOf(house).length === 0)
  } finally {
    await talk.close()
  }
}

describe.concurrent('killed while an osascript stands ready, or works: the next life brings it to its end', () => {
  test.each(STARTS.flatMap(around))('%s: %s', point => survive(point, 'message'))
  test.each(REFLEX.flatMap(around))('%s: %s', point => survive(point, 'reflex'))
  test.each(ANSWER.flatMap(around))('%s: %s', point => survive(point, 'answer'))
})

describe.concurrent('the next life knows nothing of the warm way, and takes up what the last one left of it', () => {
  test.each(['command-after@1', 'handed-before@1', 'job-after@1'])('%s', point =>
    survive(point, 'reflex', { EDGE_SEND_WARM: 'off' }),
  )
})

describe.concurrent('killed while the fallback of one that did nothing is on its way', () => {
  test.each(['spawn-before@1', 'spawn-after@1', 'send-after@1'])('%s', async point => {
    const talk = await startTalk()
    const { house } = talk
    try {
      house.simulator.setSlotMode({ mode: 'quiet-end' }, { times: 1 })
      await house.startConnected({ EDGE_FAILPOINT: `${point}:kill` })
      const guid = await talk.say()
      await ready(house)
      talk.reflex(guid)
      expect(await house.agentEnd(), `the end at ${point}`).toBe('SIGKILL')
      talk.answer()
      await house.startAgent()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect((await house.status()).bubbles).toEqual({ confirmed: 2 })
      await talk.check({ unheard: 'any' })
    } finally {
      await talk.close()
    }
  })
})
