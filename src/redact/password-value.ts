import type { Span } from './find.ts'
import { ORDINARY, ORDINARY_ENDING } from './password-words.ts'
import { PLACEHOLDER, plainOf } from './reading.ts'

/** What stands where a password would: its span, and whether it was put in quotes. */
export type PasswordValue = Span & { readonly value: string; readonly isQuoted: boolean }

const LONGEST = 256

/** The word, or the words in quotes, at this place of a reading copy. */
export const valueAt = (text: string, at: number): PasswordValue | undefined => {
  const from = at + (UNSPACED_LEAD.exec(text.slice(at, at + 12))?.[0].length ?? 0)
  const quoted = quotedAt(text, from)
  if (quoted !== undefined) return quoted
  let start = from
  while (/[([{<*_`"']/.test(text.charAt(start)) && start - from < 3 && /\S/.test(text.charAt(start + 1))) start += 1
  // A marker of emphasis or a bracket only counts where it is closed again.
  if (start > from && !/[)\]}>*_`"']/.test(text.slice(start, start + LONGEST))) start = from
  let end = start
  while (end < text.length && end - start < LONGEST && !/[\s\ue000]/.test(text.charAt(end))) end += 1
  end = endOfScript(text, start, end)
  end = withoutTail(text, start, end, start > from)
  return end <= start ? undefined : { start, end, value: text.slice(start, end), isQuoted: false }
}

/** "密码改成jiaozi66": what stands before the Latin letters where words are not separated. */
const UNSPACED_LEAD =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]{1,6}[\s:>=]{0,2}(?=["'A-Za-z0-9])/u

const QUOTED = /(["'`])(?=\S)([^\n\ue000]{1,80}?)(?<=\S)\1(?![\p{L}\p{N}])/uy

const quotedAt = (text: string, at: number): PasswordValue | undefined => {
  QUOTED.lastIndex = at
  const match = QUOTED.exec(text)
  const value = match?.[2]
  if (value === undefined) return undefined
  return { start: at + 1, end: at + 1 + value.length, value, isQuoted: true }
}

/** Where words are not separated a Latin value ends with its letters: "hunter2です". */
const endOfScript = (text: string, start: number, end: number): number => {
  if (!/[\x21-\x7e]/.test(text.charAt(start))) return end
  const cut = text
    .slice(start, end)
    .search(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u)
  return cut > 0 ? start + cut : end
}

/** Marks of the sentence do not belong to it; "!" and "?" do where the rest is of that sort. */
const withoutTail = (text: string, start: number, end: number, isBracketed: boolean): number => {
  let last = end
  while (last > start) {
    const char = text.charAt(last - 1)
    const rest = text.slice(start, last - 1)
    if (/[.,;:"'`>]/.test(char)) last -= 1
    else if (/[)\]}]/.test(char) && (isBracketed || !/[([{]/.test(rest))) last -= 1
    else if (/[*_]/.test(char) && isBracketed) last -= 1
    else if (/[!?]/.test(char) && !isStrong(rest.replace(/[!?]+$/, ''))) last -= 1
    else break
  }
  return last
}

const isStrong = (value: string): boolean =>
  (/[A-Z]/.test(value) && /[a-z]/.test(value) && /[0-9]/.test(value)) || /[@#$%^&*!]/.test(value)

/** Digits alone are not enough. */
export const NEVER = 99

/** Nobody takes it for a word: letters and digits, signs within, capitals within; digits alone from `fewestDigits` on. */
export const looksSecret = (value: string, fewestDigits = 4): boolean => {
  if (value.includes(PLACEHOLDER) || isLink(value)) return false
  if (/^[0-9]+$/.test(value)) return value.length >= fewestDigits
  if (/^[#*]?[0-9]{3,10}[#*]$/.test(value)) return true // as on a keypad
  if (/^[0-9][0-9.,:/\-–]*[0-9]?%?$/.test(value))
    return /^[0-9]{2,5}(?:-[0-9]{2,5})+$/.test(value) && value.length >= 7 && !isDate(value)
  if (isQuantity(value)) return false
  if (/\p{L}/u.test(value) && /[0-9]/.test(value)) return value.length >= 4
  if (/[!@#$%^&*+=~\\|<>{}[\]?_]/.test(value.slice(0, -1)) && /[\p{L}0-9]/u.test(value)) return value.length >= 4
  if (
    /^\p{Ll}+\p{Lu}|\p{Lu}\p{Ll}+\p{Lu}/u.test(value) &&
    !/^(?:iPhone|iPad|iOS|macOS|iCloud|iMac|WiFi|Wi-Fi|WhatsApp|YouTube|eBay|GitHub|LinkedIn|FaceTime|PayPal|MacBook|AirPods|PlayStation|OneDrive|LastPass|BitWarden|Bitwarden|KeePass|NordPass|DashLane|OneNote|TikTok|OpenAI)$/.test(
      value,
    )
  )
    return value.length >= 6
  return value.split('-').length >= 4 && /^[\p{L}-]+$/u.test(value)
}

/** A thing and its number or version: "iPhone15", "Gate22", "Bluetooth5.3". */
export const isNumbered = (value: string): boolean =>
  /^[A-Za-z]+[0-9]{1,2}\.[0-9.]{1,6}$/.test(value) ||
  /^(?:iphone|ipad|ios|ipados|macos|macbook|windows|android|pixel|galaxy|ps|xbox|airpods|wi-?fi|covid|gpt|python|java|html|css|http|utf|sha|usb|office|outlook|room|gate|unit|apt|floor|terminal|seat|row|flight|order|model|version|page|section|chapter|season|episode|building|platform|suite|block|spot|bus|route|step|day|week|phase|team|group|class|grade|area|zone|track|part|account|subaccount|node|host|server|port|vlan|parking|ethernet|[1-9]password)-?[0-9]*[a-z]?(?:pro|max|plus|mini|ultra)?$/i.test(
    value,
  )

/** "8th", "20€", "12h", "90min": a number of something. */
const isQuantity = (value: string): boolean =>
  /^[$€£]?[0-9]+(?:[.,:][0-9]+)*[-+]?(?:st|nd|rd|th|am|pm|x|k|m|s|min|mins|h|hrs?|d|days?|px|kb|mb|gb|ghz|mhz|kg|km|cm|mm|ml|l|g|€|\$|£|%|uhr|euros?|eur|usd|chars?|characters?|digits?|stellig~?|er|e|ter|te|ers|times)?[.!?]?$/i.test(
    value,
  ) && /[^0-9]/.test(value)

const isDate = (value: string): boolean =>
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}-[0-9]{2}-[0-9]{4}|(?:19|20)[0-9]{2}-[0-9]{2,4})$/.test(value)

export const isLink = (value: string): boolean => /^(?:https?:|www\.)/i.test(value)

/** Whether it may be a password, though it looks like any word. */
export const isPlainWord = (value: string): boolean => {
  const word = plainOf(value)
  return (
    /^[\p{L}\p{N}][\p{L}\p{N}'’.-]*$/u.test(word) &&
    word.length >= 3 &&
    !ORDINARY.has(word) &&
    !ORDINARY_ENDING.test(word)
  )
}

export const isOrdinary = (value: string): boolean => {
  const word = plainOf(value).replace(/[^\p{L}\p{N}'/-]+$/u, '')
  return ORDINARY.has(word)
}
