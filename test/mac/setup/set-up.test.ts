import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { inspectConfig } from '../../../src/config/inspect-config.ts'
import { type MockBackend, startMockBackend } from '../../../src/lab/mock-backend/start-mock-backend.ts'
import type { InitOptions } from '../../../src/mac/setup/answers.ts'
import { setUp } from '../../../src/mac/setup/set-up.ts'
import { createSecurityShim } from '../../support/security-shim.ts'

let home = ''
let backend: MockBackend
let security: ReturnType<typeof createSecurityShim> | undefined
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'edge-init-'))
  backend = await startMockBackend({ secret: 'hush', thinkMs: 0 })
  vi.stubEnv('PATH', '/nowhere')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await backend.close()
  security?.remove()
  security = undefined
  rmSync(home, { recursive: true, force: true })
})

const folder = () => join(home, '.config/edge-agent')
const file = (name: string) => join(folder(), name)
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

const hostOf = (flags: Record<string, string | undefined> = {}, env: Record<string, string> = {}) =>
  ({ homedir: home, platform: 'linux', env, isTTY: false, flags }) as const

type Way = {
  readonly flags?: Record<string, string>
  readonly env?: Record<string, string>
  readonly options?: Partial<InitOptions>
}

/** `edge-agent init` on streams; a terminal where `isTTY`. */
const init = ({ flags, env, options }: Way, isTTY: boolean) => {
  const input = Object.assign(new PassThrough(), { isTTY })
  const output = Object.assign(new PassThrough(), { isTTY, columns: 40 })
  let shown = ''
  output.setEncoding('utf8').on('data', chunk => {
    // readline moves the cursor to where it is.
    shown += stripVTControlCharacters(chunk)
  })
  const ended = setUp({ test: true, ...options }, hostOf(flags, env), { input, output })
  ended.catch(() => {}) // until somebody looks
  let read = 0
  return {
    ended,
    input,
    get shown() {
      return shown
    },
    /** Waits for the question and answers it. */
    answer: async (question: RegExp, text: string) => {
      await vi.waitFor(() => expect(shown.slice(read)).toMatch(question), { timeout: 10_000 })
      read = shown.length
      input.write(`${text}\r`)
    },
    type: (keys: string) => input.write(keys),
  }
}

const inTerminal = (way: Way = {}) => init(way, true)
const inScript = (way: Way = {}) => init(way, false)
const ALL = () => ({ backend_url: backend.url, agent_id: 'edge_1' })

test('asks, tries, writes: the settings are right, private, and the secret was never shown', async () => {
  const terminal = inTerminal()
  await terminal.answer(/Backend URL.*: $/, backend.url)
  await terminal.answer(/Agent id.*\[edge_1\d{10}\]: $/, '')
  await terminal.answer(/Secret.*: $/, 'hush')
  await terminal.ended
  expect(terminal.shown).toMatch(/secret +ok +not refused\n.*WebSocket +ok/)
  expect(terminal.shown).toContain('edge-agent config check')
  expect(terminal.shown).not.toContain('hush')

  const { config, faults } = inspectConfig(hostOf())
  expect(faults).toEqual([])
  expect(config).toMatchObject({ backendUrl: backend.url, secret: { kind: 'file', path: file('secret') } })
  expect(config?.agentId).toMatch(/^edge_1\d{10}$/)
  expect(readFileSync(file('secret'), 'utf8')).toBe('hush\n')
  expect([folder(), file('config.toml'), file('secret')].map(mode)).toEqual(['700', '600', '600'])
  expect(readdirSync(folder()).sort()).toEqual(['config.toml', 'secret'])
  expect(backend.received).toEqual([])
})

test('what does not fit is asked again, in the words of config check; what is erased is gone', async () => {
  const terminal = inTerminal({ flags: { agent_id: 'edge_1' } })
  await terminal.answer(/Backend URL.*: $/, 'assistant.example.com')
  await terminal.answer(/Expected an http or https URL.+found "assistant.example.com".+Backend URL.*: $/s, backend.url)
  await terminal.answer(/Secret.*: $/, 'two words')
  await terminal.answer(/Expected printable ASCII characters without spaces.+Secret.*: $/s, 'hussh\x7f\x7fh')
  await terminal.ended
  expect(readFileSync(file('secret'), 'utf8')).toBe('hush\n')
})

