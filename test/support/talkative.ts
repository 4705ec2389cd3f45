import { expect } from 'vitest'
import type { MockBackendOptions } from '../../src/mock-backend/start-mock-backend.ts'
import { type House, waitFor } from './start-house.ts'

export const ANNA = '+15622924139'
export const BERT = 'bert@example.com'

/** A backend that answers each message with words of its own, R and B: nothing can be mistaken for something else. */
export const TALKATIVE: MockBackendOptions = {
  thinkMs: 300,
  reflex: ({ filtered_text }) => `R to ${filtered_text}`,
  replies: ({ filtered_text }) => [`B to ${filtered_text}`],
}
/** What its sender sees of the answer to each of these messages. */
export const repliesTo = (...texts: readonly string[]): string[] =>
  texts.flatMap(text => [`R to ${text}`, `B to ${text}`])

/** Until a person has seen these texts, and nothing else since. */
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
