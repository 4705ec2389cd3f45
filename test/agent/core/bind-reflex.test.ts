import { describe, expect, test } from 'vitest'
import {
  bindAnswer,
  bindReflex,
  type Matching,
  type PostedMessage,
  type SentReflex,
} from '../../../src/agent/core/bind-reflex.ts'

const NOW = 1_000_000
const WINDOW = 600_000
const byText: Matching = { match: 'text', windowMs: WINDOW, now: NOW }
const byPosition: Matching = { ...byText, match: 'position' }

const inFlight = (id: number, posts = 1, reflexes = 0): PostedMessage => ({ id, posts, reflexes })
const answered = (
  id: number,
  firstSays: string | undefined,
  { posts = 1, reflexes = 0, atMs = NOW - 1_000, firstIsLive = true } = {},
): PostedMessage => ({ id, posts, reflexes, answer: { atMs, firstIsLive, ...(firstSays && { firstSays }) } })
const unsent = (message: PostedMessage): PostedMessage => ({ ...message, unsent: true })
const sent = (commandId: string, says: string, receivedSeq: number, notStarted = false): SentReflex => ({
  commandId,
  says,
  receivedSeq,
  receivedMs: NOW - 5_000,
  notStarted,
})

describe('a reflex arrives', () => {
  const rows: [
    name: string,
    reflex: { says: string; named?: PostedMessage },
    messages: PostedMessage[],
    unmatched: SentReflex[],
    expected: object,
  ][] = [
    [
      'R2: names a message without a reflex',
      { says: 'x', named: inFlight(1) },
      [inFlight(1)],
      [],
      { rule: 'R2', act: 'send', messageId: 1 },
    ],
    [
      'R2: names a message that has one',
      { says: 'x', named: inFlight(1, 2, 1) },
      [],
      [],
      { rule: 'R2', act: 'bind', messageId: 1 },
    ],
    [
      'R2: names a message whose first bubble is on its way',
      { says: 'x', named: answered(1, 'y') },
      [],
      [],
      { rule: 'R2', act: 'bind', messageId: 1 },
    ],
    [
      'R2: names a message whose first bubble failed',
      { says: 'x', named: answered(1, 'x', { firstIsLive: false }) },
      [],
      [],
      { rule: 'R2', act: 'send', messageId: 1 },
    ],
    [
      'R2: names a message that was answered with nothing',
      { says: 'x', named: answered(1, undefined, { firstIsLive: false }) },
      [],
      [],
      { rule: 'R2', act: 'send', messageId: 1 },
    ],
    ['R3: the answer was faster', { says: 'x' }, [answered(1, 'x')], [], { rule: 'R3', act: 'bind', messageId: 1 }],
    [
      'R6: names a message that was unsent',
      { says: 'x', named: unsent(inFlight(1)) },
      [unsent(inFlight(1)), inFlight(2)],
      [],
      { rule: 'R6', act: 'refuse' },
    ],
    [
      'R6: can only be for one that was unsent in flight',
      { says: 'x' },
      [answered(1, 'y', { reflexes: 1 }), unsent(inFlight(2))],
      [],
      { rule: 'R6', act: 'refuse' },
    ],
    [
      'R6: is what an answer to one that was unsent begins with',
      { says: 'x' },
      [unsent(answered(1, 'x'))],
      [],
      { rule: 'R6', act: 'refuse' },
    ],
    [
      'R5: may be for another one in flight',
      { says: 'x' },
      [unsent(inFlight(1)), inFlight(2)],
      [],
      { rule: 'R5', act: 'send' },
    ],
    [
      'R5: the one that was unsent has its reflex already',
      { says: 'x' },
      [unsent(inFlight(1, 1, 1))],
      [],
      { rule: 'R5', act: 'send' },
    ],
    [
      'R3: another one begins with the same words',
      { says: 'x' },
      [unsent(answered(1, 'x')), answered(2, 'x')],
      [],
      { rule: 'R3', act: 'bind', messageId: 2 },
    ],
    [
      'R3: the late reflex of a retry',
      { says: 'x' },
      [answered(1, 'x', { posts: 2, reflexes: 1 })],
      [],
      { rule: 'R3', act: 'bind', messageId: 1 },
    ],
    [
      'R3: the oldest of two answers',
      { says: 'x' },
      [answered(1, 'x'), answered(2, 'x')],
      [],
      { rule: 'R3', act: 'bind', messageId: 1 },
    ],
    [
      'R3: the second of two, the first being full',
      { says: 'x' },
      [answered(1, 'x', { reflexes: 1 }), answered(2, 'x')],
      [],
      { rule: 'R3', act: 'bind', messageId: 2 },
    ],
    [
      'R5: the answer has its reflex already',
      { says: 'x' },
      [answered(1, 'x', { reflexes: 1 })],
      [],
      { rule: 'R5', act: 'send' },
    ],
    ['R5: the answer says something else', { says: 'x' }, [answered(1, 'y')], [], { rule: 'R5', act: 'send' }],
    [
      'R5: the answer is older than the window',
      { says: 'x' },
      [answered(1, 'x', { atMs: NOW - WINDOW - 1 })],
      [],
      { rule: 'R5', act: 'send' },
    ],
    [
      'R3: the clock was set back since the answer',
      { says: 'x' },
      [answered(1, 'x', { atMs: NOW + 5_000_000 })],
      [],
      { rule: 'R3', act: 'bind', messageId: 1 },
    ],
    [
      'R4: the second reflex of a retry',
      { says: 'x' },
      [inFlight(1, 2)],
      [sent('a', 'x', 2)],
      { rule: 'R4', act: 'hold' },
    ],
    [
      'R5: the same words, but nothing was retried',
      { says: 'x' },
      [inFlight(1), inFlight(2)],
      [sent('a', 'x', 2)],
      { rule: 'R5', act: 'send' },
    ],
    [
      'R5: a retry is on, but nobody said this yet',
      { says: 'x' },
      [inFlight(1, 2)],
      [sent('a', 'y', 2)],
      { rule: 'R5', act: 'send' },
    ],
    ['R5: out of the blue', { says: 'x' }, [], [], { rule: 'R5', act: 'send' }],
  ]
  test.each(rows)('%s', (_name, reflex, messages, unmatched, expected) => {
    expect(bindReflex(reflex, { messages, unmatched }, byText)).toEqual(expected)
  })

  test('by position the words do not matter', () => {
    expect(bindReflex({ says: 'x' }, { messages: [answered(1, 'y')], unmatched: [] }, byPosition)).toMatchObject({
      rule: 'R3',
    })
    expect(bindReflex({ says: 'x' }, { messages: [answered(1, undefined)], unmatched: [] }, byPosition)).toMatchObject({
      rule: 'R5',
    })
  })
})

