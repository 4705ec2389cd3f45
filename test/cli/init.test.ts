import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type MockBackend, startMockBackend } from '../../src/lab/mock-backend/start-mock-backend.ts'
import { startInTerminal } from '../support/in-terminal.ts'
import { AGENT_ID, type House, MAIN, startHouse } from '../support/start-house.ts'

let home = ''
let backend: MockBackend
let house: House | undefined
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'edge-init-cli-'))
  backend = await startMockBackend({ secret: 'hush', thinkMs: 0 })
})
afterEach(async () => {
  await house?.close()
  house = undefined
  await backend.close()
  rmSync(home, { recursive: true, force: true })
})

const init = (env: Record<string, string> = {}, ...flags: string[]) =>
  startInTerminal([process.execPath, MAIN, 'init', ...flags], {
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    PATH: process.env['PATH'],
    TERM: 'xterm',
    ...env,
  })

test.each([
  ['an ordinary terminal', {}],
  ['a dumb one', { TERM: 'dumb' }],
  ['one without colours', { NO_COLOR: '1' }],
])('at %s it asks and writes, and what is typed as the secret does not come back', async (_, env) => {
  const terminal = init(env)
  await terminal.answer(/Backend URL.*: $/, `${backend.url}\r`)
  await terminal.answer(/Agent id.*: $/, `${AGENT_ID}\r`)
  await terminal.answer(/Secret.*: $/, 'hussh\x7f\x7fh\r')
  expect(await terminal.ended).toBe(0)
  expect(terminal.shown()).toMatch(/WebSocket +ok/)
  expect(terminal.raw()).not.toMatch(/hus/)
  expect(readFileSync(join(home, 'config/edge-agent/secret'), 'utf8')).toBe('hush\n')
  const isPlain = !/\x1b\[\d*m/.test(terminal.raw())
  expect(isPlain).toBe(Object.keys(env).length > 0)
})

test('Ctrl-C ends it with 2 and leaves nothing', async () => {
  const terminal = init()
  await terminal.answer(/Backend URL.*: $/, `${backend.url}\r`)
  await terminal.answer(/Agent id.*: $/, '\x03')
  expect(await terminal.ended).toBe(2)
  expect(terminal.shown()).toContain('nothing was saved')
  expect(readdirSync(home)).toEqual([])
})

test('beside a running agent the WebSocket is not tried, and the agent keeps its connection', async () => {
  house = await startHouse()
  await house.startConnected()
  const terminal = init({}, '--backend-url', house.backend.url, '--agent-id', AGENT_ID, '--state-dir', house.stateDir)
  await terminal.answer(/Secret.*: $/, 'open-sesame\r')
  expect(await terminal.ended).toBe(0)
  expect(terminal.shown()).toMatch(/secret +ok/)
  expect(terminal.shown()).toMatch(/WebSocket +not tested: an agent is running here/)
  expect((await house.status()).connection).toMatchObject({ state: 'open', generation: 1 })
})
