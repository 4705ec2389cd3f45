import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ANNA } from '../support/conversation.ts'
import { runProgram } from '../support/run-program.ts'
import { AGENT_ID, type House, MAIN, startHouse, waitFor } from '../support/start-house.ts'

const HOUR_MS = 3_600_000

/** Anna has written before the agent first started: it may write to her, and has nothing to answer. */
const inHouse = async (
  happen: (house: House) => Promise<void>,
  env: (house: House) => Record<string, string> = () => ({}),
): Promise<void> => {
  const house = await startHouse()
  try {
    await house.simulator.receive({ from: ANNA, text: 'long ago' })
    await house.startConnected(env(house))
    await happen(house)
  } finally {
    await house.close()
  }
}

const schedule = (house: House, command_id: string, text: string, sendAtMs: number): void => {
  const payload = { thread_id: ANNA, message_text: text, send_at: new Date(sendAtMs).toISOString() }
  house.backend.sendCommand(AGENT_ID, { command_id, command_type: 'schedule_message', payload })
}
const cancel = (house: House, command_id: string, schedule_id: string): void => {
  house.backend.sendCommand(AGENT_ID, { command_id, command_type: 'cancel_scheduled', payload: { schedule_id } })
}
/** What the backend was told of a command, each thing once. */
const told = (house: House, id: string): string[] => {
  const acks = house.events.flatMap(event => (event.type === 'ack' && event.ack.command_id === id ? [event.ack] : []))
  return [...new Set(acks.map(({ status, error, detail }) => [status, error ?? detail].join(' ')))]
}
const hears = (house: House, id: string, what: string): Promise<void> =>
  waitFor(`${id} to be acked as ${what}`, () => told(house, id).includes(what))

const cli = ({ stateDir }: House, ...args: string[]) =>
  runProgram(process.execPath, [MAIN, ...args, '--state-dir', stateDir])

/** The agent's wall clock is off by as much, from now on. */
const setClock = ({ dir }: House, offsetMs: number): Record<string, string> => {
  const file = join(dir, 'clock-offset')
  writeFileSync(file, String(offsetMs))
  return { STEPPED_CLOCK: file, NODE_OPTIONS: `--import=${new URL('../support/stepped-clock.ts', import.meta.url)}` }
}

test('it is sent in its second, not before, and only once; the backend is told of both', () =>
  inHouse(async house => {
    const dueMs = Date.now() + 1_500
    schedule(house, 'c1', 'dentist', dueMs)
    await hears(house, 'c1', 'received scheduled')
    expect((await house.status()).scheduled).toEqual({ waiting: 1 })
    expect((await house.status()).nextScheduled).toBe(new Date(dueMs).toISOString())
    await hears(house, 'c1', 'completed sent')
    const [sent] = house.simulator.readLedger()
    expect(sent?.at).toBeGreaterThanOrEqual(dueMs)
    const [due] = house.logged(/scheduled message is due/)
    expect(JSON.parse(due ?? '').lateMs).toBeLessThan(2_000)
    expect(house.seen(ANNA)).toEqual(['dentist'])
    expect(house.log).not.toContain('dentist')
  }))

test('cancelled, dropped by a person, or to a stranger: not sent, and the backend is told', () =>
  inHouse(async house => {
    schedule(house, 'c1', 'cancelled', Date.now() + HOUR_MS)
    schedule(house, 'c2', 'dropped', Date.now() + HOUR_MS)
    house.backend.sendCommand(AGENT_ID, {
      command_id: 'c3',
      command_type: 'schedule_message',
      payload: { thread_id: '+4930999', text: 'hi', send_at: new Date().toISOString() },
    })
    await hears(house, 'c3', 'failed unknown_thread')
    cancel(house, 'x', 'c1')
    await hears(house, 'x', 'completed cancelled')
    await hears(house, 'c1', 'failed cancelled')
    expect((await house.queue()).schedules).toMatchObject([{ id: 's2', state: 'waiting', threadId: ANNA, length: 7 }])
    // In local time, and without the words.
    expect((await cli(house, 'queue')).stdout).toMatch(
      /^s2 +waiting +\+15622924139 +7 characters, for \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d$/m,
    )
    const dropped = await cli(house, 'queue', 'drop', 's2')
    expect(dropped.stdout).toContain('dropped: s2')
    await hears(house, 'c2', 'failed dropped')
    expect((await cli(house, 'queue')).stdout).toContain('the queue is empty')
    expect(house.simulator.readLedger()).toEqual([])
  }))

