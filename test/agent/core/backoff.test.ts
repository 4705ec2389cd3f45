import { expect, test } from 'vitest'
import { backoff, MAX_RETRY_AFTER_MS, retryAfterMs } from '../../../src/agent/core/backoff.ts'

test.each([
  [0, 0, 250],
  [0, 0.999_999, 500],
  [1, 0, 500],
  [3, 0.5, 3_000],
  [6, 0, 15_000],
  [7, 0.999_999, 30_000],
  [5_000, 0.999_999, 30_000],
])('after %i failures and with chance %d it waits %i ms', (attempt, chance, expected) => {
  expect(backoff({ attempt, baseMs: 500, capMs: 30_000, random: () => chance })).toBe(expected)
})

const now = Date.UTC(2025, 10, 17, 20, 0, 0)

test.each([
  ['0', 0],
  ['2', 2_000],
  [' 120 ', 120_000],
  ['86400', MAX_RETRY_AFTER_MS],
  ['9'.repeat(400), MAX_RETRY_AFTER_MS],
  ['Mon, 17 Nov 2025 20:00:30 GMT', 30_000],
  ['Monday, 17-Nov-25 20:00:30 GMT', 30_000],
  ['Mon, 17 Nov 2025 19:00:00 GMT', 0],
  ['Tue, 18 Nov 2025 20:00:00 GMT', MAX_RETRY_AFTER_MS],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['Monday, soon GMT', undefined],
  ['2026', 2_026_000],
  ['2025-11-17T20:00:30Z', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('Retry-After %j asks for %s ms', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected)
})
