import { codeLabels } from './code-words.ts'
import type { Find, Span } from './find.ts'
import { findLogins } from './find-logins.ts'
import { isSecret, type PasswordMessage, readPasswordMessage } from './is-secret.ts'
import { changedTo, type Link, linkAt } from './password-link.ts'
import {
  isNumbered,
  isOrdinary,
  isPlainWord,
  looksSecret,
  NEVER,
  type PasswordValue,
  valueAt,
} from './password-value.ts'
import { type PasswordLabel, passwordLabels } from './password-words.ts'
import { plainWordsTo } from './plain-words.ts'
import type { Reading } from './reading.ts'
import { secretBefore } from './secret-before.ts'
import { wordSet } from './vocabulary.ts'

/** Passwords, PINs, keys and codes of doors: what stands behind, or before, the word for it. */
export const findPasswords = ({ text, plain }: Reading): Find[] => {
  const message = readPasswordMessage({ text, plain })
  const isCode = codeTest(message)
  const labels = passwordLabels(plain)
  const named = labels.flatMap((label, i) =>
    [...secretBehind(label, labels[i + 1], message), ...secretBefore(label, message)].filter(
      span => !isCode(span, label),
    ),
  )
  return [...named, ...findLogins(message)].map(({ start, end }) => ({ kind: 'password', start, end }))
}

/** A password for one time, or a PIN that is short-lived, is a one-time code where it looks like one. */
const codeTest = ({ text, plain }: PasswordMessage) => {
  const codes = codeLabels({ text, plain }).filter(({ sort }) => sort === 'sure' || sort === 'pin')
  return ({ start, end }: Span, label: PasswordLabel): boolean => {
    const code = codes.find(each => each.start < label.end && label.start < each.end)
    if (code === undefined) return false
    const isOnce = ONCE.test(plain.slice(code.start, code.end))
    return (isOnce ? /^[A-Za-z0-9-]{4,12}$/ : /^[0-9-]{4,12}$/).test(text.slice(start, end))
  }
}
const ONCE =
  /one.?time|1.?time|single|otp|einmal|eenmal|engangs|uni[ck]|unique|usage|dinami|jednor|jednokrat|monouso|usa e|vienkart|uhekord|kertakaytto|tek kullan|одноразов|еднократ|μιας|חד|مره|一次|动态|動態|ワンタイム|일회/u

const secretBehind = (label: PasswordLabel, next: PasswordLabel | undefined, message: PasswordMessage): Span[] => {
  const { text, plain } = message
  const link = changedTo(plain, label) ?? linkAt(text, plain, label)
  if (link === undefined) return answer(label, message)
  // "The password: PIN 1234" is about the PIN, "the passphrase for the key is …" is not about the key.
  if (
    next !== undefined &&
    next.start < link.at &&
    (link.sort === 'sign' || secretBehind(next, undefined, message).length > 0)
  )
    return []
  const value = valueAt(text, link.at)
  if (value === undefined || isOnlyMarks(value.value)) return []
  if (label.sort === 'phrase' && link.sort !== 'none') return phraseFrom(plain, value, link)
  if (!isSecret(value, label, link, message)) return answer(label, message)
  const span = withCompany(text, plain, value, label, link)
  return [span, ...another(span, message)]
}

