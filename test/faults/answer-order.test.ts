import { expect, test } from 'vitest'
import { ANNA } from '../support/conversation.ts'
import { type House, waitFor } from '../support/start-house.ts'
import { settled } from '../support/two-bubbles.ts'
import { withHouse } from '../support/with-house.ts'

/** The backend thinks about messages until it is told to answer them. */
const talk = (happen: (house: House, answer: (...texts: string[]) => void) => Promise<void>, env = {}) => {
  const answers = new Map<string, () => void>()
  return withHouse(
    {
      env,
      backend: {
        reflex: () => undefined,
        replies: ({ filtered_text: text }) =>
          new Promise(resolve => answers.set(text, () => resolve([`${text}, first`, `${text}, second`]))),
      },
    },
    async house => {
      await house.startConnected()
      await happen(house, (...texts) => {
        for (const text of texts) answers.get(text)?.()
      })
    },
  )
}
const write = async (house: House, ...texts: readonly string[]): Promise<void> => {
  for (const text of texts) await house.simulator.receive({ from: ANNA, text })
  await waitFor('all POSTs', () => house.backend.received.length === texts.length)
}
const bubbles = (...texts: readonly string[]) => texts.flatMap(text => [`${text}, first`, `${text}, second`])

test.concurrent.each([
  ['in reverse', ['three', 'two', 'one']],
  ['in any order', ['two', 'three', 'one']],
])('answers of one thread that come together, %s, go out in the order of their messages', (_, order) =>
  talk(async (house, answer) => {
    await write(house, 'one', 'two', 'three')
    answer(...order)
    await waitFor('all of it', () => house.seen(ANNA).length === 6)
    await settled(house)
    expect(house.seen(ANNA)).toEqual(bubbles('one', 'two', 'three'))
  }),
)

test.concurrent('one that has begun is not torn apart; those that wait behind it are put in order', () =>
  talk(async (house, answer) => {
    house.simulator.setOsascriptMode({ mode: 'slow', ms: 700 }, { target: ANNA, times: 1 })
    await write(house, 'one', 'two', 'three')
    answer('two')
    await waitFor('it to begin', async () => ((await house.status()).bubbles.sending ?? 0) === 1)
    answer('three')
    await waitFor('the third answer', async () => (await house.status()).messages.answered === 2)
    answer('one')
    await waitFor('all of it', () => house.seen(ANNA).length === 6)
    await settled(house)
    expect(house.seen(ANNA)).toEqual(bubbles('two', 'one', 'three'))
  }))

test.concurrent('an answer does not wait for one that is still thought about', () =>
  talk(async (house, answer) => {
    await write(house, 'one', 'two')
    answer('two')
    await waitFor('its bubbles', () => house.seen(ANNA).length === 2)
    answer('one')
    await waitFor('all of it', () => house.seen(ANNA).length === 4)
    await settled(house)
    expect(house.seen(ANNA)).toEqual(bubbles('two', 'one'))
  }))
