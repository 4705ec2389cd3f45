import { codeLabels } from './code-words.ts'
import type { Find, Span } from './find.ts'
import { createPhrases } from './find-phrases.ts'
import { isLink, isOrdinary, isPlainWord, looksSecret, type PasswordValue, valueAt } from './password-value.ts'
import { type PasswordLabel, passwordLabels } from './password-words.ts'
import type { Reading } from './reading.ts'
import { patternOf, wordSet } from './vocabulary.ts'

/** Passwords, PINs, keys and codes of doors: what stands behind, or before, the word for it. */
export const findPasswords = ({ text, plain }: Reading): Find[] => {
  const codes = codeLabels({ text, plain }).filter(({ sort }) => sort === 'sure')
  const labels = passwordLabels(plain)
  const message = { text, plain, hasLogin: LOGIN.isIn(plain) }
  const behind = labels.flatMap((label, i) => {
    const spans = secretBehind(label, labels[i + 1], message)
    // A password for one time is a code, where it looks like one.
    const isOnce = codes.some(code => code.start < label.end && label.start < code.end)
    return isOnce ? spans.filter(span => !/^[A-Za-z0-9-]{4,12}$/.test(text.slice(span.start, span.end))) : spans
  })
  const before = labels.flatMap(label => secretBefore(label, message))
  return [...behind, ...before, ...pairs(text, plain)].map(({ start, end }) => ({ kind: 'password', start, end }))
}

type Message = { readonly text: string; readonly plain: string; readonly hasLogin: boolean }

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

/** How word and value are linked: by a sign, by a verb, or not at all. */
type Link = { readonly sort: 'sign' | 'verb' | 'none'; readonly at: number }

const PREPOSITION =
  'for|to|of|on|at|in|from|fur|furs|zum|zur|vom|von|des|der|im|am|pour|du|de|da|do|del|della|dell|di|para|per|al|alla|voor|van|till|til|do|od|для|от|к|на|в'
const COPULA =
  "is|are|was|were|will be|should be|would be|remains|reads|is set to|was set to|set to|was changed to|is changed to|has been changed to|changed to|has been set to|ist|war|lautet|lauten|heisst|est|etait|c'est|es|era|son|e|sera|zijn|ar|er|on|jest|to|je|bude|este|esta|dir|adalah|la|είναι|ειναι|это|היא|הוא|هو|هي|है|là"
const FILLER =
  'now|still|just|only|currently|simply|always|probably|actually|again|like|also|jetzt|immer|noch|einfach|nun|neu|maintenant|toujours|ahora|siempre|agora|sempre|adesso|nu|теперь|сейчас'

const SIGN = '["\']?\\s{0,3}(?::|=+>?|-+>|>)\\s{0,3}(?:\\n\\s{0,3})?|\\s{1,3}-{1,3}\\s{1,3}|\\s{0,2}\\n\\s{0,3}'
const VERB = `(?:'s|\\s{1,3}(?:${COPULA}))(?:\\s{1,2}(?:${FILLER})){0,2}\\s{0,2}[:=]?\\s{1,3}(?:\\n\\s{0,2})?|\\s{0,2}(?:は|が|是|为|為|는|은|คือ)\\s{0,2}:?\\s{0,2}`
const AFTERTHOUGHT =
  "(?:\\s(?:wi-?fi|wlan|internet|router|netflix|spotify|icloud|gmail|google|e-?mail|zoom|admin|guest|карты|телефона|temporaire|nouveau|nouvelle|nueva|nuova|nova|actual|temporal|temporaria)(?=\\s|:))?(?:'s(?=\\s))?(?:\\s{0,2}\\([^()\\n]{0,40}\\))?"
const DIRECT = patternOf(
  `${AFTERTHOUGHT}(?:(?<sign>${SIGN})|(?<verb>${VERB})|(?<none>\\s{1,3}|(?=[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}]{1,4}["'A-Za-z0-9])|(?<=[^\\x00-\\x7f]|[0-9])(?=[\\x21-\\x7e])|[,(]\\s{0,2}))`,
  'uy',
)
/** "… for the wifi is …" */
const WITH_PHRASE = patternOf(
  `${AFTERTHOUGHT}\\s{1,2}(?:${PREPOSITION})[\\s'][^\\n:=!?\\ue000]{1,48}?(?:(?<sign>${SIGN})|(?<verb>${VERB}))`,
  'uy',
)
const PHRASE = patternOf(`\\s{1,2}(?:${PREPOSITION})[\\s'][^\\n:=!?.,\\ue000]{1,60}`, 'uy')

