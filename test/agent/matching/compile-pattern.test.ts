import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern, PatternError } from '../../../src/agent/matching/compile-pattern.ts'

const found = (source: string, text: string): string[] =>
  compilePattern(source)
    .findAll(text)
    .map(({ start, end }) => text.slice(start, end))

test.each([
  ['pizza|pasta', 'PIZZA please', true],
  ['äpfel', 'ÄPFEL', true],
  ['^\\d{3}-\\d{4}$', '555-0100', true],
  ['\\p{L}+ \\p{N}', 'π 3', true],
  ['(?-i)Pizza', 'pizza', false],
  ['pizza', 'pi\u200bzza', false],
])('%s in "%s": %s', (source, text, expected) => {
  expect(compilePattern(source).test(text)).toBe(expected)
})

test('what is found is where a slice of the text has it, emoji before it or not', () => {
  expect(found('order \\d+', '😀👩‍👩‍👧 Order 12, 🇩🇪 ORDER 345')).toEqual(['Order 12', 'ORDER 345'])
  expect(compilePattern('b').findAll('😀b')).toEqual([{ start: 2, end: 3 }])
  expect(compilePattern('😀').findAll('a😀😀')).toEqual([
    { start: 1, end: 3 },
    { start: 3, end: 5 },
  ])
})

test('an empty match is none', () => {
  expect(found('\\bx*', 'a xx b')).toEqual(['xx'])
})

test('it finds what a regular expression of JavaScript finds', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', 'A', ' ', '1', '😀', 'ä', '\n')).map(parts => parts.join(''))
  const sources = fc.constantFrom('a+', 'ab|b', '[^a]b?', 'a*b', '\\d', 'a.', '(a|ab)(b|$)', '😀')
  fc.assert(
    fc.property(texts, sources, (text, source) => {
      const expected = [...text.matchAll(new RegExp(source, 'giu'))].map(([match]) => match).filter(match => match)
      expect(found(source, text)).toEqual(expected)
    }),
  )
})

describe('no pattern takes long', () => {
  const LONG = 'a'.repeat(20_000)
  test.each([
    '(a+)+$b',
    '(a|aa)+b',
    '(a|a)*b',
    '(.*a){20}b',
    '(x+x+)+y',
    '([a-z]+)*1',
    '(a?){50}a{50}b',
    '(.*)(.*)(.*)b',
  ])('%s in a text that is made for it', source => {
    expect(compilePattern(source).test(LONG)).toBe(false)
  })

  test('neither where each of many matches looks through the rest of the text: too much is found then', () => {
    const [last] = compilePattern('a.*b|a').findAll(LONG.repeat(5)).slice(-1)
    expect(last?.end).toBe(100_000)
  })
})

describe('what it does not take', () => {
  test.each([
    ['(?<=a)b', 'lookaround'],
    ['a(?!b)', 'lookaround'],
    ['(a)\\1', 'a back-reference'],
    ['(?>a)', 'a possessive or atomic group'],
    ['a++', 'a possessive or atomic group'],
    ['a{1001}', 'repeats more than 1000 times'],
    ['((a{30}){30}){2}', 'repeats'],
    ['[a-z]{900}', 'repeats too much'],
    ['(', 'missing closing )'],
    ['[z-a]', 'z-a'],
    ['x*', 'matches every text'],
    ['foo|', 'matches every text'],
    ['a'.repeat(1_001), 'one of 1001 characters'],
  ])('%s: %s', (source, why) => {
    expect(() => compilePattern(source)).toThrow(PatternError)
    expect(() => compilePattern(source)).toThrow(why)
  })
})
