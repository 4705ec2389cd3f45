import { expect, test } from 'vitest'
import { createAssembly } from '../../../src/agent/core/assemble-rows.ts'
import type { MessageRow } from '../../../src/agent/core/message.ts'
import { says } from '../../../src/agent/core/says.ts'
import { PLAIN_ROW } from '../../support/plain-row.ts'

const chat = { threadId: 'anna', guid: 'any;-;anna', isGroup: false, service: '', accountId: '' }
const toRow = (text: string): MessageRow => ({
  ...PLAIN_ROW,
  rowid: 1,
  guid: text,
  chat,
  text,
  fromMe: true,
  isLink: text === '' || text.startsWith('http'),
})
const A = 'https://a.example/1'
const B = 'https://b.example/2'

test.each<[string, string, readonly string[], 'complete' | 'begun' | 'links' | 'none']>([
  ['words, then their link', `see ${A}`, ['see', A], 'complete'],
  ['the link first', `see ${A}`, [A, 'see'], 'complete'],
  ['a preview without a text', `see ${A}`, ['see', ''], 'complete'],
  ['links at both ends', `${A} words between ${B}`, ['words between', A, B], 'complete'],
  ['words with one of two links', `${A} words ${B}`, [`${A} words`, B], 'complete'],
  ['rewritten marks', `wait... see ${A} -- ok`, ['wait… see', A, '— ok'], 'complete'],
  ['the same link twice', `${A} and ${A}`, [A, 'and', A], 'complete'],
  ['words alone so far', `see ${A}`, ['see'], 'begun'],
  ['a link alone so far', `see ${A}`, [A], 'links'],
  ['other words', `see ${A}`, ['look', B], 'none'],
  ['words that are not all there is between two links', `see you at ${A}`, ['see you'], 'none'],
  ['a text without a link', 'see you', ['see', 'you'], 'none'],
])('%s', (_, text, rows, expected) => {
  const assembly = createAssembly()
  const bubble = { id: 1, threadId: 'anna', says: says(text) }
  const taken = rows.map(toRow).filter(row => assembly.takes(bubble, row))
  const found = assembly.hasWords(bubble)
    ? assembly.isComplete(bubble)
      ? 'complete'
      : 'begun'
    : taken.length > 0
      ? 'links'
      : 'none'
  expect(found).toBe(expected)
})

test('a hostile text of links alone is compared in no time', () => {
  const bubble = { id: 1, threadId: 'anna', says: 'a.co '.repeat(4_000).trim() }
  const before = process.cpuUsage()
  const assembly = createAssembly()
  for (let n = 0; n < 20; n++) assembly.takes(bubble, toRow(`${'a.co '.repeat(3_000)}b`))
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(3_000)
})
