import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { answerUpgrade, BROKEN_FRAMES, stallUpgrade } from '../../src/lab/mock-backend/socket-faults.ts'
import { ANNA, BERT, phone } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { AGENT_ID, type House, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees } from '../support/two-bubbles.ts'

const connects = (house: House) => house.events.filter(({ type }) => type === 'connected').length
const reconnected = (house: House, times: number) =>
  waitFor(`connection ${times}`, () => connects(house) >= times && house.backend.connections.size === 1)
const isWaiting = (house: House, code: string) =>
  waitFor(`the end of the connection to be called ${code}`, async () => {
    const { connection } = await house.status()
    return connection.state === 'waiting' && connection.lastError.code === code
  })
const acks = (house: House) => house.events.flatMap(event => (event.type === 'ack' ? [event.ack] : []))
const say = (house: House, text: string, command_id: string = text, thread_id: string = ANNA) =>
  house.backend.sendCommand(AGENT_ID, { command_id, command_type: 'send_message_now', payload: { thread_id, text } })

/** A connection, and a thread that may be written to. */
const afterHello = async (house: House): Promise<string[]> => {
  await house.startConnected()
  await house.simulator.receive({ from: ANNA, text: 'hello' })
  await sees(house, ANNA, bubblesTo('hello'))
  return bubblesTo('hello')
}

