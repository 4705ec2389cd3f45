import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { toAppleDate } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { answerWith, hang } from '../../src/lab/mock-backend/http-faults.ts'
import { checkInvariants } from '../support/check-invariants.ts'
import { ANNA, BERT } from '../support/conversation.ts'
import { holdOsascript, stopped } from '../support/processes.ts'
import { CAN_LIMIT, limitFiles } from '../support/set-limits.ts'
import { type House, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, twoBubbles } from '../support/two-bubbles.ts'
import { withAgent } from '../support/with-agent.ts'
import { withHouse } from '../support/with-house.ts'

const say = (house: House, text: string, from = ANNA) => house.simulator.receive({ from, text })
/** Anna has seen all of it, once and in order, and nothing else is wrong. */
const ends = async (house: House, ...texts: string[]) => {
  await sees(house, ANNA, bubblesTo(...texts))
  await checkInvariants(house, { unheard: 'any' })
  expect(house.seen(ANNA)).toEqual(bubblesTo(...texts))
}

describe.concurrent('SIGTERM: intake stops, what is under way ends and is recorded, exit 0', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s while idle', signal =>
    withAgent({}, async house => {
      house.signalAgent(signal)
      expect(await house.agentEnd()).toBe(0)
      expect(house.log).toContain('agent stopped')
    }),
  )

  test('in the middle of a POST that is answered: not POSTed again', () =>
    withAgent({ backend: { thinkMs: 1_500 } }, async house => {
      await say(house, 'hi')
      await waitFor('the POST', () => house.backend.received.length === 1)
      expect(await house.stopAgent()).toBe(0)
      await say(house, 'meanwhile')
      expect(house.backend.received.map(({ filtered_text }) => filtered_text)).toEqual(['hi'])
      await house.startConnected()
      // A reflex goes ahead of what the last life had no time to send.
      await waitFor('all to be seen', () => house.seen(ANNA).length === 4)
      expect(house.seen(ANNA).toSorted()).toEqual(bubblesTo('hi', 'meanwhile').toSorted())
      expect(house.backend.received.map(({ filtered_text }) => filtered_text)).toEqual(['hi', 'meanwhile'])
    }))

  test('in the middle of a POST that is not answered: cut after a while, POSTed again by the next life', () =>
    withAgent({}, async house => {
      house.backend.faults.http.push({ effect: hang })
      await say(house, 'hi')
      await waitFor('the POST', () => house.backend.received.length === 1)
      expect(await house.stopAgent()).toBe(0)
      await house.startConnected()
      await ends(house, 'hi')
    }))

  test('in the middle of a send: it ends, and is not made again', () =>
    withAgent({}, async house => {
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 3_000 }, { times: 1 })
      await say(house, 'hi')
      await waitFor('the send', async () => (await house.status()).bubbles.sending === 1)
      expect(await house.stopAgent()).toBe(0)
      expect(house.seen(ANNA)).toEqual(['R to hi'])
      await house.startConnected()
      await ends(house, 'hi')
    }))

  test('while a message waits for its retry', () =>
    withAgent({}, async house => {
      const recovered = house.backend.faults.http.push({ effect: answerWith(503), times: Number.POSITIVE_INFINITY })
      await say(house, 'hi')
      await waitFor('the wait', async () => (await house.status()).messages.waiting === 1)
      expect(await house.stopAgent()).toBe(0)
      recovered()
      await house.startConnected()
      await ends(house, 'hi')
    }))

  test('twice: it ends at once, with a send still out, and the next life has it right', () =>
    withAgent({}, async house => {
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 5_000 }, { times: 1 })
      await say(house, 'hi')
      const letGo = await holdOsascript(house)
      house.signalAgent('SIGTERM')
      await waitFor('the first to be heard', () => house.log.includes('"stopping"'))
      house.signalAgent('SIGTERM')
      expect(await house.agentEnd()).toBe(0)
      expect(house.seen(ANNA)).toEqual([])
      letGo()
      await house.startConnected()
      await ends(house, 'hi')
    }))
})

