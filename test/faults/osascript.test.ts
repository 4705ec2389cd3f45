import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { OsascriptMode } from '../../src/lab/messages-simulator/osascript-modes.ts'
import { ANNA, BERT } from '../support/conversation.ts'
import { writePlainOsascript } from '../support/plain-osascript.ts'
import { holdOsascript, osascriptsOf, processesWith, stopped } from '../support/processes.ts'
import { COUNTED } from '../support/rights.ts'
import { CAN_LIMIT, stopSpawning } from '../support/set-limits.ts'
import { AGENT_ID, type House, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled, twoBubbles } from '../support/two-bubbles.ts'
import { withAgent } from '../support/with-agent.ts'
import { withHouse } from '../support/with-house.ts'

/** Short, but not for a healthy osascript on a machine that has much to do. */
const SHORT = { EDGE_SEND_TIMEOUT: '6s', EDGE_SEND_SETTLE: '1s' }

/** Anna says hi, while osascript goes like this for the first bubble that it gets for her. */
const say = async (house: House, mode: OsascriptMode, chat?: { guid: string; participants: string[] }) => {
  house.simulator.setOsascriptMode(mode, { times: 1, ...(chat === undefined && { target: ANNA }) })
  await house.simulator.receive({ from: ANNA, text: 'hi', ...(chat && { chat }) })
}
const acksOf = ({ events }: House) => events.flatMap(event => (event.type === 'ack' ? [event.ack] : []))
const lastAck = async (house: House) => {
  await waitFor('the final ack', () => acksOf(house).some(({ status }) => status !== 'received'))
  return acksOf(house).at(-1)
}
const bubbles = async (house: House) => (await house.status()).bubbles

describe.concurrent('what others on this Mac may see', () => {
  const attemptsDir = (house: House) => join(house.stateDir, 'attempts')
  const textFiles = (house: House) => readdirSync(attemptsDir(house)).filter(name => name.endsWith('.txt'))

  test('no text is among the arguments of a process; its file is for its owner alone, and gone with its attempt', () =>
    withAgent({ backend: { reflex: () => WORDS, replies: () => ['B'] } }, async house => {
      await say(house, { mode: 'slow', ms: 3_000 })
      const letGo = await holdOsascript(house)
      const [osascript] = osascriptsOf(house)
      const argv = osascript?.command.split(' ') ?? []
      expect(argv.at(-1)).toBe(join(attemptsDir(house), textFiles(house)[0] ?? ''))
      expect(argv.at(-2)).toBe(`any;-;${ANNA}`)
      const file = argv.at(-1) ?? ''
      expect(readFileSync(file, 'utf8')).toBe(WORDS)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(processesWith('between us').map(({ command }) => command)).toEqual([])
      letGo()
      await sees(house, ANNA, [WORDS, 'B'])
      await settled(house)
      expect(textFiles(house)).toEqual([])
    }))

  test('what an earlier life left of texts is swept away, but for what is still being sent', () =>
    withAgent({}, async house => {
      await say(house, { mode: 'slow', ms: 3_000 })
      const letGo = await holdOsascript(house)
      await house.killAgent()
      const [sending] = textFiles(house)
      writeFileSync(join(attemptsDir(house), 'of-an-attempt-long-ago.txt'), WORDS)
      await house.startConnected()
      expect(textFiles(house)).toEqual([sending])
      letGo()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(textFiles(house)).toEqual([])
    }))
})

/** Nothing that a shell, a script or an argument list takes as it is. */
const WORDS = '-e "just" between us \\ $HOME\r\n👩🏽‍🚀 ü\u2028\n'

describe.concurrent('hangs', () => {
  test('it is ended after the time-out; R is in doubt, parked and reported, and the thread goes on', () =>
    withAgent({ env: SHORT }, async house => {
      await say(house, { mode: 'hang' })
      await sees(house, ANNA, ['B to hi'])
      await settled(house)
      expect(await bubbles(house)).toEqual({ parked: 1, confirmed: 1 })
      expect(await lastAck(house)).toMatchObject({ status: 'failed', error: 'outcome_unknown' })
      expect(osascriptsOf(house)).toEqual([])
    }))

  test('other threads do not wait for it', () =>
    withAgent({}, async house => {
      await say(house, { mode: 'hang' })
      await waitFor('the send', async () => (await bubbles(house)).sending === 1)
      await house.simulator.receive({ from: BERT, text: 'hello' })
      await sees(house, BERT, bubblesTo('hello'))
      expect(house.seen(ANNA)).toEqual([])
    }))
})

