/** What is said of a figure's samples, in their unit. */
export type Summary = {
  readonly samples: number
  readonly median: number
  readonly p90: number
  readonly p99: number
  readonly worst: number
}

/** Of an even number of samples the median is the mean of the two in the middle; percentiles are by nearest rank. */
export const summarize = (samples: readonly number[]): Summary => {
  if (samples.length === 0) throw new Error('there are no samples to summarize')
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const rank = (part: number): number => at(Math.ceil(sorted.length * part) - 1)
  const middle = (sorted.length - 1) / 2
  return {
    samples: sorted.length,
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    p90: rank(0.9),
    p99: rank(0.99),
    worst: at(sorted.length - 1),
  }
}
