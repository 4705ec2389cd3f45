import { expect, test } from 'vitest'
import { summarize } from './statistics.ts'

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => n - index)

test.each([
  { what: 'one sample is its own median and percentile', samples: [7], median: 7, p90: 7, p99: 7 },
  { what: 'an odd number has a middle', samples: [9, 1, 5], median: 5, p90: 9, p99: 9 },
  {
    what: 'of an even number the two in the middle count half each',
    samples: [4, 1, 3, 2],
    median: 2.5,
    p90: 4,
    p99: 4,
  },
  { what: 'nine of ten are at most the 90th percentile', samples: upTo(10), median: 5.5, p90: 9, p99: 10 },
  {
    what: 'ninety of a hundred are, too; and ninety-nine at most the 99th',
    samples: upTo(100),
    median: 50.5,
    p90: 90,
    p99: 99,
  },
  { what: 'it is a sample, never a value between two', samples: upTo(11), median: 6, p90: 10, p99: 11 },
  { what: 'samples are ordered as numbers, not as words', samples: [100, 9, 20], median: 20, p90: 100, p99: 100 },
])('$what', ({ samples, median, p90, p99 }) => {
  expect(summarize(samples)).toEqual({ samples: samples.length, median, p90, p99, worst: Math.max(...samples) })
})

test('the samples stay in their order', () => {
  const samples = [3, 1, 2]
  summarize(samples)
  expect(samples).toEqual([3, 1, 2])
})

test('no samples have no median', () => {
  expect(() => summarize([])).toThrow('no samples')
})
