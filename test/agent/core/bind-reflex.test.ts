import { describe, expect, test } from 'vitest'
import {
  bindAnswer,
  bindReflex,
  type HeldReflex,
  type Matching,
  type PostedMessage,
  type SentReflex,
} from '../../../src/agent/core/bind-reflex.ts'

const NOW = 1_000_000
const WINDOW = 600_000
const byText: Matching = { match: 'text', windowMs: WINDOW, now: NOW }
const byPosition: Matching = { ...byText, match: 'position' }

/** A message is POSTed first at the sequence number that is its id. */
const inFlight = (id: number, posts = 1, reflexes = 0): PostedMessage => ({
  id,
  posts,
  reflexes,
  firstPostSeq: id,
  hasOwn: reflexes > 0,
  hadSocket: true,
})
const answered = (
  id: number,
  firstSays: string | undefined,
  {
    posts = 1,
    reflexes = 0,
    atMs = NOW - 1_000,
    firstIsLive = true,
    lateReflex = true,
    hadSocket = true,
    reflexSays = undefined as string | undefined,
  } = {},
): PostedMessage => ({
  ...inFlight(id, posts, reflexes),
  hadSocket,
  ...(reflexSays && { reflexSays }),
  answer: { atMs, firstIsLive, lateReflex, ...(firstSays && { firstSays }) },
})
const unsent = (message: PostedMessage): PostedMessage => ({ ...message, unsent: true })
const sent = (
  commandId: string,
  says: string,
  receivedSeq: number,
  notStarted = false,
  mayBeOthers = false,
): SentReflex => ({
  mayBeOthers,
  commandId,
  says,
  receivedSeq,
  notStarted,
})

const held = (
  commandId: string,
  says: string,
  receivedSeq: number,
  { expected = false, messageId = 1 } = {},
): HeldReflex => ({ commandId, says, receivedSeq, expected, messageId })

