import { createRequire } from 'node:module'

/**
 * Makes of the ways in which an address is written the one by which it is compared: numbers in E.164 (`+15622924139`),
 * those without a plus taken for numbers of `country` (ISO 3166, two letters); e-mail addresses and all others in small
 * letters. Short codes stay as they are. Never throws.
 */
export const createNormaliser = (country: string): ((address: string) => string) => {
  const known = new Map<string, string>()
  return address => {
    if (address.length > LONGEST) return address.toLowerCase() // no address; and nobody's time is to be had by it
    const before = known.get(address)
    if (before !== undefined) return before
    const normal = normalise(address, country)
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(address, normal)
    return normal
  }
}

const LONGEST = 320
const MAX_KNOWN = 2_000

const normalise = (address: string, country: string): string => {
  const bare = address
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '') // the marks of direction that come along when a number is copied
    .trim()
    .replace(/^\w+;[+-];/, '') // a chat's guid
    .replace(/^(tel|sms|mailto|[EP]):/i, '')
    .replace(/(?<=.)\(\w*[a-z]\w*\)$/i, '') // 12345(smsft)
  if (!NUMBER.test(bare)) return bare.toLowerCase()
  const digits = bare.replace(/[^+\d]/g, '')
  // E.164 already, as nearly all of chat.db is: the numbering plans can stay on the disk.
  if (/^\+1[2-9]\d{9}$/.test(digits)) return digits
  if (!digits.startsWith('+') && digits.length <= LONGEST_SHORT_CODE) return digits
  return parse(bare, country) ?? (digits.startsWith('00') ? parse(`+${digits.slice(2)}`, country) : undefined) ?? digits
}

const NUMBER = /^\+?[\d\s().\-/\u2010-\u2015\u2212]*\d[\d\s().\-/\u2010-\u2015\u2212]*$/
const LONGEST_SHORT_CODE = 6

type PhoneNumbers = typeof import('libphonenumber-js/min')
type Country = import('libphonenumber-js/min').CountryCode
const require = createRequire(import.meta.url)
let plans: PhoneNumbers | undefined
const phoneNumbers = (): PhoneNumbers => {
  plans ??= require('libphonenumber-js/min') as PhoneNumbers
  return plans
}

const parse = (written: string, country: string): string | undefined => {
  const { isSupportedCountry, parsePhoneNumberFromString } = phoneNumbers()
  const parsed = parsePhoneNumberFromString(written, isSupportedCountry(country) ? country : undefined)
  return parsed?.isPossible() ? parsed.number : undefined
}

/** Whether numbers can be those of `country`: two capital letters. */
export const isCountry = (country: string): boolean =>
  country === 'US' || phoneNumbers().isSupportedCountry(country as Country)
