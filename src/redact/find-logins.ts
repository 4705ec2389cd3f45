import type { Span } from './find.ts'
import { isSource } from './is-source.ts'
import { isNumbered, isOrdinary, isPlainWord, looksSecret, type PasswordValue, valueAt } from './password-value.ts'
import type { Reading } from './reading.ts'
import { patternOf } from './vocabulary.ts'

/** Passwords that need no word, as they stand behind a user's name: in a list of accounts, in a command. */
export const findLogins = ({ text, plain }: Pick<Reading, 'text' | 'plain'>): Span[] => [
  ...behindNames(text, plain),
  ...behindAddresses(text, plain),
  ...inCommands(text),
]

/** "login: bob / hunter2", "Wifi: HomeNet / sunshine22", "Netflix: anna / Sommer2021!". */
const behindNames = (text: string, plain: string): Span[] =>
  NAMED.flatMap(({ pattern, isLike }) =>
    [...plain.matchAll(pattern)].flatMap(match => {
      const value = valueIn(text, match)
      return value !== undefined && isLike(value.value, match, text) ? [value] : []
    }),
  )

const LOGIN =
  'log ?in|log-in|user|username|wi-?fi|wlan|ssid|network|netzwerk|account|benutzer|zugang|konto|compte|cuenta|conta|usuario|utente|gebruiker|логин|credentials|creds'
const SERVICES =
  'netflix|hulu|disney\\+?|spotify|prime|amazon|hbo(?: max)?|youtube|apple ?id|icloud|gmail|google|outlook|hotmail|yahoo|microsoft|office|facebook|fb|insta|instagram|twitter|tiktok|snapchat|linkedin|reddit|discord|slack|zoom|steam|psn|playstation|xbox|nintendo|epic|roblox|minecraft|paypal|ebay|etsy|uber|airbnb|dropbox|github|gitlab|aws|jira|notion|adobe|canva|wordpress|router|admin|ftp|ssh|vpn|server|database|portal|plex|crunchyroll|paramount\\+?|peacock|dazn|sky'
const VALUE = '(?<value>[^\\s/]\\S{5,63})'
const named = (source: string): RegExp => patternOf(`(?<![\\p{L}\\p{N}/@.-])${source}${VALUE}`, 'dgu')

