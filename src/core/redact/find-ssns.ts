import { digitsIn } from './digit-groups.ts'
import type { Find } from './find.ts'
import type { Reading } from './reading.ts'
import { anyOf, anyWordOf, patternOf } from './vocabulary.ts'

/** US social security numbers: in three groups anywhere, written otherwise only beside the words. */
export const findSsns = ({ plain }: Reading): Find[] =>
  [...grouped(plain), ...named(plain), ...lastFour(plain)].map(span => ({ ...span, kind: 'ssn' }))

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
    if ((parts[0] === '') !== (parts[1] === '') && !WORDS.test(plain)) return []
    if (!isSsn(digitsIn(found))) return []
    if (OTHER_NUMBER.test(before) && !WORDS.test(before)) return []
    return [{ start: match.index, end: match.index + found.length }]
  })

const SSN_WORDS = [
  'ssns?( number| no| nr)?',
  'ss( number| no| nr|#)',
  'social security( number| no| nr|#)?( number)?',
  'social sec~',
  'soc sec~',
  'social',
  'socials',
  'social insurance number',
  'seguro social',
  'n(o|ro|umero)? de seguro social',
  'us sozialversicherungsnummer',
]
const WORDS = patternOf(`${anyWordOf(SSN_WORDS)}|${anyOf(['社会安全号码?', '社會安全號碼?', '社会保障番号'])}`, 'u')
const NAMED = patternOf(
  `(?:(?<![\\p{L}\\p{N}])${anyOf(SSN_WORDS)}|${anyOf(['社会安全号码?', '社會安全號碼?', '社会保障番号'])})[^\\p{N}.!?\\n]{0,40}[^\\p{N}]{0,3}`,
  'gu',
)

const OTHER_NUMBER = patternOf(
  `${anyWordOf([
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
  ])}[^0-9\\n]{0,14}$`,
  'u',
)

/** Nine digits in any grouping, behind the words or right before them. */
const named = (plain: string) => {
  const behind = [...plain.matchAll(NAMED)].flatMap(match => {
    const at = match.index + match[0].length
    NINE_DIGITS.lastIndex = at
    const digits = NINE_DIGITS.exec(plain)?.[0] ?? ''
    return isSsn(digitsIn(digits)) ? [{ start: at, end: at + digits.length }] : []
  })
  const before = [...plain.matchAll(NUMBER_FIRST)].flatMap(match =>
    isSsn(digitsIn(match[1] ?? '')) ? [{ start: match.index, end: match.index + (match[1]?.length ?? 0) }] : [],
  )
  return [...behind, ...before]
}

const NINE_DIGITS = /(?:[0-9][\s.\-/_]{0,3}){8}[0-9](?!\p{N})/uy

const NUMBER_FIRST = patternOf(
  `(?<![\\p{L}\\p{N}])((?:[0-9][\\s.\\-/_]{0,3}){8}[0-9])(?![\\p{L}\\p{N}])\\s{0,2}[(=,:-]?\\s{0,2}(?:is|as|for|es|=)?\\s{0,2}(?:(?:my|the|his|her|their|your|our|mi|su|tu)\\s{1,2})?(?:\\p{L}{2,12}['’]?s?\\s{1,2})?${anyWordOf(SSN_WORDS)}`,
  'gu',
)

const LAST_FOUR = patternOf(
  `(?<![\\p{L}])last (?:4|four)(?: digits| numbers)?(?: of| on)?(?: (?:my|the|your|his|her|their))?\\s${anyOf(SSN_WORDS)}[^\\p{N}.!?\\n]{0,16}([0-9]{4})(?![0-9])`,
  'dgu',
)

const lastFour = (plain: string) =>
  [...plain.matchAll(LAST_FOUR)].map(match => {
    const [start, end] = match.indices?.[1] ?? [match.index, match.index]
    return { start, end }
  })
