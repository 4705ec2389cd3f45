import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { OsascriptMode, SlotMode } from '../../src/lab/messages-simulator/osascript-modes.ts'
import { ANNA, BERT } from '../support/conversation.ts'
import { writePlainOsascript } from '../support/plain-osascript.ts'
import { osascriptsOf, processesWith, slotsOf } from '../support/processes.ts'
import { type HouseOptions, MAIN, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled } from '../support/two-bubbles.ts'
import { countReady, ready, startTalk, type Talk } from '../support/warm-talk.ts'

const withTalk = async (happen: (talk: Talk) => Promise<void>, options?: HouseOptions): Promise<void> => {
  const talk = await startTalk(options)
  try {
    await happen(talk)
  } finally {
    await talk.close()
  }
}
const waysOf = async ({ house }: Talk) => (await house.status()).sending.sent
const gone = (talk: Talk) => waitFor('no osascript to be left', () => slotsOf(talk.house).length === 0, 20_000)
/** So soon, on a machine with much to do too; any time-out is longer. */
const AT_ONCE_MS = 15_000

describe.concurrent('an osascript stands ready while the backend thinks', () => {
  test('reflex and answer each go by one that was ready; nothing else is started, and none is left', () =>
    withTalk(async talk => {
      const { house } = talk
      await house.startConnected()
      const guid = await talk.say()
      await ready(house)
      expect(slotsOf(house)).toHaveLength(1)
      expect(slotsOf(house)[0]?.command).toMatch(/send-warm\.applescript [\da-f-]{36} chat {3}any;-;\+\d+$/)
      talk.reflex(guid)
      await sees(house, ANNA, ['R to hi'])
      await ready(house) // more is expected
      talk.answer()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(await waysOf(talk)).toEqual({ warm: 2, cold: 0, wentCold: 0 })
      const told = execFileSync(process.execPath, [MAIN, 'explain', '--last', '--state-dir', house.stateDir], {
        encoding: 'utf8',
      })
      expect(told.match(/by an osascript that stood ready/g)).toHaveLength(2)
      const status = execFileSync(process.execPath, [MAIN, 'status', '--state-dir', house.stateDir], {
        encoding: 'utf8',
      })
      expect(status).toMatch(/^sending +warm: .*; 2 sent warm, 0 cold$/m)
      expect(slotsOf(house)).toHaveLength(0)
      await talk.check()
    }))

  test('its text comes by its standard input as it is, and is among nobody’s arguments', () =>
    withTalk(
      async talk => {
        const { house } = talk
        await house.startConnected()
        house.simulator.setOsascriptMode({ mode: 'slow', ms: 2_000 })
        await talk.say()
        await ready(house)
        talk.answer()
        await waitFor('the job', () => slotsOf(house).length === 1 && countReady(house) === 0)
        expect(processesWith('between us')).toEqual([])
        await sees(house, ANNA, [WORDS])
        await settled(house)
        expect(await waysOf(talk)).toMatchObject({ warm: 1, cold: 0 })
      },
      { backend: { replies: () => sleep(2_500).then(() => [WORDS]) } },
    ))

  test('two stand ready at most, each for its own chat, and everybody gets their own bubbles', () =>
    withTalk(async talk => {
      const { house } = talk
      await house.startConnected()
      const people = [ANNA, BERT, '+15551110003', '+15551110004']
      for (const person of people) await talk.say(person, `hi from ${person}`)
      await ready(house, 2)
      await sleep(500)
      expect(slotsOf(house)).toHaveLength(2)
      talk.answer()
      for (const person of people) await sees(house, person, bubblesTo(`hi from ${person}`))
      await settled(house)
      expect((await waysOf(talk)).warm).toBeGreaterThanOrEqual(2)
      await talk.check()
    }))

  test('the chat got another guid meanwhile: what stands ready for the old one gets nothing', () =>
    withTalk(
      async talk => {
        const { house } = talk
        await house.startConnected()
        const chat = { guid: 'iMessage;+;chat655333', participants: [ANNA, BERT] }
        await house.simulator.receive({ from: ANNA, text: 'hi', chat })
        await ready(house)
        const chatDb = new Database(house.simulator.chatDbPath)
        chatDb.exec("UPDATE chat SET guid = 'any;+;chat655333'")
        chatDb.close()
        talk.answer()
        await sees(house, 'chat655333', bubblesTo('hi'))
        await settled(house)
        expect((await waysOf(talk)).cold).toBeGreaterThanOrEqual(1)
        await talk.check()
      },
      { env: { EDGE_FORWARD_GROUPS: 'all' } },
    ))
})