describe.concurrent('killed at any commit: sent once, or not at all where it was cancelled', () => {
  test.each([
    'command-before@1',
    'command-after@1',
    'schedule-before@1',
    'schedule-after@1',
    'deliver-before@2',
    'deliver-after@2',
  ])('%s', point =>
    inHouse(
      async house => {
        const dueMs = Date.now() + 500
        schedule(house, 'c1', 'dentist', dueMs)
        expect(await house.agentEnd()).toBe('SIGKILL')
        await house.startConnected()
        schedule(house, 'c1', 'dentist', dueMs) // a backend that heard no ack
        await hears(house, 'c1', 'completed sent')
        expect(house.simulator.readLedger().map(({ text }) => text)).toEqual(['dentist'])
        expect((await house.status()).scheduled).toEqual({ planned: 1 })
      },
      () => ({ EDGE_FAILPOINT: `${point}:kill` }),
    ),
  )

  test.each(['command-before@2', 'command-after@2'])('%s, the cancellation', point =>
    inHouse(
      async house => {
        schedule(house, 'c1', 'dentist', Date.now() + HOUR_MS)
        await hears(house, 'c1', 'received scheduled')
        cancel(house, 'x', 'c1')
        expect(await house.agentEnd()).toBe('SIGKILL')
        await house.startConnected()
        cancel(house, 'x', 'c1')
        await hears(house, 'x', 'completed cancelled')
        await hears(house, 'c1', 'failed cancelled')
        expect(told(house, 'x')).toEqual(['completed cancelled'])
        expect((await house.status()).scheduled).toEqual({ cancelled: 1 })
      },
      () => ({ EDGE_FAILPOINT: `${point}:kill` }),
    ),
  )
})

test('down, or asleep, when its time comes: sent if not too late, and else told and listed', () =>
  inHouse(async house => {
    schedule(house, 'c1', 'late', Date.now() + HOUR_MS - 60_000)
    schedule(house, 'c2', 'too late', Date.now() + HOUR_MS - 660_000)
    await hears(house, 'c2', 'received scheduled')
    await house.stopAgent()
    await house.startConnected(setClock(house, HOUR_MS))
    await hears(house, 'c1', 'completed sent')
    await hears(house, 'c2', 'failed too_late')
    expect(house.simulator.readLedger().map(({ text }) => text)).toEqual(['late'])
    expect((await house.queue()).schedules).toMatchObject([{ id: 's2', state: 'too_late' }])
    expect(house.logged(/scheduled message not sent/)).toHaveLength(1)
  }))

test('the clock is set while it waits, back and forward: it is sent when the clock says so', () =>
  inHouse(
    async house => {
      schedule(house, 'c1', 'soon', Date.now() + 3_000)
      await hears(house, 'c1', 'received scheduled')
      setClock(house, -HOUR_MS)
      schedule(house, 'c2', 'an hour earlier', Date.now() - HOUR_MS + 1_500)
      await hears(house, 'c2', 'completed sent')
      expect(house.seen(ANNA)).toEqual(['an hour earlier'])
      setClock(house, 0)
      await hears(house, 'c1', 'completed sent')
      expect(house.seen(ANNA)).toEqual(['an hour earlier', 'soon'])
    },
    house => setClock(house, 0),
  ))