test('a trial that fails says why, and lets one correct what was wrong', async () => {
  const terminal = inTerminal({ flags: ALL() })
  await terminal.answer(/Secret.*: $/, 'tuna')
  await terminal.answer(/secret +FAILED the secret is refused.+What now\? \(correct, keep, quit\) \[correct\]: $/s, '')
  await terminal.answer(/Backend URL.*\[http.*\]: $/, '')
  await terminal.answer(/Agent id.*\[edge_1\]: $/, '')
  await terminal.answer(/Secret.*: $/, 'hush')
  await terminal.ended
  expect(readFileSync(file('secret'), 'utf8')).toBe('hush\n')
  expect(terminal.shown).not.toContain('tuna')
})

test.each([
  ['keep', undefined],
  ['q', 'cancelled'],
  ['\x03', 'cancelled'],
  ['\x04', 'cancelled'],
])('after a trial that failed, %j: %s', async (answer, code) => {
  const terminal = inTerminal({ flags: ALL() })
  await terminal.answer(/Secret.*: $/, 'tuna')
  await terminal.answer(/What now\?/, answer)
  if (code === undefined) await terminal.ended
  else await expect(terminal.ended).rejects.toMatchObject({ code, exit: 2 })
  expect(existsSync(folder())).toBe(code === undefined)
})

test.each([0, 1, 2])('Ctrl-C at question %d ends it with 2, and nothing is written', async question => {
  const terminal = inTerminal()
  const asked = [/Backend URL/, /Agent id/, /Secret/]
  for (const earlier of asked.slice(0, question))
    await terminal.answer(earlier, earlier === asked[0] ? backend.url : '')
  await terminal.answer(asked[question] ?? / /, 'something\x03')
  await expect(terminal.ended).rejects.toMatchObject({ code: 'cancelled', exit: 2 })
  expect(readdirSync(home)).toEqual([])
})

test('plain http to another machine is explained, and used only after a yes', async () => {
  const terminal = inTerminal({ options: { test: false } })
  await terminal.answer(/Backend URL.*: $/, 'http://assistant.example.com')
  await terminal.answer(/unencrypted.+\[no\]: $/s, '')
  await terminal.answer(/Backend URL.*: $/, 'http://assistant.example.com')
  await terminal.answer(/unencrypted.+\[no\]: $/s, 'y')
  await terminal.answer(/Agent id/, '')
  await terminal.answer(/Secret/, 'hush')
  await terminal.ended
  expect(inspectConfig(hostOf()).faults).toEqual([])
  expect(readFileSync(file('config.toml'), 'utf8')).toMatch(/^allow_insecure_http = true$/m)
})

test('what is there is replaced after a yes only: the other settings stay, the old file is kept', async () => {
  mkdirSync(folder(), { recursive: true })
  writeFileSync(file('old-secret'), 'hush\n')
  chmodSync(file('old-secret'), 0o600)
  const old = `backend_url = "${backend.url}"\nagent_id = "edge_old"\nsecret_file = "old-secret"\nsend.retries = 7\nforward.deny = ["a@b.c"]\n`
  writeFileSync(file('config.toml'), old)

  const refusing = inTerminal()
  await refusing.answer(/There are already settings.+Replace them\?.+\[no\]: $/s, '')
  await expect(refusing.ended).rejects.toMatchObject({ code: 'cancelled', exit: 2 })
  expect(readFileSync(file('config.toml'), 'utf8')).toBe(old)

  const terminal = inTerminal()
  await terminal.answer(/Replace them\?/, 'yes')
  await terminal.answer(/Backend URL.*\[http.+\]: $/, '')
  await terminal.answer(/Agent id.*\[edge_old\]: $/, 'edge_new')
  await terminal.answer(/Secret.*\[Enter keeps the current one\]: $/, '')
  await terminal.ended
  expect(readFileSync(file('config.toml.bak'), 'utf8')).toBe(old)
  expect(mode(file('config.toml.bak'))).toBe('600')
  expect(inspectConfig(hostOf()).config).toMatchObject({
    agentId: 'edge_new',
    secret: { path: file('secret') },
    send: { retries: 7 },
    forward: { deny: ['a@b.c'] },
  })
})

