import { plainOf } from './reading.ts'

/**
 * A phrase as vocabularies have it: a space stands for one to three of white space, hyphen and underscore, ` ?` for none, too,
 * `~` for any more letters; `(a|b)`, `[ab]` and a `?` behind one of them or behind a letter are as in a pattern. It is matched
 * by hand: as patterns the vocabulary of forty languages would take more memory than the rest of the agent's.
 */
export type Phrase = {
  /** Whether it has to be whole words. */
  readonly isWhole: boolean
  /** What it can begin with: four characters, fewer, or, where it begins with any letters, none. */
  readonly beginnings: ReadonlySet<string>
  /** Where it ends that begins at this place of a plain text; undefined where it does not. */
  readonly endAt: (plain: string, at: number) => number | undefined
}

export const parsePhrase = (written: string, isWhole: boolean): Phrase => {
  const items = parse(plainOf(written))
  return {
    isWhole,
    beginnings: new Set(beginningsOf(items, 4)),
    endAt: (plain, at) => {
      let end: number | undefined
      matchAll(items, 0, plain, at, to => {
        if (isWhole && isWordUnit(plain.charCodeAt(to))) return false
        end = to
        return true
      })
      return end
    },
  }
}

/** Letters and digits of a plain text; what is none of them in other scripts has been folded to ASCII, for the most part. */
export const isWordUnit = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x30 && code <= 0x39) ||
  (code >= 0xc0 && code < 0x2000) ||
  (code >= 0x2c00 && code < 0xd800 && !(code >= 0x3000 && code <= 0x303f)) ||
  (code >= 0xf900 && code < 0xfe00)

type Item =
  | { readonly sort: 'literal'; readonly text: string }
  | { readonly sort: 'gap' | 'maybe gap' }
  /** `before`: with what can begin what stands behind them; absent where that may be anything. */
  | { readonly sort: 'letters'; readonly before?: ReadonlySet<number> }
  | { readonly sort: 'choice'; readonly of: readonly (readonly Item[])[]; readonly isOptional: boolean }

/** Recursive descent; `(` and `[` become choices. */
const parse = (written: string): Item[] => {
  let at = 0
  const optional = (): boolean => {
    if (written.charAt(at) !== '?') return false
    at += 1
    return true
  }
  const sequence = (): Item[] => {
    const items: Item[] = []
    while (at < written.length && !'|)'.includes(written.charAt(at))) {
      const char = written.charAt(at++)
      if (char === ' ') items.push({ sort: optional() ? 'maybe gap' : 'gap' })
      else if (char === '~') items.push({ sort: 'letters' })
      else if (char === '(') items.push(choice())
      else if (char === '[') items.push(letterOf())
      else if (optional()) items.push({ sort: 'choice', of: [[{ sort: 'literal', text: char }]], isOptional: true })
      else addLiteral(items, char)
    }
    return items.map((item, index) => (item.sort === 'letters' ? lettersBefore(items.slice(index + 1)) : item))
  }
  const choice = (): Item => {
    const of = [sequence()]
    while (written.charAt(at) === '|') {
      at += 1
      of.push(sequence())
    }
    at += 1 // the closing bracket
    return { sort: 'choice', of, isOptional: optional() }
  }
  const letterOf = (): Item => {
    const close = written.indexOf(']', at)
    const letters = written.slice(at, close).replace(/(.)-(.)/gu, (_, first, last) => range(first, last))
    at = close + 1
    return { sort: 'choice', of: [...letters].map(text => [{ sort: 'literal', text }]), isOptional: optional() }
  }
  return sequence()
}

const lettersBefore = (rest: readonly Item[]): Item => {
  const beginnings = beginningsOf(rest, 1)
  if (beginnings.includes('')) return { sort: 'letters' }
  return { sort: 'letters', before: new Set(beginnings.map(each => each.charCodeAt(0))) }
}

const range = (first: string, last: string): string => {
  const [from, to] = [first.charCodeAt(0), last.charCodeAt(0)]
  return Array.from({ length: to - from + 1 }, (_, i) => String.fromCharCode(from + i)).join('')
}

const addLiteral = (items: Item[], char: string): void => {
  const last = items.at(-1)
  if (last?.sort === 'literal') items[items.length - 1] = { sort: 'literal', text: last.text + char }
  else items.push({ sort: 'literal', text: char })
}

/** Tries the items from the one of that index on, as a pattern would: greedy, and back where what follows does not fit. */
const matchAll = (
  items: readonly Item[],
  index: number,
  plain: string,
  at: number,
  then: (at: number) => boolean,
): boolean => {
  const item = items[index]
  if (item === undefined) return then(at)
  const rest = (to: number): boolean => matchAll(items, index + 1, plain, to, then)
  switch (item.sort) {
    case 'literal':
      return plain.startsWith(item.text, at) && rest(at + item.text.length)
    case 'choice':
      return item.of.some(each => matchAll(each, 0, plain, at, rest)) || (item.isOptional && rest(at))
    case 'letters': {
      let to = at
      while (isLetter(plain.charCodeAt(to)) && to - at < LONGEST_WORD) to += 1
      const { before } = item
      for (; to >= at; to--) if (before?.has(plain.charCodeAt(to)) !== false && rest(to)) return true
      return false
    }
    case 'gap':
    case 'maybe gap': {
      let to = at
      while (to - at < 3 && GAP.test(plain.charAt(to))) to += 1
      for (; to >= at + (item.sort === 'gap' ? 1 : 0); to--) if (rest(to)) return true
      return false
    }
  }
}

const LONGEST_WORD = 40
const GAP = /^[\s_-]$/
const isLetter = (code: number): boolean => isWordUnit(code) && !(code >= 0x30 && code <= 0x39)

/** All first characters, up to a number of them, that the items can match; shorter ones where more is not certain. */
const beginningsOf = (items: readonly Item[], length: number): string[] => {
  const [item, ...rest] = items
  if (item === undefined || length === 0 || item.sort === 'letters') return ['']
  switch (item.sort) {
    case 'literal': {
      const text = item.text.slice(0, length)
      return beginningsOf(rest, length - text.length).map(more => text + more)
    }
    case 'choice':
      return [...item.of, ...(item.isOptional ? [[]] : [])].flatMap(each => beginningsOf([...each, ...rest], length))
    case 'gap':
    case 'maybe gap':
      return item.sort === 'gap' ? [''] : ['', ...beginningsOf(rest, length)]
  }
}
