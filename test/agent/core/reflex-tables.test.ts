/**
 * The tables of docs/delivery-rules.md once more, row by row as a person reads them, against bind-reflex.ts, of which they share
 * nothing but the types: for each thread of up to two messages with all that the tables ask about, and each answer.
 */
import { expect, test } from 'vitest'
import {
  type AnswerDecision,
  bindAnswer,
  bindReflex,
  type HeldReflex,
  type OwnReflex,
  type PostedMessage,
  type ReflexDecision,
  type SentReflex,
} from '../../../src/agent/core/bind-reflex.ts'

const WINDOW_MS = 600_000
const NOW = 10 * WINDOW_MS
const MATCHING = { match: 'text', windowMs: WINDOW_MS, now: NOW } as const

/** A reflex that says x arrives. */
type Arrival = {
  readonly named: PostedMessage | undefined
  readonly isStock: boolean
  readonly messages: readonly PostedMessage[]
  readonly unmatched: readonly SentReflex[]
}

const ruleForReflex = ({ named, isStock, messages, unmatched }: Arrival): ReflexDecision => {
  const lacking = (m: PostedMessage) => m.posts > m.reflexes
  const inFlight = messages.filter(m => !m.unsent && !m.answer)
  const answered = messages.filter(m => !m.unsent && m.answer)
  /** More of them wait for a first reflex than came since, for nobody in particular. */
  const awaitOne = (some: readonly PostedMessage[]) => {
    const waiting = some.filter(m => !m.hasOwn)
    if (waiting.length === 0) return false
    const first = waiting.map(m => m.firstPostSeq).sort((a, b) => a - b)[0] ?? 0
    return waiting.length > unmatched.filter(r => r.receivedSeq > first).length
  }

  // R6, R2
  if (named?.unsent) return { rule: 'R6', act: 'refuse' }
  if (named) {
    const isThere = named.reflexes > 0 || named.answer?.firstIsLive
    if (!isThere) return { rule: 'R2', act: 'send', messageId: named.id }
    return { rule: 'R2', act: 'bind', messageId: named.id, bond: 'firm' }
  }

  // R3b, but for R3a
  const isInWindow = (m: PostedMessage) => NOW - (m.answer?.atMs ?? 0) <= WINDOW_MS
  const saysX = (m: PostedMessage) => m.answer?.firstSays === 'x' || m.reflexSays === 'x'
  const faster = answered.filter(m => isInWindow(m) && saysX(m) && lacking(m) && m.hadSocket)
  const its = faster.find(m => m.answer?.lateReflex) ?? faster[0]
  const couldBeSilents = answered.filter(m => m.answer?.firstSays === undefined && m.answer?.lateReflex && lacking(m))
  const isAnothers = its?.answer?.lateReflex === false && (awaitOne(inFlight) ? isStock : awaitOne(couldBeSilents))
  if (its && !isAnothers) {
    const bond = !inFlight.some(lacking) ? 'firm' : its.answer?.lateReflex ? 'expected' : 'open'
    return { rule: 'R3b', act: 'bind', messageId: its.id, bond }
  }

  // R6
  if (inFlight.length === 0 && messages.some(m => m.unsent && lacking(m))) return { rule: 'R6', act: 'refuse' }

  // R4
  const open = [...inFlight, ...answered.filter(m => m.answer?.lateReflex && lacking(m) && m.answer.firstSays !== 'x')]
  const shown = unmatched.filter(r => r.says === 'x')
  const retried = open.find(m => m.posts - m.reflexes >= 2 && shown.some(r => r.receivedSeq > m.firstPostSeq))
  const heldBack = inFlight.reduce((sum, m) => sum + m.reflexes - Number(m.hasOwn), 0)
  const mostOfAsMany = open
    .map(m => m.posts)
    .sort()
    .reverse()
    .slice(0, shown.length)
  if (retried && shown.length + heldBack + 1 <= mostOfAsMany.reduce((sum, n) => sum + n, 0)) {
    return { rule: 'R4', act: 'bind', messageId: retried.id, bond: awaitOne(inFlight) ? 'expected' : 'firm' }
  }

  const mayBeOthers = open.some(m => m.answer)
  return { rule: isAnothers ? 'R3a' : 'R5', act: 'send', mayBeOthers }
}

