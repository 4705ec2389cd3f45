import { expect, test } from 'vitest'
import { judge } from '../../../src/lab/demo/judge.ts'

const SAID = ['okie lemme see', 'one', 'two', 'on it', 'one']

test('all is well when the person saw what the backend said, repeated words included', () => {
  expect(judge(SAID, SAID, [140, 499])).toEqual({
    ok: true,
    bubbles: 5,
    lost: 0,
    doubled: 0,
    outOfOrder: 0,
    late: 0,
    reflexMs: [140, 499],
    reflexLimitMs: 500,
  })
})

test.each([
  ['a bubble that never came is lost', ['okie lemme see', 'one', 'on it', 'one'], { lost: 1 }],
  ['nothing at all: all are lost', [], { lost: 5 }],
  ['a bubble that came once more is doubled', [...SAID.slice(0, 3), 'two', ...SAID.slice(3)], { doubled: 1 }],
  ['a double that comes late is doubled, not out of order', [...SAID, 'okie lemme see'], { doubled: 1 }],
  ['what the backend never said counts as doubled', [...SAID, 'who is this?'], { doubled: 1 }],
  [
    'a bubble after one that follows it is out of order',
    ['okie lemme see', 'two', 'one', 'on it', 'one'],
    { outOfOrder: 1 },
  ],
  [
    'a reflex after its answer: it is out of order',
    ['one', 'two', 'okie lemme see', 'on it', 'one'],
    { outOfOrder: 1 },
  ],
  ['other words for a bubble: one lost, one too many', ['okie', ...SAID.slice(1)], { lost: 1, doubled: 1 }],
])('%s', (_, seen, counts) => {
  expect(judge(SAID, seen, [140])).toMatchObject({ ok: false, lost: 0, doubled: 0, outOfOrder: 0, late: 0, ...counts })
})

test.each([
  ['a reflex at the limit is too late', [140, 500]],
  ['a reflex that never came is too late', [140, null]],
])('%s', (_, reflexMs) => {
  expect(judge(SAID, SAID, reflexMs)).toMatchObject({ ok: false, lost: 0, doubled: 0, outOfOrder: 0, late: 1 })
})