/** Where a user's name stands, with a password behind it: each says less of what follows, so more is asked of its looks. */
const NAMED: readonly {
  readonly pattern: RegExp
  readonly isLike: (value: string, match: RegExpExecArray, text: string) => boolean
}[] = [
  {
    pattern: named(
      `(?:${LOGIN})(?:\\s(?:for|fur|pour|para|to)\\s[^\\n:]{1,30}(?=:))?\\s{0,2}[:=]?\\s{0,2}(?<name>[^\\s/|,:]{2,64})\\s{0,2}[/|,:]\\s{0,2}`,
    ),
    isLike: (value, { groups }) => looksGiven(value) && !isOrdinary(groups?.['name'] ?? ''),
  },
  {
    // "wifi is SunnyFlat / beachday55", "Wifi: Sunny Flat (beachday55)"
    pattern: named(
      '(?:wi-?fi|wlan|ssid|network|netzwerk|hotspot)(?:\\s{0,2}[:=]|\\s(?:is|name is|ist|is called|heisst))?\\s{1,2}(?<name>[^\\s/|,:(]{2,32}(?:\\s[^\\s/|,:(]{1,20})?)(?<mark>\\s{0,2}[/|,(]\\s{0,2}|\\s{1,2}-{1,2}\\s{1,2})',
    ),
    isLike: (value, match, text) => isName(match, text) && looksGiven(value),
  },
  {
    pattern: named('(?:admin|administrator|root|postgres)\\s{0,2}[/:]\\s{0,2}'),
    isLike: value => looksGiven(value) && /[0-9].*[0-9]|[!@#$%^&*]/.test(value),
  },
  {
    pattern: named(`(?:${SERVICES})\\s{0,2}[:=-]?\\s{0,2}[^\\s/|,:]{2,64}\\s{0,2}[/|:]\\s{0,2}`),
    isLike: value => looksMade(value),
  },
]

/** Of a network: with a capital letter or in quotes; or a word that is not said of one, before a slash or a bracket. */
const isName = ({ groups, indices }: RegExpExecArray, text: string): boolean => {
  const { name = '', mark = '' } = groups ?? {}
  const [start] = indices?.groups?.['name'] ?? [0]
  return /^["'\p{Lu}]/u.test(text.slice(start, start + 1)) || (/[/|(]/.test(mark) && isPlainWord(name))
}

/** "anna@example.com / Sommer2021!", "anna@example.com Rockstar_77". */
const behindAddresses = (text: string, plain: string): Span[] =>
  [...text.matchAll(ADDRESS)].flatMap(match => {
    const value = valueIn(text, match)
    if (value === undefined || !CLAUSE_END.test(text.slice(value.end, value.end + 8))) return []
    const isLoud = /[/|:]/.test(match[1] ?? '') || (/\n/.test(match[1] ?? '') && ACCOUNT.test(plain))
    return (isLoud ? looksGiven(value.value) : looksMade(value.value)) ? [value] : []
  })

const CLAUSE_END = /^["')\]]{0,2}(?:\s*$|\s*[,;\n]|[.!]|\s[(-]|\s(?:for|fur|für|pour|para|per)\s)/
const ADDRESS =
  /(?<![\w.%+-])[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,24}(\s{0,2}[/|:]\s{0,2}|\s{1,2}-{1,2}\s{1,2}|\s{1,2}(?:and|with|und|et|y|e|en)\s{1,2}|,?\s{1,3}|\s{0,2}\()(?<value>[^\s@/][^\s/]{5,63})/dg

const ACCOUNT = patternOf(`(?<![\\p{L}\\p{N}])(?:${SERVICES}|${LOGIN})(?![\\p{L}\\p{N}])`, 'u')

const inCommands = (text: string): Span[] =>
  [...text.matchAll(COMMAND)].flatMap(match => {
    const [start, end] = match.indices?.slice(1).find(each => each !== undefined) ?? [match.index, match.index]
    const value = { start, end, value: text.slice(start, end), isQuoted: false }
    return isSource(text, value) || value.value.startsWith('$') ? [] : [value]
  })

const COMMAND =
  /(?<!\w)(?:(?:curl|wget|https?|xh)\s[^\n]{0,200}?(?<=\s)(?:-u|--user)[\s=]["']?[^\s:"']{1,64}:([^\s"']{3,128})|mysql(?:dump|admin)?\s[^\n]{0,120}?(?<=\s)-p([^\s"'-][^\s"']{3,64})|sshpass\s-p\s{0,2}["']?([^\s"']{3,64}))/dg

const valueIn = (text: string, match: RegExpExecArray): PasswordValue | undefined => {
  const [start, end] = match.indices?.groups?.['value'] ?? [match.index, match.index]
  return valueAt(text.slice(0, end), start)
}

/** As a person would choose it, where one is expected. */
const looksGiven = (value: string): boolean =>
  looksSecret(value, 8) &&
  /\p{L}/u.test(value) &&
  /[0-9!@#$%^&*]/.test(value) &&
  !isReference(value) &&
  !isNumbered(value)

/** Made to be safe: letters, digits and signs. */
const looksMade = (value: string): boolean =>
  looksGiven(value) &&
  value.length >= 8 &&
  /[0-9]/.test(value) &&
  /[!@#$%^&*?+=_]/.test(value) &&
  !isNumbered(value.replace(/[!?]+$/, ''))

/** Of a booking, an order, a flight; or another address. */
const isReference = (value: string): boolean => /^[A-Z0-9-]+$/.test(value) || /@[\w-]+\.\w/.test(value)
