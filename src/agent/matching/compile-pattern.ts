import { createRequire } from 'node:module'

/** A stretch of a text: from `start` up to `end`, in UTF-16 units as `String.slice` counts them. */
export type Span = { readonly start: number; readonly end: number }

export type Pattern = {
  readonly test: (text: string) => boolean
  /**
   * Where it matches, from left to right, without overlaps and without empty matches. Where a text is made for it to take
   * too long, the last span reaches to the end of the text: whoever takes out what is found takes out too much, not too little.
   */
  readonly findAll: (text: string) => readonly Span[]
}

/** What is wrong with a pattern, as the end of "found …". */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

/**
 * A regular expression of RE2's syntax (https://github.com/google/re2/wiki/Syntax), whatever the case of letters: no
 * lookaround, no back-references, and so one pass over the text, whatever pattern and text are.
 *
 * @throws PatternError
 */
export const compilePattern = (source: string): Pattern => {
  if (source.length > MAX_LENGTH) throw new PatternError(`one of ${source.length} characters`)
  const matchable = parse(source)
  if (matchable.programSize() > MAX_PROGRAM) throw new PatternError('one that repeats too much to be fast')
  if (matchable.test('') && matchable.test('\u{10ffff}')) throw new PatternError('one that matches every text')
  return {
    test: text => matchable.test(text),
    findAll: text => findAll(matchable.matcher(text), text),
  }
}

/** What a pattern has to be, as the end of "expected …". */
export const PATTERN_EXPECTS =
  'a regular expression without lookaround and back-references (RE2), up to 1000 characters'

const MAX_LENGTH = 1_000
/** In steps of RE2's machine: a text of 20,000 characters then takes a fraction of a second at the worst. */
const MAX_PROGRAM = 500
/** Each search is one pass; a text in which there are many that all run to its end could still take long. */
const MAX_CPU_US = 500_000
const CHECK_EVERY = 32

type Re2 = typeof import('re2js')
const require = createRequire(import.meta.url)
let engine: Re2 | undefined
/** Some 6 MB: only for those who have a pattern. */
const re2 = (): Re2 => {
  engine ??= require('re2js') as Re2
  return engine
}

const parse = (source: string): InstanceType<Re2['RE2JS']> => {
  const { RE2JS } = re2()
  try {
    return RE2JS.compile(source, RE2JS.CASE_INSENSITIVE)
  } catch (error) {
    throw new PatternError(explain(source, String((error as Error).message)))
  }
}

const findAll = (matcher: import('re2js').Matcher, text: string): readonly Span[] => {
  const spans: Span[] = []
  const begun = process.cpuUsage()
  for (let found = 1; matcher.find(); found++) {
    const span = { start: matcher.start(), end: matcher.end() }
    const { user, system } = found % CHECK_EVERY === 0 ? process.cpuUsage(begun) : NOTHING
    if (user + system > MAX_CPU_US) return [...spans, { start: span.start, end: text.length }]
    if (span.end > span.start) spans.push(span)
  }
  return spans
}

const NOTHING = { user: 0, system: 0 }

const explain = (source: string, message: string): string => {
  if (/\(\?<?[=!]/.test(source)) return 'lookaround, such as (?=…) or (?<!…)'
  if (/\\[1-9]|\\k</.test(source)) return 'a back-reference, such as \\1'
  if (/\(\?>|[*+?}]\+/.test(source)) return 'a possessive or atomic group'
  if (message.includes('invalid repeat count')) return 'one that repeats more than 1000 times'
  return message.replace(/^error parsing regexp: /, '').replace('`(?i)', '`')
}
