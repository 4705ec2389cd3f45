import type { Span } from './find.ts'
import { looksSecret, valueAt } from './password-value.ts'
import { patternOf } from './vocabulary.ts'

/** "login: bob / hunter2", "Wifi: HomeNet / sunshine22". */
export const findLogins = (text: string, plain: string): Span[] =>
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
