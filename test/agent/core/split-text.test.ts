import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_BUBBLE_LENGTH } from '../../../src/agent/core/limits.ts'
import { splitText } from '../../../src/agent/core/split-text.ts'

const FAMILY = '👨‍👩‍👧‍👦'

test.each<[what: string, text: string, maxLength: number, parts: readonly string[]]>([
  ['what fits is left as it is', ' a\n\n b ', 7, [' a\n\n b ']],
  ['at a paragraph, though a sentence ends later', 'One. Two.\n\nThree. Four.', 18, ['One. Two.', 'Three. Four.']],
  ['at a line, where there is no paragraph', 'milk\nbread\nbutter and jam', 14, ['milk\nbread', 'butter and jam']],
  ['at a sentence, where there is no line', 'It is late. We go home now.', 20, ['It is late.', 'We go home now.']],
  [
    'behind the quotation mark that closes it',
    '“It is late.” We go home now.',
    20,
    ['“It is late.”', 'We go home now.'],
  ],
  ['at a sentence without a space', '天色已晚。我们现在回家。', 8, ['天色已晚。', '我们现在回家。']],
  ['at a word, where no sentence ends', 'one two three four', 9, ['one two', 'three', 'four']],
  ['not where a paragraph ends at once', 'A\n\nbbbb bbbb. cccc cccc', 14, ['A\n\nbbbb bbbb.', 'cccc cccc']],
  ['at no non-breaking space', 'about 10\u00a0000 people', 11, ['about', '10\u00a0000', 'people']],
  ['in no link', 'see https://a.example/b.c?d=e!f now', 12, ['see', 'https://a.example/b.c?d=e!f', 'now']],
  ['in no link without a scheme', 'see example.com/aaaaaaaaaaaa now', 12, ['see', 'example.com/aaaaaaaaaaaa', 'now']],
  [
    'in no words of a link',
    'see [the long words](https://a.example) now',
    20,
    ['see', '[the long words](https://a.example)', 'now'],
  ],
  ['in no emoji', `${FAMILY}${FAMILY}${FAMILY}`, 25, [`${FAMILY}${FAMILY}`, FAMILY]],
  ['in none that is longer than a bubble may be', `${FAMILY}${FAMILY}`, 5, [FAMILY, FAMILY]],
  ['in no letter with marks', 'e\u0301'.repeat(4), 5, ['e\u0301'.repeat(2), 'e\u0301'.repeat(2)]],
  ['in a long word, where nothing else is left', 'a'.repeat(25), 10, ['a'.repeat(10), 'a'.repeat(10), 'aaaaa']],
  [
    'between the lines of code, with their indentation',
    'Do:\n```\nif (a) {\n  b.c()\n  d. e\n}\n```\nDone.',
    20,
    ['Do:\n```\nif (a) {', '  b.c()\n  d. e\n}\n```', 'Done.'],
  ],
  ['in no line of code', '```\naaa bbb ccc ddd\n```\nDone.', 12, ['```', 'aaa bbb ccc ddd', '```\nDone.']],
  [
    'in front of code rather than in it',
    'Do this now:\n```\naaa\nbbb\n```',
    22,
    ['Do this now:', '```\naaa\nbbb\n```'],
  ],
])('a text that is too long is cut %s', (_what, text, maxLength, parts) => {
  expect(splitText(text, maxLength)).toEqual(parts)
})

test('a link that no bubble can hold is cut, and so is a letter with more marks than that', () => {
  const link = `https://a.example/${'b'.repeat(2 * MAX_BUBBLE_LENGTH)}`
  const letter = `e${'\u0301'.repeat(2 * MAX_BUBBLE_LENGTH)}`
  for (const text of [link, letter, `a ${link}`, `a ${letter}`]) {
    const parts = splitText(text, MAX_BUBBLE_LENGTH)
    expect(parts.every(part => part.length <= MAX_BUBBLE_LENGTH)).toBe(true)
    expect(parts.join('')).toBe(text.replace(' ', ''))
  }
})

describe('whatever the text', () => {
  const words = fc.constantFrom(
    'a',
    'word',
    'end.',
    '\n',
    '\n\n',
    ' ',
    '\t',
    '```\n',
    'https://a.example/b?c ',
    FAMILY,
    '字',
    'é',
    '\ud83d\ude00',
  )
  const texts = fc.oneof(
    fc.array(words, { maxLength: 200 }).map(parts => parts.join('')),
    fc.string({ unit: 'grapheme', maxLength: 400 }),
    fc.string({ unit: 'binary', maxLength: 400 }),
  )
  test('all of it is in the parts, in order, but for white space; each is well-formed where it was', () => {
    const inked = (text: string) => text.replace(/\s+/g, '')
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 60 }), (text, maxLength) => {
        const parts = splitText(text, maxLength)
        const isInvisible = inked(text).length !== inked(parts.join('')).length
        // A part in which there is nothing to see is none.
        if (!isInvisible) expect(inked(parts.join(''))).toBe(inked(text))
        expect(parts.every(part => part.isWellFormed())).toBe(text.isWellFormed())
        expect(parts.every(part => part.length <= MAX_BUBBLE_LENGTH)).toBe(true)
      }),
    )
  })

  test('parts of ordinary words are no longer than they may be', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'some', 'words.', 'and', '\n\n', 'more'), { maxLength: 300 }),
        words => {
          expect(splitText(words.join(' '), 30).every(part => part.length <= 30)).toBe(true)
        },
      ),
    )
  })
})

test('a megabyte of anything is cut in little time', () => {
  const shapes = ['x', ' ', 'a ', '[', 'a.', 'https://', '```\n', '字', '.', 'e\u0301', '\u0301', '\n', '。」']
  for (const shape of shapes) {
    const began = performance.now()
    splitText(`${shape.repeat(1e6 / shape.length)}x`, MAX_BUBBLE_LENGTH)
    expect(performance.now() - began, JSON.stringify(shape)).toBeLessThan(2_000)
  }
})