describe.concurrent('errors that prove that nothing was sent: tried again, each bubble comes once, in order', () => {
  test.each<[string, OsascriptMode]>([
    ['-600: Messages does not run', { mode: 'fail-before', number: -600 }],
    ['-1712: it does not answer, before the send', { mode: 'fail-before', number: -1712 }],
    ['-1708: it does not understand, before the send', { mode: 'fail-before', number: -1708 }],
    ['exit 126: not executable', { mode: 'exit-code', code: 126 }],
    ['exit 127: not there', { mode: 'exit-code', code: 127 }],
  ])('%s', (_, mode) =>
    withAgent({}, async house => {
      await say(house, mode)
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(await bubbles(house)).toEqual({ confirmed: 2 })
    }),
  )

  test('-1728: a group that Messages does not list', () =>
    withAgent({ env: { EDGE_FORWARD_GROUPS: 'all' } }, async house => {
      await say(house, { mode: 'fail-before', number: -1728 }, { guid: 'any;+;chat655333', participants: [ANNA, BERT] })
      await sees(house, 'chat655333', bubblesTo('hi'))
      await settled(house)
      expect(await bubbles(house)).toEqual({ confirmed: 2 })
    }))

  test.runIf(CAN_LIMIT)('EAGAIN: no process can be started for a while', () =>
    withHouse({ backend: twoBubbles, rights: COUNTED }, async house => {
      await house.startConnected({ EDGE_FAILPOINT: 'command-after@1:pause' })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await stopped(house.agentPid)
      const restore = stopSpawning(house.agentPid, COUNTED.uid)
      house.signalAgent('SIGCONT')
      await waitFor('a try', () => house.log.includes('spawn_EAGAIN'))
      restore()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(await bubbles(house)).toEqual({ confirmed: 2 })
    }),
  )

  test('the program is not where it should be, and then it is', () =>
    withHouse({ backend: twoBubbles }, async house => {
      const missing = join(house.dir, 'not-there')
      await house.startAgent({ EDGE_OSASCRIPT: missing })
      await house.connected()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('a try', () => house.log.includes('exit_127'))
      symlinkSync(house.simulator.osascriptPath, missing)
      await sees(house, ANNA, bubblesTo('hi'))
    }))

  test('the last try is the last: failed, reported, and the answer brings the words', () => {
    const refused = Promise.withResolvers<void>()
    const replies = ({ filtered_text }: { filtered_text: string }) =>
      refused.promise.then(() => [`B to ${filtered_text}`])
    return withAgent({ backend: { replies }, env: { EDGE_SEND_RETRIES: '0' } }, async house => {
      await say(house, { mode: 'fail-before', number: -600 })
      expect(await lastAck(house)).toMatchObject({ status: 'failed', error: 'messages_error_-600' })
      refused.resolve()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(await bubbles(house)).toEqual({ failed: 1, confirmed: 2 })
    })
  })
})

test.concurrent('a group whose guid an update of macOS has changed is still found', () =>
  withAgent({ env: { EDGE_FORWARD_GROUPS: 'all' } }, async house => {
    await say(house, { mode: 'ok' }, { guid: 'iMessage;+;chat655333', participants: [ANNA, BERT] })
    await sees(house, 'chat655333', bubblesTo('hi'))
    await settled(house)
    const chatDb = new Database(house.simulator.chatDbPath)
    chatDb.exec("UPDATE chat SET guid = 'any;+;chat655333'")
    chatDb.close()
    const payload = { thread_id: 'chat655333', text: 'news' }
    house.backend.sendCommand(AGENT_ID, { command_type: 'send_message_now', payload, priority: 'immediate' })
    await sees(house, 'chat655333', [...bubblesTo('hi'), 'news'])
    await settled(house)
    expect(await bubbles(house)).toEqual({ confirmed: 3 })
  }))

test.concurrent('frozen past its time-out while osascript ends in time: what it ended with counts', () =>
  withHouse({ backend: twoBubbles, env: { EDGE_SEND_TIMEOUT: '3s' } }, async house => {
    await house.startConnected({ EDGE_OSASCRIPT: writePlainOsascript(house.dir) }) // its exit is all there is
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await waitFor('the send', async () => (await bubbles(house)).sending === 1)
    house.signalAgent('SIGSTOP')
    await sleep(4_000)
    house.signalAgent('SIGCONT')
    await sees(house, ANNA, bubblesTo('hi'))
    expect(house.log).not.toContain('timed_out')
  }))

test.concurrent('-1743: all sending pauses, with one alarm, and nothing is lost', () =>
  withAgent({}, async house => {
    house.simulator.setOsascriptMode({ mode: 'fail-before', number: -1743 })
    for (const from of [ANNA, BERT]) await house.simulator.receive({ from, text: 'hi' })
    await waitFor('all to wait', async () => {
      const { messages, bubbles } = await house.status()
      return messages.answered === 2 && bubbles.planned === 4
    })
    expect((await house.status()).problems.map(({ code }) => code)).toEqual(['automation_denied'])
    expect(house.log.match(/"code":"automation_denied"/g)).toHaveLength(1)
    house.simulator.setOsascriptMode({ mode: 'ok' })
    await house.stopAgent()
    await house.startAgent()
    for (const person of [ANNA, BERT]) await sees(house, person, bubblesTo('hi'))
  }))

