import { type CodeCandidate, codeCandidates } from './code-candidates.ts'
import { type CodeLabel, codeLabels, speaksOfSecrecy } from './code-words.ts'
import type { Find, Span } from './find.ts'
import { createPhrases } from './find-phrases.ts'
import type { Reading } from './reading.ts'
import { patternOf } from './vocabulary.ts'

/**
 * One-time codes: what looks like one and is called so, before or behind it. Precision counts here: a message with a code
 * is kept back whole.
 */
export const findCodes = ({ text, plain }: Reading): Find[] => {
  const all = codeLabels({ text, plain })
  const [labels, actions] = [all.filter(({ sort }) => sort !== 'action'), all.filter(({ sort }) => sort === 'action')]
  const candidates = codeCandidates(text)
  const message = {
    plain,
    text,
    labels,
    actions,
    isSecret: speaksOfSecrecy(plain),
    isOffer: OFFER.isIn(plain) || /[0-9]\s?%/.test(plain),
  }
  const codes: Span[] = [
    ...candidates.filter((candidate, i) => isCode(candidate, candidates[i - 1], message)),
    ...[...text.matchAll(FIXED)].map(match => {
      const [start, end] = match.indices?.slice(1).find(each => each !== undefined) ?? [match.index, match.index]
      return { start, end }
    }),
  ]
  return [...codes, ...repeated(codes, text)].map(({ start, end }) => ({ kind: 'code', start, end }))
}

type Message = {
  readonly plain: string
  readonly text: string
  readonly labels: readonly CodeLabel[]
  readonly actions: readonly CodeLabel[]
  readonly isSecret: boolean
  /** It sells something: a code in it is a coupon. */
  readonly isOffer: boolean
}

/** The forms that need no word: Google's, and what iOS and Android fill in by themselves. */
const FIXED =
  /(?<![\p{L}\p{N}-])(G-[0-9]{6})(?![\p{L}\p{N}-])|(?:^|\n)@[\p{L}\p{N}.-]{3,80}[ ]{1,2}#([A-Za-z0-9]{4,12})(?![\p{L}\p{N}])|(?:<#>|\[#\])\s{0,2}(?:\[[^\]\n]{1,30}\]\s?)?([0-9]{4,8})(?![\p{L}\p{N}])/dgu

const isCode = (candidate: CodeCandidate, previous: CodeCandidate | undefined, message: Message): boolean => {
  const { labels, actions } = message
  for (const label of [lastBefore(candidate.start, labels), lastBefore(candidate.start, actions)]) {
    if (label !== undefined && isNamedBefore(candidate, previous, label, message)) return true
  }
  const next = firstAfter(candidate.end, labels)
  if (next !== undefined && isNamedBehind(candidate, next, message)) return true
  return isOrdered(candidate, message) || isSetApart(candidate, message)
}

const lastBefore = (at: number, labels: readonly CodeLabel[]): CodeLabel | undefined => {
  const index = firstIndex(labels, label => label.end > at)
  return labels[index - 1]
}

const firstAfter = (at: number, labels: readonly CodeLabel[]): CodeLabel | undefined =>
  labels[firstIndex(labels, label => label.start >= at)]

/** By halving: the labels are in order. */
const firstIndex = (labels: readonly CodeLabel[], isBehind: (label: CodeLabel) => boolean): number => {
  let [low, high] = [0, labels.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const label = labels[middle]
    if (label !== undefined && isBehind(label)) high = middle
    else low = middle + 1
  }
  return low
}

const LONGEST_GAP = 90

