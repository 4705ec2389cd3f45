import fc from 'fast-check'
import { read } from '../../src/redact/reading.ts'

/** A secret as it is written, and its bare letters and digits. */
export type Spacing = { readonly text: string; readonly value: string }

const digits = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map(each => each.join(''))

/** Numbers of every issuer that people have heard of, with the right check digit. */
export const makeCard: fc.Arbitrary<string> = fc
  .constantFrom<readonly [string, number]>(
    ['4', 16],
    ['51', 16],
    ['55', 16],
    ['2221', 16],
    ['2719', 16],
    ['34', 15],
    ['37', 15],
    ['6011', 16],
    ['645', 16],
    ['36', 14],
    ['305', 14],
    ['3530', 16],
    ['62', 16],
    ['62', 19],
    ['6763', 16],
  )
  .chain(([prefix, length]) => digits(length - prefix.length - 1).map(rest => withCheckDigit(prefix + rest)))

const withCheckDigit = (number: string): string => {
  const sum = [...number].reverse().reduce((total, digit, i) => {
    const weighed = Number(digit) * (i % 2 === 0 ? 2 : 1)
    return total + (weighed > 9 ? weighed - 9 : weighed)
  }, 0)
  return `${number}${(10 - (sum % 10)) % 10}`
}

export const makeIban: fc.Arbitrary<string> = fc
  .constantFrom<readonly [string, string]>(
    ['DE', 'n18'],
    ['AT', 'n16'],
    ['CH', 'n17'],
    ['GB', 'a4n14'],
    ['NL', 'a4n10'],
    ['FR', 'n23'],
    ['ES', 'n20'],
    ['IT', 'a1n22'],
    ['BE', 'n12'],
    ['NO', 'n11'],
    ['PL', 'n24'],
  )
  .chain(([country, form]) => {
    const parts = [...form.matchAll(/([an])(\d+)/g)].map(([, sort, count]) =>
      sort === 'n' ? digits(Number(count)) : letters(Number(count)),
    )
    return fc.tuple(...parts).map(each => withCheckDigits(country, each.join('')))
  })

const letters = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'), { minLength: length, maxLength: length })
    .map(e => e.join(''))

const withCheckDigits = (country: string, account: string): string => {
  const number = [...`${account}${country}00`].map(char => Number.parseInt(char, 36)).join('')
  return `${country}${String(98n - (BigInt(number) % 97n)).padStart(2, '0')}${account}`
}

export const makeSsn: fc.Arbitrary<string> = fc
  .tuple(
    fc.integer({ min: 1, max: 899 }).filter(area => area !== 666),
    fc.integer({ min: 1, max: 99 }),
    fc.integer({ min: 1, max: 9_999 }),
  )
  .map(([area, group, serial]) => `${pad(area, 3)}${pad(group, 2)}${pad(serial, 4)}`)

const pad = (value: number, length: number): string => String(value).padStart(length, '0')

/** In groups of these lengths, or in one piece. */
export const spaced = (value: string, groups: readonly number[], always = false): fc.Arbitrary<Spacing> =>
  fc.constantFrom(...SEPARATORS, ...(always ? [] : [''])).map(separator => {
    let from = 0
    const parts = groups.map(length => {
      from += length
      return value.slice(from - length, from)
    })
    return { text: [...parts, value.slice(from)].filter(part => part !== '').join(separator), value }
  })

const SEPARATORS = [
  ' ',
  '-',
  '.',
  '\u00a0',
  '\u2009',
  '\u202f',
  '\u3000',
  '\t',
  '–',
  '—',
  '\u2011',
  ' - ',
  '\u200b-\u200b',
]

/** The same in characters that are read alike: digits of other scripts, wide letters, with what is not seen between. */
export const disguised = (spacing: fc.Arbitrary<Spacing>): fc.Arbitrary<Spacing> =>
  fc
    .tuple(
      spacing,
      fc.constantFrom(...DISGUISES),
      fc.constantFrom('', '\u200b', '\u00ad', '\u2060', '\u200d', '\u200e'),
    )
    .map(([{ text, value }, disguise, unseen]) => ({
      text: [...text].map(char => disguise(char)).join(unseen),
      value,
    }))

const same = (char: string): string => char
const from = (zero: number) => (char: string) =>
  char >= '0' && char <= '9' ? String.fromCodePoint(zero + Number(char)) : char
const wide = (char: string): string =>
  char >= '!' && char <= '~' ? String.fromCodePoint(char.charCodeAt(0) + 0xfee0) : char
const keycap = (char: string): string => (char >= '0' && char <= '9' ? `${char}\ufe0f\u20e3` : char)
const small = (char: string): string => char.toLowerCase()

const DISGUISES = [
  same,
  same,
  small,
  wide,
  keycap,
  from(0x0660),
  from(0x06f0),
  from(0x0966),
  from(0x1d7ce),
  from(0x1d7f6),
]

/** Text in which nothing is read that could have to do with a secret: no letters, digits, signs of a sentence or a sum. */
export const noise: fc.Arbitrary<string> = fc.string({ unit: 'grapheme', maxLength: 30 }).map(text =>
  [...text]
    .filter(char => /^[^\p{L}\p{N}!-~ ]*$/u.test(read(char).text))
    .join('')
    .trim(),
)
