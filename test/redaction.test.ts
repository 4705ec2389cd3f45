import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, expect, test } from 'vitest'
import { ANNA, personal } from './support/conversation.ts'
import { type House, startHouse, waitFor } from './support/start-house.ts'

let house: House
afterEach(() => house.close())

/** All that the agent keeps and says, as text. */
const traces = (): string =>
  readdirSync(house.stateDir, { recursive: true, encoding: 'utf8' })
    .map(name => join(house.stateDir, name))
    .filter(path => statSync(path).isFile())
    .map(path => readFileSync(path, 'latin1'))
    .join('\n')
    .concat(house.log)

const rows = () => {
  const db = new Database(join(house.stateDir, 'state.db'), { readonly: true })
  const found = db.prepare('SELECT state, reason, redacted, body FROM messages ORDER BY id').all()
  db.close()
  return found
}

test('what is secret neither leaves nor is kept: masked, or the message skipped without its words', async () => {
  house = await startHouse({ backend: { ...personal, replies: () => [], reflex: () => undefined } })
  await house.startConnected()
  const { simulator } = house
  await simulator.receive({ from: ANNA, text: 'card ４２４２\u200b 4242 4242 4242, pw: swordfish77' })
  await simulator.receive({ from: ANNA, text: '482913 is your Acme verification code' })
  await simulator.receive({ from: ANNA, text: 'lunch?' })
  await waitFor('the last of them', () => house.backend.received.length === 2)
  await waitFor('the answers', async () => (await house.status()).messages.answered === 2)

  expect(house.backend.received.map(({ body }) => JSON.parse(body).filtered_text)).toEqual([
    'card [card], pw: [password]',
    'lunch?',
  ])
  expect((await house.status()).skipped).toEqual({ 'redact:code': 1 })
  await house.stopAgent()
  expect(rows()).toMatchObject([
    { state: 'answered', redacted: '{"card":1,"password":1}' },
    { state: 'skipped', reason: 'redact:code', redacted: '{"code":1}', body: null },
    { state: 'answered', redacted: null },
  ])
  expect(traces()).not.toMatch(/4242|４２|swordfish|482913|Acme/)
})

test('each kind as it is set', async () => {
  house = await startHouse({ backend: { ...personal, replies: () => [], reflex: () => undefined } })
  await house.startConnected({ EDGE_REDACT_CODE: 'mask', EDGE_REDACT_CARD: 'off', EDGE_REDACT_EMAIL: 'skip' })
  const { simulator } = house
  await simulator.receive({ from: ANNA, text: 'your code is 482913, card 4242 4242 4242 4242' })
  await simulator.receive({ from: ANNA, text: 'write to bert@example.com' })
  await waitFor('the skip', async () => (await house.status()).skipped['redact:email'] === 1)
  await waitFor('the POST', () => house.backend.received.length === 1)
  expect(JSON.parse(house.backend.received[0]?.body ?? '').filtered_text).toBe(
    'your code is [code], card 4242 4242 4242 4242',
  )
})
