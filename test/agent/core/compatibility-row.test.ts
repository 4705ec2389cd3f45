import { expect, test } from 'vitest'
import { isQuoted, readCompatibility } from '../../../src/agent/core/compatibility-row.ts'

test.each([
  ['Liked “See you at 7”', { kind: 'tapback', quoted: 'See you at 7' }],
  ['Laughed at "ha\nha"', { kind: 'tapback', quoted: 'ha\nha' }],
  ['Reacted 🎉 to “done”', { kind: 'tapback', quoted: 'done' }],
  ['Removed a heart from “done”', { kind: 'tapback', quoted: 'done' }],
  ['Removed 👩‍👩‍👧 from “done”', { kind: 'tapback', quoted: 'done' }],
  ['Edited to “at 8”', { kind: 'edit', quoted: 'at 8' }],
  ['Liked it a lot', undefined],
  ['I liked “Dune”', undefined],
  ['Liked “Dune”, did you?', undefined],
  ['Edited to', undefined],
])('%s', (text, expected) => {
  expect(readCompatibility(text)).toEqual(expected)
})

test.each([
  ['See you at 7', true],
  ['it’s late', true],
  ['A long message that …', true],
  ['See you', false],
  ['…', false],
])('a quote of “%s” is of this thread: %s', (quoted, expected) => {
  const rows = ['See you at 7', "it's late", 'A long message that goes on'].map(text => ({ text }))
  expect(isQuoted(quoted, rows)).toBe(expected)
})
