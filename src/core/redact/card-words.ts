import { anyOf, anyWordOf, patternOf } from './vocabulary.ts'

/** Whether the text speaks of payment cards. */
export const speaksOfCards = (plain: string): boolean => CARD_WORDS.test(plain)

const CARD_WORDS = patternOf(
  `${anyWordOf([
    '(credit|debit|bank|payment|prepaid|gift)? ?cards?( number| no| nr| details?)?',
    'visa( card)?',
    'master ?card',
    'amex',
    'american express',
    'diners( club)?',
    'maestro',
    'unionpay',
    'discover card',
    'jcb',
    '(kredit|giro|ec|bank|debit|zahl)?karten?~',
    'carte( bleue| bancaire| de credit)?',
    'cb',
    'tarjeta~',
    'cartao',
    'carta di credito',
    'carta',
    'kart~',
    'kort~',
    'карт(а|ы|е|у|ой)',
    'cvv2?',
    'cvc2?',
  ])}|${anyOf(['信用卡', '银行卡', '銀行卡', '卡号', '卡號', 'カード', '카드'])}`,
  'u',
)
