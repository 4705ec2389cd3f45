import { describe, expect, test } from 'vitest'
import { judgeLoop, type Turn } from '../../../src/agent/core/judge-loop.ts'

const RULES = { rounds: 30, gapMs: 30_000 }

/** Rounds in which the other side takes so long and says that; we take four seconds. */
const chat = (rounds: number, tookMs: (n: number) => number, says: (n: number) => string): Turn[] => {
  let atMs = 0
  return Array.from({ length: rounds }, (_, n): Turn[] => {
    const sentMs = atMs + 4_000
    atMs = sentMs + tookMs(n)
    return [
      { kind: 'sent', atMs: sentMs },
      { kind: 'incoming', atMs, says: says(n) },
    ]
  }).flat()
}
const other = (n: number) => `words ${n}`

describe('two machines', () => {
  test('that answer each other at once are a loop after thirty rounds, and not before', () => {
    expect(
      judgeLoop(
        chat(29, () => 800, other),
        RULES,
      ),
    ).toBe('none')
    expect(
      judgeLoop(
        chat(30, () => 800, other),
        RULES,
      ),
    ).toBe('rounds')
  })

  test('of which the other thinks for eight seconds are one after sixty', () => {
    expect(
      judgeLoop(
        chat(59, () => 8_000, other),
        RULES,
      ),
    ).toBe('none')
    expect(
      judgeLoop(
        chat(60, () => 8_000, other),
        RULES,
      ),
    ).toBe('rounds')
  })

  test('of which the other says the same each time are one after six', () => {
    expect(
      judgeLoop(
        chat(
          5,
          () => 1_000,
          () => 'driving',
        ),
        RULES,
      ),
    ).toBe('none')
    expect(
      judgeLoop(
        chat(
          6,
          () => 1_000,
          () => 'driving',
        ),
        RULES,
      ),
    ).toBe('same_words')
  })

  test('that send several texts a round are counted by rounds', () => {
    const turns = chat(29, () => 800, other).flatMap(turn => [turn, turn])
    expect(judgeLoop(turns, RULES)).toBe('none')
  })
})

/** Two lines right after one another, and a third after a while. */
const burst = (n: number) => (n % 3 === 2 ? 12_000 : 1_500)

describe('a person', () => {
  test('in a lively chat is none: thirty turns in twenty minutes', () => {
    const pace = (n: number) => 8_000 + ((n * 7_919) % 56_000)
    expect(judgeLoop(chat(30, pace, other), RULES)).toBe('none')
  })

  test('who is quick, and yet reads, is none: forty turns of five to twenty-five seconds', () => {
    const pace = (n: number) => 5_000 + ((n * 7_919) % 20_000)
    expect(judgeLoop(chat(40, pace, other), RULES)).toBe('none')
  })

  test('who says "next" eleven times, reading in between, is none', () => {
    expect(
      judgeLoop(
        chat(
          11,
          () => 15_000,
          () => 'next',
        ),
        RULES,
      ),
    ).toBe('none')
  })

  test('who writes three lines at a time, each answered at once, and then reads is none: sixty turns', () => {
    expect(judgeLoop(chat(60, burst, other), RULES)).toBe('none')
  })

  test('who chats for a quarter of an hour is none: eighty turns of three to twenty seconds', () => {
    const pace = (n: number) => 3_000 + ((n * 7_919) % 17_000)
    expect(judgeLoop(chat(80, pace, other), RULES)).toBe('none')
  })

  test('who says "yes" eleven times, one answer in five after six seconds, is none', () => {
    const pace = (n: number) => (n % 4 === 0 ? 6_000 : 2_500)
    expect(
      judgeLoop(
        chat(11, pace, () => 'yes'),
        RULES,
      ),
    ).toBe('none')
  })

  test('who makes one pause begins anew', () => {
    expect(
      judgeLoop(
        chat(58, n => (n === 29 ? 31_000 : 500), other),
        RULES,
      ),
    ).toBe('none')
  })

  test('who writes much, and gets no answer, is none', () => {
    const turns = Array.from({ length: 200 }, (_, n): Turn => ({ kind: 'incoming', atMs: n, says: 'hello?' }))
    expect(judgeLoop(turns, RULES)).toBe('none')
  })
})

test('nothing is a loop where that is switched off', () => {
  expect(
    judgeLoop(
      chat(
        500,
        () => 1,
        () => 'x',
      ),
      { ...RULES, rounds: 0 },
    ),
  ).toBe('none')
})
