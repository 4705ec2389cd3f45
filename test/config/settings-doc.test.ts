import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SETTINGS_FLAGS } from '../../src/cli/settings-flags.ts'
import { inspectConfig } from '../../src/config/inspect-config.ts'
import { listSettings } from '../../src/config/list-settings.ts'
import { settingsFor } from '../../src/config/settings.ts'

const DOC = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8')

/** A Mac on which nothing is set, and no terminal. */
const MAC = { homedir: '/home-of-nobody', platform: 'darwin', env: {}, isTTY: false } as const

test('the table of docs/settings.md is what the schema says, row by row', () => {
  const { rows } = inspectConfig({ ...MAC, flags: {} })
  const expected = listSettings(settingsFor(MAC)).map(({ key, variable, expects, description }) => {
    const { value, fits } = rows.find(row => row.key === key) ?? {}
    const fallback = fits ? written(value) : 'none, required'
    // Of the ways to write a duration the text above the table tells.
    const takes = expects.replace(/, such as .+$/, '')
    const cells = [code(key), variable === undefined ? '–' : code(variable), flagOf(key), fallback, takes, description]
    return `| ${cells.join(' | ')} |`
  })
  expect(DOC.split('\n').filter(line => line.startsWith('| `'))).toEqual(expected)
})

test('the settings file that docs/settings.md shows is right', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'edge-settings-doc-')), 'config.toml')
  const [, toml] = /```toml\n(.+?)```/s.exec(DOC) ?? []
  writeFileSync(file, toml ?? '')
  const { faults, rows } = inspectConfig({ ...MAC, env: { EDGE_SECRET: 'hush' }, flags: { config: file } })
  expect(faults).toEqual([])
  expect(rows.filter(({ origin }) => origin === file).length).toBeGreaterThan(2)
})

const code = (text: string): string => `\`${text}\``

const flagOf = (key: string): string => (key in SETTINGS_FLAGS ? code(`--${key.replaceAll('_', '-')}`) : '–')

const written = (value: unknown): string => {
  if (value === null) return 'none'
  return code(typeof value === 'string' ? value.replace(MAC.homedir, '~') : JSON.stringify(value))
}
