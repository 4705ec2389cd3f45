import { expect, test } from 'vitest'
import { createAnswersByKey } from '../../../src/lab/mock-backend/answers-by-key.ts'

const HOUR_MS = 60 * 60 * 1000

test('an answer is kept for a day and then forgotten', () => {
  let now = 0
  const answers = createAnswersByKey(() => now)
  expect(answers.begin('agent', 'key', 'body')).toEqual({ state: 'new' })
  expect(answers.begin('agent', 'key', 'body')).toEqual({ state: 'working' })
  answers.finish('agent', 'key', 'the answer')
  now = 23 * HOUR_MS
  expect(answers.begin('agent', 'key', 'body')).toEqual({ state: 'answered', answer: 'the answer' })
  expect(answers.begin('agent', 'key', 'another body')).toEqual({ state: 'other-body' })
  now = 24 * HOUR_MS
  expect(answers.begin('agent', 'key', 'body')).toEqual({ state: 'new' })
})

test('agent and key cannot be mistaken for each other', () => {
  const answers = createAnswersByKey(() => 0)
  answers.begin('a', 'bc', 'body')
  expect(answers.begin('ab', 'c', 'body')).toEqual({ state: 'new' })
})

test('work that came to nothing leaves no trace', () => {
  const answers = createAnswersByKey(() => 0)
  answers.begin('agent', 'key', 'body')
  answers.forget('agent', 'key')
  expect(answers.begin('agent', 'key', 'another body')).toEqual({ state: 'new' })
})

test('beyond ten thousand keys the oldest makes room', () => {
  const answers = createAnswersByKey(() => 0)
  for (let n = 0; n < 10_000; n += 1) answers.begin('agent', `key ${n}`, 'body')
  expect(answers.begin('agent', 'key 10000', 'body')).toEqual({ state: 'new' })
  expect(answers.begin('agent', 'key 9999', 'body')).toEqual({ state: 'working' })
  expect(answers.begin('agent', 'key 1', 'body')).toEqual({ state: 'working' })
  expect(answers.begin('agent', 'key 0', 'body')).toEqual({ state: 'new' })
})
