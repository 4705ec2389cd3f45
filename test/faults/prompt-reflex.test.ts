import { expect, test } from 'vitest'
import { reset } from '../../src/lab/mock-backend/http-faults.ts'
import { drop } from '../../src/lab/mock-backend/reflex-faults.ts'
import { answerUpgrade } from '../../src/lab/mock-backend/socket-faults.ts'
import type { MockBackendOptions } from '../../src/lab/mock-backend/start-mock-backend.ts'
import { ANNA } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { type House, waitFor } from '../support/start-house.ts'

const LINES = ['okie lemme see', 'on it', 'one sec']

/** A backend that knows correlation.md and nothing else: its reflexes name no message, and every third answer is empty. */
const stockLines = (lines: readonly string[]): MockBackendOptions => {
  const lineOf = (text: string) => lines[(Number(text) * 7) % lines.length] ?? ''
  return {
    thinkMs: 2_000,
    inReplyTo: false,
    reflex: ({ filtered_text: text }) => lineOf(text),
    replies: ({ filtered_text: text }) =>
      Number(text) % 3 === 2
        ? { should_respond: false }
        : { should_respond: true, reply_bubbles: [lineOf(text), `answer to ${text}`] },
  }
}

/** What goes wrong with the reflex of the first message, or with its answer. */
const LOSSES: readonly [what: string, lose: (house: House) => Promise<() => void>][] = [
  [
    'the socket was down',
    async ({ backend }) => {
      const lift = backend.faults.upgrade.push({ effect: answerUpgrade(503), times: Number.POSITIVE_INFINITY })
      backend.faults.socket.terminate()
      await waitFor('the end of the connection', () => backend.connections.size === 0)
      return lift
    },
  ],
  [
    'the backend skipped it',
    async ({ backend }) => {
      backend.faults.reflex.push({ effect: drop })
      return () => {}
    },
  ],
  [
    'the answer was lost once',
    async ({ backend }) => {
      backend.faults.http.push({ effect: reset, when: 'after' })
      return () => {}
    },
  ],
]

test.concurrent.each(LOSSES.flatMap(([what, lose]) => [1, 3].map(lines => [what, lines, lose] as const)))(
  'one message has no reflex, as %s; of the next ten, out of %s stock lines, each is shown at once',
  (_what, lines, lose) =>
    inHouse({ backend: stockLines(LINES.slice(0, lines)) }, async house => {
      await house.startConnected()
      const say = async (n: number): Promise<void> => {
        await house.simulator.receive({ from: ANNA, text: String(n) })
        await waitFor(`the answer to ${n}`, async () => (await house.status()).messages.answered === n + 1)
      }
      const mend = await lose(house)
      await say(0)
      mend()
      await house.connected()
      for (let n = 1; n <= 10; n += 1) await say(n)

      const shown = await promptness(house)
      process.stderr.write(`${_what}, ${lines}: frame → send ${shown.map(({ ms }) => Math.round(ms)).join(' ')} ms\n`)
      // The first may be held back: whose it is, nobody can tell for two seconds.
      expect(shown.filter(({ beforeAnswer }) => !beforeAnswer).length).toBeLessThanOrEqual(1)
      expect(shown).toHaveLength(10)
    }),
)

/** Of each reflex but the first message's: how long after its frame words like these were sent, and whether before the answer. */
const promptness = async (house: House) => {
  await waitFor('all sends', async () => {
    const { planned = 0, sending = 0, sent = 0 } = (await house.status()).bubbles
    return planned + sending + sent === 0
  })
  const sends = house.simulator.readLedger().map(({ at, text }) => ({ at, text, taken: false }))
  const posted = house.events.flatMap(event => (event.type === 'posted' ? [event.message] : []))
  return house.events.flatMap(event => {
    if (event.type !== 'reflex-sent') return []
    const text = posted.find(({ key }) => key === event.key)?.filtered_text
    if (text === '0') return []
    const send = sends.find(sent => !sent.taken && sent.text === event.text && sent.at >= event.at)
    if (send === undefined) return []
    send.taken = true
    const answered = house.events.find(other => other.type === 'answered' && other.key === event.key)?.at ?? 0
    return [{ ms: send.at - event.at, beforeAnswer: send.at < answered }]
  })
}
