import { digitsIn } from './digit-groups.ts'
import type { Find } from './find.ts'
import { createPhrases } from './find-phrases.ts'
import type { Reading } from './reading.ts'

/** Phone numbers in the forms in which people write them. Dates, times, amounts and numbers of orders are none. */
export const findPhones = ({ plain }: Reading): Find[] =>
  [...plain.matchAll(CANDIDATE)].flatMap(match => {
    const written = match[0].replace(/[\s.\-/(]+$/, '')
    const start = match.index
    const end = start + written.length
    return isPhone(written, plain.slice(Math.max(0, start - 30), start), plain.slice(end, end + 12))
      ? [{ kind: 'phone', start, end }]
      : []
  })

const CANDIDATE =
  /(?<![\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}@#_=])(?:\+\s?)?(?:\(\s?\+?[0-9]{1,5}\s?\)|[0-9]{1,15})(?:[\s.\-/()·]{0,3}[0-9]{1,15}){0,9}(?:\s?(?:x|ext\.?|extension|#|durchwahl)\s?[0-9]{1,6})?/gu

const isPhone = (written: string, before: string, after: string): boolean => {
  const base = written.replace(/\s?(?:x|ext|#|durchwahl)[^0-9]*[0-9]{1,6}$/, '')
  const digits = digitsIn(base)
  const { length } = digits
  if (length < 5 || length > 15 || (/\n/.test(base) && !base.startsWith('+'))) return false
  if (/[$€£¥₹%]\s?$/.test(before) || /^\s?[%€£¥₹°]|^[:,][0-9]|^[\p{Script=Latin}\p{Script=Cyrillic}]/u.test(after))
    return false
  if (/[0-9][.,:/]$/.test(before) || isDate(base) || /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/.test(base)) return false
  if (base.startsWith('+')) return length >= 7
  const isNamed = NAMED.endsIn(before, /^[^\p{N}\n]{0,8}$/u)
  if (OTHER.endsIn(before, /^[^\p{N}\n]{0,10}$/u) && !isNamed) return false
  if (isNamed) return length >= 6 || (length >= 5 && /[\s-]/.test(base))
  if (/^00[1-9]/.test(digits)) return length >= 10
  if (/^20[12][0-9]{7}$/.test(base)) return false // the year in the number of an order
  if (/^0[1-9]/.test(base) && length < 8) return false
  return FORMS.some(form => form.test(base.trim()))
}

const FORMS: readonly RegExp[] = [
  /^(?:1[\s.-]?)?\(?[2-9][0-9]{2}\)?[\s.\-/]{0,2}[2-9][0-9]{2}[\s.-]{0,2}[0-9]{4}$/, // North America
  /^[2-9][0-9]{2}[-.][0-9]{4}$/, // the same without area code
  /^\(0?[1-9][0-9]{1,4}\)[\s.-]{0,2}[0-9]{3,5}[\s.-]{0,2}[0-9]{2,5}(?:[\s.-]?[0-9]{1,4})?$/, // area code in brackets
  /^0[1-9][0-9]{0,4}[\s/-]{1,3}[0-9]{2,9}(?:[\s-][0-9]{1,6}){0,4}$/, // with a trunk zero: 0171 2345678, 030/901820
  /^0[1-9](?:[\s.-]?[0-9]{2}){4}$/, // France
  /^0[1-9][0-9]{8,9}$/,
  /^1[3-9][0-9][\s-]?[0-9]{4}[\s-]?[0-9]{4}$/, // China
  /^8[\s-]?\(?9[0-9]{2}\)?[\s-]?[0-9]{3}[\s-]?[0-9]{2}[\s-]?[0-9]{2}$/, // Russia
  /^[6-9][0-9]{4}[\s-][0-9]{5}$/, // India
  /^[679][0-9]{2}[\s.-][0-9]{2}[\s.-][0-9]{2}[\s.-][0-9]{2}$/, // Spain
  /^[679][0-9]{2}[.-][0-9]{3}[.-][0-9]{3}$/,
]

const isDate = (text: string): boolean =>
  /^(?:(?:19|20)[0-9]{2}[.\-/][0-9]{1,2}[.\-/][0-9]{1,2}|[0-9]{1,2}[.\-/]{1,2}[0-9]{1,2}[.\-/]{1,2}(?:19|20)?[0-9]{2}|(?:19|20)[0-9]{2}\s?[-/]\s?(?:19|20)?[0-9]{2})(?:\s.*)?$/.test(
    text,
  )

const NAMED = createPhrases(
  [
    'tel(efon|ephone|efono|efone|efoon)?( no| nr| number)?',
    'phone( number| no)?',
    'cell( phone)?',
    'mobile( number| no)?',
    'call( me| us| him| her| them)?( back)?( at| on)?',
    'text( me| us| him| her)?( at| on)?',
    'whats ?app',
    'fax',
    'handy( nummer)?',
    'handynummer',
    'telefonnummer',
    'meine nummer',
    'ruf( mich)?( an)?( unter)?',
    'erreichbar unter',
    '(my|new|phone|his|her|their|our|cell|mobile|home|work) number( is)?',
    '(mi|mon|mio|meu|il mio) (nuevo )?n[ou]mero( es| est| e)?',
    'llama(me)?( al)?',
    'appelle~( au)?',
    'bel( me)?( op)?',
    'chiama(mi)?( al)?',
    'ligue?( para)?',
    'zadzwon',
    'звони~',
    'movil',
    'portable',
    'celular',
    'cellulare',
    'dial',
    'ring( me)?',
    'sms',
    'reach( me)?( at| on)?',
    'telemovel',
    'mobil',
    'тел(ефон)?',
    'мой номер',
    'gsm',
  ],
  ['电话', '電話番号?', '手机', '전화', '携帯'],
)
const OTHER = createPhrases([
  'order~',
  'invoice~',
  'tracking',
  'ticket',
  'flight',
  'ref(erence)?',
  'no',
  'nr',
  'isbn',
  'id',
  'serial',
  'part',
  'sku',
  'model',
  'case',
  'bestell~',
  'rechnung~',
  'sendung~',
  'zip',
  'account',
  'konto~',
  'card',
  'ssn',
  'version',
  'code',
  'pin',
  'room',
  'gate',
  'page',
  'pages',
  'routing',
  'pnr',
  'member~',
  'customer',
  'student',
  'application',
  'nhs',
  'confirmation',
  'cep',
  'folio',
])
