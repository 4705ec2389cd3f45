import { digitsIn } from './digit-groups.ts'
import type { Find } from './find.ts'
import { createPhrases } from './find-phrases.ts'
import type { Reading } from './reading.ts'

/** US social security numbers: in three groups anywhere, written otherwise only beside the words. */
export const findSsns = ({ plain }: Reading): Find[] =>
  /[0-9]/.test(plain)
    ? [...grouped(plain), ...named(plain), ...lastFour(plain)].map(span => ({ ...span, kind: 'ssn' }))
    : []

/** The rules of the Social Security Administration. */
const isSsn = (digits: string): boolean => /^(?!000|666|9)[0-9]{3}(?!00)[0-9]{2}(?!0000)[0-9]{4}$/.test(digits)

const GROUPED =
  /(?<![\p{L}\p{N}]|[0-9][\s.\-/_]|[+$€£#])[0-9] ?[0-9] ?[0-9](\s{0,2}[-.\s_/]\s{0,2})[0-9] ?[0-9](\s{0,2}[-.\s_/]\s{0,2})[0-9] ?[0-9] ?[0-9] ?[0-9](?![\p{L}\p{N}]|[.\-/_ ,][0-9])/gu

const grouped = (plain: string) =>
  [...plain.matchAll(GROUPED)].flatMap(match => {
    const [found, first = '', second = ''] = match
    const before = plain.slice(Math.max(0, match.index - 40), match.index)
    const parts = [first.trim(), second.trim()]
    // Without a mark between them it takes groups that are plain to see.
    if (parts[0] === '' && !/^[0-9]{3}\s{1,3}[0-9]{2}\s{1,3}[0-9]{4}$/.test(found)) return []
    if ((parts[0] === '') !== (parts[1] === '') && !WORDS.isIn(plain)) return []
    if (!isSsn(digitsIn(found))) return []
    if (OTHER_NUMBER.endsIn(before, /^[^0-9\n]{0,14}$/) && !WORDS.isIn(before)) return []
    return [{ start: match.index, end: match.index + found.length }]
  })

const WORDS = createPhrases(
  [
    'ssns?( number| no| nr)?',
    'ss( number| no| nr|#)',
    'social security( number| no| nr|#)?( number)?',
    'social sec~',
    'soc sec~',
    'socials?',
    'social insurance number',
    'seguro social',
    'n(o|ro|umero)? de seguro social',
  ],
  ['ssn', 'ss#', '社会安全号码?', '社會安全號碼?', '社会保障番号'],
)

const OTHER_NUMBER = createPhrases([
  'tel(efon|ephone|efono|ef)?',
  'phone',
  'fax',
  'mobile',
  'cell',
  'call',
  'parts?',
  'passport',
  'licen[cs]e',
  'policy',
  'claim',
  'case',
  'account',
  'acct',
  'konto~',
  'model',
  'sku',
  'item',
  'order~',
  'invoice~',
  'tracking',
  'serial',
  'ticket',
  'flight',
  'confirmation',
  'isbn',
  'lot',
  'batch',
  'article',
  'artikel~',
  'bestell~',
  'numero de (telephone|telefono)',
  'bank~',
  'clabe',
])

/** Nine digits in any grouping, behind the words or right before them. */
const named = (plain: string) => {
  const behind = WORDS.find(plain).flatMap(({ end }) => {
    const span = spanAt(NINE_DIGITS, plain, end)
    return span !== undefined && isSsn(digitsIn(plain.slice(span.start, span.end))) ? [span] : []
  })
  const before = [...plain.matchAll(NUMBER_FIRST)].flatMap(match => {
    const [digits, end] = [match[1] ?? '', match.index + match[0].length]
    const isCalled = isSsn(digitsIn(digits)) && WORDS.beginsIn(plain.slice(end, end + 40), /^(?:\S{2,14}\s{1,2})?$/, 16)
    return isCalled ? [{ start: match.index, end: match.index + digits.length }] : []
  })
  return [...behind, ...before]
}

const NINE_DIGITS = /[^0-9.!?\n]{0,40}[^0-9]{0,3}?((?:[0-9][\s.\-/_]{0,3}){8}[0-9])(?![0-9])/duy
const NUMBER_FIRST =
  /(?<![a-z0-9])((?:[0-9][\s.\-/_]{0,3}){8}[0-9])(?![a-z0-9])\s{0,2}[(=,:-]?\s{0,2}(?:is|as|for|es|=)?\s{0,2}(?:(?:my|the|his|her|their|your|our|mi|su|tu)\s{1,2})?/gu

/** The digits that are asked for on the phone. */
const lastFour = (plain: string) =>
  [...plain.matchAll(LAST_FOUR)].flatMap(match => {
    const from = match.index + match[0].length
    const word = WORDS.find(plain.slice(from, from + 40)).find(({ start }) => start === 0)
    return word === undefined ? [] : (spanAt(FOUR_DIGITS, plain, from + word.end) ?? [])
  })

const LAST_FOUR = /(?<![a-z])last (?:4|four)(?: digits| numbers)?(?: of| on)?(?: (?:my|the|your|his|her|their))?\s/gu
const FOUR_DIGITS = /[^0-9.!?\n]{0,16}([0-9]{4})(?![0-9])/duy

/** The first group of a pattern with the flags d and y, where it matches at this place. */
const spanAt = (pattern: RegExp, text: string, at: number) => {
  pattern.lastIndex = at
  const [start, end] = pattern.exec(text)?.indices?.[1] ?? []
  return start === undefined || end === undefined ? undefined : { start, end }
}
