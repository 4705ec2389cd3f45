/**
 * A text without what identifies people: phone numbers as people write them, e-mail addresses, identifiers of chats. The one
 * function for that: the log, the doctor and the report all use it. What looks like a number and is needed stays: guids,
 * dates, durations, sizes, pids, addresses of machines. It may be the inside of a JSON string, and stays one. Linear time.
 */
export const maskPeople = (text: string): string =>
  text.replace(CANDIDATES, (found, ...groups) => {
    const { kept, digits } = groups.at(-1) as { kept?: string; digits?: string }
    if (kept !== undefined) return kept
    return digits !== undefined && count(digits) < FEWEST_DIGITS ? found : '…'
  })

/** Fewer are a version, a port, a size; a short code of a service is no person. */
const FEWEST_DIGITS = 7

const count = (text: string): number => text.replace(/\D/g, '').length

const KEPT = [
  // An escape in JSON: it is no part of what follows it.
  /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/,
  // The guid of a message, the id of a command.
  /(?<![0-9a-fA-F-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-])/,
  // A date with or without a time: 2026-02-14T09:30:07.123Z, also without the colons.
  /(?<!\d)\d{4}-\d\d-\d\d(?:T\d\d:?\d\d:?\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?(?![\d-])/,
  // An IPv4 address with or without a port.
  /(?<![\d.+])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\d.])/,
  // 3600.000 s, 1234567 ms, 1073741824 bytes.
  /(?<![\d.+(-])\d{1,6}(?:\.\d{1,3})? ?(?:s|min|h)\b/,
  /(?<![\d.+(-])\d{1,12}(?:\.\d{1,3})? ?(?:ms|bytes|[kKMG]i?B)\b/,
  // Linux counts them up to 4194304.
  /(?<![A-Za-z])pid \d{1,7}\b/,
]

const PEOPLE = [
  // An e-mail address, also one that an identifier has swallowed. As everything here it is bounded, so that time is linear.
  /[\p{L}\p{N}_.%+-]{1,64}@[\p{L}\p{N}_-]{1,63}(?:\.[\p{L}\p{N}_-]{1,63}){1,9}/u,
  // iMessage;-;+1562…, any;+;chat6553…, any;+;3f2a…
  /\w{1,20};[+-];[^\s"'“”,)\]}\\]+/,
  /chat\d{3,}\b/,
]

const DIGITS = /[+(]?\d(?:[\d\u00a0\u2007\u202f\u2010-\u2015 ()./-]{0,40}\d)/

const oneOf = (patterns: readonly RegExp[]): string => patterns.map(({ source }) => source).join('|')

const CANDIDATES = new RegExp(`(?<kept>${oneOf(KEPT)})|${oneOf(PEOPLE)}|(?<digits>${DIGITS.source})`, 'gu')
