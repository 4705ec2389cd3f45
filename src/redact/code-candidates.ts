import type { Span } from './find.ts'
import { patternOf } from './vocabulary.ts'

/** What could be a one-time code by its looks. */
export type CodeCandidate = Span & {
  readonly shape: 'digits' | 'mixed' | 'letters'
  /** Its digits and letters, without what separates them. */
  readonly value: string
}

/** In order, without overlaps; what belongs to a date, a time, an amount, an address or a longer number is none. */
export const codeCandidates = (text: string): CodeCandidate[] => {
  const found: CodeCandidate[] = []
  for (const match of text.matchAll(CANDIDATE)) {
    const start = match.index
    const end = start + match[0].length
    const value = match[0].replace(/[^\p{L}\p{N}]+/gu, '')
    const shape = /^[0-9]+$/.test(value) ? 'digits' : /[0-9]/.test(value) ? 'mixed' : 'letters'
    if (shape !== 'digits' && !/[0-9]/.test(value) && match[0] !== value) continue
    if (isPartOfMore(text, start, end)) continue
    found.push({ start, end, shape, value })
  }
  return found
}

const CANDIDATE = patternOf(
  [
    '(?!(?:[oO][tT][pP]|[pP][iI][nN]|[tT][aA][nN]|[cC][oO][dD][eE]|[kK][oO][dD])\\b)[A-Za-z]{1,4}\\s?-\\s?[0-9]{4,8}', // G-123456
    '(?:[0-9][\\s\\-.]{1,3}){3,7}[0-9]', // 1 2 3 4 5 6
    '[0-9]{2}[\\s\\-.][0-9]{2}[\\s\\-.][0-9]{2}(?:[\\s\\-.][0-9]{2})?',
    '[0-9]{3}\\s{0,2}[\\-\\s.]\\s{0,2}[0-9]{3}',
    '[0-9]{4}\\s{0,2}[\\-\\s]\\s{0,2}[0-9]{4}',
    '[0-9]{4,10}(?=は|です|입니다|이)',
    '(?=[A-Za-z]{0,5}-?[A-Za-z]{0,5}[0-9])[A-Za-z0-9]{2,5}-[A-Za-z0-9]{2,5}(?:-[A-Za-z0-9]{2,5})?',
    '[0-9]{4,10}',
    '(?=[A-Za-z]{1,9}[0-9]|[0-9]{1,9}[A-Za-z])[A-Za-z0-9]{4,10}',
    '[A-Z]{4,8}',
  ]
    .map(each => `(?<![A-Za-z0-9\\ue000])${each}(?![A-Za-z0-9\\ue000])`)
    .join('|'),
  'gu',
)

const isPartOfMore = (text: string, start: number, end: number): boolean => {
  const before = text.slice(Math.max(0, start - 3), start)
  const after = text.slice(end, end + 6)
  if (before.endsWith('**') && after.startsWith('**')) return false // bold
  if (/^[0-9]{2}\s/.test(text.slice(start, end)) && /[0-9]\s$/.test(before)) return true // a list of numbers
  return BEFORE.test(before) || AFTER.test(after)
}

/** A sign of money or of a phone number, a decimal, a path, an address; or digits that go on. */
const BEFORE =
  /[$€£¥₹+@\\_][^\S\n]?$|[0-9][.,:/\-*]$|[\p{L}\p{N}][/=&?@]$|\/$|[.][\p{L}\p{N}]?$(?<=[\p{L}\p{N}][.][\p{L}\p{N}]?)|[xX*]{2}$|\.{2}$|…$/u
const AFTER =
  /^(?:[^\S\n]?[%€£¥₹]|[.:/*][0-9]|,[0-9]{1,3}(?![0-9\p{L}])|-[0-9]|@|\/[\p{L}\p{N}]|[_&=]|\.[a-z]{2}|°|[^\S\n]?(?:km|kg|mb|gb|kb|kwh|eur|usd|gbp|inr|rub|chf|czk|pln|sek)(?![\p{L}]))/iu
