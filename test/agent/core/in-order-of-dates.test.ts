import { expect, test } from 'vitest'
import { inOrderOfDates } from '../../../src/agent/core/in-order-of-dates.ts'

test.each<[what: string, dates: readonly (number | undefined)[], order: readonly number[]]>([
  ['by date', [30, 10, 20], [2, 3, 1]],
  ['of one moment: as they stand', [10, 10, 10], [1, 2, 3]],
  ['without a date: first', [10, undefined, 20], [2, 1, 3]],
  ['from the future: behind the one before it', [10, 500, 30, 20], [1, 2, 4, 3]],
  ['from the future, the first of all: there', [500, 20, 10], [1, 3, 2]],
])('%s', (_what, dates, order) => {
  const rows = dates.map((dateMs, index) => ({ rowid: index + 1, ...(dateMs !== undefined && { dateMs }) }))
  expect(inOrderOfDates(rows, 100).map(({ rowid }) => rowid)).toEqual(order)
})
