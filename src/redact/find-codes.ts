import { type CodeCandidate, codeCandidates } from './code-candidates.ts'
import {
  BOOKING,
  LETS_IN,
  MEASURE,
  NOT_YET,
  OFFER,
  ORDER,
  ORDERED_FOR,
  PLACE,
  PURPOSE,
  YOURS,
} from './code-contexts.ts'
import { type CodeLabel, codeLabels, speaksOfSecrecy, speaksOfThisCode } from './code-words.ts'
import type { Find, Span } from './find.ts'
import type { Reading } from './reading.ts'
import { patternOf } from './vocabulary.ts'

/**
 * One-time codes: what looks like one and is called so, before or behind it. Precision counts here: a message with a code
 * is kept back whole.
 */
export const findCodes = (reading: Reading): Find[] => {
  const message = readCodeMessage(reading)
  const codes = [...(message.opensDoor ? [] : namedCodes(message)), ...fixedCodes(message)]
  return [...codes, ...repeated(codes, message.text)].map(({ start, end }) => ({ kind: 'code', start, end }))
}

/** What is called a code in a message about a door: it stays valid, and is a password. */
export const findDoorCodes = (reading: Reading): Find[] => {
  const message = readCodeMessage(reading)
  const codes = [...(message.opensDoor ? namedCodes(message) : []), ...keyedCodes(message)]
  return codes.map(({ start, end }) => ({ kind: 'password', start, end }))
}

