import { describe, expect, test } from 'vitest'
import { type Facts, judge } from './judge.ts'
import { COMMON_REFLEX, type PlannedMessage } from './plan-message.ts'

const T = '+15550000001'

const message = (n: number, bubbles: readonly string[], sends: PlannedMessage['sends'] = []): PlannedMessage => ({
  n,
  guid: `g${n}`,
  threadId: T,
  row: { chat: `any;-;${T}`, from: T },
  pauseMs: 0,
  thinkMs: 0,
  hasReflex: true,
  bubbles,
  posts: [],
  reflex: undefined,
  sends,
})

/** A run in which all went well, and people got these texts. */
const run = (written: readonly PlannedMessage[], got: readonly string[], facts: Partial<Facts> = {}): Facts => ({
  written,
  journal: [
    ...written.map(({ n, bubbles }) => ({ at: 0, type: 'answer' as const, n, bubbles })),
    { at: 0, type: 'ack', commandId: 'c1', status: 'received' },
    { at: 0, type: 'ack', commandId: 'c1', status: 'completed' },
  ],
  ledger: got.map((text, index) => ({ threadId: T, text, attempt: `a${index}` })),
  messages: written.map(({ guid }) => ({ guid, state: 'answered', reason: null })),
  bubbles: got.map(text => ({ threadId: T, text, state: 'confirmed', reason: null })),
  commands: [{ commandId: 'c1', status: 'completed', ackOwed: false }],
  promptness: { reflexes: [], answers: [] },
  firstBubbles: [],
  ...facts,
})

const kinds = (facts: Facts): string[] => judge(facts).findings.map(({ kind }) => kind)

const ONE = message(1, ['R1', 'A1', 'B1'])
const TWO = message(2, ['R2', 'A2', 'B2'])
const COMMON = [message(1, [COMMON_REFLEX, 'A1']), message(2, [COMMON_REFLEX, 'A2'])]
const parked = (text: string) => ({ threadId: T, text, state: 'parked', reason: 'outcome_unknown' })

describe('what people got', () => {
  test.each<{ readonly what: string; readonly facts: Facts; readonly findings: readonly string[] }>([
    { what: 'all of it', facts: run([ONE, TWO], ['R1', 'A1', 'B1', 'R2', 'A2', 'B2']), findings: [] },
    { what: 'a reflex in between', facts: run([ONE, TWO], ['R1', 'A1', 'R2', 'B1', 'A2', 'B2']), findings: [] },
    {
      what: 'one of two equal reflexes first',
      facts: run(COMMON, [COMMON_REFLEX, COMMON_REFLEX, 'A2', 'A1']),
      findings: [],
    },
    { what: 'a bubble lost', facts: run([ONE], ['R1', 'A1']), findings: ['lost'] },
    { what: 'a bubble doubled', facts: run([ONE], ['R1', 'A1', 'A1', 'B1']), findings: ['doubled'] },
    { what: 'what nobody said', facts: run([ONE], ['R1', 'A1', 'B1', 'X']), findings: ['doubled'] },
    { what: 'the reflex last', facts: run([ONE], ['A1', 'B1', 'R1']), findings: ['out of order'] },
    { what: 'two bubbles swapped', facts: run([ONE], ['R1', 'B1', 'A1']), findings: ['out of order'] },
    {
      what: 'two answers mixed',
      facts: run([ONE, TWO], ['R1', 'R2', 'A1', 'A2', 'B1', 'B2']),
      findings: ['out of order', 'out of order'],
    },
    {
      what: 'an equal reflex doubled',
      facts: run(COMMON, [COMMON_REFLEX, COMMON_REFLEX, COMMON_REFLEX, 'A2', 'A1']),
      findings: ['doubled'],
    },
    {
      what: 'an equal reflex late',
      facts: run(COMMON, [COMMON_REFLEX, 'A2', 'A1', COMMON_REFLEX]),
      findings: ['out of order'],
    },
  ])('$what', ({ facts, findings }) => {
    expect(kinds(facts)).toEqual(findings)
  })
})

describe('what the agent gave up', () => {
  const hung = message(1, ['R1', 'A1'], [{ text: 'A1', mode: { mode: 'hang' } }])

  test('a bubble whose outcome cannot be known may be parked', () => {
    const verdict = judge(run([hung], ['R1'], { bubbles: [parked('A1')] }))
    expect(verdict).toEqual({ findings: [], excused: [parked('A1')], swallowed: 0 })
  })

  test('no other may', () => {
    expect(kinds(run([ONE], ['R1', 'B1'], { bubbles: [parked('A1')] }))).toEqual(['lost', 'given up'])
    expect(kinds(run([hung], ['R1'], { bubbles: [{ ...parked('A1'), state: 'failed' }] }))).toEqual([
      'lost',
      'given up',
    ])
  })

  test('parked and yet sent twice is doubled all the same', () => {
    expect(kinds(run([hung], ['R1', 'A1', 'A1'], { bubbles: [parked('A1')] }))).toEqual(['doubled'])
  })

  test('a bubble that is still under way at the end is unfinished', () => {
    expect(kinds(run([ONE], ['R1', 'A1', 'B1'], { bubbles: [{ ...parked('A1'), state: 'sent' }] }))).toEqual([
      'unfinished',
    ])
  })
})

