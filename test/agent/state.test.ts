import { mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { answerWith } from '../../src/lab/mock-backend/http-faults.ts'
import type { MockBackendOptions } from '../../src/lab/mock-backend/start-mock-backend.ts'
import { fromIdempotencyKey } from '../../src/protocol/wire.ts'
import { ANNA, BERT } from '../support/conversation.ts'
import { runProgram } from '../support/run-program.ts'
import { type House, MAIN, waitFor } from '../support/start-house.ts'
import { settled } from '../support/two-bubbles.ts'
import { withHouse } from '../support/with-house.ts'
import { STOCK, writeVersion8 } from '../support/write-version-8.ts'

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

test.concurrent('a state of version 8, left amid the work, is taken up: all is answered, nothing said twice, nothing late', () =>
  withHouse({ backend: afterVersion8 }, async house => {
    const receive = async (from: string, text: string) => ({ ...(await house.simulator.receive({ from, text })), text })
    const onTheWay = [await receive(ANNA, 'yes'), await receive(BERT, 'hm'), await receive(BERT, 'so')]
    const { dev, ino } = statSync(house.simulator.chatDbPath, { bigint: true })
    const cursor = { file: `${dev}:${ino}`, rowid: onTheWay[2]?.rowid ?? 0, guid: onTheWay[2]?.guid ?? '' }
    writeVersion8(house.stateDir, { nowMs: Date.now(), onTheWay, cursor })
    await receive(ANNA, 'while nobody looked')
    await house.startConnected()
    await waitFor('all answers', async () => (await house.status()).messages.answered === 4 + 4)
    await settled(house)

    // Of Anna's first message version 8 had shown the reflex, and of the one before a bubble was still to come.
    expect(house.seen(ANNA).toSorted()).toEqual(
      ['still to be sent', 'after yes', 'while nobody looked?', 'after while nobody looked'].toSorted(),
    )
    expect(house.seen(BERT).toSorted()).toEqual(['hm?', 'after hm', 'so?', 'after so'].toSorted())
    const posted = house.backend.received.map(({ key }) => fromIdempotencyKey(key ?? ''))
    expect(onTheWay.map(({ guid }) => posted.filter(other => other === guid).length)).toEqual([1, 1, 1])
    const isAcked = () => house.events.some(event => event.type === 'ack' && event.ack.command_id === 'unmatched')
    await waitFor('the ack that was owed', isAcked)

    // Two messages had that line, and one of them never had its reflex: nobody waits for it.
    await receive(ANNA, 'and now')
    await waitFor('the next answer', async () => (await house.status()).messages.answered === 4 + 5)
    const [frame, answer] = (['reflex-sent', 'answered'] as const).map(
      type => house.events.findLast(event => event.type === type)?.at ?? 0,
    )
    const shown = house.simulator.readLedger().find(({ text, at }) => text === STOCK && at >= (frame ?? 0))
    expect(shown?.at).toBeLessThan(answer ?? 0)
    await settled(house)
    const { messages, bubbles } = await house.queue()
    expect([...messages, ...bubbles].map(({ reason }) => reason).toSorted()).toEqual(['error_22', 'http_422', 'no_row'])
  }))

/** Of the first message the reflex came when version 8 ran; the last one has a line that version 8 knew. */
const afterVersion8: MockBackendOptions = {
  inReplyTo: false,
  thinkMs: 1_000,
  reflex: ({ filtered_text: text }) => (text === 'yes' ? undefined : text === 'and now' ? STOCK : `${text}?`),
  replies: ({ filtered_text }) => (filtered_text === 'yes' ? ['on it', 'after yes'] : [`after ${filtered_text}`]),
}
