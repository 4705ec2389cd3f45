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
  let tables: readonly { readonly sort: Sort; readonly phrases: ReadonlyMap<string, readonly Phrase[]> }[] | undefined
  /** Made when they are first needed: many are asked for only beside a number. */
  const tablesNow = () => {
    tables ??= (Object.keys(vocabulary) as Sort[]).map(sort => ({ sort, phrases: byBeginning(vocabulary[sort]) }))
    return tables
  }
  const findNext = (plain: string, from: number, last = plain.length): FoundPhrase<Sort> | undefined => {
    const all = tablesNow()
    for (let start = from; start < plain.length && start <= last; start++) {
      const beginning = beginningAt(plain, start)
      if (beginning === 'none') continue
      const keys = [plain.slice(start, start + 2), plain.charAt(start), '']
      for (const { sort, phrases } of all) {
        for (const key of keys) {
          for (const phrase of phrases.get(key) ?? []) {
            if (phrase.isWhole && beginning !== 'word') continue
            const end = phrase.endAt(plain, start)
            if (end !== undefined && end > start) return { sort, start, end }
          }
        }
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

const byBeginning = ({ words = [], anywhere = [] }: Vocabulary): ReadonlyMap<string, readonly Phrase[]> => {
  const table = new Map<string, Phrase[]>()
  const all = [...words.map(each => parsePhrase(each, true)), ...anywhere.map(each => parsePhrase(each, false))]
  for (const phrase of all) {
    for (const beginning of phrase.beginnings) {
      const others = table.get(beginning)
      if (others === undefined) table.set(beginning, [phrase])
      else others.push(phrase)
    }
  }
  return table
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
