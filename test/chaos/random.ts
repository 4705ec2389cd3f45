/** Gives 0 ≤ x < 1. */
export type Random = () => number

/** The same numbers for the same seed, everywhere. */
export const mulberry32 = (seed: number): Random => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from `min` to `max`, both included. */
export const between = (random: Random, min: number, max: number): number =>
  min + Math.floor(random() * (max - min + 1))

export const pick = <T>(random: Random, items: readonly [T, ...T[]]): T =>
  items[Math.floor(random() * items.length)] ?? items[0]

/** One of several makers, each as likely as its weight says; the weights need not add up to anything. */
export const pickWeighted = <T>(random: Random, choices: readonly (readonly [weight: number, make: () => T])[]): T => {
  let left = random() * choices.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, make] of choices) {
    left -= weight
    if (left < 0) return make()
  }
  throw new Error('there is nothing to pick from')
}
