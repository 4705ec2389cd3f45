import { speaksOfCards } from './card-words.ts'
import type { Span } from './find.ts'
import { createPhrases } from './find-phrases.ts'
import type { Reading } from './reading.ts'
import { patternOf } from './vocabulary.ts'

/** Expiry dates and check codes: after a card's number, or after the words. */
export const findCardDetails = ({ plain }: Reading, numbers: readonly Span[]): Span[] => {
  if (!/[0-9]{3}|[0-9][/.-]/.test(plain)) return []
  const behind = numbers.flatMap(({ end }) => detailsBehind(plain, end))
  const codes = after(CHECK_WORDS, CHECK_CODE, plain)
  const named = numbers.length > 0 || speaksOfCards(plain) ? after(CODE_WORDS, CHECK_CODE, plain) : []
  const reversed = [...plain.matchAll(CODE_FIRST)]
    .filter(match =>
      CHECK_WORDS.beginsIn(plain.slice(match.index + match[0].length, match.index + match[0].length + 30), /^$/, 0),
    )
    .map(match => groupSpan(match))
  const isCertain = numbers.length + codes.length + reversed.length > 0 || PAYMENT_CARD.isIn(plain)
  const expiries = isCertain ? after(EXPIRY_WORDS, EXPIRY, plain) : []
  const behindExpiry = numbers.length > 0 ? expiries.flatMap(({ end }) => spanAt(CODE_BEHIND, plain, end) ?? []) : []
  return [...behind, ...codes, ...named, ...reversed, ...expiries, ...behindExpiry]
}

const DATE =
  '(?:0?[1-9]|1[0-2])\\s?[/.\\- ]\\s?(?:20)?[2-4]\\d|(?:0[1-9]|1[0-2])[2-4]\\d|20[2-4]\\d\\s?[/.\\-]\\s?(?:0[1-9]|1[0-2])'

const CHECK_WORDS = createPhrases(
  [
    'cvv ?2?',
    'cvc ?2?',
    'cvn ?2?',
    'cvd',
    'ccv',
    'ccv2',
    'card verification (code|value|number)',
    'kartenprufnummer',
    'prufnummer',
    'prufziffern?',
    'cryptogramme( visuel)?',
    'код cvv',
    'cvv код',
  ],
  ['cvv', 'cvc', '安全码', '安全碼', '驗證碼cvv', 'セキュリティコード'],
)

const EXPIRY_WORDS = createPhrases(
  [
    'exp(iry|ires|iration|iring)?( date)?',
    'expiry date',
    'expires( on)?',
    'valid (thru|until|through|to)',
    'good (thru|through|until)',
    'thru',
    'mm/?yy',
    'gultig bis',
    'gultigkeit',
    'ablaufdatum',
    'ablauf',
    'verfallsdatum',
    'expire( le)?',
    "date d'expiration",
    'caduca',
    'caducidad',
    'vence',
    'vencimiento',
    'validade',
    'vencimento',
    'scadenza',
    'scade',
    'vervaldatum',
    'geldig tot',
    'срок( действия)?',
    'действует до',
  ],
  ['有効期限', '有效期'],
)

/** Between a word and its number. */
const LINK =
  '(?:\\s{0,2}(?:[:=#?"\'\\-]|is|are|ist|lautet|est|es|e|on|am|le|code|number|no|nr|date|the|und|and)){0,4}[\\s:]{0,3}'

/** What a word is followed by. */
const CHECK_CODE = patternOf(
  `(?:\\s{0,2}\\(?(?:on|auf|at|in|sur) (?:the |der |le )?(?:back|ruckseite|dos)\\)?)?${LINK}["'([]?([0-9]{3,4})(?![0-9:/])`,
  'duy',
)
const EXPIRY = patternOf(`${LINK}["'(]?(${DATE})(?![0-9/])`, 'duy')

/** Words that mean other things, too, where no card is near. */
const CODE_WORDS = createPhrases([
  'security (code|number)',
  'crypto',
  'csc',
  'cid',
  'digits? (code )?on (the )?back',
  '(3|three|4|four) digits?( code| number)?( on (the )?(back|front))?',
  'on the back',
  'code (de securite|au dos)',
  'codigo de (seguridad|seguranca)',
  'codice di sicurezza',
  'sicherheitscode',
  'beveiligingscode',
])
const CODE_FIRST =
  /(?<![0-9.,:/$€£-])([0-9]{3,4})\s{1,2}(?:is|=|ist|est|es|as)\s{1,2}(?:(?:the|my|your|its|der|die|le|el|o)\s)?/dgu

/** The first group of the pattern right behind each of the phrases. */
const after = (words: ReturnType<typeof createPhrases>, pattern: RegExp, plain: string): Span[] =>
  words.find(plain).flatMap(({ end }) => spanAt(pattern, plain, end) ?? [])

const PAYMENT_CARD = createPhrases([
  '(credit|debit|bank|payment) card',
  'visa (card|debit|credit)',
  'master ?card',
  'kreditkarte',
  'bankkarte',
  'girokarte',
  'carte (bleue|bancaire|de credit)',
  'tarjeta (de )?(credito|debito)?',
  'cartao (de credito)?',
  'carta di credito',
  'creditcard',
  'card expir(y|es|ation)',
])

/** What the first group of a match stands for; the pattern has the flag d. */
const groupSpan = (match: RegExpExecArray): Span => {
  const [start, end] = match.indices?.[1] ?? [match.index, match.index]
  return { start, end }
}

const SEPARATORS = '[\\s,;|/\\-.()]{1,6}'
const DATE_BEHIND = patternOf(`${SEPARATORS}(${DATE})(?![0-9/])`, 'duy')
/** With the name of the owner between. */
const DATE_BEHIND_NAME = patternOf(
  `(?:[\\s,(]{1,3}(?!(?:on|at|by|for|from|before|the|am|um|to|and)[\\s,])\\p{L}[\\p{L}'.:-]{0,20}\\)?){1,4}[\\s,]{1,3}(${DATE})(?![0-9/])`,
  'duy',
)
const CODE_BEHIND = patternOf(`${SEPARATORS}([0-9]{3,4})(?![\\p{L}\\p{N}]|[.:,/-][0-9]|\\s*[%€$£]|\\s+\\p{L})`, 'duy')
const CODE_BEHIND_DATE = patternOf(`${SEPARATORS}([0-9]{3,4})(?![\\p{L}\\p{N}]|[.:,/-][0-9])`, 'duy')

/** "… 12/27 123", right behind the number: they go with it. */
const detailsBehind = (plain: string, from: number): Span[] => {
  const date = spanAt(DATE_BEHIND, plain, from)
  const named = date ?? spanAt(DATE_BEHIND_NAME, plain, from)
  const code = spanAt(named === undefined ? CODE_BEHIND : CODE_BEHIND_DATE, plain, named?.end ?? from)
  // From the last digit before, so that nothing but separators stays between: one find.
  const joined = (span: Span | undefined, before: number): Span[] =>
    span === undefined ? [] : [{ start: before - 1, end: span.end }]
  return date === undefined && named !== undefined
    ? [named, ...joined(code, named.end)]
    : [...joined(date, from), ...joined(code, date?.end ?? from)]
}

const spanAt = (pattern: RegExp, text: string, at: number): Span | undefined => {
  pattern.lastIndex = at
  const match = pattern.exec(text)
  return match ? groupSpan(match) : undefined
}
