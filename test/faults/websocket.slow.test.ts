import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { ANNA } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { AGENT_ID, startHouse, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees } from '../support/two-bubbles.ts'

vi.setConfig({ testTimeout: 600_000 })

const MINUTES = 60_000

describe.concurrent('WebSocket, in its own time', () => {
  test.each([4401, 4403, 4409])('%i: comes back by itself, without a restart', code =>
    inHouse({}, async house => {
      await house.startConnected()
      house.backend.faults.socket.close(code)
      const connects = () => house.events.filter(({ type }) => type === 'connected').length
      await waitFor('the second connection', () => connects() === 2, 2 * MINUTES)
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, bubblesTo('hi'))
    }),
  )

  test('the agent frozen for 60 s, then continued: probe, poll, go on', () =>
    inHouse({}, async house => {
      await house.startConnected()
      house.signalAgent('SIGSTOP')
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sleep(MINUTES)
      house.signalAgent('SIGCONT')
      await sees(house, ANNA, bubblesTo('hi'))
      expect((await house.status()).connection).toMatchObject({ state: 'open', generation: 1 })
    }))

  test('two agents with one id: they do not fight for the connection, and each says that there is another', () =>
    inHouse({ expected: { overlapping: true } }, async house => {
      await house.startConnected()
      const other = await startHouse({ env: { EDGE_BACKEND_URL: house.backend.url } })
      try {
        await other.startAgent()
        await waitFor(
          'both to be replaced',
          () => [house, other].every(h => h.logged(/"code":"replaced"/).length > 0),
          3 * MINUTES,
        )
        const spent = house.events.filter(({ type }) => type === 'connected').map(({ at }) => at)
        await sleep(MINUTES)
        const since = house.events.filter(({ type, at }) => type === 'connected' && at > (spent.at(-1) ?? 0))
        expect(since.length).toBeLessThanOrEqual(4)
        expect(house.events).toContainEqual(
          expect.objectContaining({ type: 'disconnected', code: 4409, agentId: AGENT_ID }),
        )
      } finally {
        await other.close()
      }
    }))
})
