import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inspectConfig } from '../../src/config/inspect-config.ts'
import { renderSettingsFile } from '../../src/config/render-settings-file.ts'
import { summariseSettings } from '../../src/mac/report/summarise-settings.ts'

const DOC = readFileSync(new URL('../../docs/filter.md', import.meta.url), 'utf8')
const HOST = { homedir: '/home-of-nobody', platform: 'linux', isTTY: false } as const

const inspect = (toml: string, env: Readonly<Record<string, string>> = {}) => {
  const file = join(mkdtempSync(join(tmpdir(), 'edge-rules-')), 'config.toml')
  writeFileSync(file, toml)
  const LOCAL = { EDGE_BACKEND_URL: 'http://localhost', EDGE_AGENT_ID: 'edge_1' }
  return inspectConfig({ ...HOST, env: { ...LOCAL, ...env }, flags: { config: file } })
}
const faultsOf = (toml: string, env?: Readonly<Record<string, string>>): string[] =>
  inspect(toml, env).faults.map(({ key, expected, found }) => `${key}: ${expected} / ${found}`)

const rule = (lines: string): string => `[[forward.rules]]\nname = "a"\naction = "skip"\n${lines}`

test('the rules of docs/filter.md are right, and are what the program then has', () => {
  const [, toml = ''] = /```toml\n(.+?)```/s.exec(DOC) ?? []
  const { faults, config } = inspect(toml)
  expect(faults).toEqual([])
  expect(config?.forward).toMatchObject({ groups: 'mentioned', names: ['Jarvis'], startWords: ['hey bot', '/bot'] })
  expect(config?.forward.rules[2]).toMatchObject({ service: ['sms', 'rcs'], pattern: 'tracking (number|id)' })
  expect(config?.forward.rules[4]).toMatchObject({ name: 'pictures of Anna', from: ['anna'], attachmentsOnly: true })
  expect(config?.people).toEqual({ anna: ['+1 (562) 292-4139', 'anna@example.com'] })
})

test('one entry needs no list', () => {
  expect(inspect(rule('words = "x"\nservice = "imessage"')).config?.forward.rules).toMatchObject([
    { words: ['x'], service: ['imessage'] },
  ])
})

test.each<[string, string, string]>([
  ['an unknown key', rule('word = ["x"]'), 'forward.rules.a.word: a known key (did you mean words?) / an unknown one'],
  ['an empty list', rule('words = []'), 'forward.rules.a.words: a list of words; leave it out to match all / []'],
  [
    'a word of nothing',
    rule('words = ["\\u200b"]'),
    'forward.rules.a.words: a list of words; leave it out to match all / ["\u200b"]',
  ],
  ['a kind of chat', rule('chat = "room"'), 'forward.rules.a.chat: "direct" or "group" / "room"'],
  ['a switch that is none', rule('mentioned = "yes"'), 'forward.rules.a.mentioned: true or false / "yes"'],
  [
    'a service',
    rule('service = ["fax"]'),
    'forward.rules.a.service: "iMessage", "SMS" or "RCS", or a list of these / ["fax"]',
  ],
  ['lookaround', rule("pattern = '(?<=a)b'"), 'found lookaround'],
  ['a pattern that does not end', rule("pattern = '('"), 'missing closing )'],
  ['a pattern for everything', rule("pattern = 'a*'"), 'one that matches every text'],
  [
    'somebody unknown',
    rule('from = ["carla"]'),
    'forward.rules.a.from: a phone number, an e-mail address, or a name in [people] / "carla"',
  ],
  ['no action', '[[forward.rules]]\nname = "a"', 'forward.rules.a.action: "forward" or "skip" / none'],
  [
    'no name',
    '[[forward.rules]]\naction = "skip"',
    'forward.rules[1].name: a name of up to 40 letters, digits, spaces, hyphens and dots / none',
  ],
  [
    'a name that is taken',
    `${rule('')}\n${rule('').replace('"a"', '"A"')}`,
    'forward.rules.A.name: a name that no other has / "A"',
  ],
  ['no list', '[forward]\nrules = "all"', 'forward.rules: a list of tables [[forward.rules]] / "all"'],
  [
    'start words that are missing',
    '[forward]\ngroups = "start_word"',
    'forward.start_words: words, because forward.groups is "start_word" / none',
  ],
  ['a country', 'country = "XX"', 'country: the two letters of a country'],
  [
    'a person without addresses',
    '[people]\nanna = []',
    'people.anna: a list of phone numbers or e-mail addresses / []',
  ],
  ['a person named like a number', '[people]\n"+1 562" = ["a@b.c"]', 'people.+1 562: a name that is not an address'],
  [
    'an address of two',
    '[people]\na = ["562 292 4139"]\nb = ["+15622924139"]',
    'people.b: addresses that no one else has / "+15622924139", which a has',
  ],
])('%s is a fault that says where', (_, toml, expected) => {
  const faults = faultsOf(toml)
  expect(faults).toHaveLength(1)
  expect(faults[0]?.replace(' / ', ' / found ')).toContain(expected.replace(' / ', ' / found '))
})

test('all faults are told at once, of rules and of everything else', () => {
  const toml = `${rule('chat = "x"\nwords = []\npattern = "("')}\n[people]\nanna = "+1"\n[send]\nretries = -1`
  expect(faultsOf(toml).map(fault => fault.split(':')[0])).toEqual([
    'forward.rules.a.chat',
    'forward.rules.a.words',
    'forward.rules.a.pattern',
    'send.retries',
    'people.anna',
  ])
})

test('no variable is asked for rules', () => {
  const { warnings } = inspect('', { EDGE_FORWARD_RULES: '[]', EDGE_FORWARD_GROUPS: 'all' })
  expect(warnings).toEqual([expect.stringContaining('EDGE_FORWARD_RULES is not a setting')])
})

test('a rendered file has rules and people again, whatever they are', () => {
  const rules = [{ name: 'a', action: 'skip', words: ['"', '\\', 'ü'], pattern: "\\d'{3}" }]
  const given = new Map<string, unknown>([
    ['forward.deny', ['+1']],
    ['forward.rules', rules],
    ['send.retries', 1],
    ['people', { 'Anna B.': ['+15622924139'] }],
  ])
  const { rows, faults } = inspect(renderSettingsFile(given, { ...HOST, env: {} }))
  expect(faults).toEqual([])
  for (const [key, value] of given) expect(rows.find(row => row.key === key)?.value).toEqual(value)
})

test('a report has how many there are, right or wrong, and neither names nor words', () => {
  const right = `${rule('words = ["LEAKED"]\nfrom = ["leaker"]')}\n[people]\nleaker = ["leaked@example.com"]`.replace(
    '"a"',
    '"leaking"',
  )
  const wrong = `${right}\nleaked-too = ["leaked@example.com"]\n${rule('chat = "leaked"').replace('"a"', '"leaking 2"')}`
  for (const toml of [right, wrong]) {
    const report = JSON.stringify(summariseSettings(inspect(toml)))
    expect(report).not.toMatch(/leak/i)
    expect(report).toContain('"key":"forward.rules"')
  }
  expect(summariseSettings(inspect(right)).settings).toContainEqual(
    expect.objectContaining({ key: 'people', value: '[1 entries]' }),
  )
})