describe.concurrent('one that is not ready, or does not do its work: the cold way at once, once', () => {
  test.each<[string, SlotMode, 'ready' | 'standing' | 'gone']>([
    ['slow to be ready', { mode: 'slow-ready', ms: 60_000 }, 'standing'],
    ['never ready', { mode: 'never-ready' }, 'standing'],
    ['nothing to run', { mode: 'exit-code', code: 127 }, 'gone'],
    ['Messages does not run', { mode: 'fail-before', number: -600 }, 'gone'],
    ['a chat that Messages does not list', { mode: 'fail-before', number: -1728 }, 'gone'],
    ['died while it stood ready', { mode: 'dies', afterMs: 0 }, 'gone'],
    ['takes its job and does nothing', { mode: 'stuck' }, 'ready'],
    ['its input is closed: EPIPE', { mode: 'shut' }, 'ready'],
    ['ends with 0, and without "done"', { mode: 'quiet-end' }, 'ready'],
  ])('%s', (_, mode, state) =>
    withTalk(async talk => {
      const { house } = talk
      house.simulator.setSlotMode(mode)
      await house.startConnected()
      const guid = await talk.say()
      if (state === 'ready') await ready(house)
      if (state === 'standing') await waitFor('it to stand', () => slotsOf(house).length === 1)
      if (state === 'gone') await sleep(2_000)
      const at = Date.now()
      talk.reflex(guid)
      await sees(house, ANNA, ['R to hi'])
      expect(Date.now() - at).toBeLessThan(AT_ONCE_MS)
      talk.answer()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(await waysOf(talk)).toMatchObject({ cold: 2 })
      expect((await house.status()).bubbles).toEqual({ confirmed: 2 })
      await talk.check()
    }),
  )

  test('stopped by SIGSTOP: its job is not waited for', () =>
    withTalk(async talk => {
      const { house } = talk
      await house.startConnected()
      const guid = await talk.say()
      await ready(house)
      for (const { pid } of slotsOf(house)) process.kill(pid, 'SIGSTOP')
      talk.reflex(guid)
      await sees(house, ANNA, ['R to hi'])
      talk.answer()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect(await waysOf(talk)).toMatchObject({ wentCold: 1 })
      await talk.check()
    }))

  test('killed while it stands ready, and right after its job: each bubble comes once', () =>
    withTalk(async talk => {
      const { house } = talk
      await house.startConnected()
      const guid = await talk.say()
      await ready(house)
      for (const { pid } of slotsOf(house)) process.kill(pid, 'SIGKILL')
      talk.reflex(guid)
      await sees(house, ANNA, ['R to hi'])
      await ready(house)
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 20_000 }, { times: 1 })
      talk.answer()
      await waitFor('the job', () => countReady(house) === 0)
      for (const { pid } of slotsOf(house)) process.kill(pid, 'SIGKILL')
      await settled(house)
      // Where it had said that it sends, only chat.db can tell: it has no row.
      await talk.check({ unsent: 'any' })
      expect(house.seen(ANNA).filter((text, n, all) => all.indexOf(text) !== n)).toEqual([])
    }))

  test('an error that proves that nothing was sent: cold, without a wait', () =>
    withTalk(async talk => {
      const { house } = talk
      house.simulator.setOsascriptMode({ mode: 'fail-before', number: -600 }, { times: 1 })
      await house.startConnected()
      const guid = await talk.say()
      await ready(house)
      talk.reflex(guid)
      await sees(house, ANNA, ['R to hi'])
      talk.answer()
      await sees(house, ANNA, bubblesTo('hi'))
      expect(await waysOf(talk)).toMatchObject({ wentCold: 1 })
      const told = execFileSync(process.execPath, [MAIN, 'explain', '--last', '--state-dir', house.stateDir], {
        encoding: 'utf8',
      })
      expect(told).toContain('as the one that stood ready did nothing')
      await talk.check()
    }))
})

