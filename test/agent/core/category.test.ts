import { expect, test } from 'vitest'
import { categoryOf, isMachine } from '../../../src/agent/core/category.ts'

const NOTHING = { filtered: 0, blackholed: 0, pendingReview: 0, spam: 0, filterAction: 0 }

test.each([
  [{}, 'known'],
  [{ filtered: 1 }, 'unknown'],
  [{ filtered: 2 }, 'junk'],
  [{ filtered: 3 }, 'transactions'],
  [{ filtered: 4 }, 'promotions'],
  [{ filtered: 17 }, 'unrecognised'],
  [{ filtered: -1 }, 'unrecognised'],
  [{ filtered: Number.NaN }, 'unrecognised'],
  [{ blackholed: 1 }, 'blocked'],
  [{ pendingReview: 1 }, 'unknown'],
  [{ spam: 1, filtered: 1 }, 'junk'],
  [{ spam: 2 }, 'unrecognised'],
  [{ filterAction: 1 }, 'known'],
  [{ filterAction: 4 }, 'transactions'],
  [{ filtered: 4, filterAction: 9 }, 'unrecognised'],
])('%o is %s', (marks, category) => {
  expect(categoryOf({ ...NOTHING, ...marks })).toBe(category)
})

test.each([
  ['227898', true],
  ['56249(smsfp)', true],
  ['+15622924139(smsft)', true],
  ['MyBank', true],
  ['VM-BANK', true],
  ['urn:biz:4a1b', true],
  ['+15622924139', false],
  ['15622924139', false],
  ['+46 70 123', false],
  ['bert@example.com', false],
  ['12345@example.com', false],
])('%s is a machine: %s', (address, expected) => {
  expect(isMachine(address)).toBe(expected)
})
