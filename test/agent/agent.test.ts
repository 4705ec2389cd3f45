import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { askAgent } from '../../src/agent/control/ask-agent.ts'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'
import type { MockBackendEvent } from '../../src/lab/mock-backend/event.ts'
import { answerUpgrade } from '../../src/lab/mock-backend/socket-faults.ts'
import { ANNA, BERT, personal, repliesTo } from '../support/conversation.ts'
import { runProgram } from '../support/run-program.ts'
import { AGENT_ID, type House, type HouseOptions, MAIN, SECRET, waitFor } from '../support/start-house.ts'
import { withHouse } from '../support/with-house.ts'

/** One scenario with an agent that is connected. */
const withAgent = (options: HouseOptions, happen: (house: House) => Promise<void>) =>
  withHouse({ backend: personal, ...options }, async house => {
    await house.startConnected()
    await happen(house)
  })

const sees = (house: House, threadId: string, texts: readonly string[]) =>
  waitFor(
    `${threadId} to see ${texts.length} bubbles, saw ${house.seen(threadId)}`,
    () => house.seen(threadId).length >= texts.length,
  ).then(() => expect(house.seen(threadId)).toEqual(texts))

const settled = (house: House) =>
  waitFor('every bubble to be confirmed', async () => {
    const { bubbles, messages } = await house.status()
    const open = [
      bubbles.planned,
      bubbles.sending,
      bubbles.sent,
      bubbles.unknown,
      messages.queued,
      messages.posting,
      messages.waiting,
    ]
    return open.every(count => !count)
  })

