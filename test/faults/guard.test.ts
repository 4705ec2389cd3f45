import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { CommandAckData } from '../../src/protocol/wire.ts'
import { ANNA, BERT, phone } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { AGENT_ID, type House, MAIN, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled } from '../support/two-bubbles.ts'

/** What a person types; nobody waits for the house meanwhile, as its backend lives in this process. */
const edgeAgent = async (house: House, ...args: string[]) => {
  const child = spawn(process.execPath, [MAIN, ...args, '--state-dir', house.stateDir], {
    env: { ...process.env, HOME: house.dir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', chunk => {
      out += chunk
    })
  }
  const [code] = await once(child, 'close')
  return { code, out }
}

const acks = (house: House, id: string): CommandAckData[] =>
  house.events.flatMap(event => (event.type === 'ack' && event.ack.command_id === id ? [event.ack] : []))

const say = (house: House, thread_id: string, text: string, command_id = text): void => {
  house.backend.sendCommand(AGENT_ID, { command_id, command_type: 'send_message_now', payload: { thread_id, text } })
}
const refused = (house: House, id: string) =>
  waitFor(`the end of ${id}`, () => acks(house, id).some(({ status }) => status === 'failed')).then(
    () => acks(house, id).at(-1)?.error,
  )
const planned = (house: House, n: number) =>
  waitFor(`${n} bubbles to wait`, async () => ((await house.status()).bubbles.planned ?? 0) === n)
const converse = async (house: House, from = ANNA): Promise<void> => {
  await house.simulator.receive({ from, text: 'hello' })
  await sees(house, from, bubblesTo('hello'))
  await settled(house)
}
const byHand = (house: House, thread = ANNA, text = 'by hand') =>
  house.simulator.writeOutgoing({ chat: `any;-;${thread}`, text })

