import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, type Fault } from '../../src/config/config-error.ts'
import { type ConfigInput, inspectConfig } from '../../src/config/inspect-config.ts'
import { loadConfig, loadStateDir } from '../../src/config/load-config.ts'
import { readSecret } from '../../src/config/secret.ts'

const LOCAL = { EDGE_BACKEND_URL: 'http://localhost:8787', EDGE_AGENT_ID: 'edge_1' }

/** A machine whose home folder is new, with a settings file where there is one. */
const machine = (toml?: string, overrides: Partial<ConfigInput> = {}): ConfigInput => {
  const homedir = mkdtempSync(join(tmpdir(), 'edge-config-'))
  mkdirSync(join(homedir, '.config/edge-agent'), { recursive: true })
  if (toml !== undefined) writeFileSync(fileOf({ homedir }), toml)
  return { homedir, platform: 'linux', env: {}, flags: {}, isTTY: false, ...overrides }
}

const fileOf = ({ homedir }: { homedir: string }): string => join(homedir, '.config/edge-agent/config.toml')

const secretFile = ({ homedir }: { homedir: string }, text: string, mode = 0o600): string => {
  const path = join(homedir, 'secret')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const faultsOf = (input: ConfigInput): readonly Fault[] => inspectConfig(input).faults

describe('where values come from', () => {
  test('a machine that says only the backend and the id gets every default', () => {
    const input = machine(undefined, { env: LOCAL })
    expect(loadConfig(input).config).toEqual({
      backendUrl: 'http://localhost:8787',
      agentId: 'edge_1',
      secret: { kind: 'none' },
      chatDb: join(input.homedir, 'Library/Messages/chat.db'),
      stateDir: join(input.homedir, '.local/state/edge-agent'),
      osascript: '/usr/bin/osascript',
      logLevel: 'info',
      logFormat: 'json',
      maxMessageAgeMs: 21_600_000,
      payload: 'minimal',
      country: 'US',
      ownAddresses: [],
      gatherMs: 0,
      people: {},
      forward: { allow: [], deny: [], groups: 'none', names: [], startWords: [], rules: [] },
      redact: {
        card: 'mask',
        iban: 'mask',
        ssn: 'mask',
        code: 'skip',
        password: 'mask',
        email: 'off',
        phone: 'off',
        patterns: [],
      },
      dedupe: { match: 'text', windowMs: 600_000 },
      send: {
        allow: 'known',
        timeoutMs: 30_000,
        settleMs: 10_000,
        warm: 'auto',
        unknown: 'park',
        retries: 5,
        maxPerMinute: 300,
        maxPerMinutePerThread: 60,
        maxLength: 20_000,
        maxNewPerDay: 10,
        maxPerDay: 5_000,
        maxPerDayPerThread: 500,
        quietHours: [],
        quiet: 'hold',
        loopRounds: 30,
        loopGapMs: 30_000,
        loopPauseMs: 3_600_000,
      },
      takeover: { pauseMs: 600_000 },
      schedule: { maxLateMs: 600_000, maxAheadMs: 31_536_000_000, maxWaiting: 1000 },
      retention: { textMs: 86_400_000 },
      retry: { maxAgeMs: 86_400_000, concurrency: 32 },
      watch: { hint: true },
    })
  })

  test('on a Mac both file and state live in Application Support', () => {
    const { file, rows } = inspectConfig(machine(undefined, { platform: 'darwin', homedir: '/Users/ann' }))
    expect(file.path).toBe('/Users/ann/Library/Application Support/edge-agent/config.toml')
    expect(rows.find(({ key }) => key === 'state_dir')?.value).toBe('/Users/ann/Library/Application Support/edge-agent')
  })

  test('XDG folders are obeyed where they are absolute', () => {
    const env = { XDG_CONFIG_HOME: '/x/config', XDG_STATE_HOME: 'relative' }
    const { file, rows } = inspectConfig(machine(undefined, { env, homedir: '/home/ann' }))
    expect(file.path).toBe('/x/config/edge-agent/config.toml')
    expect(rows.find(({ key }) => key === 'state_dir')?.value).toBe('/home/ann/.local/state/edge-agent')
  })

  test('a flag counts before a variable, a variable before the file', () => {
    const toml = 'log_level = "trace"\nosascript = "/file"\nchat_db = "/file"'
    const env = { ...LOCAL, EDGE_OSASCRIPT: '/variable', EDGE_CHAT_DB: '/variable' }
    const { config } = loadConfig(machine(toml, { env, flags: { chat_db: '/flag' } }))
    expect(config).toMatchObject({ logLevel: 'trace', osascript: '/variable', chatDb: '/flag' })
  })

  test('an empty variable counts as none', () => {
    expect(loadConfig(machine('log_level = "warn"', { env: { ...LOCAL, EDGE_LOG_LEVEL: '' } })).config.logLevel).toBe(
      'warn',
    )
  })

  test('every setting has a variable, lists, numbers and switches too', () => {
    const env = {
      ...LOCAL,
      EDGE_FORWARD_ALLOW: '+1 (562) 292-4139, a@b.c,',
      EDGE_SEND_ALLOW: 'any',
      EDGE_SEND_RETRIES: '0',
      EDGE_SEND_MAX_PER_MINUTE_PER_THREAD: '7',
      EDGE_DEDUPE_WINDOW: '90',
      EDGE_WATCH_HINT: 'false',
    }
    expect(loadConfig(machine(undefined, { env })).config).toMatchObject({
      forward: { allow: ['+15622924139', 'a@b.c'] },
      send: { allow: 'any', retries: 0, maxPerMinutePerThread: 7 },
      dedupe: { windowMs: 90_000 },
      watch: { hint: false },
    })
  })

  test('paths in the file start from its folder, ~ is the home folder', () => {
    const input = machine('state_dir = "state"\nchat_db = "~/chat.db"', { env: LOCAL })
    expect(loadConfig(input).config).toMatchObject({
      stateDir: join(input.homedir, '.config/edge-agent/state'),
      chatDb: join(input.homedir, 'chat.db'),
    })
  })

  test('pretty is the default on a terminal', () => {
    expect(loadConfig(machine(undefined, { env: LOCAL, isTTY: true })).config.logFormat).toBe('pretty')
  })

  test.each([
    ['https://a.example/prefix/', 'https://a.example/prefix'],
    ['https://A.example', 'https://a.example'],
  ])('the backend %s is %s', (written, backendUrl) => {
    const env = { EDGE_BACKEND_URL: written, EDGE_AGENT_ID: 'e', EDGE_SECRET: 's' }
    expect(loadConfig(machine(undefined, { env })).config.backendUrl).toBe(backendUrl)
  })

  test('what is printed says where each value is from', () => {
    const input = machine('[send]\ntimeout = 90', { env: { ...LOCAL, EDGE_SECRET: 'hush' }, flags: { agent_id: 'e2' } })
    const rows = Object.fromEntries(inspectConfig(input).rows.map(({ key, value, origin }) => [key, [value, origin]]))
    expect(rows).toMatchObject({
      agent_id: ['e2', '--agent-id'],
      backend_url: ['http://localhost:8787', 'EDGE_BACKEND_URL'],
      'send.timeout': ['90s', fileOf(input)],
      'send.settle': ['10s', 'default'],
      secret_file: [null, 'not set'],
      secret: ['set (from EDGE_SECRET)', 'EDGE_SECRET'],
    })
  })
})

describe('faults', () => {
  test('all of them are reported at once, each with its key, origin, expectation and find', () => {
    const toml = 'log_levl = "info"\n[send]\ntimeout = "soon"\nretries = 1.5\n[dedupe]\nmatch = "both"'
    const input = machine(toml, { env: { EDGE_BACKEND_URL: 'ftp://a.example' }, flags: { max_message_age: '6 hours' } })
    const origin = fileOf(input)
    expect(() => loadConfig(input)).toThrow(ConfigError)
    expect(faultsOf(input)).toEqual([
      { key: 'log_levl', origin, expected: 'a known setting (did you mean log_level?)', found: 'an unknown one' },
      {
        key: 'backend_url',
        origin: 'EDGE_BACKEND_URL',
        expected: 'an http or https URL without credentials, query or fragment',
        found: '"ftp://a.example"',
      },
      expect.objectContaining({ key: 'agent_id', origin: undefined, found: expect.stringContaining('EDGE_AGENT_ID') }),
      expect.objectContaining({ key: 'max_message_age', origin: '--max-message-age', found: '"6 hours"' }),
      { key: 'dedupe.match', origin, expected: '"text" or "position"', found: '"both"' },
      expect.objectContaining({ key: 'send.timeout', origin, found: '"soon"' }),
      { key: 'send.retries', origin, expected: 'a whole number from 0 to 100', found: '1.5' },
    ])
  })

  test.each([
    ['https://a.example/?key=1', 'a query'],
    ['https://a.example/#', 'an empty fragment'],
    ['https://ann@a.example/', 'a user'],
    ['a.example', 'no scheme'],
  ])('a backend URL %s is refused: %s', url => {
    expect(faultsOf(machine(undefined, { env: { ...LOCAL, EDGE_BACKEND_URL: url } })).map(({ key }) => key)).toEqual([
      'backend_url',
    ])
  })

  test.each(['http://a.example', 'http://notlocalhost', 'http://127.0.0.1.a.example', 'http://localhost.a.example'])(
    'plain http to %s is refused, and allowed by choice',
    url => {
      const env = { ...LOCAL, EDGE_BACKEND_URL: url, EDGE_SECRET: 's' }
      expect(faultsOf(machine('', { env }))).toMatchObject([{ key: 'backend_url', origin: 'EDGE_BACKEND_URL' }])
      expect(faultsOf(machine('[backend]\nallow_insecure_http = true', { env }))).toEqual([])
    },
  )

  test.each(['http://127.0.0.1:1', 'http://127.1.2.3', 'http://[::1]:1', 'http://LOCALHOST'])(
    'plain http to this machine, %s, needs neither permission nor secret',
    url => {
      expect(faultsOf(machine('', { env: { ...LOCAL, EDGE_BACKEND_URL: url } }))).toEqual([])
    },
  )

  test('a setting below the wrong header is found by its name', () => {
    expect(faultsOf(machine('[send]\nlog_level = "info"', { env: LOCAL }))).toMatchObject([
      { key: 'send.log_level', expected: 'a known setting (did you mean log_level?)' },
    ])
  })

  test('a value where a table belongs is said to be one', () => {
    expect(faultsOf(machine('send = 5', { env: LOCAL }))).toMatchObject([{ key: 'send', expected: 'a table' }])
  })

  test('a file that is not TOML is named by line and column', () => {
    const input = machine('log_level = "info"\nagent_id = ', { env: LOCAL })
    expect(faultsOf(input)).toMatchObject([
      { key: 'config', origin: fileOf(input), found: expect.stringMatching(/^an error in line 2, column \d+$/) },
    ])
    // What may well be in it is not said to be missing.
    expect(faultsOf(machine('agent_id = "a"\nbackend_url = ')).map(({ key }) => key)).toEqual(['config'])
  })

  test('a missing file is a fault only when it was asked for', () => {
    expect(faultsOf(machine(undefined, { env: LOCAL }))).toEqual([])
    expect(faultsOf(machine(undefined, { env: LOCAL, flags: { config: '/no/such.toml' } }))).toMatchObject([
      { key: 'config', origin: '--config /no/such.toml', found: 'none' },
    ])
    expect(faultsOf(machine(undefined, { env: { ...LOCAL, EDGE_CONFIG: '/no/such.toml' } }))).toMatchObject([
      { key: 'config', origin: 'EDGE_CONFIG /no/such.toml' },
    ])
  })

  test('a folder in place of the file is a fault', () => {
    const input = machine(undefined, { env: LOCAL })
    expect(faultsOf({ ...input, flags: { config: input.homedir } })).toMatchObject([{ key: 'config', found: 'EISDIR' }])
  })

  test('an unknown variable is a warning with the likely name, not a fault', () => {
    const { faults, warnings } = inspectConfig(machine('', { env: { ...LOCAL, EDGE_LOG_LEVL: 'info', EDGE_XYZ: '1' } }))
    expect(faults).toEqual([])
    expect(warnings).toEqual([
      'the variable EDGE_LOG_LEVL is not a setting: did you mean EDGE_LOG_LEVEL?',
      'the variable EDGE_XYZ is not a setting',
    ])
  })

  test('the state folder is found without a backend, and doubted when the file is broken', () => {
    const input = machine('state_dir = "/state"')
    expect(loadStateDir(input)).toBe('/state')
    expect(() => loadStateDir(machine('state_dir ='))).toThrow(ConfigError)
  })
})

describe('the secret', () => {
  const REMOTE = { EDGE_BACKEND_URL: 'https://a.example', EDGE_AGENT_ID: 'edge_1' }

  test('is required for a backend elsewhere', () => {
    expect(faultsOf(machine('', { env: REMOTE }))).toMatchObject([{ key: 'secret' }])
  })

  test('from the variable counts before a file, without its line end', () => {
    const input = machine('secret_file = "/no/such/file"', { env: { ...REMOTE, EDGE_SECRET: 'hush\n' } })
    expect(readSecret(loadConfig(input).config)()).toBe('hush')
  })

  test('from a file is read again when it changes, and kept while the file is away or half-written', () => {
    const input = machine()
    const path = secretFile(input, 'first\n')
    const read = readSecret(loadConfig({ ...input, env: { ...REMOTE, EDGE_SECRET_FILE: path } }).config)
    expect(read()).toBe('first')
    writeFileSync(path, '')
    expect(read()).toBe('first')
    writeFileSync(path, 'second\r\n')
    expect(read()).toBe('second')
  })

  test.each([0o640, 0o604])('in a file that others can read (%o) is a fault', mode => {
    const input = machine()
    const path = secretFile(input, 'hush', mode)
    expect(faultsOf({ ...input, env: { ...REMOTE, EDGE_SECRET_FILE: path } })).toMatchObject([
      { key: 'secret_file', origin: 'EDGE_SECRET_FILE', found: `mode ${mode.toString(8)}` },
    ])
  })

  test('in a file that is not there is a fault', () => {
    const input = machine('secret_file = "gone"', { env: REMOTE })
    expect(faultsOf(input)).toMatchObject([
      { key: 'secret_file', origin: fileOf(input), found: expect.stringContaining('ENOENT') },
    ])
  })

  const SECRET = 'top-s3cret with-space'
  test.each<[string, (input: ConfigInput) => ConfigInput]>([
    ['in the settings file', input => input],
    ['in a broken settings file', input => input],
    ['misfit in its variable', input => ({ ...input, env: { ...REMOTE, EDGE_SECRET: SECRET } })],
    ['misfit in its file', input => ({ ...input, env: { ...REMOTE, EDGE_SECRET_FILE: secretFile(input, SECRET) } })],
    ['in the URL', input => ({ ...input, env: { ...REMOTE, EDGE_BACKEND_URL: `https://u:${SECRET}@a.example/` } })],
    ['in the query', input => ({ ...input, env: { ...REMOTE, EDGE_BACKEND_URL: `https://a.example/?k=${SECRET}` } })],
  ])('%s is a fault that does not show it', (where, change) => {
    const toml = { 'in the settings file': `secret = "${SECRET}"`, 'in a broken settings file': `secret = "${SECRET}` }
    const inspection = inspectConfig(change(machine(toml[where as keyof typeof toml] ?? '', { env: REMOTE })))
    expect(inspection.faults.length).toBeGreaterThan(0)
    expect(JSON.stringify(inspection) + new ConfigError(inspection.faults).message).not.toContain('s3cret')
  })

  test('is not in a config that somebody prints', () => {
    const { config } = loadConfig(machine('', { env: { ...REMOTE, EDGE_SECRET: 'hush' } }))
    expect(JSON.stringify(config)).not.toContain('hush')
  })
})
