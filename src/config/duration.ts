/** Durations as a person writes them: "1500ms", "30s", "90m", "6h", "2d", or a plain number of seconds. */
const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const

/** Milliseconds, or undefined where the text is no duration. */
export const parseDuration = (written: string | number): number | undefined => {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(String(written).trim())
  if (!parts?.[1]) return undefined
  return Math.round(Number(parts[1]) * UNITS[(parts[2] ?? 's') as keyof typeof UNITS])
}

/** The largest unit that says it in whole numbers: 5,400,000 is "90m". */
export const formatDuration = (ms: number): string => {
  const [unit, size] = Object.entries(UNITS).find(([, size]) => ms >= size && ms % size === 0) ?? ['s', 1000]
  return `${ms / size}${unit}`
}