test.concurrent('frozen while messages come, and continued: all are answered, without an alarm', () =>
  withAgent({}, async house => {
    await say(house, 'before')
    await sees(house, ANNA, bubblesTo('before'))
    house.signalAgent('SIGSTOP')
    await stopped(house.agentPid)
    await say(house, 'meanwhile')
    await sleep(4_000)
    house.signalAgent('SIGCONT')
    await sees(house, ANNA, bubblesTo('before', 'meanwhile'))
    expect((await house.status()).problems).toEqual([])
    await ends(house, 'before', 'meanwhile')
  }))

test.concurrent('asleep for a night: what is young enough is answered, oldest first, the rest is skipped with its reason', () =>
  withAgent({}, async house => {
    await house.stopAgent()
    // As if it had been there since the day before.
    const HOUR_MS = 3_600_000
    const state = new Database(join(house.stateDir, 'state.db'))
    state.prepare('UPDATE cursor SET first_start_ms = first_start_ms - ?').run(24 * HOUR_MS)
    state.close()
    for (const hours of [8, 7, 5, 1]) {
      const columns = { date: toAppleDate(Date.now() - hours * HOUR_MS) }
      await house.simulator.receive({ from: ANNA, text: `${hours} h ago`, columns })
    }
    await house.startConnected()
    await waitFor('the answers', () => house.seen(ANNA).length === 4)
    expect(house.backend.received.map(({ filtered_text }) => filtered_text)).toEqual(['5 h ago', '1 h ago'])
    expect((await house.status()).skipped).toMatchObject({ stale: 2 })
    await checkInvariants(house, { skipped: ['stale', 'stale'] })
  }))

describe.concurrent('the clock was set between two lives', () => {
  const HOUR_MS = 3_600_000
  /** The agent's wall clock is off by as much. */
  const clock = (house: House, offsetMs: number): Record<string, string> => {
    const file = join(house.dir, 'clock-offset')
    writeFileSync(file, String(offsetMs))
    return { STEPPED_CLOCK: file, NODE_OPTIONS: `--import=${new URL('../support/stepped-clock.ts', import.meta.url)}` }
  }
  const withAhead = (env: Readonly<Record<string, string>>, happen: (house: House) => Promise<void>) =>
    withHouse({ backend: twoBubbles, env: { EDGE_SEND_SETTLE: '1s', ...env } }, async house => {
      await house.startConnected(clock(house, 0)) // what was there before the very first start is nobody's to answer
      await house.stopAgent()
      await house.startConnected(clock(house, HOUR_MS))
      await happen(house)
    })

  test('back an hour: a message waits for its retry no longer than it would have', () =>
    withAhead({}, async house => {
      house.backend.faults.http.push({ effect: answerWith(500, 'no') })
      await say(house, 'hi')
      await waitFor('the wait', async () => (await house.status()).messages.waiting === 1)
      house.signalAgent('SIGKILL')
      await house.agentEnd()
      await house.startConnected(clock(house, 0))
      await ends(house, 'hi')
    }))

  test('back an hour: doubt about a send ends as soon as it would have', () =>
    withAhead({ EDGE_SEND_TIMEOUT: '1s' }, async house => {
      house.simulator.setOsascriptMode({ mode: 'hang' }, { text: 'R to hi', times: 1 })
      await say(house, 'hi')
      await waitFor('the doubt', async () => (await house.status()).bubbles.unknown === 1)
      house.signalAgent('SIGKILL')
      await house.agentEnd()
      await house.startConnected(clock(house, 0))
      await waitFor('its end', async () => (await house.status()).bubbles.parked === 1)
      await sees(house, ANNA, ['B to hi'])
    }))

  test('it was ahead at the very first start: what comes from then on is answered', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startConnected(clock(house, HOUR_MS))
      clock(house, 0)
      await say(house, 'hi')
      await sees(house, ANNA, bubblesTo('hi'))
      await house.stopAgent()
      await say(house, 'meanwhile')
      await house.startConnected()
      await ends(house, 'hi', 'meanwhile')
    }))

  test('ahead an hour, while a row is being written: it is waited for as long as ever', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startConnected(clock(house, 0))
      const late = house.simulator.receive({ from: ANNA, text: 'late', joinMs: 2_500 })
      await say(house, 'hi')
      await sees(house, ANNA, bubblesTo('hi'))
      clock(house, HOUR_MS)
      await late
      await ends(house, 'hi', 'late')
    }))

  test('ahead an hour: a row that comes late is waited for as long as ever', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startConnected(clock(house, 0))
      house.simulator.setOsascriptMode({ mode: 'row-late', ms: 8_000 }, { text: 'R to hi', times: 1 })
      await say(house, 'hi')
      await waitFor('the send', async () => (await house.status()).bubbles.sent === 1)
      house.signalAgent('SIGKILL')
      await house.agentEnd()
      await house.startConnected(clock(house, HOUR_MS))
      await ends(house, 'hi')
      expect(house.logged(/without a row in chat.db/)).toEqual([])
    }))

  test('ahead an hour: an osascript that is still out is let go on', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startConnected(clock(house, 0))
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 2_500 }, { text: 'R to hi', times: 1 })
      await say(house, 'hi')
      await waitFor('the send', async () => (await house.status()).bubbles.sending === 1)
      house.signalAgent('SIGKILL')
      await house.agentEnd()
      await house.startConnected(clock(house, HOUR_MS))
      await ends(house, 'hi')
    }))
})

