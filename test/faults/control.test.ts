import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { askAgent } from '../../src/agent/control/ask-agent.ts'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'
import type { OsascriptMode } from '../../src/lab/messages-simulator/osascript-modes.ts'
import { ANNA } from '../support/conversation.ts'
import { processesWith } from '../support/processes.ts'
import { runProgram } from '../support/run-program.ts'
import { type House, MAIN, waitFor } from '../support/start-house.ts'
import { withHouse } from '../support/with-house.ts'

const ask = (house: House, request: string) => askAgent(controlSocketPath(house.stateDir), request, undefined, 30_000)

describe.concurrent('what other terminals may ask: may it control Messages?', () => {
  test.each<[string, OsascriptMode, object]>([
    ['it may', { mode: 'ok' }, { state: 'granted', accounts: 1, enabledAccounts: 1 }],
    ['it may, and nobody is signed in', { mode: 'signed-out' }, { state: 'granted', accounts: 1, enabledAccounts: 0 }],
    [
      'it may not, said in German',
      { mode: 'fail-before', number: -1743, message: 'Keine Berechtigung zum Senden von Apple-Events' },
      { state: 'denied', errorNumber: -1743 },
    ],
    ['it would have to ask', { mode: 'fail-before', number: -1744 }, { state: 'denied', errorNumber: -1744 }],
    ['no answer in time', { mode: 'fail-before', number: -1712 }, { state: 'unanswered', errorNumber: -1712 }],
    ['Messages does not run', { mode: 'fail-before', number: -600 }, { state: 'unclear', errorNumber: -600 }],
    ['nothing to run', { mode: 'exit-code', code: 127 }, { state: 'unclear', said: 'exit 127' }],
  ])('%s', (_, mode, expected) =>
    withHouse({}, async house => {
      house.simulator.setOsascriptMode(mode) // the agent asks by itself at its start
      await house.startAgent()
      expect(await ask(house, 'probe-automation')).toMatchObject(expected)
      const automation = { granted: 'granted', denied: 'missing' }[(expected as { state: string }).state] ?? 'unknown'
      expect((await house.status()).permissions.automation).toBe(automation)
    }),
  )

  test('a prompt that nobody answers: two who ask share one osascript, which is ended with what it started', () =>
    withHouse({}, async house => {
      const stuck = join(house.dir, 'stuck')
      writeFileSync(stuck, '#!/bin/sh\ntrap "" TERM\nsleep 300 & echo $$ >> "$0.starts"\nwait\nwait\n')
      chmodSync(stuck, 0o755)
      await house.startAgent({ EDGE_OSASCRIPT: stuck })
      const answers = await Promise.all([ask(house, 'probe-automation'), ask(house, 'probe-automation')])
      expect(answers).toEqual([answers[0], answers[0]])
      expect(answers[0]).toMatchObject({ state: 'unanswered' })
      expect(processesWith(stuck)).toEqual([])
    }))
})

test.concurrent('what other terminals may ask: how chat.db looks from inside', () =>
  withHouse({}, async house => {
    await house.startAgent()
    const before = Date.now()
    const { rowid } = await house.simulator.receive({ from: ANNA, text: 'hi' })
    expect(await ask(house, 'probe-chat-db')).toMatchObject({
      readable: true,
      highestRowid: rowid,
      seenRowid: expect.any(Number),
      newestIncomingMs: expect.closeTo(before, -4),
      changedMs: expect.closeTo(before, -4),
    })
  }))

test.concurrent('asked to stop, it stops in order and ends with 0, as launchd is to leave it stopped', () =>
  withHouse({}, async house => {
    await house.startAgent()
    const { pid } = (await house.status()).agent
    expect(await ask(house, 'stop')).toEqual({ pid, stopping: true })
    expect(await house.agentEnd()).toBe(0)
    expect(house.log).toContain('agent stopped')
  }))

test.concurrent('the status says which binary it is, and whether launchd started it', () =>
  withHouse({}, async house => {
    await house.startAgent({ XPC_SERVICE_NAME: 'application.com.apple.Terminal.42' })
    expect((await house.status()).agent).toMatchObject({ execPath: process.execPath, configFile: expect.any(String) })
    expect((await house.status()).agent.label).toBeUndefined()
    await house.stopAgent()
    await house.startAgent({ XPC_SERVICE_NAME: 'com.edge-agent' })
    expect((await house.status()).agent.label).toBe('com.edge-agent')
  }))

test.concurrent('the log goes to its file, also after somebody removed that, and "logs" finds it by the settings', () =>
  withHouse({}, async house => {
    const file = join(house.dir, 'logs', 'agent.log')
    await house.startAgent({ EDGE_LOG_FILE: file })
    await waitFor('the start', () => existsSync(file) && readFileSync(file, 'utf8').includes('agent started'))
    rmSync(file)
    await house.stopAgent()
    expect(house.log).toBe('')
    const { stdout } = await runProgram(process.execPath, [MAIN, 'logs', '--log-file', file, '--json'])
    const events = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).msg)
    expect(events.slice(-2)).toEqual(['stopping', 'agent stopped'])
    expect(events).not.toContain('agent started')
  }))