/** "Your code is 123456". */
const isNamedBefore = (
  candidate: CodeCandidate,
  previous: CodeCandidate | undefined,
  label: CodeLabel,
  message: Message,
): boolean => {
  const { plain, isSecret, isOffer } = message
  if (candidate.start - label.end > LONGEST_GAP) return false
  const gap = plain.slice(label.end, candidate.start)
  const { shape, value } = candidate
  if (ASKED.test(gap)) return shape === 'digits' && value.length >= 5
  if (SENTENCE_END.test(gap) || NOT_YET.isIn(gap)) return false
  const isFirst = previous === undefined || previous.start < label.end
  const link: Link = TIGHT.test(gap) ? (LINKED.test(gap) ? 'named' : 'bare') : LINKED.test(gap) ? 'linked' : 'loose'
  const after = plain.slice(candidate.end, candidate.end + 40)
  if (isMeasured(after)) return false
  const certain = label.sort === 'sure' || (isSecret && !isOffer)

  if (label.sort === 'action')
    return (
      (/^[\s-]*[:=][\s:=-]*$/.test(gap) ||
        (/^(?:\s(?!number|no|nr|id|ref)\p{L}{1,12}){0,2}\s(?:is|says|shows|=)\s$/u.test(gap) && value.length === 6)) &&
      shape === 'digits' &&
      value.length >= 4 &&
      value.length <= 8 &&
      !isTime(after)
    )
  if (shape === 'letters') return label.sort === 'sure' && link === 'named' && isShouted(candidate, message)
  if (shape === 'mixed') {
    if (!looksRandom(candidate, message.text) || (isBooking(plain) && !isSecret)) return false
    return certain
      ? link !== 'loose' || (isFirst && gap.length < 30)
      : link === 'named' && isYours(before(plain, label)) && !isOffer
  }
  if (value.length > 8 && link !== 'named' && !(label.sort === 'sure' && link !== 'loose')) {
    return link === 'bare' && /\p{Script=Arabic}/u.test(plain.slice(label.start, label.end))
  }
  if (label.sort === 'sure') {
    if (link === 'named' || link === 'bare') return true
    if (link === 'linked') return isFirst || value.length >= 6
    return isFirst && value.length >= 5 && gap.length <= 60 && !isYear(value)
  }
  if (isOffer && !isSecret) return false
  if (link === 'named')
    return !isYear(value) || isYours(before(plain, label)) || !/^\s+\p{L}/u.test(after) || /[:=]/.test(gap)
  if (link === 'bare') {
    if (/\n/.test(gap) && !isSecret) return false
    if (COMPOUND.test(plain.slice(label.start, label.end)) && !isYours(before(plain, label)) && !isSecret) return false
    if (value.length >= 5) return !/^\s{1,2}\p{L}{2,}s(?![\p{L}])/u.test(after) || isSecret
    return (
      !isYear(value) &&
      (isYours(before(plain, label)) || isSecret || (isClauseEnd(after) && isClauseStart(before(plain, label))))
    )
  }
  if (link === 'linked' && /^\s\p{L}{3,}s(?![\p{L}])/u.test(after) && !isSecret) return false
  if (link === 'linked') return gap.length <= 50 && isFirst && !isYear(value) && (value.length >= 5 || gap.length <= 36)
  return isSecret && isFirst && value.length >= 5 && gap.length <= 40
}

/** A word that ends in "code" may be any sort of code. */
const COMPOUND = /^\p{L}{3,}(?:code|kode|koden|kod|koodi)$/u

type Link = 'named' | 'bare' | 'linked' | 'loose'

const COPULA =
  "'s|is|are|was|be|will be|reads|ist|lautet|lauten|war|est|sera|es|sera|era|e|son|is het|er|ar|ar:|on|jest|to|je|este|e'|la|dir|bu|adalah|ialah|yaitu|это|—|היא|הוא|זה|هو|هي|است|है|là|ay"
const FILLER =
  'now|here|below|following|the following|no|nr|number|nummer|num|as follows|today|:|code|pin|otp|only|still|again|just|currently|actually|will|for you|hier|jetzt|folgender|wie folgt|suivant|siguiente|seguente|seguinte|como|de|n|شما|لك|بك|الخاص بك|anda|kamu|cua ban|ban|tau|sizin|你的|您的'