describe.concurrent('one that began to send is judged as any attempt', () => {
  test('it hangs: ended after the time-out, counted from its job; parked and reported, and the thread goes on', () =>
    withTalk(
      async talk => {
        const { house } = talk
        house.simulator.setOsascriptMode({ mode: 'hang' }, { times: 1 })
        await house.startConnected()
        const guid = await talk.say()
        await ready(house)
        await sleep(3_000) // it stands; that is none of its time
        talk.reflex(guid)
        await waitFor('the doubt', async () => (await house.status()).bubbles.parked === 1)
        expect(house.log).toContain('timed_out')
        talk.answer()
        await sees(house, ANNA, ['B to hi'])
        await settled(house)
        await talk.check({ unsent: [`${ANNA}: R to hi`] })
      },
      { env: { EDGE_SEND_TIMEOUT: '5s', EDGE_SEND_SETTLE: '1s' } },
    ))

  test.each<[string, OsascriptMode]>([
    ['sent, and an error: its row decides', { mode: 'send-then-fail', number: -609 }],
    ['10 MB on standard error', { mode: 'noisy', bytes: 10_000_000 }],
    ['its row is late', { mode: 'row-late', ms: 3_000 }],
  ])('%s', (_, mode) =>
    withTalk(async talk => {
      const { house } = talk
      house.simulator.setOsascriptMode(mode, { times: 1 })
      await house.startConnected()
      const guid = await talk.say()
      await ready(house)
      talk.reflex(guid)
      await sees(house, ANNA, ['R to hi'])
      talk.answer()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect((await house.status()).bubbles).toEqual({ confirmed: 2 })
      await talk.check()
    }),
  )
})

describe.concurrent('none outlives its agent, or what forbids to send', () => {
  test('kill -9: it is gone within a second, and has sent nothing', () =>
    withTalk(async talk => {
      const { house } = talk
      await house.startConnected()
      await talk.say()
      await ready(house)
      await house.killAgent()
      await waitFor('it to be gone', () => slotsOf(house).length === 0, 5_000)
      expect(house.seen(ANNA)).toEqual([])
      talk.answer()
      await house.startConnected()
      await sees(house, ANNA, bubblesTo('hi'))
      await talk.check({ unheard: 'any' })
    }))

  test('kill -9 and a deaf one, or a stopped one: the next life ends it', () =>
    withTalk(async talk => {
      const { house } = talk
      house.simulator.setSlotMode({ mode: 'deaf' }, { times: 1 })
      await house.startConnected()
      await talk.say()
      await talk.say(BERT)
      await ready(house, 2)
      await house.killAgent()
      await sleep(1_500)
      expect(slotsOf(house)).toHaveLength(1)
      for (const { pid } of slotsOf(house)) process.kill(pid, 'SIGSTOP')
      await house.startConnected({ EDGE_SEND_WARM: 'off' })
      await gone(talk)
      talk.answer()
      for (const person of [ANNA, BERT]) await sees(house, person, bubblesTo('hi'))
      await talk.check({ unheard: 'any' })
    }))

  test('an ordered stop: none is left when it is over, not even a deaf one', () =>
    withTalk(async talk => {
      const { house } = talk
      house.simulator.setSlotMode({ mode: 'deaf' })
      await house.startConnected()
      await talk.say()
      await ready(house)
      talk.answer()
      await house.stopAgent()
      await gone(talk)
      await house.startConnected()
      await sees(house, ANNA, bubblesTo('hi'))
      await talk.check({ unheard: 'any' })
    }))

  test('a pause ends what stands ready, and none is started while it lasts', () =>
    withTalk(async talk => {
      const { house } = talk
      await house.startConnected()
      await talk.say()
      await ready(house)
      const edgeAgent = (...args: string[]) =>
        execFileSync(process.execPath, [MAIN, ...args, '--state-dir', house.stateDir])
      edgeAgent('pause')
      await gone(talk)
      await talk.say(BERT)
      await sleep(1_000)
      expect(slotsOf(house)).toEqual([])
      talk.answer()
      edgeAgent('resume')
      for (const person of [ANNA, BERT]) await sees(house, person, bubblesTo('hi'))
      await talk.check()
    }))

  test('macOS forbids it: none stands, and none is started', () =>
    withTalk(async talk => {
      const { house } = talk
      await house.startConnected()
      const guid = await talk.say()
      await ready(house)
      await waitFor('the grant', async () => (await house.status()).permissions.automation === 'granted')
      house.simulator.setOsascriptMode({ mode: 'fail-before', number: -1743 })
      talk.reflex(guid)
      await waitFor('the denial', async () => (await house.status()).permissions.automation === 'missing')
      await gone(talk)
      await talk.say(BERT)
      await sleep(1_000)
      expect(slotsOf(house)).toEqual([])
      expect(osascriptsOf(house)).toEqual([])
    }))
})