test('each reflex in each thread is treated as the table says', () => {
  const seen = new Map<string, number>()
  for (const messages of threads()) {
    for (const unmatched of unmatchedSets()) {
      for (const isStock of [false, true]) {
        for (const named of unmatched.length === 0 ? [undefined, ...messages] : [undefined]) {
          const expected = ruleForReflex({ named, isStock, messages, unmatched })
          const reflex = { says: 'x', isStock: () => isStock, ...(named && { named }) }
          const decision = bindReflex(reflex, { messages, unmatched }, MATCHING)
          if (!isSame(decision, expected)) {
            expect(decision, JSON.stringify({ named, isStock, messages, unmatched }, null, 1)).toEqual(expected)
          }
          count(seen, expected)
        }
      }
    }
  }
  expect([...seen.keys()].toSorted()).toEqual([
    'R2 bind firm',
    'R2 send',
    'R3a send',
    'R3b bind expected',
    'R3b bind firm',
    'R3b bind open',
    'R4 bind expected',
    'R4 bind firm',
    'R5 send',
    'R6 refuse',
  ])
})

/** Two messages were POSTed first at 10 and 20. */
function* threads(): Generator<readonly PostedMessage[]> {
  yield []
  for (const one of messageKinds(1)) {
    yield [one]
    for (const two of messageKinds(2)) yield [one, two]
  }
}

const messageKinds = (id: number): readonly PostedMessage[] =>
  [
    { posts: 1, reflexes: 0, hasOwn: false },
    { posts: 1, reflexes: 1, hasOwn: true },
    { posts: 1, reflexes: 1, hasOwn: false },
    { posts: 2, reflexes: 0, hasOwn: false },
    { posts: 2, reflexes: 1, hasOwn: true },
    { posts: 2, reflexes: 1, hasOwn: false },
    { posts: 3, reflexes: 1, hasOwn: true },
  ].flatMap(counts =>
    [{}, ...ANSWERS].flatMap(answer =>
      [{}, { unsent: true }].map(unsent => ({
        id,
        firstPostSeq: id * 10,
        hadSocket: true,
        ...counts,
        ...answer,
        ...unsent,
      })),
    ),
  )

const answer = (firstSays: string | undefined, lateReflex: boolean, { atMs = NOW - 1, firstIsLive = true } = {}) => ({
  answer: { atMs, lateReflex, firstIsLive, ...(firstSays !== undefined && { firstSays }) },
})

const ANSWERS: readonly Partial<PostedMessage>[] = [
  ...[true, false].flatMap(late => [
    answer('x', late),
    answer('y', late),
    answer(undefined, late, { firstIsLive: false }),
    { ...answer('y', late), reflexSays: 'x' },
  ]),
  answer('x', false, { firstIsLive: false }),
  answer('x', true, { atMs: NOW - WINDOW_MS - 1 }),
  { ...answer('x', false), hadSocket: false },
]

const sent = (says: string, receivedSeq: number, { notStarted = false, mayBeOthers = false } = {}): SentReflex => ({
  mayBeOthers,
  commandId: `${says}${receivedSeq}`,
  says,
  receivedSeq,
  notStarted,
})

const unmatchedSets = (): readonly (readonly SentReflex[])[] => [
  [],
  [sent('x', 5)],
  [sent('x', 15)],
  [sent('x', 25)],
  [sent('y', 25)],
  [sent('x', 15), sent('x', 25)],
]

/** The answer for a message that was POSTed first at 10 arrives. */
type Answer = {
  readonly firstSays: 'x' | undefined
  readonly lacks: number
  readonly named: SentReflex | undefined
  readonly unmatched: readonly SentReflex[]
  readonly held: readonly HeldReflex[]
  readonly others: readonly PostedMessage[]
}