describe.concurrent('errors after the send began: in doubt until the row decides, and nothing is sent again', () => {
  test.each<[string, OsascriptMode]>([
    ['-1712: it does not answer', { mode: 'send-then-fail', number: -1712 }],
    ['-1708: it does not understand', { mode: 'send-then-fail', number: -1708 }],
    ['-600: Messages ended', { mode: 'send-then-fail', number: -600 }],
    ['no number at all', { mode: 'send-then-fail' }],
  ])('%s', (_, mode) =>
    withAgent({}, async house => {
      await say(house, mode)
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(await bubbles(house)).toEqual({ confirmed: 2 })
      expect(await lastAck(house)).toMatchObject({ status: 'completed' })
    }),
  )

  test('a stranger that does not say how far it got, and always ends with an error', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startAgent({ EDGE_OSASCRIPT: writePlainOsascript(house.dir, { exitCode: 1 }) })
      await house.connected()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(await bubbles(house)).toEqual({ confirmed: 2 })
    }))
})

describe.concurrent('a row with an error: failed and reported, never confirmed, never sent again', () => {
  test.each([0, 1_500])('the error comes %i ms after the row', afterMs =>
    withAgent({}, async house => {
      await say(house, { mode: 'error-row', error: 22, afterMs })
      await waitFor('the failure', async () => (await bubbles(house)).failed === 1)
      await sees(house, ANNA, ['B to hi'])
      await settled(house)
      expect(await bubbles(house)).toEqual({ failed: 1, confirmed: 1 })
      await waitFor('the ack', () => acksOf(house).some(({ error }) => error === 'messages_row_error_22'))
    }),
  )
})

test.concurrent.each([100, 5_000])('a row after %i ms: no double', ms =>
  withAgent({}, async house => {
    await say(house, { mode: 'row-late', ms })
    await sees(house, ANNA, bubblesTo('hi'))
    await settled(house)
    expect(house.seen(ANNA)).toEqual(bubblesTo('hi'))
    expect(await bubbles(house)).toEqual({ confirmed: 2 })
  }),
)

test.concurrent('a row after 4 s, and the agent killed twice meanwhile: no double, no doubt', () =>
  withAgent({}, async house => {
    await say(house, { mode: 'row-late', ms: 4_000 })
    await sees(house, ANNA, ['R to hi'])
    for (const _ of ['once', 'twice']) {
      await house.killAgent()
      await house.startAgent()
    }
    await sees(house, ANNA, bubblesTo('hi'))
    await settled(house)
    expect(await bubbles(house)).toEqual({ confirmed: 2 })
  }))

test.concurrent('the same words three times in one answer, the first row late: each has its row', () =>
  withAgent({ backend: { reflex: () => undefined, replies: () => ['ok', 'ok', 'ok'] } }, async house => {
    await say(house, { mode: 'row-late', ms: 1_500 })
    await sees(house, ANNA, ['ok', 'ok', 'ok'])
    await settled(house)
    expect(await bubbles(house)).toEqual({ confirmed: 3 })
  }))

test.concurrent('10 MB on standard error: no dead-lock, and nothing of it is kept', () =>
  withAgent({}, async house => {
    await say(house, { mode: 'noisy', bytes: 10_000_000 })
    await sees(house, ANNA, bubblesTo('hi'))
    await settled(house)
    expect(await bubbles(house)).toEqual({ confirmed: 2 })
    expect(readdirSync(join(house.stateDir, 'attempts'))).toEqual([])
  }))

describe.concurrent('still running from an earlier life', () => {
  test('it is waited for before chat.db is asked', () =>
    withAgent({}, async house => {
      await say(house, { mode: 'slow', ms: 5_000 })
      const letGo = await holdOsascript(house)
      await house.killAgent()
      await house.startAgent()
      await waitFor('the answer', async () => (await house.status()).messages.answered === 1)
      expect(await bubbles(house)).toEqual({ sending: 1, planned: 1 })
      expect(house.seen(ANNA)).toEqual([])
      letGo()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(await bubbles(house)).toEqual({ confirmed: 2 })
    }))

  test('it hangs: it is ended when its time is up, counted from its start', () =>
    withAgent({ env: SHORT }, async house => {
      await say(house, { mode: 'hang' })
      await waitFor('the send', async () => (await bubbles(house)).sending === 1)
      await house.killAgent()
      await house.startAgent()
      await sees(house, ANNA, ['B to hi'])
      await settled(house)
      expect(await bubbles(house)).toEqual({ parked: 1, confirmed: 1 })
      expect(osascriptsOf(house)).toEqual([])
    }))
})
