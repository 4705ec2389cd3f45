import type { Find, Span } from './find.ts'
import { PLACEHOLDER, type Reading } from './reading.ts'

/** A pattern of the user's own, compiled by whoever reads the settings: all its matches in a text. */
export type OwnPattern = { readonly name: string; readonly findAll: (text: string) => readonly Span[] }

/** Of the reading copy; that of the source itself, whose accents the copy lacks, is `findOwnInSource`. */
export const findOwn = ({ name, findAll }: OwnPattern, { text }: Reading): Find[] =>
  outsideOf(text, [PLACEHOLDER], findAll).map(span => ({ kind: name, ...span }))

export const findOwnInSource = (
  { name, findAll }: OwnPattern,
  source: string,
  placeholders: readonly string[],
): Find[] => outsideOf(source, placeholders, findAll).map(span => ({ kind: name, ...span }))

/** Matches in the parts between placeholders, which are never looked into. */
const outsideOf = (
  text: string,
  placeholders: readonly string[],
  findAll: (text: string) => readonly Span[],
): Span[] => {
  const found: Span[] = []
  const take = (from: number, to: number): void => {
    if (to <= from) return
    for (const { start, end } of findAll(text.slice(from, to))) {
      if (end > start) found.push({ start: from + start, end: from + end })
    }
  }
  let from = 0
  for (const { start, end } of spansOf(text, placeholders)) {
    take(from, start)
    from = end
  }
  take(from, text.length)
  return found
}

const spansOf = (text: string, words: readonly string[]): Span[] => {
  const pattern = words.map(word => word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')
  return [...text.matchAll(new RegExp(pattern, 'g'))].map(({ index, 0: { length } }) => ({
    start: index,
    end: index + length,
  }))
}
