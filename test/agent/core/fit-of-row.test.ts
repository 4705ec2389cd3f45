import { expect, test } from 'vitest'
import { fitOf } from '../../../src/agent/core/fit-of-row.ts'
import { says } from '../../../src/agent/core/says.ts'

const chat = (threadId: string) => ({ threadId, guid: `any;-;${threadId}`, isGroup: false, service: '', accountId: '' })

test.each([
  ['the same words', 'ok 👍', 'anna', 'ok 👍', 'same'],
  ['quotes that Messages has curled', '"ok"', 'anna', '“ok”', 'same'],
  ['the same words in another thread', 'ok', 'bert', 'ok', 'elsewhere'],
  ['dots that Messages has drawn together', 'wait... what -- ok', 'anna', 'wait… what — ok', 'rewritten'],
  ['the words of a text whose link got a row of its own', 'look https://a.example/b', 'anna', 'look', 'part'],
  ['the same, in another thread', 'look https://a.example/b', 'bert', 'look', 'none'],
  ['other words', 'ok', 'anna', 'okay', 'none'],
])('%s', (_, ours, threadId, theirs, fit) => {
  const bubble = { threadId: 'anna', says: says(ours) }
  expect(fitOf(bubble, { chat: chat(threadId), text: theirs, isLink: false })).toBe(fit)
})

test('a row that is in no chat yet is in no thread of ours', () => {
  expect(fitOf({ threadId: 'anna', says: 'ok' }, { text: 'ok', isLink: false })).toBe('elsewhere')
})
