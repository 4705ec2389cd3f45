import { isCardNumber } from './card-numbers.ts'
import { speaksOfCards } from './card-words.ts'
import { digitGroups } from './digit-groups.ts'
import type { Find, Span } from './find.ts'
import { findCardDetails } from './find-card-details.ts'
import { createPhrases } from './find-phrases.ts'
import type { Reading } from './reading.ts'

/** Numbers of payment cards, in whatever way their digits are grouped, with the expiry date and the check code. */
export const findCards = (reading: Reading): Find[] => {
  const numbers = findNumbers(reading)
  return [...numbers, ...findCardDetails(reading, numbers)].map(span => ({ ...span, kind: 'card' }))
}

/** Numbers of another sort say so right before them: "order number 4111…". */
const OTHER_NUMBER = createPhrases(
  [
    'order~',
    'tracking~',
    'track',
    'parcel',
    'package',
    'shipment',
    'invoice~',
    'imei',
    'meid',
    'serial',
    's/n',
    'sn',
    'isbn',
    'ean',
    'upc',
    'gtin',
    'barcode',
    'iccid',
    'sim',
    'ref(erence)?',
    'ticket',
    'case',
    'booking',
    'reservation',
    'confirmation',
    'transaction',
    'receipt',
    'meter',
    'policy',
    'vin',
    'sendung~',
    'paket~',
    'bestell~',
    'auftrag~',
    'rechnung~',
    'vorgang~',
    'seriennummer',
    'commande',
    'colis',
    'suivi',
    'facture',
    'pedido',
    'envio',
    'factura',
    'encomenda',
    'ordine',
    'spedizione',
    'fattura',
    'bestelling',
    'zamowienie',
    'заказ~',
    'трек~',
    'накладная',
    'id',
  ],
  ['订单号?', '訂單', '运单号?', '快递单号?', '注文番号', '伝票番号', '주문번호', '송장번호'],
)

const LETTER = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]$/u
const FEWEST_DIGITS = 13
const TO_NUMBER = /^[^0-9\n]{0,16}$/
/** Nothing between two groups of one number is a letter. */
const GAP = /^[^\p{L}\p{N}\ue000]{1,6}$/u
/** What separates groups of different lengths in a number that is written oddly. */
const PLAIN_GAP = /^[\s.\-/_]{1,4}$/

const findNumbers = ({ text, plain }: Reading): Span[] => {
  const groups = digitGroups(text)
  if (groups.length === 0) return []
  const gapAfter = groups.map(({ end }, i) => text.slice(end, groups[i + 1]?.start ?? end))
  const isJoined = gapAfter.map(gap => GAP.test(gap))
  const speaks = speaksOfCards(plain)
  const found: Span[] = []
  for (let first = 0; first < groups.length; ) {
    const last = lastGroupOfNumber(first)
    const [from, to] = [groups[first], groups[last ?? first]]
    if (last !== undefined && from !== undefined && to !== undefined) found.push({ start: from.start, end: to.end })
    first = (last ?? first) + 1
  }
  return found

  /** The longest number that begins with this group. */
  function lastGroupOfNumber(first: number): number | undefined {
    let digits = ''
    let best: number | undefined
    for (let last = first; last < groups.length && digits.length < 19; last++) {
      const group = groups[last]
      if (group === undefined || (last > first && !isJoined[last - 1])) break
      digits += text.slice(group.start, group.end)
      if (digits.length >= FEWEST_DIGITS && isCardNumber(digits) && isWrittenAsOne(first, last)) best = last
    }
    return best
  }

  function isWrittenAsOne(first: number, last: number): boolean {
    const start = groups[first]?.start ?? 0
    const before = plain.slice(Math.max(0, start - 40), start)
    // Right behind a word, not in the midst of letters and digits.
    if (LETTER.test(before) && !/(?<![\p{L}\p{N}])\p{L}{2,14}$/u.test(before)) return false
    if (
      /^[a-z]/.test(plain.slice(groups[last]?.end).slice(0, 1)) &&
      !/^[a-z]{2,}/.test(plain.slice(groups[last]?.end, (groups[last]?.end ?? 0) + 3))
    )
      return false
    const sizes = groups.slice(first, last + 1).map(group => group.end - group.start)
    const gaps = gapAfter.slice(first, last)
    const isOther = !speaks && OTHER_NUMBER.endsIn(before, TO_NUMBER)
    if (sizes.length === 1) return !isOther && !/[.,]$/.test(before)
    const uniform = isUniform(sizes)
    const isList = gaps.some(gap => /[,;]/.test(gap))
    if (isList && !speaks) return false
    if (uniform && (sizes[0] ?? 0) >= 4) return !isLongNumber(first, last) && !isSeries(first, last)
    if (KNOWN_GROUPS.has(sizes.join('-'))) return !isOther
    if (isOther || /\+\s?$/.test(before)) return false
    const isAlone = !isLinked(first - 1) && !isLinked(last)
    if (uniform) return speaks || isAlone
    return (
      gaps.every(gap => PLAIN_GAP.test(gap)) && (speaks || (isAlone && sizes.length <= 6 && Math.min(...sizes) >= 2))
    )
  }

  /** Whether the group goes on in the next one. */
  function isLinked(index: number): boolean {
    const gap = gapAfter[index]
    return gap !== undefined && gap !== '' && PLAIN_GAP.test(gap) && index + 1 < groups.length
  }

  /** "4821 4822 4823 4824": rooms, tickets. */
  function isSeries(first: number, last: number): boolean {
    const values = groups.slice(first, last + 1).map(({ start, end }) => Number(text.slice(start, end)))
    const step = (values[1] ?? 0) - (values[0] ?? 0)
    return (
      !speaks &&
      values.length > 2 &&
      step !== 0 &&
      values.every((value, i) => i === 0 || value - (values[i - 1] ?? 0) === step)
    )
  }

  /** A parcel's number of twenty digits and more has sixteen in a row, too. */
  function isLongNumber(first: number, last: number): boolean {
    if (speaks) return false
    let begin = first
    while (begin > 0 && begin > first - 5 && gapAfter[begin - 1] === gapAfter[first]) begin -= 1
    const start = groups[begin]?.start ?? 0
    const isParcel = begin < first && /^(9[1-5]\d\d|420\d*)$/.test(text.slice(start, groups[begin]?.end))
    const isTracked =
      OTHER_NUMBER.endsIn(plain.slice(Math.max(0, start - 40), start), TO_NUMBER) && (begin < first || isLinked(last))
    return isParcel || isTracked
  }
}

/** 4-6-5 of American Express, 4-6-4 of Diners Club, and what people make of them. */
const KNOWN_GROUPS: ReadonlySet<string> = new Set([
  '4-6-5',
  '4-6-4',
  '4-5-6',
  '4-5-5',
  '6-13',
  '4-4-4-1',
  '4-3-3-3',
  '6-10',
  '4-12',
])

const isUniform = (sizes: readonly number[]): boolean => {
  const [size = 0] = sizes
  const last = sizes.at(-1) ?? 0
  return sizes.slice(0, -1).every(each => each === size) && last <= size
}
