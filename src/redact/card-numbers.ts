/** Whether these digits can be the number of a payment card: an issuer's range, its length, the check digit of Luhn. */
export const isCardNumber = (digits: string): boolean => hasIssuer(digits) && passesLuhn(digits)

const hasIssuer = (digits: string): boolean => {
  const { length } = digits
  if (length < 13 || length > 19) return false
  return ISSUERS.some(({ prefix, lengths }) => lengths.includes(length) && prefix.test(digits))
}

const LONG = [16, 17, 18, 19]

const ISSUERS: readonly { readonly prefix: RegExp; readonly lengths: readonly number[] }[] = [
  { prefix: /^4/, lengths: [13, 16, 18, 19] }, // Visa
  { prefix: /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] }, // Mastercard
  { prefix: /^3[47]/, lengths: [15] }, // American Express
  { prefix: /^(6011|64[4-9]|65)/, lengths: LONG }, // Discover
  { prefix: /^(30[0-5]|3095|3[689])/, lengths: [14, ...LONG] }, // Diners Club
  { prefix: /^35(2[89]|[3-8])/, lengths: LONG }, // JCB
  { prefix: /^(1800|2131)/, lengths: [15] }, // JCB, old
  { prefix: /^(62|81)/, lengths: LONG }, // UnionPay
  { prefix: /^(50|5[6-8]|6304|639|67)/, lengths: [13, 14, 15, ...LONG] }, // Maestro, Elo, Verve
  { prefix: /^(60|82|508)/, lengths: [16] }, // RuPay, Hipercard
  { prefix: /^(220[0-4])/, lengths: LONG }, // Mir
  { prefix: /^(9792|8600|9860|63[678])/, lengths: [16] }, // Troy, Uzcard, Humo, Elo, InstaPayment
]

const passesLuhn = (digits: string): boolean => {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const weighed = i % 2 === 0 ? digit : digit * 2
    sum += weighed > 9 ? weighed - 9 : weighed
  }
  return sum % 10 === 0 && /[^0]/.test(digits)
}
