import { MEASURE } from './code-contexts.ts'
import { createPhrases } from './find-phrases.ts'
import { isSource } from './is-source.ts'
import type { Link } from './password-link.ts'
import { isLink, isOrdinary, isPlainWord, looksSecret, NEVER, type PasswordValue } from './password-value.ts'
import type { PasswordLabel } from './password-words.ts'
import { plainWordsTo } from './plain-words.ts'
import type { Reading } from './reading.ts'

/** A text, and what it is about. */
export type PasswordMessage = Pick<Reading, 'text' | 'plain'> & {
  /** It names a login: what else it has may be the password for it. */
  readonly hasLogin: boolean
  /** It speaks of something that is locked. */
  readonly hasLock: () => boolean
  /** It speaks of what has a PIN. */
  readonly hasOwnPin: () => boolean
}

export const readPasswordMessage = ({ text, plain }: Pick<Reading, 'text' | 'plain'>): PasswordMessage => ({
  text,
  plain,
  hasLogin: LOGIN.isIn(plain) || /\w@[\w-]+\.\w/.test(plain),
  hasLock: asked(() => LOCK.isIn(plain)),
  hasOwnPin: asked(() => OWN_PIN.isIn(plain)),
})

/** Once for each message, and only where it matters. */
const asked = (ask: () => boolean): (() => boolean) => {
  let answer: boolean | undefined
  return () => {
    answer ??= ask()
    return answer
  }
}

/** Whether what stands behind a word for a password, and is linked to it so, is one. */
export const isSecret = (value: PasswordValue, label: PasswordLabel, link: Link, message: PasswordMessage): boolean => {
  const { plain } = message
  const word = value.value
  if (isLink(word) || /^[$€£¥]/.test(word) || isSource(message.text, value)) return false
  const after = plain.slice(value.end, value.end + 24)
  if (label.sort === 'pin') return isPin(word, label, link, message, after)
  if (label.sort === 'door') return isDoorCode(word, label, link, message, after)
  if (label.sort === 'key') return isKey(word, link)
  if (label.sort === 'pass') return isPass(value, label, link, message)
  return isPassword(value, link, message, after)
}

