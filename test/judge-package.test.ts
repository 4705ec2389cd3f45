import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { judgePackage } from '../scripts/lib/judge-package.ts'

const MANIFEST = {
  name: 'a-package',
  license: 'MIT',
  repository: { type: 'git', url: 'git+https://example.com/a.git' },
  files: ['dist', 'docs', '!docs/*.png'],
  bin: { run: 'dist/main.js' },
}

const FILES: Readonly<Record<string, string>> = {
  LICENSE: 'MIT',
  'README.md':
    '[a](docs/settings.md#part) [b](https://example.com/b.md) [c](#part) ![d](docs/demo-web.png) <img src="docs/demo-web.png">',
  'docs/settings.md': 'a',
  'dist/main.js': '#!/usr/bin/env node\n',
}

type Case = {
  readonly manifest?: object
  /** Undefined takes the file away. */
  readonly files?: Readonly<Record<string, string | undefined>>
  readonly mode?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A package that is as it should be, but for the case. */
const judge = ({ manifest, files, mode = 0o755, env = {} }: Case) => {
  const folder = mkdtempSync(join(tmpdir(), 'edge-judge-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const all = { ...FILES, ...files, 'package.json': JSON.stringify({ ...MANIFEST, ...manifest }) }
  for (const [path, text] of Object.entries(all)) {
    if (text === undefined) continue
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
    chmodSync(join(folder, path), path === 'dist/main.js' ? mode : 0o644)
  }
  return judgePackage(folder, { traces: ['/home/somebody'], env })
}

const ON_GITHUB = { npm_config_provenance: 'true', GITHUB_ACTIONS: 'true' }
const TOKEN = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://example.com/token' }

test.each<[what: string, Case]>([
  ['by hand', {}],
  ['by hand, with npm told to make no provenance', { env: { npm_config_provenance: 'false' } }],
  ['with provenance, by a workflow that may', { env: { ...ON_GITHUB, ...TOKEN } }],
])('nothing is wrong with a good package %s', (_, each) => {
  expect(judge(each)).toEqual([])
})

test.each<[what: string, Case, says: RegExp]>([
  ['no repository', { manifest: { repository: undefined } }, /^package\.json: no repository/],
  ['private', { manifest: { private: true } }, /^package\.json: private/],
  ['unlicensed', { manifest: { license: 'UNLICENSED' } }, /^package\.json: no license/],
  ['no license', { manifest: { license: undefined } }, /^package\.json: no license/],
  ['no LICENSE', { files: { LICENSE: undefined } }, /^LICENSE: not in the package/],
  ['provenance always', { manifest: { publishConfig: { provenance: true } } }, /^provenance: only CI/],
  ['provenance by a setting of npm, by hand', { env: { npm_config_provenance: 'true' } }, /^provenance: only CI/],
  ['a workflow without the permission', { env: ON_GITHUB }, /^provenance: only CI/],
  ['no README', { files: { 'README.md': undefined } }, /^README\.md: not in/],
  ['a link to what is left out', { files: { 'README.md': '[t](test/a.ts)' } }, /^README\.md: links to test\/a\.ts/],
  [
    'the same by HTML',
    { files: { 'README.md': '<a href="docs/chat-db.md">' } },
    /^README\.md: links to docs\/chat-db\.md/,
  ],
  [
    'the same by reference',
    { files: { 'README.md': '[t][1]\n\n[1]: docs/chat-db.md' } },
    /^README\.md: links to docs\/chat-db/,
  ],
  ['an entry of files that is not there', { manifest: { files: ['docs', 'launchd'] } }, /^launchd: in "files"/],
  ['a picture', { files: { 'docs/demo-web.png': '' } }, /^docs\/demo-web\.png: not for users/],
  ['a file of the tests', { files: { 'test/a.ts': '' } }, /^test\/a\.ts: not for users/],
  ['a source map', { files: { 'dist/a.js': 'x\n//# sourceMappingURL=a.js.map' } }, /^dist\/a\.js: has \/\/# sourceM/],
  ['a path of the machine', { files: { 'dist/a.js': '"/home/somebody/a"' } }, /^dist\/a\.js: has \/home\/somebody/],
  ['no command', { manifest: { bin: undefined } }, /^package\.json: no bin/],
  [
    'a command that is not there',
    { files: { 'dist/main.js': undefined, 'dist/b.js': '' } },
    /^dist\/main\.js: the com/,
  ],
  ['a command without its first line', { files: { 'dist/main.js': 'run()' } }, /^dist\/main\.js: does not begin/],
  ['a command for its owner alone', { mode: 0o744 }, /^dist\/main\.js: cannot be executed/],
])('%s: that, and nothing else, is wrong', (_, each, says) => {
  expect(judge(each)).toEqual([expect.stringMatching(says)])
})
