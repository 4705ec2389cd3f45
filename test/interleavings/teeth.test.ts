import { expect, test } from 'vitest'
import { explore, findShortestFailure, printFailure } from './explore.ts'
import type { Tamper } from './life.ts'
import { ONE_MESSAGE, type Scenario } from './scenario.ts'

/** What the agent lives by, taken out one at a time; in the same scenario the whole agent does nothing wrong. */
const MISSING: readonly [what: string, scenario: Partial<Scenario>, tamper: Tamper][] = [
  [
    'the intent, stored before the send',
    { faults: 0, crashes: 1 },
    { delivery: needs => ({ ...needs, outbox: { ...needs.outbox, startSending: () => {} } }) },
  ],
  [
    'the settle time: doubt is judged at once',
    { faults: 1, unknown: 'resend' },
    { confirming: needs => ({ ...needs, settings: { ...needs.settings, settleMs: 0 } }) },
  ],
  [
    'a thread is held while doubt lasts',
    { faults: 1 },
    { delivery: needs => ({ ...needs, outbox: { ...needs.outbox, isBusy: () => false } }) },
  ],
  [
    'the osascript of an earlier life is waited for',
    { faults: 0, crashes: 1 },
    { delivery: needs => ({ ...needs, sender: { ...needs.sender, running: async () => [] } }) },
  ],
  [
    'an interrupted POST is taken up again',
    { faults: 0, crashes: 1 },
    { answering: needs => ({ ...needs, inbox: { ...needs.inbox, recover: () => {} } }) },
  ],
  [
    'R1: a command id is known',
    { faults: 1 },
    { command: needs => ({ ...needs, commands: { ...needs.commands, find: () => undefined } }) },
  ],
  [
    'R2: in_reply_to names the message',
    { faults: 0, named: true, words: 'different' },
    { command: needs => ({ ...needs, inbox: { ...needs.inbox, postedById: () => undefined } }) },
  ],
  [
    'R3: the answer was faster',
    { faults: 0 },
    {
      command: needs => {
        const posted: typeof needs.inbox.posted = (...of) =>
          needs.inbox.posted(...of).filter(({ answer }) => answer === undefined)
        return { ...needs, inbox: { ...needs.inbox, posted } }
      },
    },
  ],
  [
    "R4: a retry's second reflex is held back",
    { faults: 1 },
    {
      command: needs => {
        const posted: typeof needs.inbox.posted = (...of) =>
          needs.inbox.posted(...of).map(message => (message.answer ? message : { ...message, posts: 1 }))
        return { ...needs, inbox: { ...needs.inbox, posted } }
      },
    },
  ],
  [
    'A1: the answer is bound to the reflex that was sent',
    { faults: 0 },
    {
      answering: needs => ({
        ...needs,
        commands: { ...needs.commands, unmatched: () => [], namedFor: () => undefined },
      }),
    },
  ],
]

test.each(MISSING)('it is missed: %s', { timeout: 600_000 }, async (_what, part, tamper) => {
  const scenario = { ...ONE_MESSAGE, crashes: 0, ...part }
  const failure = await findShortestFailure(scenario, tamper)
  expect(failure && printFailure(failure)).toMatchSnapshot()
  expect((await explore(scenario)).failure).toBeUndefined()
})

test('a limit of R4: what a reflex alone says is said twice, if its retry comes after the answer under a new id', {
  timeout: 600_000,
}, async () => {
  const failure = await findShortestFailure({ ...ONE_MESSAGE, words: 'different', faults: 1, crashes: 0 }, {})
  expect(failure && printFailure(failure)).toMatchSnapshot()
})
