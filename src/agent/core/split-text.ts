import { MAX_BUBBLE_LENGTH } from './limits.ts'
import { isBlank } from './says.ts'

/**
 * A text that is too long for one bubble → the parts that it is sent in. It is cut at the last paragraph that fits, else at a
 * line, a sentence, a word; inside a line of code or a link only where that is longer than any bubble can be, and inside a
 * grapheme never but then. White space at a cut is left out, and nothing else. Lengths are in UTF-16 units.
 */
export const splitText = (text: string, maxLength: number): readonly string[] => {
  if (text.length <= maxLength) return [text]
  const { code, whole } = findWhole(text)
  const parts: string[] = []
  let at = 0
  while (text.length - at > maxLength) {
    const end = findCut(text, at, maxLength, code, whole)
    parts.push(text.slice(at, end))
    at = end + (SKIPPED.exec(text.slice(end, end + maxLength))?.[0].length ?? 0)
  }
  parts.push(text.slice(at))
  return parts.filter(part => !isBlank(part))
}

type Range = readonly [from: number, to: number]

/** A paragraph that ends this early would leave the part half empty: then a line or a sentence is better. */
const LEAST_FILLED = 0.5

const findCut = (
  text: string,
  at: number,
  maxLength: number,
  code: readonly Range[],
  whole: readonly Range[],
): number => {
  const window = text.slice(at, at + maxLength + 1)
  const isIn = (ranges: readonly Range[], cut: number) => rangeAt(ranges, at + cut) !== undefined
  const isFree = (cut: number) => !isIn(whole, cut) && !isIn(code, cut)
  const levels: readonly (readonly [ends: RegExp, mayCut: (cut: number) => boolean])[] = [
    [/\n(?=[^\S\n]*\n)/g, isFree],
    [/\n/g, isFree],
    [SENTENCE_END, isFree],
    [/\n/g, cut => !isIn(whole, cut)],
    [SPACE, isFree],
  ]
  for (const least of [maxLength * LEAST_FILLED, 1]) {
    for (const [ends, mayCut] of levels) {
      const cut = lastOf(window, ends, found => found >= least && found <= maxLength && mayCut(found))
      if (cut !== undefined) return at + cut
    }
  }
  return findGrapheme(text, at, maxLength, whole)
}

/** Where nothing else is left: between two graphemes, in no link and no line of code that a bubble can hold. */
const findGrapheme = (text: string, at: number, maxLength: number, whole: readonly Range[]): number => {
  const window = text.slice(at, at + MAX_BUBBLE_LENGTH + 1)
  const starts = Array.from(GRAPHEMES.segment(window), ({ index }) => at + index).filter(start => start > at)
  if (text.length - at <= MAX_BUBBLE_LENGTH) starts.push(text.length)
  const fits = (start: number) => start - at <= maxLength
  const isFree = (start: number) => rangeAt(whole, start) === undefined
  return (
    starts.findLast(start => fits(start) && isFree(start)) ??
    starts.find(start => start - at <= MAX_BUBBLE_LENGTH && isFree(start)) ??
    starts.findLast(fits) ??
    starts[0] ??
    endOfCodePoint(text, at + maxLength)
  )
}

const endOfCodePoint = (text: string, end: number): number =>
  /[\ud800-\udbff]/.test(text.charAt(end - 1)) ? end + 1 : end

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** White space at which a line may end; non-breaking spaces are none. */
const SPACE = /[^\S\u00A0\u2007\u202F\uFEFF]+/g
/** With quotes and brackets that close behind it. Chinese and Japanese have no space after it. */
const SENTENCE_END = /(?<=[.!?…]["'”’»)\]*_]*)(?=\s)|(?<=[。！？][」』”’）]*)(?![」』”’）])/g
/** Of the white space at a cut what is left out: the ends of lines, and not the indentation of the next one. */
const SKIPPED = /^(?:(?:[^\S\n]*\n)+|[^\S\n]+(?!\p{M}))/u

const lastOf = (text: string, ends: RegExp, fits: (at: number) => boolean): number | undefined => {
  let last: number | undefined
  for (const { index } of text.matchAll(ends)) if (fits(index)) last = index
  return last
}

/** What is not to be cut, in order: fenced blocks of code as such (between their lines they may be), their lines, and links. */
const findWhole = (text: string): { readonly code: readonly Range[]; readonly whole: readonly Range[] } => {
  const code: Range[] = []
  const lines: Range[] = []
  let fence: string | undefined
  let begin = 0
  for (const { index, 0: line } of text.matchAll(/[^\n]*(?:\n|$)/g)) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (fence !== undefined || mark !== undefined) lines.push([index, index + line.trimEnd().length])
    if (fence === undefined && mark !== undefined) [fence, begin] = [mark, index]
    else if (mark !== undefined && fence !== undefined && mark.startsWith(fence)) {
      code.push([begin, index + line.trimEnd().length])
      fence = undefined
    }
  }
  if (fence !== undefined) code.push([begin, text.length])
  const links = Array.from(text.matchAll(LINK), ({ index, 0: link }): Range => [index, index + link.length])
  return { code, whole: [...lines, ...links].sort(([a], [b]) => a - b) }
}

/** `[words](address)`, `https://…`, `mailto:…`, `www.…`, `example.com/…`. */
const LINK = new RegExp(
  [
    String.raw`\[[^\[\]\n]{1,500}\]\([^\s()]{1,2000}\)`,
    String.raw`\b(?:[a-z][a-z\d+.-]{0,20}:\/\/|mailto:|tel:|sms:|www\.)[^\s\u3000-\u303F\uFF00-\uFF65]+`,
    String.raw`(?<=^|\s)[^\s\/@]{1,253}\.[a-z]{2,24}[\/?#][^\s\u3000-\u303F\uFF00-\uFF65]*`,
  ].join('|'),
  'giu',
)

/** The range in the middle of which a place is; they are in order of their beginnings, and lines of code may hold links. */
const rangeAt = (ranges: readonly Range[], place: number): Range | undefined => {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle]?.[0] ?? 0) < place) low = middle + 1
    else high = middle
  }
  for (let index = low - 1; index >= Math.max(0, low - 2); index -= 1) {
    const range = ranges[index]
    if (range !== undefined && place < range[1]) return range
  }
  return undefined
}