describe.concurrent('the main job', () => {
  test('a message is POSTed with exactly three fields, and each bubble reaches the person once, in order', () =>
    withAgent({}, async house => {
      const { guid } = await house.simulator.receive({ from: ANNA, text: 'hello 👋' })
      await sees(house, ANNA, repliesTo('hello 👋'))
      await settled(house)
      const [post, ...more] = house.backend.received
      expect(more).toEqual([])
      expect(JSON.parse(post?.body ?? '')).toEqual({ thread_id: ANNA, sender: ANNA, filtered_text: 'hello 👋' })
      expect(post?.key).toBe(`"${guid}"`)
      const status = await house.status()
      expect(status.messages).toEqual({ answered: 1 })
      expect(status.bubbles).toEqual({ confirmed: 3 })
      expect(status.reflex).toMatchObject({ sent: 1, deduplicated: 1, mismatch: 0 })
      expect(status.skipped).toEqual({ own: 3 })
      expect(status.problems).toEqual([])
      expect(house.log).not.toMatch(/hello|second to|open-sesame|15622924139/)
    }))

  test('the reflex is acked as completed once its row is in chat.db', () => {
    const acks: { command_id: string; status: string }[] = []
    const onEvent = (event: MockBackendEvent) => event.type === 'ack' && acks.push(event.ack)
    return withAgent({ backend: { ...personal, onEvent } }, async house => {
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the final ack', () => acks.some(({ status }) => status === 'completed'))
      expect(new Set(acks.map(({ command_id }) => command_id)).size).toBe(1)
      expect(acks[0]?.status).toBe('received')
    })
  })

  test('without a socket the HTTP answer alone carries the reflex', () =>
    withHouse({ backend: personal }, async house => {
      house.backend.faults.upgrade.push({ effect: answerUpgrade(503), times: Number.POSITIVE_INFINITY })
      await house.startAgent()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, repliesTo('hi'))
      expect((await house.status()).reflex.sent).toBe(0)
    }))

  test('answers go back to the chat they came from: a group, by its guid', () =>
    withAgent({ env: { EDGE_FORWARD_GROUPS: 'all' } }, async house => {
      const guid = 'any;+;chat655333'
      await house.simulator.receive({ from: BERT, text: 'in the group', chat: { guid, participants: [ANNA, BERT] } })
      await waitFor('the bubbles', () => house.simulator.readLedger().length === 3)
      expect(new Set(house.simulator.readLedger().map(sent => sent.guid))).toEqual(new Set([guid]))
      expect(JSON.parse(house.backend.received[0]?.body ?? '')).toEqual({
        thread_id: 'chat655333',
        sender: BERT,
        filtered_text: 'in the group',
      })
    }))

  test('a direct chat that Messages does not have in its live list is reached by its participant', () =>
    withAgent({}, async house => {
      house.simulator.setOsascriptMode({ mode: 'fail-before', number: -1728 }, { times: 1 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, repliesTo('hi'))
      expect(house.simulator.readLedger().map(({ mode }) => mode)).toEqual(['participant', 'chat', 'chat'])
    }))

  test('history from before the first start is not answered, what came during downtime is', () =>
    withHouse({ backend: personal }, async house => {
      await house.simulator.receive({ from: ANNA, text: 'history' })
      await house.startAgent()
      await house.simulator.receive({ from: ANNA, text: 'one' })
      await sees(house, ANNA, repliesTo('one'))
      await settled(house)
      expect(await house.stopAgent()).toBe(0)
      await house.simulator.receive({ from: ANNA, text: 'two' })
      await house.simulator.receive({ from: BERT, text: 'three' })
      await house.startAgent()
      await sees(house, ANNA, [...repliesTo('one'), ...repliesTo('two')])
      await sees(house, BERT, repliesTo('three'))
    }))

  test('what is not a message of a person is recorded with its reason', () =>
    withAgent({}, async house => {
      const { simulator } = house
      await simulator.receive({ from: ANNA, text: 'Liked “hi”', columns: { associated_message_type: 2001 } })
      await simulator.receive({ from: ANNA, columns: { item_type: 2 } })
      await simulator.receive({ from: ANNA, text: 'later', columns: { schedule_type: 2 } })
      await simulator.receive({ from: ANNA, attachments: [{ name: 'cat.jpg' }] })
      await simulator.receive({ from: ANNA, text: 'old', columns: { date: 700_000_000_000_000_000n } })
      await simulator.writeOutgoing({ chat: `any;-;${BERT}`, text: 'typed by hand' })
      await simulator.receive({ from: ANNA, text: 'real', joinMs: 300 })
      await sees(house, ANNA, repliesTo('real'))
      expect((await house.status()).skipped).toMatchObject({
        tapback: 1,
        group_event: 1,
        send_later: 1,
        attachment_only: 1,
        before_first_start: 1,
      })
      expect(house.backend.received).toHaveLength(1)
    }))

  test('the rules of the settings decide who is forwarded, and each row says by which', () =>
    withHouse({ backend: personal }, async house => {
      const file = join(house.dir, 'config.toml')
      writeFileSync(
        file,
        '[[forward.rules]]\nname = "no secrets"\naction = "skip"\nwords = ["secret"]\n' +
          '[[forward.rules]]\nname = "bert"\naction = "forward"\nfrom = ["bert"]\nattachments_only = true\n' +
          `[people]\nbert = ["${BERT}"]\n`,
      )
      await house.startConnected({ EDGE_CONFIG: file })
      const { simulator } = house
      await simulator.receive({ from: ANNA, text: 'a Se\u200bcret' })
      await simulator.receive({
        from: ANNA,
        text: 'in a group',
        chat: { guid: 'any;+;chat1', participants: [ANNA, BERT] },
      })
      await simulator.receive({ from: BERT, attachments: [{ name: 'a.jpg' }] })
      await simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, repliesTo('hi'))
      expect((await house.status()).skipped).toMatchObject({ 'rule:no secrets': 1, group: 1 })
      // A picture waits a moment for its caption.
      await waitFor('the picture', () => house.backend.received.length === 2)
      expect(house.backend.received.map(({ body }) => JSON.parse(body).filtered_text).toSorted()).toEqual(['', 'hi'])
      await house.stopAgent()
      const state = new Database(join(house.stateDir, 'state.db'), { readonly: true })
      const rows = state.prepare('SELECT rule FROM messages ORDER BY id').pluck().all()
      state.close()
      expect(rows).toEqual(['rule:no secrets', 'forward.groups', 'rule:bert', 'default'])
    }))

  test('allow and deny lists decide who is forwarded', () =>
    withAgent({ env: { EDGE_FORWARD_DENY: BERT } }, async house => {
      await house.simulator.receive({ from: BERT, text: 'psst' })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, repliesTo('hi'))
      expect(house.backend.received.map(({ sender }) => sender)).toEqual([ANNA])
      expect((await house.status()).skipped).toMatchObject({ denied: 1 })
    }))
})