/** "… or hunter23", "… old one was hunter21". */
const another = ({ end }: Span, { text, plain }: PasswordMessage): Span[] => {
  const lead = ANOTHER.exec(plain.slice(end, end + 40))?.[0]
  const value = lead === undefined ? undefined : valueAt(text, end + lead.length)
  return value !== undefined && isUnmistakable(value.value) ? [value] : []
}
const ANOTHER =
  /^["')]?(?:\s(?:or|and|or maybe|oder|ou|o|или)\s|[,;.!]?\s{1,2}(?:the )?(?:old|new|other|previous|second)(?: one)?(?:'s| is| was|:)\s)/

/** Letters with digits or signs, and no name of a thing. */
const isUnmistakable = (value: string): boolean =>
  looksSecret(value, NEVER) && /\p{L}/u.test(value) && /[0-9!@#$%^&*]/.test(value) && !isNumbered(value)

const isOnlyMarks = (value: string): boolean => !/[\p{L}\p{N}!@#$%^&*]/u.test(value) || /^[*•.xX#-]+$/.test(value)

/** "Wifi password? hunter2", "the password changed, it's hunter2 now". */
const answer = ({ sort, end }: PasswordLabel, { text, plain }: PasswordMessage): Span[] => {
  const rest = plain.slice(end, end + 90)
  const lead = (QUESTION.exec(rest) ?? LATER.exec(rest))?.[0]
  const value = lead === undefined ? undefined : valueAt(text, end + lead.length)
  if (value === undefined) return []
  if (sort === 'pin')
    return /^[0-9]{4,8}$/.test(value.value) && !/^\s\p{L}/u.test(plain.slice(value.end, value.end + 3)) ? [value] : []
  return isUnmistakable(value.value) ? [value] : []
}

const QUESTION = /^[^\n.!?:]{0,24}\?\s{1,3}(?!it'?s\s)/
const LATER =
  /^[^\n?:=]{0,40}?(?:[,.;:?!]|\s-{1,2}|\n)\s{1,3}(?:(?:so|and|but|now|ok|i think|i believe|well)\s)?(?:now\s)?(?:it'?s|it is|it was|(?:the )?new one(?:'s| is|:)|now is|es ist|c'est|ahora es|теперь|это|still)\s{1,2}(?:(?:now|still|just|back to|either|probably|jetzt)\s){0,2}/

/** With what goes with it: the other half of "bob / hunter2", further words of a phrase. */
const withCompany = (text: string, plain: string, value: PasswordValue, label: PasswordLabel, link: Link): Span => {
  if (value.isQuoted || label.sort === 'door') return value
  const second = /^\s{0,2}\/\s{0,2}(\S{4,64})/.exec(text.slice(value.end, value.end + 70))
  if (second?.[1] !== undefined && looksSecret(second[1], 6) && !/^[0-9.,/-]+$/.test(second[1])) {
    return { start: value.start, end: value.end + second[0].replace(/[.,;:]+$/, '').length }
  }
  const isPair = /\/|^(?:zugangsdaten|identifiants|cred|login|logindaten)/.test(
    plain.slice(Math.max(0, label.start - 12), label.end),
  )
  if (isPair) {
    const other = /^\s{0,2}(?:[/|,]|\s(?:and|und|et|y|e)\s)\s{0,2}(\S{3,64})|^\s(\S{3,64})/.exec(
      text.slice(value.end, value.end + 70),
    )
    const word = other?.[1] ?? other?.[2]
    if (other && word !== undefined && (other[1] !== undefined || looksSecret(word))) {
      return { start: value.start, end: value.end + other[0].replace(/[.,;:]+$/, '').length }
    }
  }
  if (label.sort === 'pin' || link.sort === 'none' || looksSecret(value.value)) return spacedDigits(text, value, label)
  const end = /^\p{L}+$/u.test(value.value) ? plainWordsTo(text, plain, value) : undefined
  return { start: value.start, end: end ?? value.end }
}

/** "PIN: 1 2 3 4", "passcode 123 456". */
const spacedDigits = (text: string, value: PasswordValue, label: PasswordLabel): Span => {
  if (!/^[0-9]{1,4}$/.test(value.value) || label.sort === 'key') return value
  const more = /^(?:[ -][0-9]{1,4}){1,7}(?![\p{L}\p{N}])/u.exec(text.slice(value.end, value.end + 24))?.[0] ?? ''
  return { start: value.start, end: value.end + more.length }
}

/** All words to the end of the line, or of the sentence; of a seed phrase, which is longer, over lines, too. */
const phraseFrom = (plain: string, value: PasswordValue, link: Link): Span[] => {
  if (value.isQuoted) return [value]
  const rest = plain.slice(value.start, value.start + 400)
  const seed = /^(?:(?:[0-9]{1,2}[.)]\s?)?\p{Ll}{3,9}[\s,]{1,3}){11,23}(?:[0-9]{1,2}[.)]\s?)?\p{Ll}{3,9}/u.exec(
    rest,
  )?.[0]
  const line = (/^[^\n.!?;\ue000]{3,200}/u.exec(rest)?.[0] ?? '').replace(PHRASE_TAIL, '').trimEnd()
  const words = line.split(/[\s,-]+/)
  const isSaid =
    link.sort === 'sign' ? DEFERRED.has(words[0] ?? '') : words.filter(isOrdinary).length > words.length / 3
  const phrase = seed ?? (isSaid || (words.length === 1 && !isPlainWord(line) && !looksSecret(line)) ? '' : line)
  return phrase === '' ? [] : [{ start: value.start, end: Math.max(value.end, value.start + phrase.length) }]
}
/** No phrase begins like this: "see …", "same as …". */
const DEFERRED =
  wordSet(`see ask same not none no required tbd n/a unknown forgot forgotten check is was should must has as optional missing empty
  needed wrong siehe wie fehlt voir ver igual zie`)
const PHRASE_TAIL = /(?:,\s|\s-\s|\s\(|\s(?:and then|but|if you|so you|please|thanks)\s).*$/u
