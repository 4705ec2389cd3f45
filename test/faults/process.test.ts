import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, test } from 'vitest'
import { toAppleDate } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { answerWith, hang } from '../../src/lab/mock-backend/http-faults.ts'
import { checkInvariants } from '../support/check-invariants.ts'
import { ANNA, BERT } from '../support/conversation.ts'
import { holdOsascript, stopped } from '../support/processes.ts'
import { CAN_LIMIT, limitFiles } from '../support/set-limits.ts'
import { type House, type HouseOptions, startHouse, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, twoBubbles } from '../support/two-bubbles.ts'

let house: House
afterEach(() => house?.close())

const start = async (options: HouseOptions = {}, env: Record<string, string> = {}) => {
  house = await startHouse({ ...options, backend: { ...twoBubbles, ...options.backend } })
  await house.startConnected(env)
}
const say = (text: string, from = ANNA) => house.simulator.receive({ from, text })
/** Anna has seen all of it, once and in order, and nothing else is wrong. */
const ends = async (...texts: string[]) => {
  await sees(house, ANNA, bubblesTo(...texts))
  await checkInvariants(house, { unheard: 'any' })
  expect(house.seen(ANNA)).toEqual(bubblesTo(...texts))
}

describe('SIGTERM: intake stops, what is under way ends and is recorded, exit 0', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s while idle', async signal => {
    await start()
    house.signalAgent(signal)
    expect(await house.agentEnd()).toBe(0)
    expect(house.log).toContain('agent stopped')
  })

  test('in the middle of a POST that is answered: not POSTed again', async () => {
    await start({ backend: { thinkMs: 1_500 } })
    await say('hi')
    await waitFor('the POST', () => house.backend.received.length === 1)
    expect(await house.stopAgent()).toBe(0)
    await say('meanwhile')
    expect(house.backend.received.map(({ filtered_text }) => filtered_text)).toEqual(['hi'])
    await house.startConnected()
    await ends('hi', 'meanwhile')
    expect(house.backend.received.map(({ filtered_text }) => filtered_text)).toEqual(['hi', 'meanwhile'])
  })

  test('in the middle of a POST that is not answered: cut after a while, POSTed again by the next life', async () => {
    await start()
    house.backend.faults.http.push({ effect: hang })
    await say('hi')
    await waitFor('the POST', () => house.backend.received.length === 1)
    expect(await house.stopAgent()).toBe(0)
    await house.startConnected()
    await ends('hi')
  })

  test('in the middle of a send: it ends, and is not made again', async () => {
    await start()
    house.simulator.setOsascriptMode({ mode: 'slow', ms: 3_000 }, { times: 1 })
    await say('hi')
    await waitFor('the send', async () => (await house.status()).bubbles.sending === 1)
    expect(await house.stopAgent()).toBe(0)
    expect(house.seen(ANNA)).toEqual(['R to hi'])
    await house.startConnected()
    await ends('hi')
  })

  test('while a message waits for its retry', async () => {
    await start()
    const recovered = house.backend.faults.http.push({ effect: answerWith(503), times: Number.POSITIVE_INFINITY })
    await say('hi')
    await waitFor('the wait', async () => (await house.status()).messages.waiting === 1)
    expect(await house.stopAgent()).toBe(0)
    recovered()
    await house.startConnected()
    await ends('hi')
  })

  test('twice: it ends at once, with a send still out, and the next life has it right', async () => {
    await start()
    house.simulator.setOsascriptMode({ mode: 'slow', ms: 5_000 }, { times: 1 })
    await say('hi')
    const letGo = await holdOsascript(house)
    house.signalAgent('SIGTERM')
    await waitFor('the first to be heard', () => house.log.includes('"stopping"'))
    house.signalAgent('SIGTERM')
    expect(await house.agentEnd()).toBe(0)
    expect(house.seen(ANNA)).toEqual([])
    letGo()
    await house.startConnected()
    await ends('hi')
  })
})

test('frozen while messages come, and continued: all are answered, without an alarm', async () => {
  await start()
  await say('before')
  await sees(house, ANNA, bubblesTo('before'))
  house.signalAgent('SIGSTOP')
  await stopped(house.agentPid)
  await say('meanwhile')
  await sleep(4_000)
  house.signalAgent('SIGCONT')
  await sees(house, ANNA, bubblesTo('before', 'meanwhile'))
  expect((await house.status()).problems).toEqual([])
  await ends('before', 'meanwhile')
})

test('asleep for a night: what is young enough is answered, oldest first, the rest is skipped with its reason', async () => {
  await start()
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
})

