/**
 * A text without what tells of people: phone numbers in the ways in which they are written, e-mail addresses and the
 * identifiers of chats. Dates, times and addresses of machines stay.
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

const CANDIDATES = new RegExp(
  [
    // A date with or without a time; an IPv4 address with or without a port.
    /(?<kept>\b\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?\b|(?<![\d.+])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\d.]))/,
    // An address, also one that an identifier has swallowed.
    /[\w.%+-]+@[\w-]+(?:\.[\w-]+)+/,
    // iMessage;-;+1562…, any;+;chat6553…, any;+;3f2a…
    /\b\w+;[+-];[^\s"'“”,)\]}]+/,
    /\bchat\d{3,}\b/,
    /(?<digits>[+(]?\d(?:[\d\u00a0\u2010-\u2015 ()./-]{0,40}\d))/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
)