const linkAt = (text: string, plain: string, at: number): Link | undefined => {
  const match = matchAt(WITH_PHRASE, plain, at) ?? matchAt(DIRECT, plain, at)
  if (match === null) return undefined
  const end = at + match[0].length
  const { sign, verb } = match.groups ?? {}
  if (sign !== undefined) return { sort: 'sign', at: end }
  if (verb !== undefined) return { sort: 'verb', at: end }
  return { sort: 'none', at: behindPhrase(text, plain, at) ?? end }
}

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** "password for the wifi hunter2": the first word behind that is no word. */
const behindPhrase = (text: string, plain: string, at: number): number | undefined => {
  const phrase = matchAt(PHRASE, plain, at)?.[0]
  if (phrase === undefined) return undefined
  const words = [...text.slice(at, at + phrase.length).matchAll(/\S+/g)].slice(1, 6)
  const found = words.find(({ 0: word }) => looksSecret(word, NEVER) && /\p{L}/u.test(word) && /[0-9]/.test(word))
  return found && at + found.index
}

const secretBehind = (label: PasswordLabel, next: PasswordLabel | undefined, message: Message): Span[] => {
  const { text, plain } = message
  const link = changedTo(plain, label) ?? linkAt(text, plain, label.end)
  if (link === undefined) return question(label, message)
  if (next !== undefined && next.start < link.at) return [] // "the password: PIN 1234" is about the PIN
  const value = valueAt(text, link.at)
  if (value === undefined || isOnlyMarks(value.value)) return []
  if (label.sort === 'phrase' && link.sort !== 'none') return phraseFrom(plain, value, link)
  if (!isSecret(value, label, link, message)) return question(label, message)
  return [withCompany(text, plain, value, label, link)]
}