/** The texts of a thread in the order in which their POSTs were begun, by the agent's own record. */
const postedInOrder = (house: House, threadId: string): string[] => {
  const db = new Database(join(house.stateDir, 'state.db'), { readonly: true })
  const bodies = db
    .prepare<[string], string>('SELECT body FROM messages WHERE thread_id = ? ORDER BY first_post_seq')
    .pluck()
    .all(threadId)
  db.close()
  return bodies.map(body => JSON.parse(body).filtered_text)
}

describe.concurrent('many at once', () => {
  const EACH = 10

  test('5 threads at once: each message is POSTed once and in order, each bubble comes once and in order', () =>
    withAgent({ backend: { ...personal, thinkMs: 30, dialect: 'correlation' } }, async house => {
      const threads = Array.from({ length: 5 }, (_, n) => `+1555000000${n}`)
      for (let n = 0; n < EACH; n += 1) {
        await Promise.all(threads.map(from => house.simulator.receive({ from, text: `m${n}` })))
      }
      await waitFor('all bubbles', () => house.simulator.readLedger().length >= 15 * EACH, 120_000)
      await settled(house)
      await house.stopAgent()
      for (const thread of threads) {
        const posted = postedInOrder(house, thread)
        expect(posted).toEqual(Array.from({ length: EACH }, (_, n) => `m${n}`))
        expect(house.backend.received.filter(({ thread_id }) => thread_id === thread)).toHaveLength(EACH)
        const seen = house.seen(thread)
        const afterReflexes = seen.filter(text => !text.startsWith('reflex'))
        expect(new Set(seen).size).toBe(seen.length)
        for (let n = 0; n < EACH; n += 1) {
          const [first, second, third] = repliesTo(`m${n}`).map(text => seen.indexOf(text))
          expect(first).toBeGreaterThanOrEqual(0)
          expect(second).toBeGreaterThan(first ?? 0)
          // A reflex may come in between, another answer's bubbles may not.
          expect(third).toBeGreaterThan(second ?? 0)
          const at = afterReflexes.indexOf(`second to m${n}`)
          expect(afterReflexes[at + 1]).toBe(`third to m${n}`)
        }
      }
      expect(house.simulator.readLedger()).toHaveLength(15 * EACH)
    }))

  test('the same with three kills and a restart of the backend: nothing lost, nothing doubled', () =>
    withAgent({ backend: { ...personal, thinkMs: 200 } }, async house => {
      const threads = [ANNA, BERT, '+15550000001']
      const expected = new Map(threads.map(thread => [thread, [] as string[]]))
      for (let n = 0; n < 12; n += 1) {
        for (const from of threads) {
          await house.simulator.receive({ from, text: `m${n}` })
          expected.get(from)?.push(...repliesTo(`m${n}`))
        }
        if (n % 4 === 1) {
          await sleep(n * 20)
          await house.killAgent()
          await house.startAgent()
        }
        if (n === 6) await house.restartBackend()
      }
      await waitFor('all bubbles', () => house.simulator.readLedger().length >= 108, 120_000)
      await settled(house)
      for (const [thread, texts] of expected) expect(house.seen(thread).toSorted()).toEqual(texts.toSorted())
    }))
})