describe('the clock was set between two lives', () => {
  const HOUR_MS = 3_600_000
  /** The agent's wall clock is off by as much. */
  const clock = (offsetMs: number): Record<string, string> => {
    const file = join(house.dir, 'clock-offset')
    writeFileSync(file, String(offsetMs))
    return { STEPPED_CLOCK: file, NODE_OPTIONS: `--import=${new URL('../support/stepped-clock.ts', import.meta.url)}` }
  }
  const startAhead = async (env: Record<string, string> = {}) => {
    house = await startHouse({ backend: twoBubbles, env: { EDGE_SEND_SETTLE: '1s', ...env } })
    await house.startConnected(clock(0)) // what was there before the very first start is nobody's to answer
    await house.stopAgent()
    await house.startConnected(clock(HOUR_MS))
  }

  test('back an hour: a message waits for its retry no longer than it would have', async () => {
    await startAhead()
    house.backend.faults.http.push({ effect: answerWith(500, 'no') })
    await say('hi')
    await waitFor('the wait', async () => (await house.status()).messages.waiting === 1)
    house.signalAgent('SIGKILL')
    await house.agentEnd()
    await house.startConnected(clock(0))
    await ends('hi')
  })

  test('back an hour: doubt about a send ends as soon as it would have', async () => {
    await startAhead({ EDGE_SEND_TIMEOUT: '1s' })
    house.simulator.setOsascriptMode({ mode: 'hang' }, { text: 'R to hi', times: 1 })
    await say('hi')
    await waitFor('the doubt', async () => (await house.status()).bubbles.unknown === 1)
    house.signalAgent('SIGKILL')
    await house.agentEnd()
    await house.startConnected(clock(0))
    await waitFor('its end', async () => (await house.status()).bubbles.parked === 1)
    await sees(house, ANNA, ['B to hi'])
  })

  test('it was ahead at the very first start: what comes from then on is answered', async () => {
    house = await startHouse({ backend: twoBubbles })
    await house.startConnected(clock(HOUR_MS))
    clock(0)
    await say('hi')
    await sees(house, ANNA, bubblesTo('hi'))
    await house.stopAgent()
    await say('meanwhile')
    await house.startConnected()
    await ends('hi', 'meanwhile')
  })

  test('ahead an hour, while a row is being written: it is waited for as long as ever', async () => {
    house = await startHouse({ backend: twoBubbles })
    await house.startConnected(clock(0))
    const late = house.simulator.receive({ from: ANNA, text: 'late', joinMs: 2_500 })
    await say('hi')
    await sees(house, ANNA, bubblesTo('hi'))
    clock(HOUR_MS)
    await late
    await ends('hi', 'late')
  })

  test('ahead an hour: a row that comes late is waited for as long as ever', async () => {
    house = await startHouse({ backend: twoBubbles })
    await house.startConnected(clock(0))
    house.simulator.setOsascriptMode({ mode: 'row-late', ms: 8_000 }, { text: 'R to hi', times: 1 })
    await say('hi')
    await waitFor('the send', async () => (await house.status()).bubbles.sent === 1)
    house.signalAgent('SIGKILL')
    await house.agentEnd()
    await house.startConnected(clock(HOUR_MS))
    await ends('hi')
    expect(house.logged(/without a row in chat.db/)).toEqual([])
  })

  test('ahead an hour: an osascript that is still out is let go on', async () => {
    house = await startHouse({ backend: twoBubbles })
    await house.startConnected(clock(0))
    house.simulator.setOsascriptMode({ mode: 'slow', ms: 2_500 }, { text: 'R to hi', times: 1 })
    await say('hi')
    await waitFor('the send', async () => (await house.status()).bubbles.sending === 1)
    house.signalAgent('SIGKILL')
    await house.agentEnd()
    await house.startConnected(clock(HOUR_MS))
    await ends('hi')
  })
})

describe.runIf(CAN_LIMIT)('no file and no socket can be opened for a while', () => {
  test('when a message comes: it is POSTed later', async () => {
    await start()
    const restore = limitFiles(house.agentPid, 3)
    await say('hi')
    await waitFor('a failure', () => house.log.includes('EMFILE'))
    restore()
    await ends('hi')
  })

  test('when a bubble is to be sent: it is sent later', async () => {
    await start({}, { EDGE_FAILPOINT: 'command-after@1:pause' })
    await say('hi')
    await stopped(house.agentPid)
    const restore = limitFiles(house.agentPid, 3)
    house.signalAgent('SIGCONT')
    await waitFor('a failure', () => house.log.includes('EMFILE'))
    restore()
    await ends('hi')
  })

  test('when an earlier life left an osascript out: it is looked for later, and waited for', async () => {
    await start()
    house.simulator.setOsascriptMode({ mode: 'slow', ms: 1_000 }, { times: 1 })
    await say('hi')
    const letGo = await holdOsascript(house)
    await house.killAgent()
    house.spawnAgent({ EDGE_FAILPOINT: 'deliver-before@1:pause' })
    await stopped(house.agentPid)
    const restore = limitFiles(house.agentPid, 3)
    house.signalAgent('SIGCONT')
    await waitFor('a failure', () => house.log.includes('EMFILE') || house.agentHasEnded())
    restore()
    letGo()
    await ends('hi')
  })

  test('when chat.db has to be opened again: said to be unreadable, not damaged', async () => {
    await start()
    const restore = limitFiles(house.agentPid, 3)
    const { chatDbPath } = house.simulator
    renameSync(chatDbPath, `${chatDbPath}.away`)
    await waitFor('a failure', () => house.log.includes('cannot be read: EMFILE'))
    renameSync(`${chatDbPath}.away`, chatDbPath)
    restore()
    await say('hi')
    await ends('hi')
  })
})

describe('nobody takes the log', () => {
  test('standard output and standard error are closed: goes on', async () => {
    house = await startHouse({ backend: twoBubbles })
    const agent = house.spawnAgent()
    agent.stdout?.destroy()
    agent.stderr?.destroy()
    await house.connected()
    await say('hi')
    await say('hello', BERT)
    await sees(house, ANNA, bubblesTo('hi'))
    await sees(house, BERT, bubblesTo('hello'))
    house.signalAgent('SIGTERM')
    const [code] = await once(agent, 'exit')
    expect(code).toBe(0)
  })
})