test('a script says all in flags; the secret comes by standard input, a file, or the variable', async () => {
  const script = inScript({ flags: { ...ALL(), log_level: 'debug' }, options: { secretFile: '-' } })
  script.input.end('hush\n')
  await script.ended
  expect(inspectConfig(hostOf()).config).toMatchObject({ agentId: 'edge_1', logLevel: 'debug' })

  writeFileSync(join(home, 'given'), 'hush\n')
  await inScript({ flags: ALL(), options: { secretFile: join(home, 'given'), force: true } }).ended
  await inScript({ flags: ALL(), env: { EDGE_SECRET: 'hush' }, options: { yes: true } }).ended
  expect(inspectConfig(hostOf()).faults).toEqual([])
})

test.each([
  ['what is missing', {}, {}, 'init_incomplete', 64, /--backend-url, --agent-id, --secret-file/],
  [
    'a value that does not fit',
    { backend_url: 'ftp://x', agent_id: 'a b' },
    {},
    'config',
    78,
    /2 settings.+--backend-url.+--agent-id/s,
  ],
  [
    'plain http elsewhere',
    { backend_url: 'http://x.example', agent_id: 'a' },
    { EDGE_SECRET: 'x' },
    'usage',
    64,
    /unencrypted/,
  ],
  ['a secret with a space', { agent_id: 'a' }, { EDGE_SECRET: 'a b' }, 'config', 78, /secret \(EDGE_SECRET\)/],
])('without a terminal nothing is guessed: %s', async (_, flags, env, code, exit, message) => {
  await expect(inScript({ flags, env }).ended).rejects.toMatchObject({
    code,
    exit,
    message: expect.stringMatching(message),
  })
  expect(readdirSync(home)).toEqual([])
})

test('without a terminal a failed trial is the end of it, and nothing is replaced without --force', async () => {
  await expect(inScript({ flags: ALL(), env: { EDGE_SECRET: 'tuna' } }).ended).rejects.toMatchObject({
    code: 'backend_test_failed',
    exit: 78,
    remedy: expect.stringContaining('--no-test'),
  })
  expect(readdirSync(home)).toEqual([])
  await inScript({ flags: ALL(), env: { EDGE_SECRET: 'tuna' }, options: { test: false } }).ended
  await expect(inScript({ flags: ALL(), env: { EDGE_SECRET: 'hush' } }).ended).rejects.toMatchObject({
    code: 'init_exists',
    exit: 64,
  })
  expect(readFileSync(file('secret'), 'utf8')).toBe('tuna\n')
})

test('the secret goes into the Keychain where that is wanted, and into no file', async () => {
  security = createSecurityShim()
  vi.stubEnv('PATH', security.path)
  const terminal = inTerminal({ flags: ALL() })
  await terminal.answer(/Secret.*: $/, 'hush')
  await terminal.answer(/Keep the secret in \(file, keychain\) \[file\]: $/, 'k')
  await terminal.ended
  expect(security.stored('com.edge-agent', 'edge_1')).toBe('hush')
  expect(readdirSync(folder())).toEqual(['config.toml'])
  expect(inspectConfig(hostOf()).config?.secret).toEqual({
    kind: 'keychain',
    service: 'com.edge-agent',
    account: 'edge_1',
  })
})

test('a Keychain that refuses is told, and the file is offered instead', async () => {
  security = createSecurityShim()
  security.act('exit 36')
  vi.stubEnv('PATH', security.path)
  await expect(
    inScript({ flags: ALL(), env: { EDGE_SECRET: 'hush' }, options: { secretStore: 'keychain' } }).ended,
  ).rejects.toMatchObject({ code: 'keychain_locked' })
  expect(readdirSync(home)).toEqual([])

  const terminal = inTerminal({ flags: ALL(), options: { secretStore: 'keychain' } })
  await terminal.answer(/Secret.*: $/, 'hush')
  await terminal.answer(/locked.+in a file instead\?.*\[yes\]: $/s, '')
  await terminal.ended
  expect(readFileSync(file('secret'), 'utf8')).toBe('hush\n')
})

test('a folder that cannot be written to is one clear error', async () => {
  writeFileSync(join(home, '.config'), 'a file in its place')
  await expect(inScript({ flags: ALL(), env: { EDGE_SECRET: 'hush' } }).ended).rejects.toMatchObject({
    code: 'cannot_write',
    exit: 77,
  })
})
