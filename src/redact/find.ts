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
 * Finds in order, without overlaps: those that overlap become one, of the kind of the longest; of equally long ones the most
 * serious, which is the one that comes first in `order`. Kinds that are not in it come last.
 */
export const mergeFinds = (finds: readonly Find[], order: readonly string[]): Find[] => {
  const rank = (kind: string): number => (order.includes(kind) ? order.indexOf(kind) : order.length)
  const isAbove = (a: Find, b: Find): boolean =>
    lengthOf(a) > lengthOf(b) || (lengthOf(a) === lengthOf(b) && rank(a.kind) < rank(b.kind))
  const merged: { span: Span; first: Find }[] = []
  for (const find of [...finds].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1)
    if (last === undefined || find.start >= last.span.end) merged.push({ span: find, first: find })
    else {
      last.span = { start: last.span.start, end: Math.max(last.span.end, find.end) }
      if (isAbove(find, last.first)) last.first = find
    }
  }
  return merged.map(({ span, first }) => ({ kind: first.kind, start: span.start, end: span.end }))
}

const lengthOf = ({ start, end }: Span): number => end - start
