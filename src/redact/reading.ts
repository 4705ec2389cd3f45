import { foldCharacter, isMark } from './fold-character.ts'

/**
 * A text as a person reads it. Every unit of it (of UTF-16) knows which units of the source it stands for, so that what
 * is found in it can be taken out of the source.
 */
export type Reading = {
  readonly text: string
  /** The same, unit by unit, in small letters, with Latin letters for their Greek and Cyrillic look-alikes in mixed words. */
  readonly plain: string
  readonly sourceStart: (index: number) => number
  readonly sourceEnd: (index: number) => number
}

/** Stands for a placeholder of an earlier redaction; in no text, as folding changes it to another. */
export const PLACEHOLDER = '\ue000'

/** Linear in the length of the text. */
export const read = (source: string, placeholders: readonly string[] = []): Reading => {
  const starts: number[] = []
  const ends: number[] = []
  let text = ''
  const add = (folded: string, start: number, end: number): void => {
    for (let i = 0; i < folded.length; i++) {
      starts.push(start)
      ends.push(end)
    }
    text += folded
  }

  for (let at = 0; at < source.length; ) {
    const placeholder = source[at] === '[' ? placeholders.find(each => source.startsWith(each, at)) : undefined
    if (placeholder !== undefined) {
      add(PLACEHOLDER, at, at + placeholder.length)
      at += placeholder.length
      continue
    }
    const char = String.fromCodePoint(source.codePointAt(at) ?? 0)
    const end = at + char.length
    const folded = foldCharacter(char)
    if (folded !== '') add(folded, at, end)
    else if (isMark(char)) lengthen(ends, starts, end)
    at = end
  }
  text = text.replace(/(?<=[0-9])ー(?=[0-9])/g, '-') // what a Japanese keyboard has for a dash
  return {
    text,
    plain: latinize(lower(text)),
    sourceStart: index => starts[index] ?? source.length,
    sourceEnd: index => ends[index] ?? source.length,
  }
}

/** The plain reading copy alone, of a word or phrase. */
export const plainOf = (text: string): string => latinize(lower([...text].map(foldCharacter).join('')))

/** A mark goes where its character goes. */
const lengthen = (ends: number[], starts: readonly number[], end: number): void => {
  const start = starts.at(-1)
  for (let i = ends.length - 1; i >= 0 && starts[i] === start; i--) ends[i] = end
}

/** In as many units as before. */
const lower = (text: string): string => {
  const small = text.toLowerCase()
  if (small.length === text.length) return small
  return Array.from({ length: text.length }, (_, i) => {
    const unit = text.charAt(i).toLowerCase()
    return unit.length === 1 ? unit : text.charAt(i)
  }).join('')
}

/** "pаssword" with a Cyrillic а is read as a Latin word; a word all in Cyrillic stays. */
const latinize = (text: string): string =>
  /[\u0370-\u052f]/.test(text)
    ? text.replace(/[a-z\u0370-\u052f]+/g, word =>
        /[a-z]/.test(word) ? word.replace(/[\u0370-\u052f]/g, char => LOOK_ALIKES[char] ?? char) : word,
      )
    : text

const LOOK_ALIKES: Readonly<Record<string, string>> = Object.fromEntries(
  [...'аеорсухівѕјһԁԛԝкмтнгпԍ']
    .map((char, i) => [char, 'aeopcyxibsjhdqwkmthrng'.charAt(i)])
    .concat([...'αοερνικτυχηωь'].map((char, i) => [char, 'aoepviktuxnwb'.charAt(i)])),
)
