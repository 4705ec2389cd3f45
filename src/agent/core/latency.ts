export type LatencySummary = { readonly count: number; readonly p50?: number; readonly p99?: number }

/** The last `size` samples of a latency in milliseconds, with their percentiles. */
export const createLatency = (size = 1000) => {
  const samples: number[] = []
  let count = 0
  return {
    add: (ms: number): void => {
      samples[count % size] = ms
      count += 1
    },
    summary: (): LatencySummary => {
      if (count === 0) return { count }
      const sorted = samples.toSorted((a, b) => a - b)
      return { count, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
    },
  }
}

/** Nearest rank, rounded to a tenth of a millisecond. */
const percentile = (sorted: readonly number[], share: number): number =>
  Math.round((sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0) * 10) / 10