const isPassword = (value: PasswordValue, link: Link, { text, plain }: PasswordMessage, after: string): boolean => {
  const word = value.value
  if (value.isQuoted) return word.length >= 3 && (link.sort === 'sign' || !isRemark(word))
  if (link.sort === 'none') {
    if (/^[0-9]+$/.test(word)) return word.length >= 4 && !/^\s{1,2}\p{L}/u.test(after)
    return looksSecret(word) && !/^[^\p{N}]+$/u.test(word.replace(/[!@#$%^&*+=~\\|<>{}[\]?_]/g, '0'))
  }
  if (looksSecret(word, 3)) return true
  if (isOrdinary(word)) return false
  if (link.sort === 'sign') return isPlainWord(word) || (word.length >= 2 && /[^\x00-\x7f]/.test(word))
  return link.sort === 'verb' && !UNSPACED.test(word) && endsClause(text, plain, value)
}

/** "changed successfully", in quotes. */
const isRemark = (words: string): boolean => words.split(/\s+/).every(word => isOrdinary(word) || /\w{3}ly$/.test(word))

/** "Pass" and "key" have other meanings, too: it takes a secret's looks, or a login beside it. */
const isPass = (
  value: PasswordValue,
  label: PasswordLabel,
  link: Link,
  { plain, hasLogin }: PasswordMessage,
): boolean => {
  const word = value.value
  if (isRide(plain, label, hasLogin)) return false
  if (link.sort === 'none') {
    if (plain.startsWith('clave', label.start) && /^[0-9]{5,8}$/.test(word)) return true
    const fewestDigits = plain.startsWith('key', label.start) ? 8 : NEVER
    return hasLogin && word.length >= 6 && /[0-9]/.test(word) && looksSecret(word, fewestDigits)
  }
  if (looksSecret(word, 6)) return true
  return hasLogin && (value.isQuoted || (link.sort === 'sign' && !isOrdinary(word) && /^\S+$/.test(word)))
}

const isDoorCode = (
  word: string,
  label: PasswordLabel,
  link: Link,
  { plain, hasLock }: PasswordMessage,
  after: string,
): boolean => {
  if (/^comb/.test(plain.slice(label.start, label.end))) return TURNS.test(word) && hasLock()
  if (link.sort === 'none' && /^(?:19|20)[0-9]{2}$/.test(word)) return false
  if (/^\s?(?:am|pm|uhr|h)(?![\p{L}])/u.test(after) || MEASURE.beginsIn(after, /^[\s-]{0,2}$/, 2)) return false
  return /^[#*]?[0-9]{3,10}[#*]?$|^(?=.*[0-9])[\p{L}0-9#*]{3,10}$/u.test(word) || TURNS.test(word)
}

/** Of a combination lock. */
const TURNS = /^[0-9]{1,2}-[0-9]{1,2}-[0-9]{1,2}$/
const LOCK = createPhrases(['locks?', 'locker~', 'padlock', 'safe', 'bike', 'vault', 'suitcase', 'gym'])

const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u

/** "is sunshine" at the end of a sentence, or of its part; "is banana bread", too. */
const endsClause = (text: string, plain: string, value: PasswordValue): boolean => {
  if (!isPlainWord(value.value)) return false
  return plainWordsTo(text, plain, value) !== undefined
}

const isPin = (
  word: string,
  label: PasswordLabel,
  link: Link,
  { plain, hasOwnPin }: PasswordMessage,
  after: string,
): boolean => {
  if (!/^[0-9]{3,12}$|^[0-9]{2,4}(?:-[0-9]{2,4})+$|^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9]{4,12}$/.test(word)) {
    return (
      /pass/.test(plain.slice(label.start, label.end)) &&
      link.sort !== 'none' &&
      (looksSecret(word) || isPlainWord(word))
    )
  }
  const name = plain.slice(label.start, label.end)
  // India's postcodes are called so.
  if (/code|number|no/.test(name) && /^pin/.test(name) && /^[1-9][0-9]{5}$/.test(word) && !hasOwnPin()) return false
  if (/^[\s-]{0,2}(?:am|pm|uhr|times|people|photos?|messages?|posts?|pictures?|notes?|x)(?![\p{L}])/u.test(after))
    return false
  if (
    /(?:bowling|rolling|safety|push|clothes|hair|bobby|gpio|firing|lapel|enamel|to|will|can|please|i|we|let's)\s$/u.test(
      plain.slice(Math.max(0, label.start - 12), label.start),
    ) &&
    (link.sort === 'none' || link.sort === 'maybe')
  )
    return false
  if (link.sort === 'sign' || link.sort === 'verb') return true
  return (
    word.length >= 4 &&
    !/[a-z]/i.test(word.replace(/[0-9]/g, '').slice(1)) &&
    !/^\s{1,2}(?!(?:pls|thanks|is|was|as|this|its|yes|plus|guys|works)\s)\p{L}+s(?![\p{L}])/u.test(after)
  )
}

const OWN_PIN = createPhrases([
  'card',
  'door',
  'gate',
  'phone',
  'unlock',
  'sim',
  'entry',
  'atm',
  'bank',
  'alarm',
  'safe',
  'login',
  'account',
  'debit',
  'credit',
  'meeting',
  'conference',
  'my',
  'secret',
  'voicemail',
  'upi',
  'app',
  'wallet',
])

export const isKey = (word: string, link: Link): boolean => {
  if (link.sort === 'none') return word.length >= 16 && looksSecret(word, NEVER) && /[0-9]/.test(word)
  return word.length >= 8 && looksSecret(word, 12) && (/[0-9]/.test(word) || word.length >= 20)
}

/** A boarding pass, a bus pass; "to pass X". */
const isRide = (plain: string, { start }: PasswordLabel, hasLogin: boolean): boolean =>
  plain.startsWith('pass', start) &&
  (/(?<!\p{L})(?:boarding|bus|ski|day|mountain|lift|season|guest|parking|hall|free|year|annual|train|rail|monthly|weekly|eurail|interrail|museum|city|backstage|press|visitor|all|battle|game|park|hotel|car|house|spare|piano|low|high|on|to|will|can|i|you|we|they|he|she|did|didn't|must|may|shall|not|and|please|a|of|answer|public|foreign|primary)\s+$/u.test(
    plain.slice(Math.max(0, start - 16), start),
  ) ||
    (!hasLogin && /(?<!\p{L})the\s+$/u.test(plain.slice(Math.max(0, start - 6), start))))

const LOGIN = createPhrases([
  'log ?in',
  'user ?name',
  'user',
  'ssid',
  'wi ?fi',
  'wlan',
  'network',
  'account',
  'benutzer~',
  'netzwerk',
  'usuario',
  'utilisateur',
  'identifiant',
  'utente',
  'gebruiker~',
  'e ?mail',
  'id',
  'логин',
  'router',
  'hotspot',
])
