import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inspectConfig } from '../../src/config/inspect-config.ts'
import { listSettings } from '../../src/config/list-settings.ts'
import { renderSettingsFile } from '../../src/config/render-settings-file.ts'
import { settingsFor } from '../../src/config/settings.ts'

const MAC = { homedir: '/home-of-nobody', platform: 'darwin', env: { EDGE_SECRET: 'hush' }, isTTY: false } as const
const GIVEN = new Map<string, unknown>([
  ['backend_url', 'https://assistant.example.com'],
  ['agent_id', 'edge_1'],
  ['chat_db', '/a "quoted" \\ path/ü.db'],
  [
    'forward.rules',
    [
      { name: 'first', action: 'skip', words: ['ü'] },
      { name: 'all', action: 'forward' },
    ],
  ],
  ['send.allow', ['+1', 'a@b.c']],
  ['send.retries', 7],
  ['redact.patterns', [{ name: 'badge', pattern: 'B-[0-9]+', action: 'mask' }]],
  ['watch.hint', false],
  ['people', { anna: ['+1 562 292 4139'], 'Bert B.': ['b@example.com'] }],
  ['redact.patterns', [{ name: 'project', pattern: 'falcon', action: 'mask' }]],
])

const inspect = (text: string) => {
  const file = join(mkdtempSync(join(tmpdir(), 'edge-settings-')), 'config.toml')
  writeFileSync(file, text)
  const { rows, faults } = inspectConfig({ ...MAC, flags: { config: file } })
  const fromFile = rows.filter(({ origin }) => origin === file).map(({ key, value }) => [key, value] as const)
  return { faults, fromFile: new Map<string, unknown>(fromFile), rows }
}

test('what is given is set, and nothing else', () => {
  const { faults, fromFile } = inspect(renderSettingsFile(GIVEN, MAC))
  expect(faults).toEqual([])
  expect(fromFile).toEqual(GIVEN)
})

test('every setting is there and explained, and every default that is commented in is right and the default', () => {
  const settings = listSettings(settingsFor(MAC))
  const text = renderSettingsFile(GIVEN, MAC)
  const words = text.replace(/\n# /g, ' ')
  for (const { description } of settings) expect(words).toContain(description)

  const all = text.replace(/^# ([a-z_]+ = )/gm, '$1').replace(/^(secret|log)_file = ""$/gm, '')
  const { faults, fromFile, rows } = inspect(all)
  expect(faults).toEqual([])
  expect([...fromFile.keys()]).toEqual(
    settings.map(({ key }) => key).filter(key => key !== 'secret_file' && key !== 'log_file'),
  )
  const { rows: defaults } = inspectConfig({ ...MAC, flags: {} })
  for (const { key, value } of rows.filter(({ key }) => !GIVEN.has(key))) {
    expect({ key, value }).toEqual({ key, value: defaults.find(row => row.key === key)?.value })
  }
})