describe.concurrent('send.warm = "auto"', () => {
  const AUTO = { env: { EDGE_SEND_WARM: 'auto' } }
  const sending = async ({ house }: Talk) => (await house.status()).sending
  const decided = (talk: Talk) =>
    waitFor('the trial', async () => !['untried', 'trying'].includes((await sending(talk)).state), 60_000)
  const kept = ({ house }: Talk) => join(house.stateDir, 'warm.json')

  test('it is tried by steps that send nothing, used from then on, and remembered', () =>
    withTalk(async talk => {
      const { house } = talk
      house.simulator.ensureChat(`any;-;${BERT}`)
      await house.startConnected()
      const guid = await talk.say()
      await decided(talk)
      expect(await sending(talk)).toMatchObject({ setting: 'auto', state: 'in_use', readyMs: expect.any(Number) })
      expect(house.simulator.readLedger()).toEqual([])
      await ready(house) // for the message that is with the backend still
      talk.reflex(guid)
      await sees(house, ANNA, ['R to hi'])
      expect((await sending(talk)).sent.warm).toBe(1)
      expect(JSON.parse(readFileSync(kept(talk), 'utf8'))).toMatchObject({ result: { verdict: 'passed' } })
      await house.killAgent()
      await house.startAgent()
      expect((await sending(talk)).state).toBe('in_use')
      talk.answer()
      await sees(house, ANNA, bubblesTo('hi'))
      await talk.check()
    }, AUTO))

  test.each<[string, SlotMode, RegExp]>([
    ['does not end with its input', { mode: 'deaf' }, /^no job: it did not end/],
    ['ends with 0 without a job', { mode: 'quiet-end' }, /^no job: it ended: exit code 0/],
    ['is not ready', { mode: 'exit-code', code: 3 }, /^ready: it ended: exit code 3/],
  ])('an osascript that %s is not used so, and status says it', (_, mode, reason) =>
    withTalk(async talk => {
      const { house } = talk
      house.simulator.setSlotMode(mode)
      await house.startConnected()
      await talk.say()
      await decided(talk)
      expect(await sending(talk)).toMatchObject({ state: 'failed', reason: expect.stringMatching(reason), standing: 0 })
      talk.answer()
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect((await sending(talk)).sent).toEqual({ warm: 0, cold: 2, wentCold: 0 })
      await gone(talk)
      await talk.check()
    }, AUTO),
  )

  test('a stranger that knows nothing of it is used cold', () =>
    withTalk(async talk => {
      const { house } = talk
      await house.startConnected({ EDGE_OSASCRIPT: writePlainOsascript(house.dir) })
      await talk.say()
      await decided(talk)
      talk.answer()
      await sees(house, ANNA, bubblesTo('hi'))
      await talk.check()
    }, AUTO))

  test('while Messages does not run nothing is decided', () =>
    withTalk(async talk => {
      const { house } = talk
      house.simulator.setSlotMode({ mode: 'fail-before', number: -600 })
      await house.startConnected()
      await talk.say()
      await waitFor('the trial', async () => (await sending(talk)).reason !== undefined)
      expect(await sending(talk)).toMatchObject({ state: 'untried', reason: expect.stringContaining('(-600)') })
      expect(existsSync(kept(talk))).toBe(false)
    }, AUTO))
})

test('three failures in a row: it falls back by itself, and says so', () =>
  withTalk(async talk => {
    const { house } = talk
    house.simulator.setSlotMode({ mode: 'dies', afterMs: 0 })
    await house.startConnected()
    for (const person of [ANNA, BERT, '+15551110003', '+15551110004']) {
      await talk.say(person)
      await waitFor('it to be gone again', () => slotsOf(house).length === 0)
      await sleep(300)
    }
    const { sending } = await house.status()
    expect(sending).toMatchObject({ state: 'fallen_back', reason: expect.stringContaining('exit code 9') })
    const status = execFileSync(process.execPath, [MAIN, 'status', '--state-dir', house.stateDir], { encoding: 'utf8' })
    expect(status).toMatch(/^sending +FELL BACK/m)
    expect(house.log).toContain('the warm way failed too often')
    talk.answer()
    for (const person of [ANNA, BERT]) await sees(house, person, bubblesTo('hi'))
    await talk.check()
  }))

/** Nothing that a shell, a script or an argument list takes as it is. */
const WORDS = '-e "just" between us \\ $HOME\r\n👩🏽‍🚀 ü\u2028\n\n'
