/** What the person was promised, counted; every number is measured. */
export type Verdict = {
  readonly ok: boolean
  /** How many bubbles the backend sent. */
  readonly bubbles: number
  readonly lost: number
  /** More often than the backend sent it; a text that it never sent at all counts here too. */
  readonly doubled: number
  readonly outOfOrder: number
  /** Reflexes that were not there within the limit. */
  readonly late: number
  /** From the commit to the person, in milliseconds, of each reflex that went over a WebSocket; null: it never came. */
  readonly reflexMs: readonly (number | null)[]
  readonly reflexLimitMs: number
}

/** Compares what the backend sent with what the person has seen, each in its order. */
export const judge = (
  said: readonly string[],
  seen: readonly string[],
  reflexMs: readonly (number | null)[],
): Verdict => {
  const places = findPlaces(said, seen)
  const found = places.filter(place => place !== undefined)
  const lost = said.length - found.length
  const doubled = seen.length - found.length
  const outOfOrder = found.filter((place, index) => found.slice(0, index).some(earlier => earlier > place)).length
  const late = reflexMs.filter(ms => ms === null || ms >= REFLEX_LIMIT_MS).length
  return {
    ok: lost + doubled + outOfOrder + late === 0,
    bubbles: said.length,
    lost,
    doubled,
    outOfOrder,
    late,
    reflexMs,
    reflexLimitMs: REFLEX_LIMIT_MS,
  }
}

const REFLEX_LIMIT_MS = 500

/** For each text that was seen, its place in what was said; undefined where all of its places are taken. */
const findPlaces = (said: readonly string[], seen: readonly string[]): readonly (number | undefined)[] => {
  const taken = new Set<number>()
  return seen.map(text => {
    const place = said.findIndex((other, index) => other === text && !taken.has(index))
    if (place < 0) return undefined
    taken.add(place)
    return place
  })
}