/** Nothing but marks, copulas and fillers between. */
const TIGHT = patternOf(
  `^(?:[\\s"'([{<*#:=\\-.,>|~•!_]|(?<![\\p{L}])(?:${COPULA}|${FILLER}|は|が|為|为|是|는|은|이|가|คือ|हे|है)(?![\\p{Script=Latin}\\p{Script=Cyrillic}]))*$`,
  'u',
)
/** What comes right before the code says that it is one. */
const LINKED = patternOf(
  `(?:[:=>]|\\s-{1,2}|(?<![\\p{L}])(?:${COPULA}|got|received|says|shows|gave me)|は|が|為|为|是|는|은|คือ|है)[\\s"'(\\[{<*#:]{0,4}$`,
  'u',
)
/** "A code? It's 123456" */
const ASKED =
  /^(?:\s\p{L}{1,12}){0,4}\?\s{1,3}(?:(?:it's|its|it is|here|here it is|yes|yep|sure|es ist|c'est|es|e|это)[\s:,]{1,3}){0,2}$/u
const SENTENCE_END = /[.!?]["')\]]?\s+\S*[^\s\p{P}]|\n\s*\n\s*\n/u
/** The code is yet to come, or is gone: "code expired", "code not received". */
const NOT_YET = createPhrases([
  'expired',
  'not received',
  'never (came|arrived)',
  'invalid',
  'incorrect',
  'wrong',
  'failed',
  'abgelaufen',
  'verlopen',
  'expire le',
  'call',
  'phone',
  'hotline',
  'dial',
  'anrufen',
])

const before = (plain: string, label: CodeLabel): string => plain.slice(Math.max(0, label.start - 40), label.start)

const YOURS = createPhrases([
  'your',
  'ur',
  'my',
  'ihr',
  'ihre?n?',
  'dein~',
  'mein~',
  'votre',
  'ton',
  'mon',
  'tu',
  'su',
  'mi',
  'seu',
  'sua',
  'teu',
  'meu',
  'tuo',
  'suo',
  'mio',
  'vostro',
  'je',
  'jouw',
  'uw',
  'mijn',
  'din',
  'ditt',
  'min',
  'twoj',
  'moj',
  'vas',
  'tvuj',
  'ваш',
  'твой',
  'мой',
  'ваший',
  'here s',
])
const FEW_WORDS = /^(?:\s+[^\s,;:!?]{1,20}){0,4}\s*$/
/** "The code": with nothing between. */
const ARTICLE = /(?<![\p{L}\p{N}])(?:the|this|that|il|le|el|o|der|den|het|de)\s+$/u

const isYours = (text: string): boolean => YOURS.endsIn(text, FEW_WORDS) || ARTICLE.test(text)

/** Something is counted or paid: "15000 lines", "1200 people". */
const isMeasured = (after: string): boolean => MEASURE.beginsIn(after, /^[\s-]{0,2}$/, 2)

const MEASURE = createPhrases([
  'lines?',
  'loc',
  'char(acter)?s?',
  'bytes?',
  'bits?',
  'kb',
  'mb',
  'gb',
  'percent',
  'times',
  'years?',
  'months?',
  'weeks?',
  'days?',
  'hours?',
  'minutes?',
  'mins?',
  'seconds?',
  'people',
  'persons?',
  'users?',
  'guests?',
  'miles?',
  'meters?',
  'metres?',
  'feet',
  'steps?',
  'points?',
  'files?',
  'tokens?',
  'pages?',
  'words?',
  'dollars?',
  'bucks',
  'euros?',
  'pounds?',
  'rupees?',
  'usd',
  'eur',
  'zeilen',
  'jahre?n?',
  'stunden?',
  'minuten',
  'tage?n?',
  'lignes',
  'lineas',
  'linhas',
  'righe',
  'строк~',
  'рублей',
  'руб',
  'tl',
  'zl',
  'kr',
])
const isTime = (after: string): boolean => /^\s?(?:am|pm|uhr|h|hrs)(?![\p{L}])/u.test(after)
const isYear = (value: string): boolean => /^(?:19|20)[0-9]{2}$/.test(value)
const isClauseEnd = (after: string): boolean => /^["')\]]{0,2}(?:\s*$|\s*[.,;!?)\n])/.test(after)
const isClauseStart = (text: string): boolean => /(?:^|[.,;:!?\n(])\s*(?:[\p{L}\p{N}'&.-]{1,20}\s+)?$/u.test(text)

/** Letters alone are a code only in capitals in the midst of small letters. */
const isShouted = ({ value, end }: CodeCandidate, { text }: Message): boolean =>
  value.length >= 4 &&
  value === value.toUpperCase() &&
  !/^\s+[A-Z]{2,}/.test(text.slice(end, end + 12)) &&
  /[a-z]/.test(text) &&
  !NO_CODE.has(value)

const NO_CODE: ReadonlySet<string> = new Set(
  'EXPIRED INVALID WRONG SENT REQUIRED PENDING BELOW HERE NEEDED URGENT ONLY NULL NONE TRUE FALSE WHAT THIS THAT YOUR CODE VALID FREE STOP HELP PLEASE NEVER SHARE DONT NOTE ATTENTION IMPORTANT READY CORRECT'.split(
    ' ',
  ),
)

/** Digits among letters, and not a word with a number behind it. */
const looksRandom = ({ value, start, end }: CodeCandidate, text: string): boolean => {
  const written = text.slice(start, end)
  if (/^[A-Za-z]{1,4}\s?-\s?[0-9]{4,8}$/.test(written)) return true
  return (
    value.length >= 4 &&
    value.length <= 12 &&
    !/^[0-9]+(?:st|nd|rd|th|am|pm|x|k|m|s|min|mins|h|hrs|d|px|kb|mb|gb)$/i.test(value)
  )
}

const isBooking = (plain: string): boolean => BOOKING.isIn(plain)
const BOOKING = createPhrases([
  'booking~',
  'reservation~',
  'flight~',
  'hotel',
  'itinerary',
  'trip',
  'airbnb',
  'pnr',
  'boarding',
  'check ?in',
  'order(ed)?',
  'buchung~',
  'flug~',
  'reise',
  'vol',
  'vuelo',
  'reserva~',
  'volo',
  'prenotazione',
  'airlines?',
  'train',
  'ticket~',
  'amtrak',
  'eurostar',
  'stay',
])

const OFFER = createPhrases(
  [
    'off',
    'discount~',
    'checkout',
    'check out',
    'sale',
    'promo~',
    'coupon~',
    'save',
    'deal',
    'deals',
    'free (shipping|delivery|trial|month)',
    'gutschein~',
    'rabatt~',
    'bestellung',
    'remise',
    'reduction',
    'descuento',
    'desconto',
    'sconto',
    'korting',
    'rabat',
    'znizka',
    'znizki',
    'скидк~',
    'indirim',
    'diskon',
    'bonus',
    'giveaway',
    'raffle',
    'black friday',
  ],
  ['优惠', '折扣', 'クーポン', '割引', '할인'],
)

/** "123456 is your code". */
const isNamedBehind = (
  candidate: CodeCandidate,
  label: CodeLabel,
  { plain, text, isSecret, isOffer }: Message,
): boolean => {
  const { shape, value, start, end } = candidate
  if (label.start - end > LONGEST_GAP) return false
  const gap = plain.slice(end, label.start)
  if (THAT_IS.test(gap)) return shape === 'digits' && value.length >= 5 && !isOffer
  if (SENTENCE_END.test(gap) || isMeasured(plain.slice(end, end + 20))) return false
  if (shape === 'letters') return false
  if (shape === 'mixed' && !looksRandom(candidate, text)) return false
  const sayer = HAS_BECOME.test(gap)
  if (label.sort === 'sure') {
    const near = gap.length <= 70 && (sayer || /^["')\]]?\s{0,3}[(<\-:=,~]/.test(gap) || USED_AS.test(gap))
    return (
      near ||
      (shape === 'digits' &&
        /^[^\p{L}\n]{0,3}[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}()[\]/· ]{0,16}$/u.test(
          gap,
        ) &&
        gap.length <= 24) ||
      (isSecret &&
        shape === 'digits' &&
        gap.trim().length <= 12 &&
        value.length >= 5 &&
        !/[0-9]/.test(gap) &&
        isClauseStart(plain.slice(Math.max(0, start - 12), start)))
    )
  }
  if (isOffer && !isSecret) return false
  if (shape === 'mixed' && !isSecret) return false
  const words = gap.trim().split(/\s+/).length
  if (sayer && words <= 7) return !isYear(value) || OWN.test(gap)
  if (USED_AS.test(gap) && words <= 5 && isSecret) return true
  if (/^\s$/.test(gap) && value.length === 6) return isClauseStart(plain.slice(Math.max(0, start - 12), start))
  // "482910 — код для входа"; "482913 (code)"
  return value.length >= 5 && /^["')\]]?\s{0,2}[-(=:]+\s{0,2}(?:\p{L}{2,12}\s+){0,4}$/u.test(gap) && gap.length <= 40
}

/** "123456, that's the code" */
const THAT_IS =
  /^["')]?\s?[.,?!-]?\s{1,2}(?:it'?s|that'?s|that is|this is|das ist|c'est|es)\s{1,2}(?:the|my|your|our|a|der|mein|le|mon|el|mi)\s(?:\p{L}{2,12}\s)?$/u
const OWN = /(?<![\p{L}])(?:your|my|the|dein|ihr|votre|tu|su|seu|tuo|uw|je|ваш|twoj)(?![\p{L}])/u
const HAS_BECOME =
  /^["')\]]{0,2}\s{0,3}(?:[-—=:,]\s{0,2})?(?:<-+|is|are|was|ist|lautet|est|es|e|er|ar|on|jest|to|je|este|c'est|sono|son|zijn|является|это|היא|הוא|هو|هي|است|là|la|adalah|ay|—|\(?이\)?가|は|が|是|为|為|은|는)(?![\p{Script=Latin}\p{Script=Cyrillic}])/u
const USED_AS = /^["')\]]{0,2}\s{1,3}(?:as|als|comme|como|come|jako|som)\s/u

/** "Enter 123456 to log in". */
const isOrdered = ({ shape, value, start, end }: CodeCandidate, { plain, isOffer, isSecret }: Message): boolean => {
  if (shape === 'letters' || (shape === 'mixed' && !isSecret) || isOffer) return false
  if (value.length < 4 || value.length > 10 || isMeasured(plain.slice(end, end + 30))) return false
  const ahead = plain.slice(end, end + 90)
  const behind = plain.slice(Math.max(0, start - 60), start)
  if (ORDER.endsIn(behind, TO_CODE))
    return PURPOSE.beginsIn(ahead, FROM_CODE, 80) || (value.length >= 5 && ORDERED_FOR.endsIn(behind, /^[^\n]{0,40}$/))
  return (
    shape === 'digits' &&
    value.length >= 5 &&
    value.length <= 8 &&
    /(?:^|[:\-.\n\]])\s{0,3}$/.test(behind) &&
    LETS_IN.beginsIn(ahead, TO, 50)
  )
}

const TO_CODE =
  /^(?:\s+(?:the|this|your|den|le|el|o|il|de|code|number|digits|pin|codigo|kod|код|nummer|following))*[\s:"'([<]{0,4}$/
const FROM_CODE = /^["')\]>]{0,2}\s{0,2}[,.]?\s{0,2}(?:[^\s,]{1,14},?\s+){0,5}\S{0,4}$/
const ORDER = createPhrases(
  [
    'use',
    'using',
    'enter',
    'type',
    'typing',
    'input',
    'provide',
    'submit',
    'insert',
    'gib',
    'geben sie',
    'gebe',
    'verwende~( sie)?',
    'nutze~( sie)?',
    'utilise[zr]?',
    'saisis(sez)?',
    'entre[zr]',
    'entrez',
    'tape[zr]',
    'usa',
    'use',
    'utiliza',
    'utilice',
    'introduce',
    'introduzca',
    'ingresa',
    'ingrese',
    'digite',
    'digita',
    'insira',
    'informe',
    'inserisci',
    'usa il',
    'voer',
    'gebruik',
    'vul',
    'inloggen met',
    'ange',
    'anvand',
    'skriv( in)?',
    'indtast',
    'brug',
    'wpisz',
    'podaj',
    'uzyj',
    'zadejte',
    'pouzijte',
    'введите',
    'используйте',
    'введи',
    'masukkan',
    'gunakan',
    'girin',
    'log ?in with',
    'sign in with',
    'verify with',
    'confirm with',
  ],
  ['请?输入', '請?輸入', '入力'],
)
const PURPOSE = createPhrases(
  [
    'verify',
    'verification',
    'log ?in',
    'log ?on',
    'login',
    'sign in',
    'sign up',
    'signing in',
    'confirm',
    'authenticate',
    'authentication',
    'authorize',
    'authorise',
    'reset',
    'activate',
    'register',
    'approve',
    'validate',
    'complete your',
    'finish (signing|logging|setting)',
    'continue with your',
    'password',
    'otp',
    'access your',
    'link your',
    'recover',
    'anmelden',
    'einzuloggen',
    'anzumelden',
    'zu bestatigen',
    'bestatigen',
    'verifizieren',
    'anmeldung',
    'connecter',
    'verifier',
    'confirmer',
    'valider',
    'acceder',
    'verificar',
    'confirmar',
    'iniciar',
    'validar',
    'entrar',
    'acessar',
    'accedere',
    'verificare',
    'confermare',
    'inloggen',
    'bevestigen',
    'logga in',
    'bekrafta',
    'zalogowac',
    'potwierdzic',
    'войти',
    'подтвержд~',
    'входа',
    'giris',
    'masuk',
    'verifikasi',
  ],
  ['登录', '登入', '登錄', '验证', '驗證', 'ログイン', '認証'],
)
const ORDERED_FOR = createPhrases([
  'to (log in|sign in|verify|confirm|authenticate)',
  'verify',
  'verification',
  'log in',
  'login',
  'sign in',
  'inloggen met',
])
const LETS_IN = createPhrases([
  'log ?in',
  'login',
  'sign in',
  'verify',
  'approve',
  'authori(z|s)e',
  'authenticate',
  'anmelden',
  'einloggen',
  'inloggen',
  'connecter',
  'iniciar sesion',
  'entrar',
  'acceder',
  'accedere',
  'входа',
])
const TO = /^["')\]]?\s{0,2}[-:,]?\s{0,2}(?:use (?:this|it) )?(?:to|pour|para|per|um|om|zum|для)\s(?:\S{1,12}\s){0,2}$/

/** A number in a line or a sentence of its own, in a text that announces a code. */
const isSetApart = ({ shape, value, start, end }: CodeCandidate, { plain, labels, isSecret }: Message): boolean => {
  if (shape !== 'digits' || value.length < 4 || value.length > 8) return false
  const near = labels.some(
    label => label.sort === 'sure' && (label.start > end ? label.start - end < 160 : start - label.end < 160),
  )
  if (!near || (value.length < 5 && !isSecret)) return false
  const alone = /(?:^|\n|[.:!>\]]\s)\s*["'(*]*$/.test(plain.slice(Math.max(0, start - 6), start))
  return alone && /^["')*]*(?:\s*$|\s*\n|[.!]\s|[.!]$)/.test(plain.slice(end, end + 4)) && !isYear(value)
}

/** The same code once more, as in a link behind it. */
const repeated = (codes: readonly Span[], text: string): Span[] => {
  const values = new Set(
    codes
      .map(({ start, end }) => text.slice(start, end).replace(/[^A-Za-z0-9]+/g, ''))
      .filter(value => value.length >= 4),
  )
  return [...values].slice(0, 8).flatMap(value => {
    const digits = value.replace(/^[A-Za-z]{1,4}(?=[0-9]{4,8}$)/, '')
    return [...text.matchAll(patternOf(`(?<![A-Za-z0-9])${[...digits].join('[\\s-]?')}(?![A-Za-z0-9])`, 'g'))].map(
      ({ index, 0: { length } }) => ({ start: index, end: index + length }),
    )
  })
}
