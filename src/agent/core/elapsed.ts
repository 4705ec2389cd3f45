/** A span of time as a person reads it: `12 ms`, `1.505 s`, `3 min 5 s`, `2 h 4 min`, `3 d 2 h`. */
export const elapsed = (ms: number): string => {
  if (ms < 0) return `-${elapsed(-ms)}`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(Math.round(ms) / 1000).toFixed(3)} s`
  const [big, small, size] = ms < HOUR ? ['min', 's', 60] : ms < 24 * HOUR ? ['h', 'min', 60] : ['d', 'h', 24]
  const smallest = Math.round(ms / (UNITS[small] ?? 1))
  const rest = smallest % Number(size)
  const whole = `${Math.floor(smallest / Number(size))} ${big}`
  return rest === 0 ? whole : `${whole} ${rest} ${small}`
}

const HOUR = 60 * 60_000
const UNITS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: HOUR }