describe.concurrent('a person', () => {
  test('pauses a thread: it is held across a restart, others go on, and all goes out in order when resumed', () =>
    inHouse({}, async house => {
      await house.startConnected()
      await converse(house)
      expect(await edgeAgent(house, 'pause', '+1 (555) 999-0000')).toMatchObject({ code: 64 })
      expect(await edgeAgent(house, 'pause', '(562) 292-4139')).toMatchObject({ code: 0 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      say(house, ANNA, 'a command')
      await house.simulator.receive({ from: BERT, text: 'hi' })
      await sees(house, BERT, bubblesTo('hi'))
      await planned(house, 3)
      expect(acks(house, 'a command')).toMatchObject([{ status: 'received', detail: 'held_paused' }])
      await house.killAgent()
      await house.startConnected()
      await planned(house, 3)
      expect(house.seen(ANNA)).toEqual(bubblesTo('hello'))
      expect((await edgeAgent(house, 'queue')).out).toMatch(
        /paused: \+15622924139, until you run edge-agent resume[\s\S]+on hold +\+15622924139 .+\n +sending is paused .+\[held_paused\]/,
      )
      expect((await house.status()).held.paused).toEqual({ threads: 1, until: null })

      expect(await edgeAgent(house, 'resume', ANNA)).toMatchObject({ code: 0 })
      await waitFor('all of it', () => house.seen(ANNA).length === 5)
      const seen = house.seen(ANNA)
      expect(seen.indexOf('R to hi')).toBeLessThan(seen.indexOf('B to hi'))
      await waitFor('its end', () => acks(house, 'a command').at(-1)?.status === 'completed')
    }))

  test('pauses everything while no agent runs, for a while, and gives up what was held', () =>
    inHouse({ expected: { unsent: 'any' } }, async house => {
      await house.startConnected()
      await converse(house)
      await house.stopAgent()
      expect((await edgeAgent(house, 'pause', '--for', 'soon')).code).toBe(64)
      expect((await edgeAgent(house, 'pause', '--for', '5')).code).toBe(64)
      expect((await edgeAgent(house, 'resume', ANNA, '--all')).code).toBe(64)
      expect((await edgeAgent(house, 'pause', '--for', '2h')).out).toContain('takes effect when it starts')
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      say(house, ANNA, 'a command')
      await planned(house, 3)
      const { out } = await edgeAgent(house, 'resume', '--drop', '--json')
      expect(JSON.parse(out)).toMatchObject({ thread: null, dropped: 3, waiting: 0, still: [] })
      expect(await refused(house, 'a command')).toBe('dropped')
      await house.simulator.receive({ from: ANNA, text: 'and?' })
      await sees(house, ANNA, [...bubblesTo('hello'), ...bubblesTo('and?')])
    }))

  test('writes by hand: reflex and answer are held there and nowhere else, and go out in order afterwards', () =>
    inHouse({ env: { EDGE_TAKEOVER_PAUSE: '12s' }, expected: { byHand: 1 } }, async house => {
      await house.startConnected()
      await converse(house)
      await byHand(house)
      await waitFor('the takeover', async () => (await house.status()).held.takeover.threads === 1)
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await house.simulator.receive({ from: BERT, text: 'hi' })
      await sees(house, BERT, bubblesTo('hi'))
      await waitFor('the answer', async () => (await house.status()).messages.answered === 3)
      const [reflex] = house.events.flatMap(event => (event.type === 'reflex-sent' ? [event] : [])).slice(-2)
      expect(acks(house, reflex?.command_id ?? '')[0]).toMatchObject({ status: 'received', detail: 'held_takeover' })
      expect(house.seen(ANNA)).toEqual(bubblesTo('hello'))
      await sees(house, ANNA, [...bubblesTo('hello'), ...bubblesTo('hi')])
    }))

  test('writes by hand the very words of a bubble that was sent, while the agent is down, and sends a picture', () =>
    inHouse({ expected: { byHand: 2 } }, async house => {
      await house.startConnected()
      await converse(house)
      await converse(house, BERT)
      await house.stopAgent()
      await byHand(house, ANNA, 'B to hello')
      await house.startConnected()
      await waitFor('the takeover', async () => (await house.status()).held.takeover.threads === 1)
      await house.simulator.writeOutgoing({ chat: `any;-;${BERT}`, attachments: [{ name: 'cat.jpg' }], joinMs: 400 })
      await waitFor('the other', async () => (await house.status()).held.takeover.threads === 2)
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await planned(house, 2)
      expect(await edgeAgent(house, 'resume', '--all')).toMatchObject({ code: 0 })
      await sees(house, ANNA, [...bubblesTo('hello'), ...bubblesTo('hi')])
    }))
})

test('what the owner writes to a person holds the threads of all their addresses', () =>
  inHouse({ expected: { byHand: 1 } }, async house => {
    await house.startConnected()
    for (const who of [ANNA, BERT, phone(1)]) await converse(house, who)
    const db = new Database(house.simulator.chatDbPath)
    db.prepare("UPDATE handle SET person_centric_id = 'one person' WHERE id IN (?, ?)").run(ANNA, BERT)
    db.close()
    await byHand(house, ANNA)
    await waitFor('the takeover', async () => (await house.status()).held.takeover.threads === 2)
    for (const from of [BERT, phone(1)]) await house.simulator.receive({ from, text: 'hi' })
    await sees(house, phone(1), bubblesTo('hello', 'hi'))
    await planned(house, 2)
    expect(house.seen(BERT)).toEqual(bubblesTo('hello'))
    expect(await edgeAgent(house, 'resume', BERT)).toMatchObject({ code: 0 })
    await sees(house, BERT, bubblesTo('hello', 'hi'))
  }))

describe.concurrent('a backend', () => {
  test('may write to a few new recipients a day, and a restart forgives nothing', () =>
    inHouse({ env: { EDGE_SEND_MAX_NEW_PER_DAY: '2' } }, async house => {
      for (const n of [1, 2, 3]) await house.simulator.receive({ from: phone(n), text: 'long ago' })
      await house.startConnected()
      await converse(house)
      say(house, phone(1), 'one')
      say(house, phone(2), 'two')
      say(house, phone(3), 'three')
      expect(await refused(house, 'three')).toBe('new_recipient_limit')
      await house.stopAgent()
      await house.startConnected()
      say(house, phone(3), 'four')
      expect(await refused(house, 'four')).toBe('new_recipient_limit')
      say(house, phone(1), 'five')
      say(house, ANNA, 'six')
      await sees(house, phone(1), ['one', 'five'])
      await sees(house, ANNA, [...bubblesTo('hello'), 'six'])
      await house.simulator.receive({ from: phone(3), text: 'now' })
      await sees(house, phone(3), bubblesTo('now'))
      say(house, phone(3), 'seven')
      await sees(house, phone(3), [...bubblesTo('now'), 'seven'])
    }))

  test('cannot send more in a day than permitted: commands fail, answers wait', () =>
    inHouse(
      { env: { EDGE_SEND_MAX_PER_DAY_PER_THREAD: '3' }, expected: { unsent: [`${ANNA}: B to hi`] } },
      async house => {
        await house.startConnected()
        await converse(house)
        await house.simulator.receive({ from: ANNA, text: 'hi' })
        await sees(house, ANNA, [...bubblesTo('hello'), 'R to hi'])
        say(house, ANNA, 'more')
        expect(await refused(house, 'more')).toBe('rate_limited')
        await planned(house, 1)
        const { bubbles } = await house.queue()
        expect(bubbles).toMatchObject([{ state: 'planned', waitsFor: 'rate_limited' }])
        await edgeAgent(house, 'queue', 'drop', bubbles[0]?.id ?? '')
      },
    ))

  test.each(['hold', 'refuse'])('cannot disturb anybody in quiet hours (%s)', quiet =>
    inHouse({ expected: { unsent: 'any' } }, async house => {
      await house.startConnected()
      await converse(house)
      await house.stopAgent()
      await house.startConnected({ EDGE_SEND_QUIET_HOURS: '00:00-12:00,12:00-24:00', EDGE_SEND_QUIET: quiet })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      say(house, ANNA, 'a command')
      if (quiet === 'refuse') expect(await refused(house, 'a command')).toBe('quiet_hours')
      else await waitFor('its ack', () => acks(house, 'a command').at(-1)?.detail === 'held_quiet_hours')
      await planned(house, quiet === 'refuse' ? 2 : 3)
      expect(house.seen(ANNA)).toEqual(bubblesTo('hello'))
      await house.stopAgent()
      await house.startConnected()
      await waitFor('the answer', () => house.seen(ANNA).includes('B to hi'))
    }),
  )

  test('that answers a machine without end is stopped, until a person lets it go on', () =>
    inHouse(
      { env: { EDGE_SEND_LOOP_ROUNDS: '4', EDGE_SEND_LOOP_GAP: '1h' }, expected: { unsent: 'any' } },
      async house => {
        await house.startConnected()
        for (let n = 0; n < 5; n += 1) {
          await house.simulator.receive({ from: ANNA, text: `m${n}` })
          await waitFor('the answer', async () => (await house.status()).messages.answered === n + 1)
          if (n < 4) await waitFor('its bubbles', () => house.seen(ANNA).length === 2 * (n + 1))
        }
        await waitFor('the breaker', async () =>
          (await house.status()).problems.some(({ code }) => code === 'loop_breaker'),
        )
        say(house, ANNA, 'more')
        expect(await refused(house, 'more')).toBe('loop_breaker')
        await planned(house, 2)
        expect(house.seen(ANNA)).toHaveLength(8)
        await house.simulator.receive({ from: BERT, text: 'hi' })
        await sees(house, BERT, bubblesTo('hi'))
        await edgeAgent(house, 'resume', ANNA)
        await waitFor('the rest', () => house.seen(ANNA).length === 10)
        expect((await house.status()).problems).toEqual([])
      },
    ))

  test('that floods strangers reaches nobody, and fills neither disk nor log', () =>
    inHouse({}, async house => {
      await house.startConnected()
      await converse(house)
      const FLOOD = 2_000
      const logged = house.log.length
      for (let n = 0; n < FLOOD; n += 1) {
        say(house, `+1999${String(n).padStart(7, '0')}`, 'buy now', `${n}-${'x'.repeat(200)}`)
        if (n % 300 === 299) await waitFor('acks', () => finals(house) > n - 300)
      }
      await waitFor('all acks', () => finals(house) >= FLOOD)
      expect(house.simulator.readLedger()).toHaveLength(2)
      expect((await house.status()).commands['failed']).toBeLessThan(1_200)
      expect(statSync(join(house.stateDir, 'state.db')).size).toBeLessThan(5e6)
      expect(house.log.length - logged).toBeLessThan(2e6)
      expect(house.logged(/"msg":"command refused"/).length).toBeLessThan(FLOOD / 2)
    }))
})

const finals = (house: House): number =>
  new Set(
    house.events.flatMap(event =>
      event.type === 'ack' && event.ack.status === 'failed' ? [event.ack.command_id] : [],
    ),
  ).size

test('the Mac wakes up: a pause that ended while it slept holds nothing any longer', () =>
  inHouse({}, async house => {
    const clock = join(house.dir, 'clock-offset')
    writeFileSync(clock, '0')
    const stepped = new URL('../support/stepped-clock.ts', import.meta.url)
    await house.startConnected({ STEPPED_CLOCK: clock, NODE_OPTIONS: `--import=${stepped}` })
    await converse(house)
    expect(await edgeAgent(house, 'pause', '--for', '2h')).toMatchObject({ code: 0 })
    say(house, ANNA, 'later')
    await planned(house, 1)
    writeFileSync(clock, String(3 * 3_600_000))
    // Nobody looks at a hold again sooner than after half a minute, unless woken.
    await expect.poll(() => house.seen(ANNA), { timeout: 20_000 }).toContain('later')
  }))
