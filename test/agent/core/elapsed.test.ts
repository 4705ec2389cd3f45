import { expect, test } from 'vitest'
import { elapsed } from '../../../src/agent/core/elapsed.ts'

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_505, '1.505 s'],
  [59_999, '59.999 s'],
  [60_000, '1 min'],
  [185_000, '3 min 5 s'],
  [7_440_000, '2 h 4 min'],
  [86_400_000, '1 d'],
  [180_000_000, '2 d 2 h'],
  [-1_500, '-1.500 s'],
])('%i ms read as %s', (ms, words) => {
  expect(elapsed(ms)).toBe(words)
})