describe.concurrent('WebSocket', () => {
  test('upgrade answered 401, 403, 404, 200, 503 + Retry-After: classified by status, and HTTP goes on alone', () =>
    inHouse({}, async house => {
      const answers = {
        401: 'unauthorized',
        403: 'unauthorized',
        404: 'wrong_road',
        200: 'wrong_road',
        503: 'http_503',
      }
      for (const [n, [status, code]] of Object.entries(answers).entries()) {
        house.backend.faults.upgrade.push({ effect: answerUpgrade(Number(status), { 'Retry-After': '120' }) })
        await house.startAgent()
        await isWaiting(house, code)
        const { connection } = await house.status()
        if (connection.state !== 'waiting') throw new Error(`the connection is ${connection.state}`)
        expect(connection.retryAt - connection.since).toBeGreaterThanOrEqual(code === 'http_503' ? 120_000 : 30_000)
        await house.simulator.receive({ from: phone(n), text: status })
        await sees(house, phone(n), bubblesTo(status))
        await house.stopAgent()
      }
      await house.startConnected()
    }))

  test('upgrade stalls: hand-shake time-out, then another dial', () =>
    inHouse({}, async house => {
      house.backend.faults.upgrade.push({ effect: stallUpgrade })
      await house.startAgent()
      await isWaiting(house, 'dial_timeout')
      await house.connected()
    }))

  test('1012 with TCP left open: back without waiting for the silence to be noticed', () =>
    inHouse({ expected: { overlapping: true } }, async house => {
      await house.startConnected()
      house.backend.faults.socket.closeButKeepTcp(1012)
      await reconnected(house, 2)
      expect(house.logged(/"code":"closed_1012".*connection waiting/)).toHaveLength(1)
      expect(house.logged(/"code":"silent"/)).toEqual([])
    }))

  test.each([[[1000, 1001, 1006, 1011, 4000, 4001]], [[1008, 1013]]])('%j: always comes back', codes =>
    inHouse({}, async house => {
      for (const code of codes) {
        await house.startConnected()
        const before = connects(house)
        if (code === 1006) house.backend.faults.socket.terminate()
        else house.backend.faults.socket.close(code, 'because')
        await reconnected(house, before + 1)
        expect(house.logged(new RegExp(`"code":"closed_${code}"`))).not.toEqual([])
        await house.simulator.receive({ from: phone(code), text: 'hi' })
        await sees(house, phone(code), bubblesTo('hi'))
        await house.stopAgent()
      }
      await house.startConnected()
    }),
  )

  test('4401, 4403, 4409: no hammering, the status says what to do, and HTTP goes on alone', () =>
    inHouse({}, async house => {
      for (const [code, name] of [
        [4401, 'unauthorized'],
        [4403, 'unauthorized'],
        [4409, 'replaced'],
      ] as const) {
        await house.startConnected()
        house.backend.faults.socket.close(code)
        await isWaiting(house, name)
        const { connection } = await house.status()
        if (connection.state !== 'waiting') throw new Error(`the connection is ${connection.state}`)
        expect(connection.retryAt - connection.since).toBeGreaterThanOrEqual(30_000)
        expect(connection.lastError.remedy).toMatch(/secret|other agent/)
        await house.simulator.receive({ from: phone(code), text: 'hi' })
        await sees(house, phone(code), bubblesTo('hi'))
        await house.stopAgent()
      }
      await house.startConnected()
    }))

  test('frozen server: found dead, redialled, and the acks it never read are sent again', () =>
    inHouse({ expected: { overlapping: true } }, async house => {
      const hello = await afterHello(house)
      house.backend.faults.socket.freeze()
      say(house, 'are you there?')
      await sees(house, ANNA, [...hello, 'are you there?'])
      await reconnected(house, 2)
      expect(house.logged(/"code":"silent".*connection waiting/)).toHaveLength(1)
    }))

  test('half-open while the backend sends a reflex into it: the HTTP answer delivers it; a late reset is ignored', () =>
    inHouse({ proxy: true, expected: { overlapping: true, unheard: [`${ANNA}: R to hi`] } }, async house => {
      const hello = await afterHello(house)
      house.proxy.strandWebSockets()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, [...hello, ...bubblesTo('hi')])
      await reconnected(house, 2)
      house.proxy.resetStranded()
      await waitFor('the old connection to be gone', () => house.events.some(({ type }) => type === 'disconnected'))
      say(house, 'still here')
      await sees(house, ANNA, [...hello, ...bubblesTo('hi'), 'still here'])
      expect((await house.status()).connection).toMatchObject({ state: 'open', generation: 2 })
    }))

  test('the agent frozen, then continued: no false alarm from overdue timers; probe, poll, go on', () =>
    inHouse({}, async house => {
      await house.startConnected()
      house.signalAgent('SIGSTOP')
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sleep(8_000) // longer than the silence that means death
      house.signalAgent('SIGCONT')
      await sees(house, ANNA, bubblesTo('hi'))
      expect(house.logged(/"woke up"/)).not.toEqual([])
      expect((await house.status()).connection).toMatchObject({ state: 'open', generation: 1 })
    }))

  test('reconnects in the middle of conversations: nothing lost, doubled or out of order', () =>
    inHouse({ proxy: true, expected: { unheard: 'any' } }, async house => {
      await house.startConnected()
      const { proxy, backend } = house
      const breaks = [
        () => backend.faults.socket.terminate(),
        () => proxy.reset(),
        () => backend.faults.socket.close(1012),
        () => backend.faults.socket.sendBytes(BROKEN_FRAMES.badOpcode),
      ]
      for (const [n, breakIt] of breaks.entries()) {
        for (const from of [ANNA, BERT, phone(1)]) await house.simulator.receive({ from, text: `m${n}` })
        await waitFor('the reflexes', () => house.logged(/command accepted/).length >= 3 * n + 1)
        breakIt()
        await reconnected(house, n + 2)
      }
      await waitFor('all bubbles', () => house.simulator.readLedger().length === 24)
    }))

  test('invalid UTF-8, bad opcode, masked, 300 KiB and truncated frame: terminated, backed off, one log line', () =>
    inHouse({}, async house => {
      await house.startConnected()
      const codes = {
        invalidUtf8: 'WS_ERR_INVALID_UTF8',
        badOpcode: 'WS_ERR_INVALID_OPCODE',
        masked: 'WS_ERR_UNEXPECTED_MASK',
        oversized: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
        truncated: 'closed_1006',
      } as const
      for (const [n, name] of (Object.keys(codes) as (keyof typeof codes)[]).entries()) {
        house.backend.faults.socket.sendBytes(BROKEN_FRAMES[name])
        if (name === 'truncated') house.backend.faults.socket.terminate()
        await reconnected(house, n + 2)
        expect(house.logged(new RegExp(`"code":"${codes[name]}".*connection waiting`))).toHaveLength(1)
      }
    }))

  test.each(['{"type":"ping"}', '{"type":"weather","data":{"rain":true}}'])(
    '10,000 small frames %s: memory bounded, the connection stays, commands among them keep their order',
    frame =>
      inHouse({}, async house => {
        const hello = await afterHello(house)
        const texts = Array.from({ length: 5 }, (_, n) => `t${n}`)
        for (const text of texts) {
          for (let n = 0; n < 2_000; n += 1) house.backend.faults.socket.sendText(frame)
          say(house, text)
        }
        await sees(house, ANNA, [...hello, ...texts])
        expect((await house.status()).connection).toMatchObject({ state: 'open', generation: 1 })
      }),
  )

  test('what no agent can do is acked failed where there is an id, never guessed, and never a crash', () =>
    inHouse({}, async house => {
      const hello = await afterHello(house)
      const { sendText } = house.backend.faults.socket
      const frames = ['', 'no JSON', '[]', 'null', '{"type":7}', '{"type":"weather"}', '{"type":"command"}']
      for (const frame of frames) sendText(frame)
      for (const command_id of [undefined, null, 7, '', {}]) {
        const payload = { thread_id: ANNA, text: 'psst' }
        sendText(JSON.stringify({ type: 'command', data: { command_id, command_type: 'send_message_now', payload } }))
      }
      const payloads = {
        'no payload': undefined,
        'a text for a payload': 'psst',
        'no thread_id': { text: 'psst' },
        'empty thread_id': { thread_id: '', text: 'psst' },
        'a number for a thread_id': { thread_id: 15622924139, text: 'psst' },
        'unknown thread_id': { thread_id: '+15550009999', text: 'psst' },
        'a guid for a thread_id': { thread_id: `any;-;${ANNA}`, text: 'psst' },
        'no text': { thread_id: ANNA },
        'empty text': { thread_id: ANNA, text: '' },
        'blank text': { thread_id: ANNA, text: ' \u200b\n' },
        'huge text': { thread_id: ANNA, text: 'x'.repeat(80_001) },
        NUL: { thread_id: ANNA, text: 'a\0b' },
        'lone surrogate': { thread_id: ANNA, text: 'a\ud800b' },
      }
      const ids = Object.keys(payloads)
      for (const [command_id, payload] of Object.entries(payloads)) {
        house.backend.sendCommand(AGENT_ID, { command_id, command_type: 'send_message_now', payload })
      }
      house.backend.sendCommand(AGENT_ID, { command_id: 'unknown type', command_type: 'sing', payload: {} })
      say(house, 'a good one')
      await sees(house, ANNA, [...hello, 'a good one'])
      await waitFor('the acks', () => ids.every(id => acks(house).some(({ command_id }) => command_id === id)))
      for (const id of [...ids, 'unknown type']) {
        expect(acks(house).filter(({ command_id }) => command_id === id)).toMatchObject([
          {
            status: 'failed',
            error: expect.stringMatching(/^(invalid_payload|text_too_long|unknown_thread|unsupported_command_type)$/),
          },
        ])
      }
      // Some one by one, and how many more there were.
      const ignored = () => house.logged(/"msg":"frame ignored"/).length + leftOut(house, 'frame ignored')
      await waitFor('all of it in the log', () => ignored() === frames.length + 5)
      expect((await house.status()).connection).toMatchObject({ state: 'open', generation: 1 })
    }))

  test('an id that cannot be kept, a payload nested too deep to be written out: acked failed, each time it comes', () =>
    inHouse({}, async house => {
      const hello = await afterHello(house)
      const { sendText } = house.backend.faults.socket
      const lone = '\ud800'
      const long = 'x'.repeat(10_000)
      const failures = (id: string) =>
        house.events
          .flatMap(event =>
            event.type === 'ack' ? [event.ack] : event.type === 'frame' ? [frameData(event.text)] : [],
          )
          .filter(({ command_id, status }) => command_id === id && status === 'failed')
      for (const times of [1, 2]) {
        for (const command_id of [lone, long]) {
          const payload = { thread_id: ANNA, text: 'psst' }
          sendText(JSON.stringify({ type: 'command', data: { command_id, command_type: 'send_message_now', payload } }))
          await waitFor('its ack', () => failures(command_id).length === times)
        }
        const payload = '['.repeat(100_000) + ']'.repeat(100_000)
        const data = `{"command_id":"deep","command_type":"send_message_now","payload":${payload}}`
        sendText(`{"type":"command","data":${data}}`)
        await waitFor('its ack', () => failures('deep').length === times)
      }
      for (const id of ['nul\0', '\u202e', '__proto__', 'é', 'e\u0301']) say(house, `by ${id}`.replace('\0', ''), id)
      await waitFor('the good ones', () => house.seen(ANNA).length === hello.length + 5)
      expect((await house.status()).connection).toMatchObject({ state: 'open', generation: 1 })
    }))

  test('commands that the backend writes right before its connection ends are obeyed, and acked on the next one', () =>
    inHouse({}, async house => {
      const hello = await afterHello(house)
      const [connection] = house.backend.connections.values()
      const texts = Array.from({ length: 5 }, (_, n) => `t${n}`)
      // All in one segment with the end: it is there before the frames have been read.
      connection?.tcp.cork()
      for (const text of texts) say(house, text)
      connection?.tcp.end()
      await sees(house, ANNA, [...hello, ...texts])
      await reconnected(house, 2)
    }))

  test('more acks owed than go out at once: all of them reach the next connection', () =>
    inHouse({ expected: { overlapping: true } }, async house => {
      await house.startConnected()
      house.backend.faults.socket.freeze()
      const ids = Array.from({ length: 250 }, (_, n) => `c${n}`)
      for (const id of ids) house.backend.sendCommand(AGENT_ID, { command_id: id, command_type: 'sing' })
      await waitFor('all to be refused', async () => (await house.status()).commands['failed'] === ids.length)
      house.backend.faults.socket.terminate()
      await waitFor('all acks', () => ids.every(id => acks(house).some(({ command_id }) => command_id === id)))
    }))

  test('a flood of commands for one thread: over the limit they fail, and none queues up for later', () =>
    inHouse({ env: { EDGE_SEND_MAX_PER_MINUTE_PER_THREAD: '6' } }, async house => {
      const hello = await afterHello(house)
      const texts = Array.from({ length: 40 }, (_, n) => `t${n}`)
      for (const text of texts) say(house, text)
      await sees(house, ANNA, [...hello, ...texts.slice(0, 4)])
      await waitFor('the others to fail', async () => (await house.status()).commands['failed'] === 36)
      expect(new Set(acks(house).flatMap(({ error }) => error ?? []))).toEqual(new Set(['rate_limited']))
      expect((await house.status()).bubbles.planned).toBeUndefined()
    }))

  test('the same command_id on one socket, on two, after kills, a day later: one send, the stored ack again', () =>
    inHouse({}, async house => {
      const hello = await afterHello(house)
      const completed = () =>
        acks(house).filter(({ command_id, status }) => command_id === 'c' && status === 'completed')
      const ask = async () => {
        const before = completed().length
        say(house, 'once', 'c')
        await waitFor('another ack', () => completed().length > before)
      }
      await ask()
      await ask()
      house.backend.faults.socket.terminate()
      await reconnected(house, 2)
      await ask()
      // Killed, it has not told the disk of the rows of its own that it saw: they are its own a day later, too.
      for (const _ of ['a kill', 'another']) {
        house.signalAgent('SIGKILL')
        await house.agentEnd()
        await house.startConnected()
        await ask()
      }
      house.signalAgent('SIGKILL')
      await house.agentEnd()
      letTimePass(house.stateDir, 24 * 60 * 60_000)
      await house.startConnected()
      await ask()
      say(house, 'something else', 'c')
      await waitFor('the conflict', () => acks(house).some(({ error }) => error === 'conflict'))
      expect(house.seen(ANNA)).toEqual([...hello, 'once'])
      expect(completed().filter(({ detail }) => detail !== 'sent')).toEqual([])
    }))

  test('ack not writable: kept, sent after the reconnect', () =>
    inHouse({}, async house => {
      const hello = await afterHello(house)
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 1_500 }, { times: 1 })
      say(house, 'slowly', 'c')
      await waitFor('the send', async () => (await house.status()).bubbles.sending === 1)
      house.backend.faults.upgrade.push({ effect: answerUpgrade(503, { 'Retry-After': '6' }) })
      house.backend.faults.socket.terminate()
      await sees(house, ANNA, [...hello, 'slowly'])
      await waitFor('its end', async () => (await house.status()).commands['received'] === undefined)
      expect(acks(house).filter(({ command_id, status }) => command_id === 'c' && status !== 'received')).toEqual([])
      await reconnected(house, 2)
      await waitFor('the ack', () => acks(house).some(ack => ack.command_id === 'c' && ack.status === 'completed'))
    }))
})

/** An ack by an id that the backend takes for none is a frame like any other to it. */
const frameData = (text: string): { readonly command_id?: string; readonly status?: string } =>
  (JSON.parse(text) as { data?: object }).data ?? {}

/** How many warnings of an event were counted in place of being logged. */
const leftOut = (house: House, event: string): number =>
  house
    .logged(/log events left out/)
    .map(line => JSON.parse(line) as { readonly event: string; readonly count: number })
    .reduce((sum, left) => sum + (left.event === event ? left.count : 0), 0)

/** The record of a stopped agent, as if it were that much older. */
const letTimePass = (stateDir: string, ms: number): void => {
  const state = new Database(join(stateDir, 'state.db'))
  state.exec(`
    UPDATE messages SET seen_ms = seen_ms - ${ms}, date_ms = date_ms - ${ms}, answered_ms = answered_ms - ${ms};
    UPDATE bubbles SET planned_ms = planned_ms - ${ms}, started_ms = started_ms - ${ms}, ended_ms = ended_ms - ${ms},
      confirmed_ms = confirmed_ms - ${ms};
    UPDATE commands SET received_ms = received_ms - ${ms}, finished_ms = finished_ms - ${ms};
  `)
  state.close()
}
