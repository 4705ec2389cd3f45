import { afterAll, beforeAll, expect, test } from 'vitest'
import { findViolations, type Run, readRun } from './check-invariants.ts'
import { ANNA } from './conversation.ts'
import { AGENT_ID, type House, startHouse, waitFor } from './start-house.ts'
import { bubblesTo, twoBubbles } from './two-bubbles.ts'

let house: House
let run: Run

beforeAll(async () => {
  house = await startHouse({ backend: twoBubbles })
  await house.startConnected()
  await house.simulator.receive({ from: ANNA, text: 'hi' })
  await waitFor('the rows', async () => (await house.status()).bubbles.confirmed === bubblesTo('hi').length)
  await waitFor('the ack', () => house.events.some(event => event.type === 'ack' && event.ack.status === 'completed'))
  run = await readRun(house)
})
afterAll(() => house.close())

test('a run in which nothing went wrong broke nothing', () => {
  expect(findViolations(run)).toEqual([])
})

const dialled = { at: 0, type: 'dialled', agentId: AGENT_ID } as const

/** What the same run would look like if the agent had done this. */
test.each<readonly [what: string, change: (run: Run) => Partial<Run>, seen: RegExp]>([
  ['a message not on record', ({ incoming }) => ({ incoming: [...incoming, 'G'] }), /^I1 G is not on record$/],
  ['a message never POSTed', () => ({ posts: new Map() }), /^I1 .* was never POSTed$/],
  [
    'other bytes at the second POST',
    ({ posts }) => ({ posts: new Map([...posts].map(([guid, bodies]) => [guid, [...bodies, '{}']])) }),
    /^I1 .* was POSTed with different bytes$/,
  ],
  [
    'an answer taken for no reply',
    ({ messages }) => ({ messages: messages.map(row => ({ ...row, bubbles: 0 })) }),
    /^I1 .* is on record with 0 bubbles, the backend wrote 2$/,
  ],
  [
    'a dead letter',
    ({ messages }) => ({ messages: messages.map(row => ({ ...row, state: 'dead', reason: 'http_400' })) }),
    /^I1 dead letters: \["http_400"\], expected \[\]$/m,
  ],
  ['a bubble sent twice', ({ sent }) => ({ sent: [...sent, ...sent.slice(-1)] }), /^I2 sent twice.*B to hi/],
  [
    'a bubble that nobody asked for',
    ({ sent }) => ({ sent: [...sent, ...sent.slice(-1).map(line => ({ ...line, text: 'psst' }))] }),
    /^I2 .* without being asked for: .*psst$/m,
  ],
  [
    'a bubble sent by an attempt that was tried again',
    ({ sent }) => ({ sent: sent.map(line => ({ ...line, attempt: 'A' })) }),
    /^I2 sent by an attempt that was given up: .*R to hi$/m,
  ],
  ['a bubble lost', ({ sent }) => ({ sent: sent.slice(1) }), /^I3 neither sent nor reported: .*R to hi$/m],
  [
    'a bubble confirmed and not sent',
    ({ sent }) => ({ sent: sent.slice(1) }),
    /^I3 confirmed and never sent: .*R to hi$/m,
  ],
  ['bubbles out of order', ({ sent }) => ({ sent: sent.toReversed() }), /^I4 .*: sent as 1,-1$/m],
  ['a second dial', ({ events }) => ({ events: [dialled, ...events] }), /^I5 .* dialled while it was connected$/],
  ['a stack trace', ({ log }) => ({ log: `${log}Error: unhandled\n    at main` }), /^I6 printed: Error: unhandled$/m],
  ['a bad end', () => ({ exitCode: 1 }), /^I6 the agent ended with 1$/],
  ['a command without its last ack', () => ({ acked: new Set<string>() }), /^I7 .* was never acked with its end$/m],
  ['a command not heard', () => ({ commandRecords: [], acked: new Set<string>() }), /^I7 unheard commands: .*R to hi/m],
  ['memory', ({ use }) => ({ use: { ...use, bytes: 1e9 } }), /^I8 1000000000 bytes of memory$/],
  [
    'a reflex held back',
    ({ promptness }) => ({
      promptness: { ...promptness, reflexes: promptness.reflexes.map(reflex => ({ ...reflex, isSent: false })) },
    }),
    /^I9 .*: 1 reflexes were held back, and 0 were missing$/m,
  ],
  ['files left behind', ({ use }) => ({ use: { ...use, attempts: 1 } }), /^I8 files of 1 ended attempts$/],
])('sees %s', (_, change, seen) => {
  expect(findViolations({ ...run, ...change(run) }).join('\n')).toMatch(seen)
})
