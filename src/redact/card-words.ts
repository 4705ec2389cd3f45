import { createPhrases } from './find-phrases.ts'

/** Whether the text speaks of payment cards. */
export const speaksOfCards = (plain: string): boolean => CARD_WORDS.isIn(plain)

const CARD_WORDS = createPhrases(
  [
    'cards?( number| no| nr| details?)?',
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
  ],
  ['信用卡', '银行卡', '銀行卡', '卡号', '卡號', 'カード', '카드'],
)
