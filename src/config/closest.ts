/**
 * The candidate that was probably meant, for "did you mean". Besides typing errors it knows the right name in the wrong
 * table, which in TOML is where a line ends up that is written below a table's header.
 */
export const closest = (written: string, candidates: readonly string[]): string | undefined => {
  const misplaced = candidates.find(candidate => lastPart(candidate) === lastPart(written))
  if (misplaced !== undefined) return misplaced
  const [best] = candidates
    .map(candidate => ({ candidate, edits: editDistance(written, candidate) }))
    .filter(({ candidate, edits }) => edits <= Math.max(2, candidate.length / 4))
    .sort((a, b) => a.edits - b.edits)
  return best?.candidate
}

const lastPart = (key: string): string => key.slice(key.lastIndexOf('.') + 1)

/** Levenshtein's, one row at a time. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, at(row, j) + 1, at(next, j - 1) + 1))
    }
    row = next
  }
  return at(row, b.length)
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY
