import { expect, test } from 'vitest'
import { explore, findShortestFailure, printFailure } from './explore.ts'
import type { Tamper } from './life.ts'
import { ONE_MESSAGE, type Scenario, SECOND_CHANGES, STOCK_LINES, type settingsOf } from './scenario.ts'

type EngineStore = Parameters<NonNullable<Tamper['store']>>[0]
const part =
  <P extends 'inbox' | 'outbox' | 'commands' | 'lines' | 'pauses'>(name: P) =>
  (change: (given: EngineStore[P]) => Partial<EngineStore[P]>): Tamper => ({
    store: store => ({ ...store, [name]: { ...store[name], ...change(store[name]) } }),
  })
const [inbox, outbox, commands] = [part('inbox'), part('outbox'), part('commands')]
const pauses = part('pauses')
const send = (change: Partial<ReturnType<typeof settingsOf>['send']>): Tamper => ({
  settings: settings => ({ ...settings, send: { ...settings.send, ...change } }),
})

/** One after the other, all answered with the same line, which was in use before; reflexes come or do not. */
const THREE_PACED: Scenario = {
  ...STOCK_LINES,
  threads: ['anna', 'anna', 'anna'],
  sockets: false,
  paced: true,
  faults: 0,
  crashes: 0,
}
/** The second of two gets its reflex and no more. */
const LAST_IS_SILENT: Scenario = { ...THREE_PACED, threads: ['anna', 'anna'], silent: [2] }

/** Of what lacks a reflex one can come for ever, whatever shows that none will. */
const ALWAYS_LATE = inbox(({ posted }) => ({
  posted: (...of) =>
    posted(...of).map(({ answer, ...message }) => ({
      ...message,
      ...(answer && { answer: { ...answer, lateReflex: message.reflexes < message.posts } }),
    })),
}))

/** What the agent lives by, taken out one at a time; in the same scenario the whole agent does nothing wrong. */
const MISSING: readonly [what: string, scenario: Partial<Scenario>, tamper: Tamper][] = [
  ['the intent, stored before the send', { faults: 0, crashes: 1 }, outbox(() => ({ startSending: () => {} }))],
  ['the settle time: doubt is judged at once', { faults: 1, unknown: 'resend' }, send({ settleMs: 0 })],
  ['a thread is held while doubt lasts', { faults: 1 }, outbox(() => ({ isBusy: () => false }))],
  [
    'the osascript of an earlier life is waited for',
    { faults: 0, crashes: 1 },
    { sender: sender => ({ ...sender, running: async () => [] }) },
  ],
  ['an interrupted POST is taken up again', { faults: 0, crashes: 1 }, inbox(() => ({ recover: () => {} }))],
  ['R1: a command id is known', { faults: 1 }, commands(() => ({ find: () => undefined }))],
  [
    'R2: in_reply_to names the message',
    { faults: 0, named: true, words: 'different' },
    inbox(() => ({ postedById: () => undefined })),
  ],
  [
    'R3b: the answer was faster',
    { faults: 0 },
    inbox(({ posted }) => ({ posted: (...of) => posted(...of).filter(({ answer }) => answer === undefined) })),
  ],
  [
    'R3b: a WebSocket was open, so there may be a reflex',
    { faults: 0 },
    inbox(({ posted }) => ({ posted: (...of) => posted(...of).map(message => ({ ...message, hadSocket: false })) })),
  ],
  ['R3a: a stock line is known as such', THREE_PACED, part('lines')(() => ({ isStock: () => false }))],
  ['a pong tells that no late reflex can come', LAST_IS_SILENT, ALWAYS_LATE],
  ['one missing reflex delays one other: A1b shows that it will not come', THREE_PACED, ALWAYS_LATE],
  [
    'A4: what was shown may be the reflex of a message that was answered otherwise',
    { ...STOCK_LINES, words: 'own', silent: [1], faults: 0, crashes: 0 },
    commands(({ unmatched }) => ({
      unmatched: (...of) => unmatched(...of).map(reflex => ({ ...reflex, mayBeOthers: false })),
    })),
  ],
  [
    'A4: what was held back and has no answer to bring it is sent',
    { ...LAST_IS_SILENT, stock: false },
    commands(() => ({ heldBack: () => [] })),
  ],
  [
    'A4 and R4: what a reflex alone says is known, when its retry says it again after the answer',
    { words: 'different', faults: 1 },
    inbox(({ posted }) => ({
      posted: (...of) =>
        posted(...of).map(({ reflexSays: _, answer, ...message }) => ({
          ...message,
          ...(answer && { answer: { ...answer, lateReflex: false } }),
        })),
    })),
  ],
  [
    "R4: a retry's second reflex is held back",
    { faults: 1 },
    inbox(({ posted }) => ({
      posted: (...of) => posted(...of).map(message => (message.answer ? message : { ...message, posts: 1 })),
    })),
  ],
  [
    'A1: the answer is bound to the reflex that was sent',
    { faults: 0 },
    commands(() => ({ unmatched: () => [], namedFor: () => undefined })),
  ],
  ["a person's pause", { guard: 'pause', faults: 0 }, pauses(() => ({ of: () => [] }))],
  ['the owner who writes by hand', { guard: 'takeover', faults: 0 }, pauses(() => ({ extend: () => false }))],
  [
    'which rows are ours: their bubbles are known',
    { guard: 'takeover', faults: 0 },
    outbox(() => ({ startedFor: () => [] })),
  ],
  ['quiet hours', { guard: 'quiet', faults: 0 }, send({ quietHours: [] })],
  ['the limit of a minute', { guard: 'limit', faults: 0 }, outbox(() => ({ nthLatestStart: () => undefined }))],
  [
    'the last look at a row before its POST',
    { change: 'unsend', faults: 1 },
    inbox(({ lookUpId }) => ({ lookUpId: id => ({ ...lookUpId(id), event: 'unsent' }) })),
  ],
  ['no answer to what was taken back', { change: 'unsend', faults: 0 }, outbox(() => ({ plannedFor: () => [] }))],
  [
    'R6: no reflex to what was taken back',
    { change: 'unsend', faults: 0, named: true },
    inbox(({ postedById }) => ({
      postedById: id => {
        const message = postedById(id)
        return message && { ...message, unsent: false }
      },
    })),
  ],
  [
    'a command for later ends with its bubble',
    { schedule: true, faults: 0, bubbles: 1 },
    commands(() => ({ attachBubble: () => {} })),
  ],
  [
    'a cancelled message, whose bubble waits, is taken back',
    { schedule: true, guard: 'pause', faults: 0, bubbles: 1 },
    outbox(() => ({ cancel: () => true })),
  ],
  [
    'the parts of a text stay together',
    { threads: ['anna', 'anna'], faults: 0, bubbles: 1, long: true },
    outbox(() => ({ goTogether: () => {} })),
  ],
  ['an ack is owed until it has provably arrived', { acks: true, faults: 1, bubbles: 1 }, { trustsWrites: true }],
]
test.each(MISSING)('it is missed: %s', { timeout: 600_000 }, async (_what, part, tamper) => {
  const scenario = { ...ONE_MESSAGE, crashes: 0, ...part }
  const failure = await findShortestFailure(scenario, tamper)
  if (failure === undefined) throw new Error('nobody misses it')
  expect(printFailure(failure)).toMatchSnapshot()
  expect((await explore(scenario)).failure).toBeUndefined()
})

// In the same scenario the whole agent does nothing wrong: interleavings.slow.test.ts explores it.
test('it is missed: an edit is followed before the POST', { timeout: 600_000 }, async () => {
  const { failure } = await explore(SECOND_CHANGES, { tamper: inbox(() => ({ recompose: () => {} })) })
  expect(failure?.wrong).toBe('message 2 is POSTed in words that were edited away (edit)')
})

test('it is missed: a commit wakes whoever may have work', async () => {
  const tamper: Tamper = { timers: timers => ({ ...timers, soon: () => {} }) }
  const { failure } = await explore({ ...ONE_MESSAGE, faults: 0, crashes: 0 }, { tamper })
  expect(failure?.wrong).toContain('1 posting')
})
