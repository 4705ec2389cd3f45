import type { Span } from './find.ts'
import { isKey } from './is-secret.ts'
import { looksSecret } from './password-value.ts'
import type { PasswordLabel } from './password-words.ts'
import type { Reading } from './reading.ts'

/** "hunter2 is the password". */
export const secretBefore = (label: PasswordLabel, { text, plain }: Pick<Reading, 'text' | 'plain'>): Span[] => {
  const from = Math.max(0, label.start - 120)
  const match = BEFORE.exec(plain.slice(from, label.start))
  if (match === null || label.sort === 'pass') return []
  if (
    /\s(?:for)\s/.test(match[0]) &&
    !/(?:^|\s)(?:use|enter|try|type|dial)\s$/.test(plain.slice(from, from + match.index))
  )
    return []
  const word = match[1] ?? ''
  const start = from + match.index + (match[0].startsWith(word) ? 0 : match[0].indexOf(word))
  const value = text.slice(start, start + word.length).replace(/^["'(*]+|["')*,]+$/g, '')
  const begin = text.indexOf(value, start)
  const isLike =
    label.sort === 'pin' || label.sort === 'door'
      ? /^#?[0-9]{4,8}#?$/.test(value)
      : label.sort === 'key'
        ? isKey(value, { sort: 'sign', at: 0 })
        : looksSecret(value, 4)
  return value !== '' && isLike && !/^[^\p{N}]*$/u.test(value.replace(/[!@#$%^&*_]/g, '0'))
    ? [{ start: begin, end: begin + value.length }]
    : []
}

const BEFORE =
  /(?<![^\s"'(*])([^\s]{4,64})[,.]?\s{1,2}(?:is|=|as|for|are|was|ist|lautet|als|est|comme|es|como|e|come|och|ar|er|som|это|jako|to|jest|that's|thats|that is|this is|das ist|c'est)\s{1,2}(?:(?:still|now|also)\s{1,2})?(?:(?:the|your|my|our|his|her|their|a|das|dein|mein|unser|ihr|le|la|mon|votre|el|tu|mi|o|a|sua|minha|il|het|mijn|je|min|din|losenordet|мой|твой|ваш)\s{1,2})?(?:(?:new|old|wi-?fi|wlan|guest|netflix|router|temporary|current|default|admin|login|card|phone|sim|neue|aktuelle|nouveau|nueva|nova)[\s'-]{1,2}){0,3}$/u
