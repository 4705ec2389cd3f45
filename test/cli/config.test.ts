import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addSettingsFlags, SETTINGS_FLAGS } from '../../src/cli/settings-flags.ts'
import { listSettings } from '../../src/config/list-settings.ts'
import { settingsFor } from '../../src/config/settings.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const HOME = mkdtempSync(join(tmpdir(), 'edge-cli-'))

/** The real command in a bare environment. */
const edgeAgent = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: { HOME, PATH: process.env['PATH'], ...env },
  })
  return { status, stdout, stderr }
}

const FINE = { EDGE_BACKEND_URL: 'http://localhost:1', EDGE_AGENT_ID: 'edge_1' }

test('config check says that all is well, and warns of a variable that is no setting', () => {
  const { status, stdout, stderr } = edgeAgent(['config', 'check'], { ...FINE, EDGE_LOG_LEVL: 'info' })
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: 'edge-agent: the variable EDGE_LOG_LEVL is not a setting: did you mean EDGE_LOG_LEVEL?\n',
  })
  expect(stdout).toMatch(/^the settings are valid \(no file at .+config\.toml\)\n$/)
})

test('config check doubts a name that nobody has, without a word of it, and nothing else', () => {
  const config = join(HOME, 'doubtful.toml')
  const list = '["+15622924139", "a@b.c", "chat655333", "0f3c9a", "iMessage;+;chat1", "Anna", "malory"]'
  const rule = '[[forward.rules]]\nname = "friends"\naction = "skip"\nthread = ["ana"]'
  writeFileSync(config, `[people]\nanna = ["+1555"]\n[forward]\ndeny = ${list}\n[send]\nallow = ${list}\n${rule}\n`)
  const { status, stderr } = edgeAgent(['config', 'check', '--config', config], FINE)
  expect(status).toBe(0)
  expect(stderr).toMatch(
    /^edge-agent: forward\.deny: entry 7 is not a .+\nedge-agent: send\.allow: entry 7 .+\nedge-agent: forward\.rules\.friends\.thread: entry 1 .+\n$/,
  )
  expect(stderr).not.toMatch(/malory/)
})

test('config check lists every fault and exits with 78', () => {
  const { status, stdout, stderr } = edgeAgent(['config', 'check', '--log-level', 'loud'], { EDGE_AGENT_ID: 'a b' })
  expect({ status, stdout }).toEqual({ status: 78, stdout: '' })
  expect(stderr).toMatch(/^edge-agent: 3 settings are wrong\n {2}backend_url: .+\n {2}agent_id \(EDGE_AGENT_ID\): .+\n/)
  expect(stderr).toContain('log_level (--log-level): expected "trace" or "debug"')
})

test('config check --json answers on standard output', () => {
  const { status, stdout, stderr } = edgeAgent(['config', 'check', '--json'])
  expect({ status, stderr }).toEqual({ status: 78, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, faults: [{ key: 'backend_url' }, { key: 'agent_id' }] })
})

test('config show prints every setting with its origin, and never the secret', () => {
  const { status, stdout } = edgeAgent(['config', 'show'], { ...FINE, EDGE_SECRET: 'hush' })
  expect(status).toBe(0)
  expect(stdout).toMatch(/^agent_id +edge_1 +EDGE_AGENT_ID$/m)
  expect(stdout).toMatch(/^send\.timeout +30s +default$/m)
  expect(stdout).toMatch(/^secret +set \(from EDGE_SECRET\) +EDGE_SECRET$/m)
  expect(stdout).not.toContain('hush')
})

test('config show prints what there is even where some of it is wrong', () => {
  const { status, stdout, stderr } = edgeAgent(['config', 'show', '--json'], { EDGE_SEND_RETRIES: 'many' })
  expect(status).toBe(78)
  expect(JSON.parse(stdout).settings).toContainEqual(
    expect.objectContaining({ key: 'send.retries', value: '"many"', origin: 'EDGE_SEND_RETRIES', fits: false }),
  )
  expect(JSON.parse(stderr).error).toMatchObject({ code: 'config', exit: 78, faults: expect.any(Array) })
})

test('config path prints the file that counts', () => {
  const file = join(HOME, 'mine.toml')
  writeFileSync(file, '')
  expect(edgeAgent(['config', 'path', '--config', file]).stdout).toBe(`${file}\n`)
  expect(edgeAgent(['config', 'path'], { EDGE_CONFIG: '~/mine.toml' }).stdout).toBe(`${file}\n`)
})

test('every flag of the settings is one of the schema, and reaches it', () => {
  const settings = listSettings(settingsFor({ homedir: '/', platform: 'linux', env: {}, isTTY: false }))
  const keys = settings.map(({ key }) => key)
  expect(
    Object.keys(SETTINGS_FLAGS).filter(key => !['config', 'profile'].includes(key) && !keys.includes(key)),
  ).toEqual([])

  const command = new Command()
  const input = addSettingsFlags(command)
  const flags = Object.keys(SETTINGS_FLAGS)
  command.parse(
    flags.flatMap(key => [`--${key.replaceAll('_', '-')}`, key]),
    { from: 'user' },
  )
  expect(input().flags).toEqual(Object.fromEntries(flags.map(key => [key, key])))
})
