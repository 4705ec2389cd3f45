import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DoctorReport } from '../../src/mac/doctor/run-doctor.ts'
import { ANNA } from '../support/conversation.ts'
import { signedInMac } from '../support/signed-in-mac.ts'
import { AGENT_ID, type House, SECRET, startHouse } from '../support/start-house.ts'

let house: House
let mac: ReturnType<typeof signedInMac>
beforeEach(async () => {
  house = await startHouse()
  mac = signedInMac()
})
afterEach(async () => {
  await house.close()
  await mac.close()
})

/** The settings of the house's agent, as this terminal has them. */
const settings = () => ({
  EDGE_BACKEND_URL: house.backend.url,
  EDGE_AGENT_ID: AGENT_ID,
  EDGE_SECRET: SECRET,
  EDGE_CHAT_DB: house.simulator.chatDbPath,
  EDGE_STATE_DIR: house.stateDir,
})

const doctor = async (env: Readonly<Record<string, string>> = {}) => {
  const { code, stdout, stderr } = await mac.run(['doctor', '--json'], { env: { ...settings(), ...env } })
  const report = JSON.parse(stdout) as DoctorReport
  const states = Object.fromEntries(report.checks.map(({ code, ...check }) => [code, check]))
  return { code, stderr, stdout, report, states }
}
const notOk = ({ checks }: DoctorReport) =>
  checks.filter(({ state, code }) => state !== 'ok' && code !== 'user').map(({ code, state }) => `${code} ${state}`)

test('where all is well nothing fails; the agent is asked, and keeps its connection', async () => {
  await house.startConnected()
  await house.simulator.receive({ from: ANNA, text: 'see you at eight' })
  await expect.poll(async () => (await house.status()).messages.answered).toBe(1)
  const { code, report, states, stdout, stderr } = await doctor()
  expect(notOk(report)).toEqual([
    'node_unchanged skipped',
    'plist warning',
    'service_loaded skipped',
    'backend_tls skipped',
    'log_folder skipped',
  ])
  expect({ code, stderr, ok: report.ok }).toEqual({ code: 0, stderr: '', ok: true })
  expect(states['chat_db']?.seen).toContain(`pid ${house.agentPid}`)
  expect(states['messages_signed_in']?.seen).toBe('1 of 1 accounts in use')
  expect(states['backend_websocket']?.seen).toContain("the agent's WebSocket is open")
  expect(house.events.filter(({ type }) => type === 'connected')).toHaveLength(1)
  expect(house.backend.received).toHaveLength(1)
  expect(stdout).not.toMatch(/see you at eight|15622924139|13238407486|open-sesame/)
})

test('what the agent is refused fails with 77, and passes once it is granted', async () => {
  await house.startConnected()
  house.simulator.setOsascriptMode(
    { mode: 'fail-before', number: -1743, message: 'Keine Berechtigung' },
    { target: 'probe' },
  )
  renameSync(house.simulator.chatDbPath, `${house.simulator.chatDbPath}.away`)
  await expect.poll(async () => (await house.status()).chatDb.readable).toBe(false)
  const refused = await doctor()
  expect(refused.code).toBe(77)
  expect(refused.states).toMatchObject({
    automation: {
      state: 'failed',
      seen: expect.stringContaining('-1743'),
      cure: expect.stringContaining('Privacy_Automation'),
    },
    chat_db: { state: 'failed' },
    messages_arriving: { state: 'skipped' },
  })

  house.simulator.setOsascriptMode({ mode: 'ok' }, { target: 'probe' })
  renameSync(`${house.simulator.chatDbPath}.away`, house.simulator.chatDbPath)
  await expect.poll(async () => (await house.status()).chatDb.readable).toBe(true)
  const granted = await doctor()
  expect(granted.states).toMatchObject({ automation: { state: 'ok' }, chat_db: { state: 'ok' } })
})

test('without an agent it says that it could not tell, and dials for itself', async () => {
  const { code, states } = await doctor({ SSH_CONNECTION: '1 2 3 4' })
  expect(states).toMatchObject({
    terminal: { state: 'warning', seen: expect.stringContaining('SSH') },
    agent_running: { state: 'warning' },
    chat_db: { state: 'warning', seen: expect.stringContaining('cannot tell') },
    automation: { state: 'warning' },
    backend_websocket: { state: 'ok', seen: expect.stringContaining('for this check') },
    state_database: { state: 'ok' },
  })
  expect(code).toBe(0)
  expect(house.backend.received).toEqual([])
})

