import { expect } from 'vitest'
import type { MockBackendOptions } from '../../src/lab/mock-backend/start-mock-backend.ts'
import { type House, waitFor } from './start-house.ts'

/** R and B: an answer with one bubble after the reflex, in words of its own, the reflex some time ahead of it, by its words alone. */
export const twoBubbles: MockBackendOptions = {
  inReplyTo: false,
  thinkMs: 300,
  reflex: ({ filtered_text }) => `R to ${filtered_text}`,
  replies: ({ filtered_text }) => [`B to ${filtered_text}`],
}
/** What its sender sees of the answers to these messages. */
export const bubblesTo = (...texts: readonly string[]): string[] =>
  texts.flatMap(text => [`R to ${text}`, `B to ${text}`])

/** Waits until a person has seen as many texts as these; then it has to be these. */
export const sees = async (house: House, threadId: string, texts: readonly string[]): Promise<void> => {
  await waitFor(`${threadId} to see ${texts.length} bubbles`, () => house.seen(threadId).length >= texts.length)
  expect(house.seen(threadId)).toEqual(texts)
}

/** Until the agent has nothing left to do: all is answered, and each send has been judged. */
export const settled = (house: House): Promise<void> =>
  waitFor('nothing to be left to do', async () => {
    const { messages, bubbles, commands } = await house.status()
    const open = [
      ...[messages.queued, messages.posting, messages.waiting],
      ...[bubbles.planned, bubbles.sending, bubbles.sent, bubbles.unknown],
      commands['received'],
    ]
    return open.every(count => !count)
  })