describe.concurrent('a kill -9 leaves nothing behind and nothing double', () => {
  test('between reflex and answer', () =>
    withAgent({ backend: { ...personal, thinkMs: 1_000 } }, async house => {
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the reflex', () => house.seen(ANNA).length === 1)
      await house.killAgent()
      await house.startAgent()
      await sees(house, ANNA, repliesTo('hi'))
      await settled(house)
      expect(house.seen(ANNA)).toEqual(repliesTo('hi'))
    }))

  test('between reflex and answer, with a backend that knows only correlation.md', () =>
    withAgent({ backend: { ...personal, thinkMs: 1_000, dialect: 'correlation' } }, async house => {
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the reflex', () => house.seen(ANNA).length === 1)
      await house.killAgent()
      await house.startAgent()
      await waitFor('the second POST', () => house.backend.received.length === 2)
      await sees(house, ANNA, repliesTo('hi'))
      await settled(house)
      expect(house.seen(ANNA)).toEqual(repliesTo('hi'))
    }))

  test('while osascript runs: it is waited for, and its row decides', () =>
    withAgent({ backend: { ...personal, thinkMs: 100 } }, async house => {
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 1_500 }, { times: 1 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the send', async () => (await house.status()).bubbles.sending === 1)
      await house.killAgent()
      await house.startAgent()
      await sees(house, ANNA, repliesTo('hi'))
      await settled(house)
      expect(house.seen(ANNA)).toEqual(repliesTo('hi'))
    }))
})