describe.runIf(CAN_LIMIT).concurrent('no file and no socket can be opened for a while', () => {
  test('when a message comes: it is POSTed later', () =>
    withAgent({}, async house => {
      const restore = limitFiles(house.agentPid, 3)
      await say(house, 'hi')
      await waitFor('a failure', () => house.log.includes('EMFILE'))
      restore()
      await ends(house, 'hi')
    }))

  test('when a bubble is to be sent: it is sent later', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startConnected({ EDGE_FAILPOINT: 'command-after@1:pause' })
      await say(house, 'hi')
      await stopped(house.agentPid)
      const restore = limitFiles(house.agentPid, 3)
      house.signalAgent('SIGCONT')
      await waitFor('a failure', () => house.log.includes('EMFILE'))
      restore()
      await ends(house, 'hi')
    }))

  test('when an earlier life left an osascript out: it is looked for later, and waited for', () =>
    withAgent({}, async house => {
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 1_000 }, { times: 1 })
      await say(house, 'hi')
      const letGo = await holdOsascript(house)
      await house.killAgent()
      house.spawnAgent({ EDGE_FAILPOINT: 'deliver-before@1:pause' })
      await stopped(house.agentPid)
      const restore = limitFiles(house.agentPid, 3)
      house.signalAgent('SIGCONT')
      await waitFor('a failure', () => house.log.includes('EMFILE') || house.agentHasEnded())
      restore()
      letGo()
      await ends(house, 'hi')
    }))

  test('when chat.db has to be opened again: said to be unreadable, not damaged', () =>
    withAgent({}, async house => {
      const restore = limitFiles(house.agentPid, 3)
      const { chatDbPath } = house.simulator
      renameSync(chatDbPath, `${chatDbPath}.away`)
      await waitFor('a failure', () => house.log.includes('cannot be read: EMFILE'))
      renameSync(`${chatDbPath}.away`, chatDbPath)
      restore()
      await say(house, 'hi')
      await ends(house, 'hi')
    }))
})

describe.concurrent('nobody takes the log', () => {
  test('standard output and standard error are closed: goes on', () =>
    withHouse({ backend: twoBubbles }, async house => {
      const agent = house.spawnAgent()
      agent.stdout?.destroy()
      agent.stderr?.destroy()
      await house.connected()
      await say(house, 'hi')
      await say(house, 'hello', BERT)
      await sees(house, ANNA, bubblesTo('hi'))
      await sees(house, BERT, bubblesTo('hello'))
      house.signalAgent('SIGTERM')
      const [code] = await once(agent, 'exit')
      expect(code).toBe(0)
    }))
})
