import { expect, test } from 'vitest'
import { ANNA, personal, phone, repliesTo } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { waitFor } from '../support/start-house.ts'
import { sees } from '../support/two-bubbles.ts'

test('36 messages of one person are thought about: other people wait for none of them, and hers stay in order', async () => {
  const thought = Promise.withResolvers<void>()
  const answer = personal.replies
  const replies: typeof personal.replies = async message => {
    if (message.thread_id === ANNA) await thought.promise
    return typeof answer === 'function' ? answer(message) : []
  }
  await inHouse({ backend: { ...personal, replies } }, async house => {
    await house.startConnected()
    const texts = Array.from({ length: 36 }, (_, n) => `${n}`)
    for (const text of texts) await house.simulator.receive({ from: ANNA, text })
    const herPosts = () => house.backend.received.filter(({ thread_id }) => thread_id === ANNA)
    await waitFor('her POSTs', () => herPosts().length >= 12)
    for (const n of [1, 2, 3, 4, 5]) await house.simulator.receive({ from: phone(n), text: 'hi' })
    for (const n of [1, 2, 3, 4, 5]) await sees(house, phone(n), repliesTo('hi'))
    expect(herPosts().length).toBeLessThan(texts.length)
    thought.resolve()
    await waitFor('all answers', async () => (await house.status()).messages.answered === 41)
    expect(herPosts().map(({ filtered_text }) => filtered_text)).toEqual(texts)
  })
})
