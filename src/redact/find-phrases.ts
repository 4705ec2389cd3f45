import type { Span } from './find.ts'
import { isWordUnit, type Phrase, parsePhrase } from './phrase.ts'

/** A phrase that was found, and of which sort it is. */
export type FoundPhrase<Sort extends string> = Span & { readonly sort: Sort }

/** Phrases of one sort: as whole words, or, where a language does not separate words, anywhere. */
export type Vocabulary = { readonly words?: readonly string[]; readonly anywhere?: readonly string[] }

/**
 * What finds the phrases of a vocabulary in a plain text: from left to right, without overlaps; at one place the sort that
 * comes first.
 */
export const createPhraseFinder = <Sort extends string>(vocabulary: Readonly<Record<Sort, Vocabulary>>) => {
  let table: Table<Sort> | undefined
  const findNext = (plain: string, from: number, last = plain.length): FoundPhrase<Sort> | undefined => {
    // Made when it is first needed: many are asked for only beside a number.
    table ??= tableOf(vocabulary)
    for (let start = from; start < plain.length && start <= last; start++) {
      const beginning = beginningAt(plain, start)
      if (beginning === 'none') continue
      for (const { sort, phrase } of candidatesAt(table, plain, start)) {
        if (phrase.isWhole && beginning !== 'word') continue
        const end = phrase.endAt(plain, start)
        if (end !== undefined && end > start) return { sort, start, end }
      }
    }
    return undefined
  }
  return {
    /** Those that begin up to `last`. */
    find: (plain: string, last?: number): FoundPhrase<Sort>[] => {
      const found: FoundPhrase<Sort>[] = []
      for (let next = findNext(plain, 0, last); next !== undefined; next = findNext(plain, next.end, last))
        found.push(next)
      return found
    },
    isIn: (plain: string): boolean => findNext(plain, 0) !== undefined,
  }
}

/** A word begins here, or, in the midst of one, a character of a script that does not separate words. */
const beginningAt = (plain: string, at: number): 'word' | 'character' | 'none' => {
  const code = plain.charCodeAt(at)
  if (!isWordUnit(code)) return 'none'
  if (at === 0 || !isWordUnit(plain.charCodeAt(at - 1))) return 'word'
  return code >= FIRST_UNSPACED ? 'character' : 'none'
}

/** Thai, and beyond it Chinese, Japanese and Korean. */
const FIRST_UNSPACED = 0x0e00

/** A phrase of a vocabulary, and which of those that fit at one place counts first. */
type Candidate<Sort> = { readonly sort: Sort; readonly phrase: Phrase; readonly rank: number }

/**
 * By the four characters with which phrases begin, as far as that is certain; looked up in two steps, by numbers: there are
 * thousands of phrases in a vocabulary, and a long text has as many words as a book.
 */
type Table<Sort> = {
  readonly any: readonly Candidate<Sort>[]
  readonly byOne: ReadonlyMap<number, readonly Candidate<Sort>[]>
  readonly byTwo: ReadonlyMap<number, Two<Sort>>
}
type Two<Sort> = { readonly any: Candidate<Sort>[]; readonly byMore: Map<number, Candidate<Sort>[]> }

const candidatesAt = <Sort>(table: Table<Sort>, plain: string, at: number): readonly Candidate<Sort>[] => {
  const { any, byOne, byTwo } = table
  const first = plain.charCodeAt(at)
  const two = byTwo.get(pairOf(first, plain.charCodeAt(at + 1)))
  const one = byOne.get(first)
  if (two === undefined) return one === undefined ? any : inOrder([...one, ...any])
  const third = plain.charCodeAt(at + 2)
  const [four, three] = [
    two.byMore.get(pairOf(third, plain.charCodeAt(at + 3))),
    two.byMore.get(pairOf(third, Number.NaN)),
  ]
  if (four === undefined && three === undefined && one === undefined && two.any.length === 0) return any
  return inOrder([...(four ?? []), ...(three ?? []), ...two.any, ...(one ?? []), ...any])
}

const inOrder = <Sort>(candidates: Candidate<Sort>[]): readonly Candidate<Sort>[] =>
  candidates.length > 1 ? candidates.sort((a, b) => a.rank - b.rank) : candidates

/** Two units as a number; NaN where there is none. */
const pairOf = (one: number, other: number): number => one * 0x10000 + (Number.isNaN(other) ? 0xffff : other)

const tableOf = <Sort extends string>(vocabulary: Readonly<Record<Sort, Vocabulary>>): Table<Sort> => {
  const any: Candidate<Sort>[] = []
  const byOne = new Map<number, Candidate<Sort>[]>()
  const byTwo = new Map<number, Two<Sort>>()
  const add = (beginning: string, candidate: Candidate<Sort>): void => {
    const [first = Number.NaN, second = Number.NaN, third = Number.NaN, fourth = Number.NaN] = units(beginning)
    if (beginning.length === 0) any.push(candidate)
    else if (beginning.length === 1) pushTo(byOne, first, candidate)
    else {
      const two: Two<Sort> = byTwo.get(pairOf(first, second)) ?? { any: [], byMore: new Map() }
      byTwo.set(pairOf(first, second), two)
      if (beginning.length === 2) two.any.push(candidate)
      else pushTo(two.byMore, pairOf(third, fourth), candidate)
    }
  }
  for (const [index, sort] of (Object.keys(vocabulary) as Sort[]).entries()) {
    const { words = [], anywhere = [] } = vocabulary[sort]
    const all = [...words.map(each => parsePhrase(each, true)), ...anywhere.map(each => parsePhrase(each, false))]
    for (const [place, phrase] of all.entries()) {
      for (const beginning of phrase.beginnings) {
        // The first sort first; in it what is surest to fit, by its first two characters.
        const unsure = 2 - Math.min(2, beginning.length)
        add(beginning, { sort, phrase, rank: (index * 3 + unsure) * 1e6 + place })
      }
    }
  }
  return { any, byOne, byTwo }
}

const units = (text: string): number[] => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))

const pushTo = <T>(lists: Map<number, T[]>, key: number, value: T): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** Phrases of one sort, asked for where they stand: in a plain text, right before a place of it, or right behind one. */
export const createPhrases = (words: readonly string[], anywhere: readonly string[] = []) => {
  const finder = createPhraseFinder({ phrase: { words, anywhere } })
  return {
    isIn: finder.isIn,
    find: finder.find,
    /** Whether one of them stands in it so that nothing else than the gap is behind. */
    endsIn: (before: string, gap: RegExp): boolean =>
      finder.find(before).some(({ end }) => gap.test(before.slice(end))),
    /** Whether one of them stands in it so that nothing else than the gap is before, which is so long at most. */
    beginsIn: (behind: string, gap: RegExp, longest: number): boolean =>
      finder.find(behind, longest).some(({ start }) => gap.test(behind.slice(0, start))),
  }
}
