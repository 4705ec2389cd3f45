/**
 * A text as a person reads it: full-width letters and ligatures are those that they look like (NFKC), and what is not to be
 * seen, such as zero-width characters and soft hyphens, is gone.
 */
export const readText = (text: string): string => text.normalize('NFKC').replace(INVISIBLE, '').normalize('NFKC')

/**
 * The same whatever the case of its letters, the kind of its quotation marks and dashes, and the kind and number of its
 * spaces: for comparing words.
 */
export const foldText = (text: string): string =>
  readText(text)
    // By way of capitals, in which more letters are one: STRASSE and straße, Σ and both of its small ones.
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    // A keyboard of a phone writes don’t for don't.
    .replace(/[\u2018-\u201b\u2032\u02bc`]/g, "'")
    .replace(/[\u201c-\u201f\u00ab\u00bb]/g, '"')
    .replace(/[\p{Pd}\u2212]/gu, '-')
    .replace(/\s+/gu, ' ')
    .trim()

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu

/** Whether a folded text has a folded word, or several in this order, with no letter or digit right beside it. */
export const hasWord = (text: string, word: string): boolean => {
  for (let at = text.indexOf(word); at !== -1 && word !== ''; at = text.indexOf(word, at + 1)) {
    if (isApart(text, at, at + word.length)) return true
  }
  return false
}

/**
 * Whether a folded text begins with a folded word, or several; commas and the like between them, and what stands before the
 * first one, such as an @ or a quotation mark, do not count.
 */
export const beginsWithWord = (text: string, word: string): boolean => {
  const bare = text.replace(BEFORE_WORDS, '')
  const begins = [text, bare].some(each => each.startsWith(word) && isApart(each, 0, word.length))
  if (begins || !/^[\p{L}\p{N}\p{M} ]+$/u.test(word)) return begins && word !== ''
  const words = bare.replace(/[^\p{L}\p{N}\p{M}_]+/gu, ' ')
  return words.startsWith(word) && isApart(words, 0, word.length)
}

const BEFORE_WORDS = /^[\p{P}\p{S}\p{Z}]+/u

const isApart = (text: string, start: number, end: number): boolean =>
  !(joins(before(text, start), at(text, start)) || joins(before(text, end), at(text, end)))

/** The character that ends, or begins, at this place. */
const before = (text: string, end: number): string => Array.from(text.slice(Math.max(0, end - 2), end)).at(-1) ?? ''
const at = (text: string, start: number): string => String.fromCodePoint(text.codePointAt(start) ?? 0x20)

/** Whether two neighbours belong to one word. Some scripts do not part their words at all: there any place will do. */
const joins = (left: string, right: string): boolean =>
  [left, right].every(each => WORD.test(each)) && (MARK.test(right) || ![left, right].some(each => UNPARTED.test(each)))

const WORD = /[\p{L}\p{N}\p{M}_]/u
const MARK = /\p{M}/u
const UNPARTED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
