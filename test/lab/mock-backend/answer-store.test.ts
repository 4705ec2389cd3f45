import { expect, test } from 'vitest'
import { createAnswerStore } from '../../../src/lab/mock-backend/answer-store.ts'

const HOUR_MS = 60 * 60 * 1000

test('an answer is kept for a day and then forgotten', () => {
  let now = 0
  const store = createAnswerStore(() => now)
  expect(store.claim('agent', 'key', 'body')).toEqual({ state: 'new' })
  expect(store.claim('agent', 'key', 'body')).toEqual({ state: 'working' })
  store.finish('agent', 'key', 'the answer')
  now = 23 * HOUR_MS
  expect(store.claim('agent', 'key', 'body')).toEqual({ state: 'answered', answer: 'the answer' })
  expect(store.claim('agent', 'key', 'another body')).toEqual({ state: 'other-body' })
  now = 24 * HOUR_MS
  expect(store.claim('agent', 'key', 'body')).toEqual({ state: 'new' })
})

test('agent and key cannot be mistaken for each other', () => {
  const store = createAnswerStore(() => 0)
  store.claim('a', 'bc', 'body')
  expect(store.claim('ab', 'c', 'body')).toEqual({ state: 'new' })
})

test('work that came to nothing leaves no trace', () => {
  const store = createAnswerStore(() => 0)
  store.claim('agent', 'key', 'body')
  store.forget('agent', 'key')
  expect(store.claim('agent', 'key', 'another body')).toEqual({ state: 'new' })
})

test('beyond ten thousand keys the oldest makes room', () => {
  const store = createAnswerStore(() => 0)
  for (let n = 0; n < 10_000; n += 1) store.claim('agent', `key ${n}`, 'body')
  expect(store.claim('agent', 'key 10000', 'body')).toEqual({ state: 'new' })
  expect(store.claim('agent', 'key 9999', 'body')).toEqual({ state: 'working' })
  expect(store.claim('agent', 'key 1', 'body')).toEqual({ state: 'working' })
  expect(store.claim('agent', 'key 0', 'body')).toEqual({ state: 'new' })
})
