import type { Reading } from './reading.ts'

/** A stretch of a text that is to be replaced; of the reading copy, or of the source. */
export type Span = { readonly start: number; readonly end: number }

export type Find = Span & { readonly kind: string }

/** A find of the reading copy as one of the source. */
export const toSource = <T extends Span>(find: T, reading: Reading): T => ({
  ...find,
  start: reading.sourceStart(find.start),
  end: reading.sourceEnd(find.end - 1),
})

/**
 * Finds in order, without overlaps: those that overlap become one, of the most serious kind, which is the one that comes
 * first in `order`; kinds that are not in it come last.
 */
export const mergeFinds = (finds: readonly Find[], order: readonly string[]): Find[] => {
  const rank = (kind: string): number => (order.includes(kind) ? order.indexOf(kind) : order.length)
  const merged: Find[] = []
  for (const find of [...finds].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1)
    if (last === undefined || find.start >= last.end) merged.push(find)
    else {
      const kind = rank(find.kind) < rank(last.kind) ? find.kind : last.kind
      merged[merged.length - 1] = { kind, start: last.start, end: Math.max(last.end, find.end) }
    }
  }
  return merged
}