describe('an answer arrives', () => {
  const rows: [
    name: string,
    answer: { firstSays?: string; firstPostSeq: number; named?: SentReflex },
    unmatched: SentReflex[],
    expected: object,
  ][] = [
    [
      'A1: its reflex named it',
      { firstSays: 'x', firstPostSeq: 1, named: sent('n', 'y', 2) },
      [sent('a', 'x', 3)],
      { rule: 'A1', reflex: 'n' },
    ],
    [
      'A1: the oldest reflex that says it',
      { firstSays: 'x', firstPostSeq: 1 },
      [sent('b', 'x', 4), sent('a', 'x', 2)],
      { rule: 'A1', reflex: 'a' },
    ],
    [
      'A1: another reflex came in between',
      { firstSays: 'x', firstPostSeq: 1 },
      [sent('a', 'y', 2), sent('b', 'x', 3)],
      { rule: 'A1', reflex: 'b' },
    ],
    [
      'A2: the reflex never started',
      { firstSays: 'x', firstPostSeq: 1 },
      [sent('a', 'x', 2, true)],
      { rule: 'A2', reflex: 'a' },
    ],
    [
      'A2: the one that named it never started',
      { firstSays: 'x', firstPostSeq: 1, named: sent('n', 'x', 2, true) },
      [],
      { rule: 'A2', reflex: 'n' },
    ],
    [
      'A3: the reflex is older than the message',
      { firstSays: 'x', firstPostSeq: 3 },
      [sent('a', 'x', 2)],
      { rule: 'A3', mismatch: false },
    ],
    [
      'A3: the reflex says something else',
      { firstSays: 'x', firstPostSeq: 1 },
      [sent('a', 'y', 2)],
      { rule: 'A3', mismatch: true },
    ],
    ['A3: no reflex', { firstSays: 'x', firstPostSeq: 1 }, [], { rule: 'A3', mismatch: false }],
    ['A3: no bubbles', { firstPostSeq: 1 }, [sent('a', 'x', 2)], { rule: 'A3', mismatch: false }],
  ]
  test.each(rows)('%s', (_name, answer, unmatched, expected) => {
    expect(bindAnswer(answer, unmatched, 'text')).toEqual(expected)
  })

  test('by position the oldest reflex is bound, whatever it says', () => {
    expect(bindAnswer({ firstSays: 'x', firstPostSeq: 1 }, [sent('a', 'y', 2)], 'position')).toEqual({
      rule: 'A1',
      reflex: 'a',
    })
  })
})
