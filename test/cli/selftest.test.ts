import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { ANNA } from '../support/conversation.ts'
import { AGENT_ID, type House, MAIN, startHouse, waitFor } from '../support/start-house.ts'
import { twoBubbles } from '../support/two-bubbles.ts'

const MINE = '+15559876543'
const WRITTEN = '+1 (555) 987-6543'

let house: House
afterEach(() => house?.close())

const selftest = async (...args: string[]) => {
  const child = spawn(process.execPath, [MAIN, 'selftest', '--state-dir', house.stateDir, ...args])
  const out = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', chunk => {
      out[name] += chunk
    })
  }
  const [status] = await once(child, 'close')
  return { status, ...out }
}
/** The agent runs, and Messages has a conversation with my other device. */
const start = async (env: Record<string, string> = {}) => {
  house = await startHouse({ backend: twoBubbles, env })
  house.simulator.ensureChat(`any;-;${MINE}`)
  await house.startConnected()
}

test('a line goes out by the usual way, and each step has its time', async () => {
  await start()
  const { status, stdout } = await selftest('--to', WRITTEN, '--json')
  expect(status).toBe(0)
  const { to, runs, versions } = JSON.parse(stdout)
  expect(to).toBe('…43')
  expect(versions).toMatchObject({ agent: expect.any(String), node: process.versions.node, system: expect.any(String) })
  expect(runs).toHaveLength(1)
  expect(runs[0]).toMatchObject({ outcome: 'confirmed', state: 'confirmed', tries: 1 })
  const times = Object.values<number>(runs[0].stepsMs)
  expect(Object.keys(runs[0].stepsMs).toSorted()).toEqual(
    [
      ...['planned', 'intent stored', 'osascript started', 'phase resolve', 'phase send', 'phase done'],
      ...['osascript ended', 'row seen', 'confirmed'],
    ].toSorted(),
  )
  expect(times.every(ms => ms >= 0)).toBe(true)
  expect(house.seen(MINE)).toEqual([expect.stringMatching(/^edge-agent selftest 1 of 1 \([\da-f]{8}\)$/)])
  expect(house.backend.received).toEqual([])
})

test('several lines: medians, and nothing of it that names a person', async () => {
  await start()
  const { status, stdout } = await selftest('--to', MINE, '--count', '3')
  expect(status).toBe(0)
  expect(stdout).toMatch(/to …43: 3 of 3 lines confirmed/)
  expect(stdout).toMatch(/confirmed +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+/)
  expect(stdout).not.toContain('98765')
  expect(house.seen(MINE)).toHaveLength(3)
})

test('both ways, compared: the steps that send nothing pass, and each way has its lines and its medians', async () => {
  await start({ EDGE_SEND_WARM: 'auto' })
  const { status, stdout } = await selftest('--to', MINE, '--ways', '--count', '2', '--json')
  expect(status).toBe(0)
  const { runs, ways } = JSON.parse(stdout)
  expect(runs.map(({ way, outcome }: Record<string, string>) => `${way} ${outcome}`)).toEqual(
    ['warm', 'cold', 'warm', 'cold'].map(way => `${way} confirmed`),
  )
  expect(ways.trial).toEqual({ verdict: 'passed', readyMs: expect.any(Number), rssKb: expect.any(Number) })
  expect(ways.mediansMs.warm).toMatchObject({ 'job handed': expect.any(Number), confirmed: expect.any(Number) })
  expect(ways.mediansMs.cold).toMatchObject({ 'osascript started': expect.any(Number), confirmed: expect.any(Number) })
  expect(house.seen(MINE)).toHaveLength(4)
  const { sending } = await house.status()
  expect(sending).toMatchObject({ state: 'in_use', sent: { warm: 2, cold: 2, wentCold: 0 } })
})

test('where none can stand ready the cold way alone has its lines, and it says why', async () => {
  await start({ EDGE_SEND_WARM: 'auto' })
  house.simulator.setSlotMode({ mode: 'quiet-end' })
  const { status, stdout } = await selftest('--to', MINE, '--ways', '--count', '1')
  expect(status).toBe(0)
  expect(stdout).toMatch(/steps that send nothing: FAILED at "no job" \(it ended: exit code 0\)/)
  expect(stdout).toMatch(/to …43: 1 of 1 line confirmed/)
})

test('its copy that comes back, to whatever address, is no message', async () => {
  await start()
  expect((await selftest('--to', MINE)).status).toBe(0)
  const [line = ''] = house.seen(MINE)
  const writer = openChatDbWriter(house.simulator.chatDbPath)
  await writer.writeIncoming({ from: MINE, chat: `any;-;${MINE}`, text: line })
  writer.close()
  await waitFor('it to be skipped', async () => (await house.status()).skipped['own_echo'] === 1)
  await house.simulator.receive({ from: ANNA, text: 'hi' })
  await waitFor('a real message', () => house.backend.received.length > 0)
  expect(house.backend.received.map(({ filtered_text }) => filtered_text)).toEqual(['hi'])
})

test('with somebody unknown to Messages nothing is begun, and the backend may write there no more than before', async () => {
  await start()
  const { status, stderr } = await selftest('--to', '+1 555 000 0000')
  expect(status).toBe(1)
  expect(stderr).toContain('Write to it once by hand in Messages')
  expect(house.simulator.readLedger()).toEqual([])
  expect((await selftest('--to', MINE)).status).toBe(0)
  const payload = { thread_id: MINE, text: 'hello' }
  house.backend.sendCommand(AGENT_ID, { command_id: 'c', command_type: 'send_message_now', payload })
  await waitFor('the refusal', async () => (await house.status()).commands['failed'] === 1)
  expect(house.seen(MINE)).toHaveLength(1)
})

test('not running: 3; wrong options: 64', async () => {
  house = await startHouse()
  expect((await selftest('--to', MINE)).status).toBe(3)
  expect((await selftest('--to', MINE, '--count', '21')).status).toBe(64)
  expect((await selftest()).status).toBe(64)
})

test('macOS does not allow it: 77, before anything is planned or after', async () => {
  await start()
  await waitFor('the probe', async () => (await house.status()).permissions.automation === 'granted')
  house.simulator.setOsascriptMode({ mode: 'fail-before', number: -1743 })
  const late = await selftest('--to', MINE)
  expect(late.status).toBe(77)
  expect(late.stdout).toContain('not allowed')
  const early = await selftest('--to', MINE, '--json')
  expect(early.status).toBe(77)
  expect(JSON.parse(early.stderr).error).toMatchObject({ code: 'automation_denied', remedy: expect.any(String) })
  house.simulator.setOsascriptMode({ mode: 'ok' })
  expect((await house.status()).bubbles).toEqual({ failed: 1 })
  expect((await house.queue()).bubbles).toEqual([])
})

test.each([
  ['refused by Messages', { mode: 'error-row', error: 22 } as const, 'failed', 'messages_row_error_22'],
  ['in doubt', { mode: 'hang' } as const, 'parked', 'outcome_unknown'],
])('%s: 1, with what was seen', async (_, mode, outcome, reason) => {
  await start({ EDGE_SEND_TIMEOUT: '1s', EDGE_SEND_SETTLE: '1s' })
  house.simulator.setOsascriptMode(mode, { times: 1 })
  const { status, stdout } = await selftest('--to', MINE, '--count', '2', '--json')
  expect(status).toBe(1)
  expect(JSON.parse(stdout).runs).toMatchObject([{ outcome, reason }])
})