const isOnlyMarks = (value: string): boolean => !/[\p{L}\p{N}!@#$%^&*]/u.test(value) || /^[*•.xX#-]+$/.test(value)

/** "Changed the password to X". */
const changedTo = (plain: string, label: PasswordLabel): Link | undefined => {
  TO.lastIndex = label.end
  const match = TO.exec(plain)
  if (match === null || !CHANGE.endsIn(plain.slice(Math.max(0, label.start - 60), label.start), /^[^\n.!?]{0,40}$/))
    return undefined
  return { sort: 'verb', at: TO.lastIndex }
}
const TO = /(?:\s(?:for|on|of)\s[^\n:.!?]{1,30}?)?\s{1,2}(?:to|auf|en|a|por|para|in|naar|till|til|на)\s{1,2}:?\s{0,2}/uy
const CHANGE = createPhrases([
  'change[ds]?',
  'changing',
  'set',
  'setting',
  'reset',
  'update[ds]?',
  'made',
  'make',
  'geandert',
  'andere',
  'habe',
  'changed?',
  'change',
  'cambi(e|o|ar|ado)',
  'mudei',
  'alterei',
  'cambiato',
  'ho cambiato',
  'gewijzigd',
  'bytte',
  'сменил~',
  'поменял~',
])

/** "Wifi password? hunter2" */
const question = ({ end }: PasswordLabel, { text }: Message): Span[] => {
  const mark = /^[^\n.!?:]{0,24}\?\s{1,3}/.exec(text.slice(end, end + 32))?.[0]
  if (mark === undefined) return []
  const value = valueAt(text, end + mark.length)
  return value !== undefined && looksSecret(value.value, 6) && /\p{L}/u.test(value.value) && /[0-9]/.test(value.value)
    ? [value]
    : []
}

const isSecret = (value: PasswordValue, label: PasswordLabel, link: Link, message: Message): boolean => {
  const { plain } = message
  const word = value.value
  if (isLink(word) || /^[$€£¥]/.test(word)) return false
  const after = plain.slice(value.end, value.end + 24)
  if (label.sort === 'pin') return isPin(word, label, link, message, after)
  if (label.sort === 'door') return isDoorCode(word, label, link, message, after)
  if (label.sort === 'key') return isKey(word, link)
  if (label.sort === 'pass') return isPass(value, label, link, message)
  return isPassword(value, link, message, after)
}

const isPassword = (value: PasswordValue, link: Link, { text, plain }: Message, after: string): boolean => {
  const word = value.value
  if (value.isQuoted) return word.length >= 3 && (link.sort === 'sign' || !isOrdinary(word))
  if (link.sort === 'none') {
    if (/^[0-9]+$/.test(word)) return word.length >= 4 && !/^\s{1,2}\p{L}/u.test(after)
    return looksSecret(word) && !/^[^\p{N}]+$/u.test(word.replace(/[!@#$%^&*+=~\\|<>{}[\]?_]/g, '0'))
  }
  if (looksSecret(word, 3)) return true
  if (isOrdinary(word)) return false
  if (link.sort === 'sign') return isPlainWord(word) || (word.length >= 2 && /[^\x00-\x7f]/.test(word))
  return !UNSPACED.test(word) && endsClause(text, plain, value)
}

/** "Pass" and "key" have other meanings, too: it takes a secret's looks, or a login beside it. */
const isPass = (value: PasswordValue, label: PasswordLabel, link: Link, { plain, hasLogin }: Message): boolean => {
  const word = value.value
  if (isRide(plain, label)) return false
  if (link.sort === 'none') {
    const fewestDigits = plain.startsWith('key', label.start) ? 8 : NEVER
    return hasLogin && word.length >= 6 && /[0-9]/.test(word) && looksSecret(word, fewestDigits)
  }
  if (looksSecret(word, 6)) return true
  return hasLogin && (value.isQuoted || (link.sort === 'sign' && !isOrdinary(word) && /^\S+$/.test(word)))
}

const isDoorCode = (word: string, label: PasswordLabel, link: Link, { plain }: Message, after: string): boolean => {
  if (/^comb/.test(plain.slice(label.start, label.end))) return TURNS.test(word) && LOCK.isIn(plain)
  if (link.sort === 'none' && /^(?:19|20)[0-9]{2}$/.test(word)) return false
  if (/^\s?(?:am|pm|uhr|h)(?![\p{L}])/u.test(after)) return false
  return /^[#*]?[0-9]{3,10}[#*]?$|^(?=.*[0-9])[A-Za-z0-9#*]{3,10}$/.test(word) || TURNS.test(word)
}

/** Digits alone are not enough. */
const NEVER = 99
/** Of a combination lock. */
const TURNS = /^[0-9]{1,2}-[0-9]{1,2}-[0-9]{1,2}$/
const LOCK = createPhrases(['locks?', 'locker~', 'padlock', 'safe', 'bike', 'vault', 'suitcase', 'gym'])

const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u

/** "is sunshine" at the end of a sentence, or of its part; "is banana bread", too. */
const endsClause = (text: string, plain: string, value: PasswordValue): boolean => {
  if (!isPlainWord(value.value)) return false
  return plainWordsTo(text, plain, value) !== undefined
}

/** The end of up to four plain words, where the clause ends with them. */
const plainWordsTo = (text: string, plain: string, value: PasswordValue): number | undefined => {
  let end = value.end
  for (let words = 1; words <= 5; words++) {
    const rest = plain.slice(end, end + 40)
    if (/^["')\]]{0,2}(?:\s*$|\s*[.,;:!?)\n(/]|\s+-)/.test(rest) || BREAK.test(rest)) return end
    const next = /^\s(\S+)/.exec(rest)
    if (next?.[1] === undefined) return end
    const word = next[1].replace(/[.,;:!?)"']+$/, '')
    if (!isPlainWord(word) && !/^[0-9]{1,6}$/.test(word)) return undefined
    end += 1 + word.length
    if (end > text.length) return undefined
  }
  return undefined
}

const BREAK =
  /^\s+(?:last (?:time|week|year)|for (?:both|all|everything|now)|in (?:lower|upper|all|small|capital)|all (?:lower|caps|small)|with (?:a|an|capital)|and|but|if|in case|so|now|btw|by the way|ok|okay|lol|haha|thanks|thx|please|pls|und|aber|falls|et|mais|si|y|pero|e|ma|en|maar|и|а|но|[^\p{L}\p{N}\s]+(?:\s|$))/u

const isPin = (word: string, label: PasswordLabel, link: Link, { plain }: Message, after: string): boolean => {
  if (!/^[0-9]{3,12}$|^[0-9]{2,4}(?:-[0-9]{2,4})+$|^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9]{4,12}$/.test(word)) {
    return (
      /pass/.test(plain.slice(label.start, label.end)) &&
      link.sort !== 'none' &&
      (looksSecret(word) || isPlainWord(word))
    )
  }
  const name = plain.slice(label.start, label.end)
  // India's postcodes are called so.
  if (/code|number|no/.test(name) && /^pin/.test(name) && /^[1-9][0-9]{5}$/.test(word) && !OWN_PIN.isIn(plain))
    return false
  if (/^[\s-]{0,2}(?:am|pm|uhr|times|people|photos?|messages?|posts?|pictures?|notes?|x)(?![\p{L}])/u.test(after))
    return false
  if (
    /(?:bowling|rolling|safety|push|clothes|hair|bobby|gpio|firing|lapel|enamel|to|will|can|please|i|we|let's)\s$/u.test(
      plain.slice(Math.max(0, label.start - 12), label.start),
    ) &&
    link.sort === 'none'
  )
    return false
  if (link.sort !== 'none') return word.length >= 4 || /^(?:my|the|your)?/.test(name)
  return (
    word.length >= 4 &&
    !/[a-z]/i.test(word.replace(/[0-9]/g, '').slice(1)) &&
    !/^\s{1,2}\p{L}+s(?![\p{L}])/u.test(after)
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

const isKey = (word: string, link: Link): boolean => {
  if (link.sort === 'none') return word.length >= 16 && looksSecret(word, NEVER) && /[0-9]/.test(word)
  return word.length >= 8 && looksSecret(word, 12) && (/[0-9]/.test(word) || word.length >= 20)
}

/** A boarding pass, a bus pass; "to pass X". */
const isRide = (plain: string, { start }: PasswordLabel): boolean =>
  plain.startsWith('pass', start) &&
  /(?<!\p{L})(?:boarding|bus|ski|day|mountain|lift|season|guest|parking|hall|free|year|annual|train|rail|monthly|weekly|eurail|interrail|museum|city|backstage|press|visitor|all|battle|game|park|hotel|car|house|spare|piano|low|high|on|to|will|can|i|you|we|they|he|she|did|didn't|must|may|shall|not|and|please|a|of|answer|public|foreign|primary|the)\s+$/u.test(
    plain.slice(Math.max(0, start - 16), start),
  )

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
    const other = /^\s{0,2}[/|,]\s{0,2}(\S{3,64})|^\s(\S{3,64})/.exec(text.slice(value.end, value.end + 70))
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

/** "hunter2 is the password". */
const secretBefore = (label: PasswordLabel, { text, plain }: Message): Span[] => {
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

/** "login: bob / hunter2", "Wifi: HomeNet / sunshine22". */
const pairs = (text: string, plain: string): Span[] =>
  [...plain.matchAll(PAIR)].flatMap(match => {
    const [start, end] = match.indices?.[1] ?? [match.index, match.index]
    const value = valueAt(text.slice(0, end), start)
    const isLike =
      value !== undefined &&
      looksSecret(value.value, 8) &&
      /\p{L}/u.test(value.value) &&
      /[0-9!@#$%^&*]/.test(value.value)
    return isLike ? [value] : []
  })

const PAIR = patternOf(
  `(?<![\\p{L}\\p{N}])(?:log ?in|log-in|user|username|wi-?fi|wlan|ssid|network|netzwerk|account|benutzer|usuario|credentials|creds)\\s{0,2}[:=]?\\s{0,2}[^\\s/|,:]{2,64}\\s{0,2}[/|,:]\\s{0,2}(\\S{6,64})`,
  'dgu',
)
