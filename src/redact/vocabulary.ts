import { plainOf } from './reading.ts'

/** Words as they are in the plain reading copy. */
export const wordSet = (words: string): ReadonlySet<string> => new Set(plainOf(words).split(/\s+/))

/**
 * A pattern for the reading copy, with a small table of letters and digits in place of Unicode's, which costs a hundred times
 * the memory: marks are folded away there, digits are ASCII, and so is most of what is neither.
 */
export const patternOf = (source: string, flags: string): RegExp =>
  new RegExp(
    source.replace(/\[(?:[^\]\\]|\\.)*\]|\\p\{[LN]\}/g, part =>
      part.startsWith('[')
        ? part.replaceAll('\\p{L}', LETTERS).replaceAll('\\p{N}', '0-9')
        : part === '\\p{N}'
          ? '[0-9]'
          : `[${LETTERS}]`,
    ),
    flags,
  )

const LETTERS =
  'A-Za-z\\u00c0-\\u1fff\\u2c00-\\u2fef\\u3005-\\u3007\\u3040-\\ud7ff\\uf900-\\ufdff\\ufe20-\\ufefe\\u{10000}-\\u{1efff}\\u{20000}-\\u{3ffff}'