describe.concurrent('sends that go wrong', () => {
  test('sent but reported as an error: the row decides, and nothing is sent again', () =>
    withAgent({ env: { EDGE_SEND_SETTLE: '1s' } }, async house => {
      house.simulator.setOsascriptMode({ mode: 'send-then-fail', number: -1712 }, { times: 1 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, repliesTo('hi'))
      await settled(house)
      expect((await house.status()).bubbles).toEqual({ confirmed: 3 })
    }))

  test('hung and never sent: parked and reported, and the thread goes on', () =>
    withAgent({ env: { EDGE_SEND_SETTLE: '1s', EDGE_SEND_TIMEOUT: '1s' } }, async house => {
      house.simulator.setOsascriptMode({ mode: 'hang' }, { times: 1 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, repliesTo('hi').slice(1))
      expect((await house.status()).bubbles.parked).toBe(1)
    }))

  test('not allowed to control Messages: all is kept, one alarm, and it goes on when allowed', () =>
    withAgent({}, async house => {
      house.simulator.setOsascriptMode({ mode: 'fail-before', number: -1743 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the alarm', async () =>
        (await house.status()).problems.some(({ code }) => code === 'automation_denied'),
      )
      await waitFor('the answer', async () => (await house.status()).messages.answered === 1)
      await waitFor('all to be kept', async () => (await house.status()).bubbles.planned === 3)
      house.simulator.setOsascriptMode({ mode: 'ok' })
      await askAgent(controlSocketPath(house.stateDir), 'probe-automation')
      await sees(house, ANNA, repliesTo('hi'))
    }))

  test('a row with an error is a failure that is reported and not sent again', () =>
    withAgent({}, async house => {
      house.simulator.setOsascriptMode({ mode: 'error-row', error: 22 }, { times: 1 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, repliesTo('hi').slice(1))
      await waitFor('the failure', async () => (await house.status()).bubbles.failed === 1)
    }))
})

describe.concurrent('commands', () => {
  const command = (text: string, extra: object = {}) => ({
    command_id: `c-${text}`,
    command_type: 'send_message_now' as const,
    payload: { thread_id: ANNA, text, bubble_type: 'reflex' },
    ...extra,
  })

  test('the same command twice, even after a restart, is sent once and acked each time', () => {
    const acks: string[] = []
    const onEvent = (event: MockBackendEvent) => event.type === 'ack' && acks.push(event.ack.status)
    return withAgent({ backend: { ...personal, onEvent } }, async house => {
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, repliesTo('hi'))
      house.backend.sendCommand(AGENT_ID, command('out of the blue') as never)
      await sees(house, ANNA, [...repliesTo('hi'), 'out of the blue'])
      await settled(house)
      await house.killAgent()
      await waitFor('the old connection to end', () => house.backend.connections.size === 0)
      await house.startAgent()
      await house.connected()
      acks.length = 0
      house.backend.sendCommand(AGENT_ID, command('out of the blue') as never)
      await waitFor('the ack', () => acks.includes('completed'))
      expect(house.seen(ANNA)).toEqual([...repliesTo('hi'), 'out of the blue'])
    })
  })

  test('a thread that nobody has written in is refused, never guessed', () => {
    const acks: { status: string; error?: string | null | undefined }[] = []
    const onEvent = (event: MockBackendEvent) => event.type === 'ack' && acks.push(event.ack)
    return withAgent({ backend: { ...personal, onEvent } }, async house => {
      house.backend.sendCommand(AGENT_ID, command('spam') as never)
      await waitFor('the refusal', () => acks.length > 0)
      expect(acks[0]).toMatchObject({ status: 'failed', error: 'unknown_thread' })
      expect(house.simulator.readLedger()).toEqual([])
    })
  })
})

describe.concurrent('from the terminal', () => {
  const cli = (house: House, ...args: string[]) =>
    runProgram(process.execPath, [MAIN, ...args], {
      env: {
        ...process.env,
        EDGE_SECRET: SECRET,
        EDGE_STATE_DIR: house.stateDir,
        EDGE_CHAT_DB: house.simulator.chatDbPath,
      },
    })
  const startFlags = ['start', '--backend-url', 'http://127.0.0.1:9', '--agent-id', 'a']

  test('status tells how the agent is, and exits with 3 when none runs', () =>
    withAgent({}, async house => {
      expect((await cli(house, 'status')).stdout).toMatch(/connection +open/)
      expect(JSON.parse((await cli(house, 'status', '--json')).stdout).agent.id).toBe(AGENT_ID)
      expect(statSync(controlSocketPath(house.stateDir)).mode & 0o777).toBe(0o600)
      await house.stopAgent()
      expect((await cli(house, 'status')).status).toBe(3)
    }))

  test('status keeps what the backend says on one line, and lets it do nothing to the terminal', () =>
    withAgent({}, async house => {
      house.backend.faults.socket.close(4401, 'go\n\u001b[2Jaway')
      await waitFor('the end', async () => (await house.status()).connection.state === 'waiting')
      expect((await cli(house, 'status')).stdout).toMatch(/connection +waiting .*4401 go {2}\[2Jaway/)
    }))

  test('a second agent on the same state exits with 75 and leaves the first alone', () =>
    withAgent({}, async house => {
      const second = await cli(house, ...startFlags)
      expect(second.status).toBe(75)
      expect(second.stderr).toContain('another edge-agent is running')
      expect((await cli(house, 'status')).status).toBe(0)
    }))

  test.each<[string, string, (path: string) => void]>([
    ['no Messages database', 'there is no Messages database at', () => {}],
    ['something else in its place', 'is not a Messages database', path => writeFileSync(path, 'this is no database')],
    ['a folder in its place', 'is not a Messages database', path => mkdirSync(path)],
  ])('%s: it stays, and says at once what is wrong and what to do', (_, message, make) =>
    withHouse({}, async house => {
      const path = join(house.dir, 'other.db')
      make(path)
      await house.startAgent({ EDGE_CHAT_DB: path })
      await waitFor('the problem', async () => (await house.status()).problems.length === 1)
      const [line] = house.logged(/"level":"warn"/)
      expect(line).toContain(message)
      expect(line).toContain('--chat-db')
      expect((await house.status()).permissions.fullDiskAccess).toBe('unknown')
    }),
  )

  test('an ordered stop in the middle of a send records it', () =>
    withAgent({ backend: { ...personal, thinkMs: 50 } }, async house => {
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 800 }, { times: 1 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('the send', async () => (await house.status()).bubbles.sending === 1)
      expect(await house.stopAgent()).toBe(0)
      expect(house.seen(ANNA)).toEqual(['reflex to hi'])
      await house.startAgent()
      await sees(house, ANNA, repliesTo('hi'))
    }))

  test('the state folder and its files are private', () =>
    withAgent({}, async house => {
      expect(statSync(house.stateDir).mode & 0o077).toBe(0)
      expect(statSync(join(house.stateDir, 'state.db')).mode & 0o077).toBe(0)
      expect(readFileSync(join(house.stateDir, 'state.db')).subarray(0, 15).toString()).toBe('SQLite format 3')
    }))
})