describe('messages and commands', () => {
  test.each<{ readonly what: string; readonly facts: Partial<Facts>; readonly kind: string }>([
    { what: 'a message that the agent never saw', facts: { messages: [] }, kind: 'unanswered' },
    {
      what: 'a message that it skipped',
      facts: { messages: [{ guid: 'g1', state: 'skipped', reason: 'twin' }] },
      kind: 'unanswered',
    },
    {
      what: 'a command without an end',
      facts: { commands: [{ commandId: 'c1', status: 'received', ackOwed: false }] },
      kind: 'unacked',
    },
    {
      what: 'a command whose ack is owed',
      facts: { commands: [{ commandId: 'c1', status: 'completed', ackOwed: true }] },
      kind: 'unacked',
    },
    {
      what: 'a command whose ack never came',
      facts: { commands: [{ commandId: 'c2', status: 'completed', ackOwed: false }] },
      kind: 'unacked',
    },
  ])('$what', ({ facts, kind }) => {
    expect(kinds(run([ONE], ['R1', 'A1', 'B1'], facts))).toEqual([kind])
  })

  test('an answer that the backend never gave', () => {
    const { journal, ...rest } = run([ONE], [])
    expect(kinds({ ...rest, journal: journal.filter(({ type }) => type !== 'answer') })).toEqual(['unanswered'])
  })
})

test('a reflex that was held back, and none was missing', () => {
  const answers = [{ guid: 'g1', threadId: T, posts: 1, answeredAt: 9 }]
  const facts = run([ONE], ['R1', 'A1', 'B1'])
  const journal: Facts['journal'] = [...facts.journal, { at: 0, type: 'reflex', n: 1, commandId: 'c1' }]
  const came = (isSent: boolean) => ({ reflexes: [{ commandId: 'c1', at: 5, isSent }], answers })
  expect(kinds({ ...facts, journal, promptness: came(true) })).toEqual([])
  expect(kinds({ ...facts, journal, promptness: came(false) })).toEqual(['held back'])
})

test('the reflex of an answer without bubbles is to be seen where the agent had it, and only there', () => {
  const silent: PlannedMessage = { ...message(1, [COMMON_REFLEX]), isSilent: true }
  const facts = (got: readonly string[], commandId: string) => {
    const { journal, ...rest } = run([silent], got)
    const other: Facts['journal'] = journal.map(entry => (entry.type === 'answer' ? { ...entry, bubbles: [] } : entry))
    return { ...rest, journal: [...other, { at: 0, type: 'reflex' as const, n: 1, commandId }] }
  }
  expect(kinds(facts([COMMON_REFLEX], 'c1'))).toEqual([])
  expect(kinds(facts([], 'c1'))).toEqual(['lost'])
  expect(kinds(facts([], 'never heard'))).toEqual([])
  expect(kinds(facts([COMMON_REFLEX], 'never heard'))).toEqual(['doubled'])
})

test('it need not be seen where nobody can tell whose it is: another one that says the same lacks its reflex', () => {
  const silent: PlannedMessage = { ...message(1, [COMMON_REFLEX]), isSilent: true }
  const facts = (postedAt: number) => {
    const { journal, ...rest } = run([silent, message(2, [COMMON_REFLEX, 'A2'])], [COMMON_REFLEX, 'A2'])
    const happened: Facts['journal'] = [
      { at: postedAt, type: 'posted', n: 2 },
      { at: 10_000, type: 'posted', n: 1 },
      { at: 10_000, type: 'reflex', n: 1, commandId: 'c1' },
      { at: postedAt + 2_000, type: 'answer', n: 2, bubbles: [COMMON_REFLEX, 'A2'] },
      { at: 12_000, type: 'answer', n: 1, bubbles: [] },
    ]
    const answers = [{ guid: 'g2', threadId: T, posts: 1, answeredAt: null }]
    return {
      ...rest,
      journal: [...journal.filter(({ type }) => type === 'ack'), ...happened],
      promptness: { reflexes: [], answers },
    }
  }
  expect(judge(facts(9_000))).toMatchObject({ findings: [], swallowed: 1 })
  expect(judge(facts(1_000))).toMatchObject({ findings: [{ kind: 'lost' }], swallowed: 0 })
})

test('a first bubble that lay in the agent for long', () => {
  const late = (agentMs: number) => run([ONE], ['R1', 'A1', 'B1'], { firstBubbles: [{ n: 1, threadId: T, agentMs }] })
  expect(kinds(late(499))).toEqual([])
  expect(kinds(late(501))).toEqual(['late'])
})
