import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSecurityShim } from '../support/security-shim.ts'
import { AGENT_ID, type House, MAIN, SECRET, startHouse, waitFor } from '../support/start-house.ts'

let house: House
let security: ReturnType<typeof createSecurityShim>
const env = () => ({ EDGE_SECRET: '', EDGE_SECRET_STORE: 'keychain', PATH: security.path })
beforeEach(async () => {
  security = createSecurityShim()
  house = await startHouse({ env: env() })
})
afterEach(async () => {
  await house.close()
  security.remove()
})

const configCheck = () => {
  const settings = { EDGE_BACKEND_URL: house.backend.url, EDGE_AGENT_ID: AGENT_ID }
  return spawnSync(process.execPath, [MAIN, 'config', 'check'], {
    encoding: 'utf8',
    env: { HOME: house.dir, ...settings, ...env() },
  })
}

test('the secret of the Keychain is read once, and opens both roads to the backend', async () => {
  security.put('com.edge-agent', AGENT_ID, SECRET)
  expect(configCheck()).toMatchObject({ status: 0, stderr: '' })
  const before = security.calls().length
  await house.startConnected()
  await house.simulator.receive({ from: '+15622924139', text: 'one' })
  await waitFor('the bubbles', async () => (await house.status()).bubbles.confirmed === 3)
  expect(house.events.filter(({ type }) => type === 'refused')).toEqual([])
  expect(security.calls()).toHaveLength(before + 1)
  expect(house.log).not.toContain(SECRET)
})

test('a locked Keychain is a problem with a remedy, and the agent stays up and keeps what comes', async () => {
  security.act('exit 36')
  expect(configCheck()).toMatchObject({ status: 78, stderr: expect.stringMatching(/locked.+\n.+unlock-keychain/) })
  await house.startAgent()
  await waitFor('the refusal', () => house.events.some(({ type }) => type === 'refused'))
  await house.simulator.receive({ from: '+15622924139', text: 'one' })
  await waitFor('the message', async () => (await house.status()).messages.waiting === 1)
  const { problems } = await house.status()
  expect(problems.map(({ code }) => code)).toContain('keychain_locked')
  expect(problems.find(({ code }) => code === 'keychain_locked')?.remedy).toContain('unlock-keychain')
  expect(security.calls()).toHaveLength(2) // of config check and of the agent
})

test('a prompt that nobody answers holds up neither status nor an ordered stop', async () => {
  security.act('hang')
  await house.startAgent()
  expect((await house.status()).connection.state).toBe('connecting')
  expect(await house.stopAgent()).toBe(0)
})
