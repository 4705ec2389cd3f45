import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ANNA, BERT } from '../support/conversation.ts'
import { waitFor } from '../support/start-house.ts'
import { withHouse } from '../support/with-house.ts'

test.each([
  ['words', 'Nobody reads as much as that in one go, at 7 pm. '],
  ['lines with numbers', 'Call +1 562 292 4139, card 4242 4242 4242 4242, then see.\n'],
  ['one word', 'x'],
])('an incoming megabyte holds nobody else up: %s', (what, piece) =>
  withHouse({ backend: { reflex: () => undefined, replies: () => ['ok'] } }, async house => {
    await house.startConnected()
    await house.simulator.receive({ from: BERT, text: 'first' })
    await waitFor('the first POST', () => house.backend.received.length === 1)
    const huge = piece.repeat(Math.ceil(1e6 / piece.length))
    await house.simulator.receive({ from: ANNA, text: huge })
    const began = performance.now()
    await house.simulator.receive({ from: BERT, text: 'hi' })
    const posted = () => house.backend.received.some(({ filtered_text }) => filtered_text === 'hi')
    await waitFor('the other POST', posted)
    const waitedMs = performance.now() - began
    await waitFor('the huge POST', () => house.backend.received.length === 3)
    const peak = Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${house.agentPid}/status`, 'utf8'))?.[1]) / 1e3
    const allMs = performance.now() - began
    console.info(
      `${what}: waited ${Math.round(waitedMs)} ms, all after ${Math.round(allMs)} ms, ${Math.round(peak)} MB`,
    )
    // Beside other tests; alone it is some tenths of a second.
    expect(waitedMs).toBeLessThan(10_000)
    expect(peak).toBeLessThan(350)
    expect(house.log).not.toContain('could not be redacted in the background')
  }),
)

const LONG = `${'Nothing secret here. '.repeat(2_000)}My card is 4242 4242 4242 4242. ${'Nor here. '.repeat(2_000)}`

test.each(['receive-after@2', 'compose-before@1', 'compose-after@1', 'post-before@1'])(
  'a long text is redacted and POSTed once, in its turn, though the agent is killed at %s',
  point =>
    withHouse({ backend: { reflex: () => undefined, replies: () => ['ok'] } }, async house => {
      await house.startAgent({ EDGE_FAILPOINT: `${point}:kill` })
      await house.simulator.receive({ from: ANNA, text: LONG })
      await house.simulator.receive({ from: ANNA, text: 'and now?' })
      expect(await house.agentEnd()).toBe('SIGKILL')
      await house.startAgent()
      await waitFor('both POSTs', () => house.backend.received.length === 2)
      const [long = '', short = ''] = house.backend.received.map(({ filtered_text }) => filtered_text)
      expect(long).toBe(LONG.replace('4242 4242 4242 4242', '[card]'))
      expect(short).toBe('and now?')
    }),
)

test('a long text that is edited or taken back while it is redacted', () =>
  withHouse({ backend: { reflex: () => undefined, replies: () => ['ok'] } }, async house => {
    await house.startAgent()
    const gone = await house.simulator.receive({ from: ANNA, text: LONG })
    house.simulator.unsendMessage(gone.guid)
    const edited = await house.simulator.receive({ from: BERT, text: LONG })
    house.simulator.editMessage(edited.guid, `Better: ${LONG}`)
    await waitFor('the POST', () => house.backend.received.length > 0)
    await waitFor('the end', async () => (await house.status()).messages.answered === 1)
    expect(house.backend.received).toHaveLength(1)
    expect(house.backend.received[0]?.filtered_text).toMatch(/^Better: Nothing secret here\..*\[card\]/)
  }))
