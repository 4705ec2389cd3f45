import type { Find } from './find.ts'
import type { Reading } from './reading.ts'
import { patternOf } from './vocabulary.ts'

/** International bank account numbers: a country's form and length, and check digits that are right. */
export const findIbans = ({ plain }: Reading): Find[] => {
  const found: Find[] = []
  for (const match of plain.matchAll(BEGINNING)) {
    const end = endOfIban(plain, match.index)
    if (end !== undefined) found.push({ kind: 'iban', start: match.index, end })
  }
  return found
}

/** What may stand between two characters of it. */
const GAP = '[\\s.\\-_/:]{0,3}'
/** Two letters of a country, two digits; not in the middle of a word, but behind "IBAN". */
const BEGINNING = patternOf(
  `(?<![a-z0-9]|[a-z0-9][.\\-_/]|iban)(?=[a-z]${GAP}[a-z]${GAP}[0-9]${GAP}[0-9])|(?<=iban)(?=[a-z]{2}[0-9]{2})`,
  'gu',
)

const endOfIban = (plain: string, start: number): number | undefined => {
  let characters = ''
  let length = 4
  let form: string | undefined
  let at = start
  for (let gap = 0; characters.length < length; at++) {
    const char = plain.charAt(at)
    if (/[a-z0-9]/.test(char)) {
      characters += char
      gap = 0
      if (characters.length === 4) {
        form = FORMS[characters.slice(0, 2)]
        if (form === undefined) return undefined
        length = 4 + form.length
      }
      if (form !== undefined && characters.length > 4 && !fits(char, form.charAt(characters.length - 5)))
        return undefined
    } else if (at === plain.length || ++gap > 3 || !/[\s.\-_/:]/.test(char)) return undefined
  }
  // More digits belong to a longer number; a letter begins the next word.
  return /[0-9]/.test(plain.charAt(at)) || !isRight(characters) ? undefined : at
}

const fits = (char: string, form: string): boolean =>
  form === 'c' || (form === 'n' ? char >= '0' && char <= '9' : char >= 'a' && char <= 'z')

/** ISO 7064, mod 97. */
const isRight = (iban: string): boolean => {
  let rest = 0
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(char, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** What follows the four characters: n a digit, a a letter, c either. The SWIFT registry, and some that are not in it. */
const REGISTRY = `
ad 8n12c|ae 19n|al 8n16c|ao 21n|at 16n|az 4a20c|ba 16n|be 12n|bf 2c22n|bg 4a6n8c|bh 4a14c|bi 23n|bj 2c22n|br 23n1a1c
by 4c4n16c|cf 23n|cg 23n|ch 5n12c|ci 2a22n|cm 23n|cr 18n|cv 21n|cy 8n16c|cz 20n|de 18n|dj 23n|dk 14n|do 4c20n|dz 22n
ee 16n|eg 25n|es 20n|fi 14n|fk 2a12n|fo 14n|fr 10n11c2n|ga 23n|gb 4a14n|ge 2a16n|gi 4a15c|gl 14n|gq 23n|gr 7n16c
gt 4c20c|gw 2c19n|hn 4a20n|hr 17n|hu 24n|ie 4a14n|il 19n|iq 4a15n|ir 22n|is 22n|it 1a10n12c|jo 4a4n18c|km 23n|kw 4a22c
kz 3n13c|lb 4n20c|lc 4a24c|li 5n12c|lt 16n|lu 3n13c|lv 4a13c|ly 21n|ma 24n|mc 10n11c2n|md 2c18c|me 18n|mg 23n|mk 3n10c2n
ml 2c22n|mn 16n|mr 23n|mt 4a5n18c|mu 4a19n3a|mz 21n|ne 2a22n|ni 4a20n|nl 4a10n|no 11n|om 3n16c|pk 4a16c|pl 24n|ps 4a21c
pt 21n|qa 4a21c|ro 4a16c|rs 18n|ru 14n15c|sa 2n18c|sc 4a20n3a|sd 14n|se 20n|si 15n|sk 20n|sm 1a10n12c|sn 2a22n|so 19n
st 21n|sv 4a20n|td 23n|tg 2a22n|tl 19n|tn 20n|tr 6n16c|ua 6n19c|va 18n|vg 4a16n|xk 16n|ye 4a4n18c`

const FORMS: Readonly<Record<string, string>> = Object.fromEntries(
  REGISTRY.trim()
    .split(/[|\n]/)
    .map(entry => entry.split(' ') as [string, string])
    .map(([country, form]) => [country, form.replace(/(\d+)([nac])/g, (_, count, kind) => kind.repeat(Number(count)))]),
)