describe('a reflex arrives', () => {
  const isStock = () => false
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
      { rule: 'R2', act: 'bind', messageId: 1, bond: 'firm' },
    ],
    [
      'R2: names a message whose first bubble is on its way',
      { says: 'x', named: answered(1, 'y') },
      [],
      [],
      { rule: 'R2', act: 'bind', messageId: 1, bond: 'firm' },
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
    [
      'R3b: the answer was faster',
      { says: 'x' },
      [answered(1, 'x')],
      [],
      { rule: 'R3b', act: 'bind', messageId: 1, bond: 'firm' },
    ],
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
      'R3b: another one begins with the same words',
      { says: 'x' },
      [unsent(answered(1, 'x')), answered(2, 'x')],
      [],
      { rule: 'R3b', act: 'bind', messageId: 2, bond: 'firm' },
    ],
    [
      'R3b: the late reflex of a retry',
      { says: 'x' },
      [answered(1, 'x', { posts: 2, reflexes: 1 })],
      [],
      { rule: 'R3b', act: 'bind', messageId: 1, bond: 'firm' },
    ],
    [
      'R3b: the oldest of two answers',
      { says: 'x' },
      [answered(1, 'x'), answered(2, 'x')],
      [],
      { rule: 'R3b', act: 'bind', messageId: 1, bond: 'firm' },
    ],
    [
      'R3b: the second of two, the first being full',
      { says: 'x' },
      [answered(1, 'x', { reflexes: 1 }), answered(2, 'x')],
      [],
      { rule: 'R3b', act: 'bind', messageId: 2, bond: 'firm' },
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
      'R3b: the clock was set back since the answer',
      { says: 'x' },
      [answered(1, 'x', { atMs: NOW + 5_000_000 })],
      [],
      { rule: 'R3b', act: 'bind', messageId: 1, bond: 'firm' },
    ],
    [
      'R4: the second reflex of a retry',
      { says: 'x' },
      [inFlight(1, 2)],
      [sent('a', 'x', 2)],
      { rule: 'R4', act: 'bind', messageId: 1, bond: 'firm' },
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
    ['R5: out of the blue', { says: 'x' }, [], [], { rule: 'R5', act: 'send', mayBeOthers: false }],
    [
      'R5: may be the late one of a message that was answered otherwise',
      { says: 'x' },
      [answered(1, undefined), inFlight(2)],
      [],
      { rule: 'R5', act: 'send', mayBeOthers: true },
    ],
    [
      'R3a: a stock line, and none can come for the answered one any more',
      { says: 'stock' },
      [answered(1, 'stock', { lateReflex: false }), inFlight(2)],
      [],
      { rule: 'R3a', act: 'send' },
    ],
    [
      'R3b: the same, but the one in flight has had its reflex',
      { says: 'stock' },
      [answered(1, 'stock', { lateReflex: false }), inFlight(2)],
      [sent('a', 'stock', 3)],
      { rule: 'R3b', act: 'bind', messageId: 1, bond: 'open' },
    ],
    [
      'R3b: the same, but one may still come for the answered one',
      { says: 'stock' },
      [answered(1, 'stock'), inFlight(2)],
      [],
      { rule: 'R3b', act: 'bind', messageId: 1, bond: 'expected' },
    ],
    [
      'R3b: the same, but only one message had that line so far',
      { says: 'x' },
      [answered(1, 'x', { lateReflex: false }), inFlight(2)],
      [],
      { rule: 'R3b', act: 'bind', messageId: 1, bond: 'open' },
    ],
    [
      'R3a: another one was answered otherwise a moment ago',
      { says: 'x' },
      [answered(1, 'x', { lateReflex: false }), answered(2, undefined)],
      [],
      { rule: 'R3a', act: 'send' },
    ],
    [
      'R3a: the retry of the one in flight goes on to R4',
      { says: 'stock' },
      [inFlight(1, 2), answered(2, 'stock', { lateReflex: false }), inFlight(3)],
      [sent('a', 'stock', 2)],
      { rule: 'R4', act: 'bind', messageId: 1, bond: 'expected' },
    ],
    [
      'R5: no WebSocket was open while the answered one was in flight',
      { says: 'x' },
      [answered(1, 'x', { hadSocket: false })],
      [],
      { rule: 'R5', act: 'send' },
    ],
    [
      "R3b: the retry's reflex of one that was answered otherwise",
      { says: 'hm' },
      [answered(1, 'x', { posts: 2, reflexes: 1, reflexSays: 'hm' })],
      [],
      { rule: 'R3b', act: 'bind', messageId: 1, bond: 'firm' },
    ],
    [
      'R5: that one was held back already',
      { says: 'x' },
      [inFlight(1, 2, 1), inFlight(2)],
      [sent('a', 'x', 2)],
      { rule: 'R5', act: 'send' },
    ],
    [
      'R5: the same words are of a message before the one that was retried',
      { says: 'x' },
      [inFlight(1), inFlight(3, 2)],
      [sent('a', 'x', 2)],
      { rule: 'R5', act: 'send' },
    ],
  ]
  test.each(rows)('%s', (_name, reflex, messages, unmatched, expected) => {
    const decision = bindReflex({ ...reflex, isStock: () => reflex.says === 'stock' }, { messages, unmatched }, byText)
    expect(decision).toMatchObject(expected)
  })

  test('by position the words do not matter', () => {
    expect(
      bindReflex({ says: 'x', isStock }, { messages: [answered(1, 'y')], unmatched: [] }, byPosition),
    ).toMatchObject({
      rule: 'R3b',
    })
    expect(
      bindReflex({ says: 'x', isStock }, { messages: [answered(1, undefined)], unmatched: [] }, byPosition),
    ).toMatchObject({
      rule: 'R5',
    })
  })
})

