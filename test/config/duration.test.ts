import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/config/duration.ts'

test.each([
  ['1500ms', 1500],
  ['30s', 30_000],
  ['90m', 5_400_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
  ['45', 45_000],
  [0.5, 500],
  [' 6h ', 21_600_000],
])('%s is %i ms', (written, ms) => {
  expect(parseDuration(written)).toBe(ms)
})

test.each(['', 'h', '6 h', '-1s', '1h30m', '1e3', '6H', 'Infinity'])('%j is no duration', written => {
  expect(parseDuration(written)).toBeUndefined()
})

test.each([
  [86_400_000, '1d'],
  [5_400_000, '90m'],
  [90_000, '90s'],
  [1500, '1500ms'],
  [0, '0s'],
])('%i ms is written %s', (ms, written) => {
  expect(formatDuration(ms)).toBe(written)
  expect(parseDuration(written)).toBe(ms)
})
