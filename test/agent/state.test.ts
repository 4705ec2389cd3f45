import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { answerWith } from '../../src/lab/mock-backend/http-faults.ts'
import { runProgram } from '../support/run-program.ts'
import { type House, MAIN, waitFor } from '../support/start-house.ts'
import { withHouse } from '../support/with-house.ts'

const ANNA = '+15622924139'

const cli = (house: House, ...args: string[]) =>
  runProgram(process.execPath, [MAIN, ...args, '--state-dir', house.stateDir])

/** One scenario with an agent that has answered one message, and was stopped. */
const withAnswered = (happen: (house: House) => Promise<void>) =>
  withHouse({}, async house => {
    await house.startConnected()
    await house.simulator.receive({ from: ANNA, text: 'one' })
    await waitFor('the bubbles', async () => (await house.status()).bubbles.confirmed === 3)
    await house.stopAgent()
    await happen(house)
  })

const expectStartedOver = async (house: House) => {
  await waitFor('the lost messages', async () => (await house.status()).messages.dead === 2)
  expect((await house.status()).problems.map(({ code }) => code)).toContain('state_started_over')
  expect(house.backend.received).toHaveLength(1)
  const { messages } = JSON.parse((await cli(house, 'queue', '--json')).stdout)
  expect(messages.map((message: { reason: string }) => message.reason)).toEqual(['state_lost', 'state_lost'])
  // The one that was answered is given up, the other one is not.
  expect((await cli(house, 'queue', 'drop', messages[0].id)).status).toBe(0)
  expect((await cli(house, 'queue', 'retry', messages[1].id)).status).toBe(0)
  await waitFor('the second answer', () => house.seen(ANNA).length === 6)
  await house.simulator.receive({ from: ANNA, text: 'three' })
  await waitFor('the third answer', () => house.seen(ANNA).length === 9)
  expect(house.backend.received.map(({ filtered_text }) => filtered_text)).toEqual(['one', 'two', 'three'])
}

test.concurrent('a damaged state database is set aside, and what may be unanswered is listed, not guessed', () =>
  withAnswered(async house => {
    await house.simulator.receive({ from: ANNA, text: 'two' })
    writeFileSync(join(house.stateDir, 'state.db'), 'this is no database', { flag: 'r+' })
    await house.startAgent()
    expect(readdirSync(house.stateDir).some(name => name.startsWith('state.db.damaged-'))).toBe(true)
    await expectStartedOver(house)
  }))

test.concurrent('a truncated state database is damaged too', () =>
  withAnswered(async house => {
    await house.simulator.receive({ from: ANNA, text: 'two' })
    truncateSync(join(house.stateDir, 'state.db'), 8192)
    await house.startAgent()
    await expectStartedOver(house)
  }))

test.concurrent('a deleted state database is noticed by what lies beside it', () =>
  withAnswered(async house => {
    await house.simulator.receive({ from: ANNA, text: 'two' })
    for (const name of readdirSync(house.stateDir)) if (name.startsWith('state.db')) rmSync(join(house.stateDir, name))
    await house.startAgent()
    await expectStartedOver(house)
  }))

test.concurrent('a state database of a newer version is refused and left as it is', () =>
  withAnswered(async house => {
    const path = join(house.stateDir, 'state.db')
    const db = new Database(path)
    db.pragma('user_version = 999')
    db.close()
    const { status, stderr } = await cli(
      house,
      'start',
      '--backend-url',
      'http://127.0.0.1:9',
      '--agent-id',
      'a',
      '--chat-db',
      house.simulator.chatDbPath,
    )
    expect(status).toBe(1)
    expect(stderr).toContain('newer edge-agent')
    const again = new Database(path)
    expect(again.pragma('user_version', { simple: true })).toBe(999)
    again.close()
  }))

test.concurrent('a rejected message is a dead letter that can be listed and sent again, with the agent running or not', () =>
  withHouse({}, async house => {
    house.backend.faults.http.push({ effect: answerWith(422, '{"error":"no"}'), times: 2 })
    await house.startAgent()
    await house.connected()
    await house.simulator.receive({ from: ANNA, text: 'one' })
    await waitFor('the dead letter', async () => (await house.status()).messages.dead === 1)
    expect((await cli(house, 'queue')).stdout).toMatch(
      /^m1 +dead +\+15622924139 +1 POST, since .+\n +the backend did not accept its content \(status 422\) \[http_422\]/,
    )
    expect((await cli(house, 'queue')).stdout).not.toContain('one ')
    expect((await cli(house, 'queue', 'retry', 'm1')).stdout).toContain('m1')
    await waitFor('the second rejection', async () => (await house.status()).messages.dead === 1)
    await house.stopAgent()
    expect((await cli(house, 'queue', 'retry', 'm1')).status).toBe(0)
    await house.startAgent()
    await waitFor('the bubbles', () => house.seen(ANNA).length === 3)
    expect((await cli(house, 'queue', 'retry', 'm1')).status).toBe(64)
    expect((await cli(house, 'queue', 'drop', 'nonsense')).stderr).toContain('nonsense')
  }))

test.concurrent('a parked bubble can be sent again by a person', () =>
  withHouse({ env: { EDGE_SEND_TIMEOUT: '1s', EDGE_SEND_SETTLE: '1s' } }, async house => {
    await house.startAgent()
    await house.connected()
    house.simulator.setOsascriptMode({ mode: 'hang', ms: 1_500 }, { times: 1 })
    await house.simulator.receive({ from: ANNA, text: 'one' })
    await waitFor('the parked bubble', async () => (await house.status()).bubbles.parked === 1)
    const { bubbles } = JSON.parse((await cli(house, 'queue', '--json')).stdout)
    expect((await cli(house, 'queue', 'retry', bubbles[0].id)).status).toBe(0)
    await waitFor('all three', () => house.seen(ANNA).length === 3)
  }))

test.concurrent.each(['attempts', 'agent.sock', 'first-start'])(
  'something else at the place of %s: said, with what to do',
  name =>
    withHouse({}, async house => {
      const path = join(house.stateDir, name)
      if (name === 'attempts') {
        mkdirSync(house.stateDir)
        writeFileSync(path, '')
      } else mkdirSync(path, { recursive: true })
      house.spawnAgent()
      expect(await house.agentEnd()).toBe(1)
      expect(house.log).toContain(`edge-agent: ${path} cannot be used`)
      expect(house.log).toContain('Remove what is in the way')
    }),
)