describe('an answer arrives', () => {
  const rows: [
    name: string,
    answer: { firstSays?: string; firstPostSeq: number; lacks?: number; named?: SentReflex },
    unmatched: SentReflex[],
    expected: object,
    others?: { held?: HeldReflex[]; others?: PostedMessage[] },
  ][] = [
    [
      'A1: its reflex named it',
      { firstSays: 'x', firstPostSeq: 1, named: sent('n', 'y', 2) },
      [sent('a', 'x', 3)],
      { own: [], rule: 'A1', reflex: 'n' },
    ],
    [
      'A1: the oldest reflex that says it',
      { firstSays: 'x', firstPostSeq: 1 },
      [sent('b', 'x', 4), sent('a', 'x', 2)],
      { own: [], rule: 'A1', reflex: 'a' },
    ],
    [
      'A1: another reflex came in between',
      { firstSays: 'x', firstPostSeq: 1 },
      [sent('a', 'y', 2), sent('b', 'x', 3)],
      { own: [{ reflex: 'a', says: 'y', act: 'bind' }], rule: 'A1', reflex: 'b' },
    ],
    [
      'A2: the reflex never started',
      { firstSays: 'x', firstPostSeq: 1 },
      [sent('a', 'x', 2, true)],
      { own: [], rule: 'A2', reflex: 'a' },
    ],
    [
      'A2: the one that named it never started',
      { firstSays: 'x', firstPostSeq: 1, named: sent('n', 'x', 2, true) },
      [],
      { own: [], rule: 'A2', reflex: 'n' },
    ],
    [
      'A3: the reflex is older than the message',
      { firstSays: 'x', firstPostSeq: 3 },
      [sent('a', 'x', 2)],
      { own: [], rule: 'A3', mismatch: false },
    ],
    [
      'A3: the reflex says something else',
      { firstSays: 'x', firstPostSeq: 1 },
      [sent('a', 'y', 2)],
      { own: [{ reflex: 'a', says: 'y', act: 'bind' }], rule: 'A3', mismatch: true },
    ],
    ['A3: no reflex', { firstSays: 'x', firstPostSeq: 1 }, [], { own: [], rule: 'A3', mismatch: false }],
    [
      'A4: no bubbles, and the reflex can be of no other message',
      { firstPostSeq: 1 },
      [sent('a', 'x', 2)],
      { own: [{ reflex: 'a', says: 'x', act: 'bind' }], rule: 'A3', mismatch: false },
    ],
    [
      'A3: no bubbles, and the reflex may be of another message in flight',
      { firstPostSeq: 1 },
      [sent('a', 'x', 2)],
      { own: [], rule: 'A3', mismatch: false },
      { others: [inFlight(3)] },
    ],
    [
      'A3: no bubbles, and the reflex may be of one that was answered otherwise',
      { firstPostSeq: 1 },
      [sent('a', 'x', 2, false, true)],
      { own: [], perhaps: ['a'], rule: 'A3' },
    ],
    [
      'A3: no bubbles, and the reflex may be its own or of another message in flight',
      { firstPostSeq: 1, lacks: 1 },
      [sent('a', 'x', 2)],
      { own: [], perhaps: ['a'], rule: 'A3' },
      { others: [inFlight(3)] },
    ],
    [
      'A1b: what was held back for another message was this one',
      { firstSays: 'x', firstPostSeq: 2 },
      [],
      { own: [], rule: 'A1b', reflex: 'a', takenFor: 1 },
      { held: [held('a', 'x', 3, { expected: true })] },
    ],
    [
      'A3: what was held back came before this message',
      { firstSays: 'x', firstPostSeq: 4 },
      [],
      { own: [], rule: 'A3', mismatch: false },
      { held: [held('a', 'x', 3)] },
    ],
    [
      'A4: what was held back for a message that could not get one any more is sent',
      { firstPostSeq: 2 },
      [],
      { own: [{ reflex: 'a', says: 'x', act: 'send' }], rule: 'A3', mismatch: false },
      { held: [held('a', 'x', 3)] },
    ],
    [
      'A1: it has its reflex, so what was held back for another message is none of its own',
      { firstSays: 'x', firstPostSeq: 2, lacks: 1 },
      [sent('b', 'x', 4)],
      { own: [], rule: 'A1', reflex: 'b' },
      { held: [held('a', 'y', 3)] },
    ],
    [
      'A3: what was held back for a message that could get one: nobody can tell',
      { firstPostSeq: 2 },
      [],
      { own: [], rule: 'A3', mismatch: false },
      { held: [held('a', 'x', 3, { expected: true })] },
    ],
  ]
  test.each(rows)('%s', (_name, answer, unmatched, expected, { held = [], others = [] } = {}) => {
    expect(bindAnswer({ lacks: 2, ...answer }, { unmatched, held, others }, 'text')).toMatchObject(expected)
  })

  test('by position the oldest reflex is bound, whatever it says', () => {
    expect(
      bindAnswer(
        { firstSays: 'x', firstPostSeq: 1, lacks: 1 },
        { unmatched: [sent('a', 'y', 2)], held: [], others: [] },
        'position',
      ),
    ).toMatchObject({ own: [], rule: 'A1', reflex: 'a' })
  })
})
