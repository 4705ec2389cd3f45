import type { Span } from './find.ts'
import { isKey, isSecret, type PasswordMessage } from './is-secret.ts'
import { isNumbered, looksSecret, NEVER } from './password-value.ts'
import type { PasswordLabel } from './password-words.ts'

/** "hunter2 is the password", "it's hunter22 (the wifi password)". */
export const secretBefore = (label: PasswordLabel, message: PasswordMessage): Span[] => {
  if (label.sort === 'pass') return []
  const from = Math.max(0, label.start - 120)
  const before = message.plain.slice(from, label.start)
  const named = wordBefore(NAMED, before)
  if (named !== undefined && !isForWhat(before, named)) {
    const span = trimmed(message.text, named, from)
    if (isLike(message.text.slice(span.start, span.end), label)) return [span]
  }
  const apposed = endsClause(message.plain, label) ? wordBefore(APPOSED, before) : undefined
  if (apposed === undefined) return []
  const span = trimmed(message.text, apposed, from)
  return isApposed(span, label, message) ? [span] : []
}

const MODIFIERS =
  "(?:(?:the|your|my|our|his|her|their|a|das|dein|mein|unser|ihr|le|la|mon|votre|el|tu|mi|o|a|sua|minha|il|het|mijn|je|min|din|losenordet|мой|твой|ваш)\\s{1,2})?(?:(?:new|old|wi-?fi|wlan|guest|netflix|hulu|spotify|router|temporary|current|default|admin|login|card|phone|sim|[a-z]{2,12}'s|neue|aktuelle|nouveau|nueva|nova)[\\s'-]{1,2}){0,3}$"
const NAMED = new RegExp(
  `(?<![^\\s"'(*])([^\\s]{4,64})[,.]?\\s{1,2}(?:is|=|as|for|are|was|ist|lautet|als|est|comme|es|como|e|come|och|ar|er|som|это|jako|to|jest|that's|thats|that is|this is|das ist|c'est|is what \\S{1,8}(?:\\s\\S{1,10}){0,2}\\s(?:as|for))\\s{1,2}(?:(?:still|now|also)\\s{1,2})?${MODIFIERS}`,
  'u',
)
/** Behind a mark: ", the password", "(my pin)", "<- wifi password"; how it is written may be told before it. */
const APPOSED = new RegExp(
  `(?<![^\\s"'(*])([^\\s]{4,64}?)(?:\\s(?:with|in|all)\\s[^\\n,.()]{3,30})?(?:\\s{0,2}[,(]|\\s{1,2}-{1,2}|\\s{1,2}<-+)\\s{0,2}(?:(?:that'?s|it'?s|this is|which is|das ist|c'est)\\s{1,2})?${MODIFIERS}`,
  'u',
)

const wordBefore = (pattern: RegExp, before: string): Span | undefined => {
  const match = pattern.exec(before)
  const word = match?.[1]
  if (match === null || word === undefined) return undefined
  return { start: match.index, end: match.index + word.length }
}

/** "I use X for my password" names it, "X for the password" does not. */
const isForWhat = (before: string, { start, end }: Span): boolean =>
  /^[,.]?\s{1,2}for\s/.test(before.slice(end)) &&
  !/(?:^|\s)(?:use|enter|try|type|dial|it'?s)\s$/.test(before.slice(0, start))

/** Without quotes and commas around it, as a span of the whole text. */
const trimmed = (text: string, { start, end }: Span, from: number): Span => {
  const word = text.slice(from + start, from + end)
  const lead = /^["'(*]*/.exec(word)?.[0].length ?? 0
  const tail = /["')*,]*$/.exec(word.slice(lead))?.[0].length ?? 0
  return { start: from + start + lead, end: from + end - tail }
}

const isLike = (value: string, { sort }: PasswordLabel): boolean => {
  if (!hasDigitOrSign(value)) return false
  if (sort === 'pin' || sort === 'door') return /^#?[0-9]{4,8}#?$/.test(value)
  return sort === 'key' ? isKey(value, { sort: 'sign', at: 0 }) : looksSecret(value, 4)
}

const hasDigitOrSign = (value: string): boolean => /[\p{N}!@#$%^&*_]/u.test(value)

/** Nothing is said of the password behind its word, but what it is for. */
const endsClause = (plain: string, { end }: PasswordLabel): boolean =>
  /^\s{0,2}(?:$|[).,!?;](?:\s|$|[).,!?]))|^\s(?:for|to|of|on|fur|pour|para|per)\s\S{1,20}(?:\s\S{1,20}){0,2}\s{0,2}(?:$|[).,!?;\n])/u.test(
    plain.slice(end, end + 72),
  )

/** A mark says less than a verb: what stands before it has to look like a secret, and like nothing else. */
const isApposed = ({ start, end }: Span, label: PasswordLabel, message: PasswordMessage): boolean => {
  const value = message.text.slice(start, end)
  if (label.sort === 'pin' || label.sort === 'door')
    return (
      /^[0-9-]{4,8}$/.test(value) &&
      isSecret({ start, end, value, isQuoted: false }, label, { sort: 'none', at: start }, message)
    )
  return label.sort !== 'key' && hasDigitOrSign(value) && looksSecret(value, NEVER) && !isNumbered(value)
}