test('a wrong secret and a backend that is down fail with 69, wrong settings with 78, both with 1', async () => {
  expect(await doctor({ EDGE_SECRET: 'tuna' })).toMatchObject({
    code: 69,
    states: { backend_secret: { state: 'failed' } },
  })
  expect(await doctor({ EDGE_SEND_RETRIES: 'many' })).toMatchObject({
    code: 78,
    states: { setting_send_retries: { state: 'failed' }, backend_http: { state: 'skipped' } },
  })
  await house.backend.close()
  expect(await doctor()).toMatchObject({ code: 69, states: { backend_tcp: { state: 'failed' } } })
  expect((await doctor({ EDGE_SEND_RETRIES: 'many' })).code).toBe(1)
})

test('the secret is read from the Keychain where it is kept there, and what stands in the way is told', async () => {
  const inKeychain = { EDGE_SECRET: '', EDGE_SECRET_STORE: 'keychain' }
  mac.keychain.put('com.edge-agent', AGENT_ID, SECRET)
  const open = await doctor(inKeychain)
  expect(open.states).toMatchObject({ keychain: { state: 'ok' }, backend_secret: { state: 'ok' } })
  expect(open.stdout).not.toContain(SECRET)
  mac.keychain.act('exit 36')
  expect(await doctor(inKeychain)).toMatchObject({
    code: 78,
    states: {
      keychain: { state: 'failed', cure: expect.stringContaining('unlock-keychain') },
      backend_secret: { state: 'skipped' },
    },
  })
  mac.removeTool('security')
  expect((await doctor(inKeychain)).states).toMatchObject({
    keychain: { state: 'failed', cure: expect.stringContaining('--secret-store file') },
  })
})

test('a state database that is damaged, and one that was', async () => {
  mkdirSync(house.stateDir)
  writeFileSync(join(house.stateDir, 'state.db'), 'no database at all, but long enough for a header of one')
  writeFileSync(join(house.stateDir, 'state.db.damaged-2026-02-14T093007.123Z'), '')
  expect((await doctor()).states).toMatchObject({
    state_database: { state: 'failed', seen: expect.stringContaining('damaged') },
    state_set_aside: { state: 'warning', seen: expect.stringContaining('2026-02-14T093007.123Z') },
  })
})

test('a screen reader gets words, and everybody what was seen and what to do', async () => {
  const { code, stdout, stderr } = await mac.run(['doctor'], { env: { ...settings(), EDGE_SECRET: 'tuna' } })
  expect({ code, stderr }).toEqual({ code: 69, stderr: '' })
  expect(stdout).toMatch(/^backend$/m)
  expect(stdout).toMatch(
    /^ {2}✗ FAILED {2}backend_secret {2}the backend refuses .*\(401\)\n {6}→ Put the backend's secret/m,
  )
  expect(stdout).toMatch(/^ {2}✓ ok {6}macos {2}macOS 15\.4$/m)
  expect(stdout).toMatch(/^ {2}– skipped node_unchanged /m)
  expect(stdout).toMatch(/There are problems\. \d+ ok, \d+ warnings?, 2 failed, \d+ skipped\n$/)
})

test('with nothing at all, no Mac, no settings, no tool on PATH, it still says what is missing', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bare-'))
  const { code, stdout } = await mac.run(['doctor', '--json'], { env: { HOME: home, PATH: '/nowhere' } })
  rmSync(home, { recursive: true })
  const { checks } = JSON.parse(stdout) as DoctorReport
  const skipped = checks.filter(({ state }) => state === 'skipped').map(({ code }) => code)
  expect(skipped).toEqual(
    expect.arrayContaining(['macos', 'sleep', 'node_signature', 'service', 'chat_db', 'automation', 'backend']),
  )
  expect(checks.filter(({ state }) => state === 'failed').map(({ code }) => code)).toEqual([
    'setting_backend_url',
    'setting_agent_id',
  ])
  expect(code).toBe(78)
})