const ruleForAnswer = ({ firstSays, lacks, named, ...all }: Answer): AnswerDecision => {
  const since = <R extends SentReflex | HeldReflex>(reflexes: readonly R[]) => reflexes.filter(r => r.receivedSeq > 10)
  const [unmatched, held] = [since(all.unmatched), since(all.held)]
  const its = firstSays && (named ?? unmatched.find(r => r.says === firstSays))
  const moved = firstSays && !its ? held.find(r => r.says === firstSays) : undefined

  // A4, besides. A message that a reflex named has it.
  let left = lacks - (its || moved ? 1 : 0)
  const rooms = all.others.filter(m => !m.unsent).reduce((sum, m) => sum + m.posts - m.reflexes, 0)
  const own: OwnReflex[] = []
  for (const words of named ? [] : ['x', 'y'].toSorted((a, b) => place(a) - place(b))) {
    const shown = unmatched.filter(r => r.says === words && !r.mayBeOthers)
    const loose = held.filter(r => r.says === words && !r.expected)
    const [oldest] = [...shown, ...loose]
    if (words === firstSays || left < 1 || !oldest || shown.length + loose.length <= rooms) continue
    own.push({ reflex: oldest.commandId, says: words, act: shown.length > 0 ? 'bind' : 'send' })
    left -= 1
  }
  function place(words: string): number {
    const index = [...unmatched.filter(r => !r.mayBeOthers), ...held.filter(r => !r.expected)].findIndex(
      r => r.says === words,
    )
    return index < 0 ? Number.POSITIVE_INFINITY : index
  }

  // Where it lacks one still, all others that were shown since may be it.
  const isOwn = (r: SentReflex) => own.some(({ reflex }) => reflex === r.commandId)
  const some = left > 0 && !named ? unmatched.filter(r => r.says !== firstSays && !isOwn(r)) : []
  const perhaps = some.map(r => r.commandId)

  if (its) return { rule: its.notStarted ? 'A2' : 'A1', reflex: its.commandId, own, perhaps }
  if (moved) return { rule: 'A1b', reflex: moved.commandId, takenFor: moved.messageId, own, perhaps }
  return { rule: 'A3', mismatch: firstSays !== undefined && unmatched.length > 0, own, perhaps }
}

test('each answer beside all that may have come is treated as the table says', () => {
  const seen = new Map<string, number>()
  for (const { firstSays, lacks, named, ...thread } of answers()) {
    const expected = ruleForAnswer({ firstSays, lacks, named, ...thread })
    const answer = { firstPostSeq: 10, lacks, ...(firstSays && { firstSays }), ...(named && { named }) }
    const decision = bindAnswer(answer, thread, 'text')
    if (!isSame(decision, expected)) expect(decision, JSON.stringify({ answer, ...thread }, null, 1)).toEqual(expected)
    count(seen, { rule: expected.rule, act: expected.own.map(({ act }) => act).join('+') })
  }
  expect([...seen.keys()].toSorted()).toEqual([
    'A1',
    'A1 bind',
    'A1 send',
    'A1b',
    'A1b bind',
    'A1b send',
    'A2',
    'A2 bind',
    'A2 send',
    'A3',
    'A3 bind',
    'A3 bind+bind',
    'A3 bind+send',
    'A3 send',
    'A3 send+send',
  ])
})

function* answers(): Generator<Answer> {
  const held = (says: string, receivedSeq: number, expected: boolean): HeldReflex => ({
    commandId: `held ${says}${receivedSeq}`,
    says,
    receivedSeq,
    expected,
    messageId: 7,
  })
  const shown = subsets([
    sent('x', 5),
    sent('x', 15, { notStarted: true }),
    sent('y', 16, { mayBeOthers: true }),
    sent('x', 17),
    sent('y', 18),
  ])
  const back = subsets([
    held('y', 6, false),
    held('x', 11, false),
    held('y', 12, true),
    held('y', 13, false),
    held('x', 14, true),
  ])
  const other = (posts: number, reflexes: number, unsent?: true): PostedMessage => ({
    ...{ id: 9, firstPostSeq: 12, posts, reflexes, hasOwn: reflexes > 0, hadSocket: true },
    ...(unsent && { unsent }),
  })
  const others = [[], [other(1, 0)], [other(1, 1)], [other(2, 0)], [other(1, 0), other(2, 1)], [other(2, 0, true)]]
  for (const firstSays of ['x', undefined] as const)
    for (const lacks of [0, 1, 2])
      for (const named of [undefined, sent('n', 13), sent('n', 13, { notStarted: true })])
        for (const unmatched of shown)
          for (const held of back)
            for (const inFlight of others) yield { firstSays, lacks, named, unmatched, held, others: inFlight }
}

const subsets = <T>([first, ...rest]: readonly T[]): readonly (readonly T[])[] =>
  first === undefined ? [[]] : subsets(rest).flatMap(some => [some, [first, ...some]])

/** toEqual costs a hundred times as much. */
const isSame = (one: object, other: object): boolean => JSON.stringify(one, KEYS) === JSON.stringify(other, KEYS)
const KEYS = [
  'rule',
  'act',
  'messageId',
  'bond',
  'own',
  'perhaps',
  'mayBeOthers',
  'reflex',
  'says',
  'takenFor',
  'mismatch',
]

const count = (seen: Map<string, number>, { rule, act, bond }: { rule: string; act?: string; bond?: string }): void => {
  const name = [rule, act, bond].filter(Boolean).join(' ')
  seen.set(name, (seen.get(name) ?? 0) + 1)
}