/** "8391#": as it is keyed in at a door. */
const keyedCodes = ({ text, plain }: Message): Span[] => {
  const codes = [...text.matchAll(KEYED)]
  if (codes.length === 0 || !PLACE.isIn(plain)) return []
  return codes.map(({ index, 0: { length } }) => ({ start: index, end: index + length }))
}
const KEYED = /(?<![A-Za-z0-9#*.,-])[*#]?[0-9]{3,8}[#*](?![A-Za-z0-9#*])/g

const readCodeMessage = ({ text, plain }: Reading): Message => {
  const all = codeLabels({ text, plain })
  const isSecret = speaksOfSecrecy(plain)
  const labels = all.filter(({ sort }) => sort !== 'action')
  return {
    plain,
    text,
    labels,
    actions: all.filter(({ sort }) => sort === 'action'),
    isSecret,
    isOfThisCode: speaksOfThisCode(plain),
    isOffer: OFFER.isIn(plain) || /[0-9]\s?%/.test(plain),
    isBooking: !isSecret && BOOKING.isIn(plain),
    opensDoor: !isSecret && labels.length > 0 && labels.every(({ sort }) => sort === 'generic') && PLACE.isIn(plain),
  }
}

const namedCodes = (message: Message): Span[] => {
  const candidates = codeCandidates(message.text)
  return candidates.filter((candidate, i) => isCode(candidate, candidates[i - 1], message))
}

const fixedCodes = ({ text }: Message): Span[] =>
  [...text.matchAll(FIXED)].map(match => {
    const [start, end] = match.indices?.slice(1).find(each => each !== undefined) ?? [match.index, match.index]
    return { start, end }
  })

type Message = {
  readonly plain: string
  readonly text: string
  readonly labels: readonly CodeLabel[]
  readonly actions: readonly CodeLabel[]
  readonly isSecret: boolean
  /** It says "this code", so one is in it. */
  readonly isOfThisCode: boolean
  /** It sells something: a code in it is a coupon. */
  readonly isOffer: boolean
  /** It is about a journey: letters and digits in it are a booking's. */
  readonly isBooking: boolean
  /** It is about a door, a gate, a lock, and has no word for a one-time code. */
  readonly opensDoor: boolean
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
  const { plain } = message
  if (candidate.start - label.end > LONGEST_GAP) return false
  const gap = plain.slice(label.end, candidate.start)
  const after = plain.slice(candidate.end, candidate.end + 40)
  const { shape, value } = candidate
  const name = plain.slice(label.start, label.end)
  if (/code$/.test(name) && /^\s+to\s+$/.test(gap)) return false // "they sent the code to 555-0142"
  const length = /^[4-8](?=[\s-]?digit)/.exec(name)?.[0]
  if (length !== undefined && value.length !== Number(length)) return false
  if (label.sort === 'pin' && shape !== 'digits') return false
  if (ASKED.test(gap)) return shape === 'digits' && value.length >= 5 && !/^\s(?:is|are|was|were|has)\s/.test(after)
  if (SENTENCE_END.test(gap) || NOT_YET.isIn(gap) || isMeasured(after)) return false
  const named: Named = {
    ...{ candidate, label, gap, after, link: linkOf(gap) },
    isFirst: previous === undefined || previous.start < label.end,
    isOurs: () => isYours(plain.slice(Math.max(0, label.start - 40), label.start)),
  }
  if (label.sort === 'action') return isAfterAction(named)
  if (shape === 'letters') return label.sort === 'sure' && named.link === 'named' && isShouted(candidate, message)
  if (shape === 'mixed') return isMixedCode(named, message)
  if (value.length > 8 && named.link !== 'named' && !(isSure(label) && named.link !== 'loose')) {
    return named.link === 'bare' && /\p{Script=Arabic}/u.test(plain.slice(label.start, label.end))
  }
  return isSure(label) ? isAfterSure(named) : isAfterGeneric(named, message)
}

/** Called so, it is a code without more. */
const isSure = ({ sort }: CodeLabel): boolean => sort === 'sure' || sort === 'pin'

/** A candidate behind a label. */
type Named = {
  readonly candidate: CodeCandidate
  readonly label: CodeLabel
  /** What is between them. */
  readonly gap: string
  readonly after: string
  readonly link: 'named' | 'bare' | 'linked' | 'loose'
  /** No other candidate is between. */
  readonly isFirst: boolean
  /** "Your code", "the code". */
  readonly isOurs: () => boolean
}

const linkOf = (gap: string): Named['link'] =>
  TIGHT.test(gap) ? (LINKED.test(gap) ? 'named' : 'bare') : LINKED.test(gap) ? 'linked' : 'loose'

/** "Verification: 123456", "the verification says 123456". */
const isAfterAction = ({ candidate: { shape, value }, gap, after }: Named): boolean => {
  if (shape !== 'digits' || value.length < 4 || value.length > 8 || isTime(after)) return false
  const isSaid = /^(?:\s(?!number|no|nr|id|ref)\p{L}{1,12}){0,2}\s(?:is|says|shows|=)\s$/u.test(gap)
  return /^[\s-]*[:=][\s:=-]*$/.test(gap) || (isSaid && value.length === 6)
}

const isMixedCode = ({ candidate, label, gap, link, isFirst, isOurs }: Named, message: Message): boolean => {
  const { text, isSecret, isOffer, isBooking, opensDoor } = message
  if (!looksRandom(candidate, text) || isBooking) return false
  if (label.sort === 'sure' || (isSecret && !isOffer)) return link !== 'loose' || (isFirst && gap.length < 30)
  if (opensDoor && /^[A-Z0-9]+$/.test(text.slice(candidate.start, candidate.end)))
    return link !== 'loose' && link !== 'linked'
  return link === 'named' && isOurs() && !isOffer
}

const isAfterSure = ({ candidate: { value }, gap, link, isFirst }: Named): boolean => {
  if (link === 'named' || link === 'bare') return true
  if (link === 'linked') return isFirst || value.length >= 6
  return isFirst && value.length >= 5 && gap.length <= 60 && !isYear(value)
}

const isAfterGeneric = (named: Named, { plain, isSecret, isOffer, opensDoor }: Message): boolean => {
  const { candidate, label, gap, after, link, isFirst, isOurs } = named
  const { value } = candidate
  if (isOffer && !isSecret && !opensDoor) return false
  switch (link) {
    case 'named':
      return !isYear(value) || isOurs() || !/^\s+\p{L}/u.test(after) || /[:=]/.test(gap)
    case 'bare':
      if (isSecret) return value.length >= 5 || !isYear(value)
      if (/\n/.test(gap)) return false
      if (COMPOUND.test(plain.slice(label.start, label.end)) && !isOurs()) return false
      if (value.length >= 5) return !/^\s{1,2}\p{L}{2,}s(?![\p{L}])/u.test(after)
      if (isYear(value)) return false
      return (
        opensDoor ||
        isOurs() ||
        (isClauseEnd(after) && isClauseStart(plain.slice(Math.max(0, label.start - 40), label.start)))
      )
    case 'linked':
      if (/^\s\p{L}{3,}s(?![\p{L}])/u.test(after) && !isSecret) return false
      return gap.length <= 50 && isFirst && !isYear(value) && (value.length >= 5 || gap.length <= 36)
    case 'loose':
      return isSecret && isFirst && value.length >= 5 && gap.length <= 40
  }
}

/** A word that ends in "code" may be any sort of code. */
const COMPOUND = /^\p{L}{3,}(?:code|kode|koden|kod|koodi)$/u

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

const FEW_WORDS = /^(?:\s+[^\s,;:!?]{1,20}){0,4}\s*$/
/** "The code": with nothing between. */
const ARTICLE = /(?<![\p{L}\p{N}])(?:the|this|that|il|le|el|o|der|den|het|de)\s+$/u

const isYours = (text: string): boolean => YOURS.endsIn(text, FEW_WORDS) || ARTICLE.test(text)

/** Something is counted or paid: "15000 lines", "1200 people". */
const isMeasured = (after: string): boolean => MEASURE.beginsIn(after, /^[\s-]{0,2}$/, 2)

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

/** "123456 is your code". */
const isNamedBehind = (
  candidate: CodeCandidate,
  label: CodeLabel,
  { plain, text, isSecret, isOffer, opensDoor, isOfThisCode }: Message,
): boolean => {
  const { shape, value, start, end } = candidate
  if (label.start - end > LONGEST_GAP) return false
  const gap = plain.slice(end, label.start)
  if (THAT_IS.test(gap)) return shape === 'digits' && value.length >= (opensDoor ? 4 : 5) && !isOffer
  if (SENTENCE_END.test(gap) || isMeasured(plain.slice(end, end + 20))) return false
  if (shape === 'letters') return false
  if (shape === 'mixed' && !looksRandom(candidate, text)) return false
  const sayer = HAS_BECOME.test(gap)
  if (label.sort === 'pin' && shape !== 'digits') return false
  if (isSure(label)) {
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
  if (USED_AS.test(gap) && words <= 5 && (isSecret || (shape === 'digits' && value.length === 6))) return true
  if (TAKEN.test(gap) && isOfThisCode && shape === 'digits') return true
  if (/^\s$/.test(gap) && value.length === 6) return isClauseStart(plain.slice(Math.max(0, start - 12), start))
  // "482910 — код для входа"; "482913 (code)"
  return (
    value.length >= (opensDoor ? 4 : 5) &&
    /^["')\]]?\s{0,2}[-(=:]+\s{0,2}(?:\p{L}{2,12}\s+){0,4}$/u.test(gap) &&
    gap.length <= 40
  )
}

/** "123456, that's the code" */
const THAT_IS =
  /^["')]?\s?[.,?!-]?\s{1,2}(?:it'?s|that'?s|that is|this is|das ist|c'est|es)\s{1,2}(?:the|my|your|our|a|der|mein|le|mon|el|mi)\s(?:\p{L}{2,12}\s)?$/u
const OWN = /(?<![\p{L}])(?:your|my|the|dein|ihr|votre|tu|su|seu|tuo|uw|je|ваш|twoj)(?![\p{L}])/u
const HAS_BECOME =
  /^["')\]]{0,2}\s{0,3}(?:[-—=:,]\s{0,2})?(?:<-+|is|are|was|ist|lautet|est|es|e|er|ar|on|jest|to|je|este|c'est|sono|son|zijn|является|это|היא|הוא|هو|هي|است|là|la|adalah|ay|—|\(?이\)?가|は|が|是|为|為|은|는)(?![\p{Script=Latin}\p{Script=Cyrillic}])/u
/** "123456 Use this code …" */
const TAKEN = /^[.!]?\s{1,2}(?:please\s)?(?:use|enter|type)\s(?:this|the)\s$/u
const USED_AS = /^["')\]]{0,2}\s{1,3}(?:as|als|comme|como|come|jako|som)\s/u

/** "Enter 123456 to log in". */
const isOrdered = (candidate: CodeCandidate, { plain, isOffer, isSecret, opensDoor }: Message): boolean => {
  const { shape, value, start, end } = candidate
  if (shape === 'letters' || (shape === 'mixed' && !isSecret) || isOffer) return false
  if (value.length < 4 || value.length > 10 || isMeasured(plain.slice(end, end + 30))) return false
  const ahead = plain.slice(end, end + 90)
  const behind = plain.slice(Math.max(0, start - 60), start)
  if (opensDoor && shape === 'digits' && KEYED_IN.test(behind)) return true
  if (ORDER.endsIn(behind, TO_CODE))
    return (
      PURPOSE.beginsIn(ahead, value.length > 4 ? FROM_CODE : SO_AS, 80) ||
      (value.length >= 5 && ORDERED_FOR.endsIn(behind, /^[^\n]{0,40}$/))
    )
  return (
    shape === 'digits' &&
    value.length >= 5 &&
    value.length <= 8 &&
    /(?:^|[:\-.\n\]])\s{0,3}$/.test(behind) &&
    LETS_IN.beginsIn(ahead, TO, 50)
  )
}

const KEYED_IN = /(?:^|\s)(?:press|punch in|punch|key in|type|type in|enter|dial|use)\s{1,2}$/
const TO_CODE =
  /^(?:\s+(?:the|this|your|den|le|el|o|il|de|code|number|digits|pin|codigo|kod|код|nummer|following))*[\s:"'([<]{0,4}$/
const FROM_CODE = /^["')\]>]{0,2}\s{0,2}[,.]?\s{0,2}(?:[^\s,]{1,14},?\s+){0,5}\S{0,4}$/
/** Of four digits there are many. */
const SO_AS =
  /^["')\]>]{0,2}\s{0,2}[,.]?\s{0,2}(?:to|for|when|pour|para|per|zum|zur|um|om|untuk|для|чтобы|aby|för|for at|at)\s(?:[^\s,]{1,14},?\s+){0,4}\S{0,4}$/
const TO = /^["')\]]?\s{0,2}[-:,]?\s{0,2}(?:use (?:this|it) )?(?:to|pour|para|per|um|om|zum|для)\s(?:\S{1,12}\s){0,2}$/

/** "Don't share this code. It's 123456." */
const IT_IS = /[.:!]\s(?:it'?s|it is|here it is:?)\s$/u
/** The name of a service, and nothing else, at the beginning. */
const SENDER = patternOf(`^[\\p{L}\\p{N}&.+'-]{2,16}(?:\\s[\\p{L}\\p{N}&.+'-]{2,16})?\\s$`, 'u')

/** A number in a line or a sentence of its own, in a text that announces a code. */
const isSetApart = ({ shape, value, start, end }: CodeCandidate, message: Message): boolean => {
  const { plain, labels, isSecret, isOfThisCode, isOffer } = message
  if (shape !== 'digits' || value.length < 4 || value.length > 8) return false
  const isOurs = isOfThisCode && isSecret && !isOffer
  const isNear = labels.some(
    label => (isSure(label) || isOurs) && (label.start > end ? label.start - end < 160 : start - label.end < 160),
  )
  if (!isNear || (value.length < 5 && !isSecret)) return false
  const before = plain.slice(Math.max(0, start - 32), start)
  const isAlone =
    /(?:^|\n|[.:!>\]]\s)\s*["'(*]*$/.test(before) ||
    (isOurs && (IT_IS.test(before) || (start <= 30 && SENDER.test(before))))
  return isAlone && /^["')*]*(?:\s*$|\s*\n|[.!]\s|[.!]$)/.test(plain.slice(end, end + 4)) && !isYear(value)
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
