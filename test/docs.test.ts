import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { EXIT } from '../src/agent/core/errors.ts'
import { listSettings } from '../src/config/list-settings.ts'
import { settingsFor } from '../src/config/settings.ts'
import { deadLinks, linksOf, pagesOf } from './support/dead-links.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

test('every link of README and docs leads to a file, and to a heading that is there', () => {
  const pages = pagesOf(ROOT)
  expect(pages.flatMap(page => linksOf(readFileSync(page, 'utf8'))).length).toBeGreaterThan(pages.length)
  expect(deadLinks(ROOT, pages)).toEqual([])
})

test('every page, and every document for machines, is in the index', () => {
  const indexed = linksOf(read('docs/README.md'))
  const documents = readdirSync(join(ROOT, 'docs')).filter(name => /\.(md|json)$/.test(name) && name !== 'README.md')
  expect(documents.length).toBeGreaterThan(20)
  expect(documents.filter(name => !indexed.includes(name))).toEqual([])
})

test('the package has every page that its README and its index link', () => {
  const cache = mkdtempSync(join(tmpdir(), 'edge-npm-'))
  const env = { ...process.env, npm_config_cache: cache }
  const args = ['pack', '--dry-run', '--ignore-scripts', '--json']
  const said = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', env, stdio: 'pipe' })
  rmSync(cache, { recursive: true, force: true })
  const [{ files }] = JSON.parse(said) as [{ files: readonly { path: string }[] }]
  const packed = new Set(files.map(({ path }) => path))
  const linked = ['README.md', 'docs/README.md'].flatMap(page =>
    linksOf(read(page)).map(target => relative(ROOT, join(ROOT, page, '..', target.replace(/#.*/, '')))),
  )
  expect(linked.length).toBeGreaterThan(30)
  // The picture is for those who have not installed it yet.
  expect(linked.filter(path => !packed.has(path) && !path.endsWith('.png'))).toEqual([])
})

test('sources, tests and scripts name only pages that are there', () => {
  const files = ['src', 'test', 'scripts', 'launchd'].flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter(path => /\.(ts|mjs|html|css|sql|plist)$/.test(path))
      .map(path => join(folder, path)),
  )
  const named = files.flatMap(file =>
    [...read(file).matchAll(/\bdocs\/[\w/-]+\.(?:md|json|toml|png)\b/g)].map(([page]) => `${page} in ${file}`),
  )
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter(name => !existsSync(join(ROOT, name.split(' ')[0] ?? '')))).toEqual([])
})

test('what a setting says of a page is true', () => {
  const host = { homedir: '/home-of-nobody', platform: 'darwin', env: {}, isTTY: false } as const
  const pages = listSettings(settingsFor(host)).flatMap(({ description }) => description.match(/[\w-]+\.md\b/g) ?? [])
  expect(pages.length).toBeGreaterThan(1)
  expect(pages.filter(page => !existsSync(join(ROOT, 'docs', page)))).toEqual([])
})

test('docs/commands.md has every command of the help, and every exit code', () => {
  const page = read('docs/commands.md')
  const help = execFileSync(process.execPath, [join(ROOT, 'dist/main.js'), '--help'], { encoding: 'utf8' })
  const commands = [...help.matchAll(/^ {2}([a-z][a-z-]*)(?= )/gm)].map(([, name = '']) => name)
  expect(commands.length).toBeGreaterThan(20)
  expect(commands.filter(name => name !== 'help' && !page.includes(`| \`${name}`))).toEqual([])
  const table = page.slice(page.indexOf('## Exit codes'))
  const codes = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
  expect(codes).toEqual(Object.values(EXIT))
})

test.each([
  ['[a](there.md)', []],
  ['[a](there.md#a-heading-twice)', []],
  ['[a](there.md#a-heading-twice-1)', []],
  ['![a](pictures/one.png "with a title")', []],
  ['[a](#here), [b](https://example.com/none.md), `[c](none.md)`', []],
  ['```\n[a](none.md)\n```', []],
  ['[a](none.md)', ['page.md → none.md']],
  ['[a][b]\n\n[b]: none.md', ['page.md → none.md']],
  ['<img src="none.png">', ['page.md → none.png']],
  ['[a](There.md)', ['page.md → There.md']],
  ['[a](there.md#no-heading)', ['page.md → there.md#no-heading']],
  ['[a](#nowhere)', ['page.md → #nowhere']],
  ['a ` and [a](none.md), b ` too', []],
])('a dead link is found, and no other: %j', (markdown, dead) => {
  const root = mkdtempSync(join(tmpdir(), 'edge-docs-'))
  mkdirSync(join(root, 'docs'))
  mkdirSync(join(root, 'pictures'))
  writeFileSync(join(root, 'pictures/one.png'), '')
  writeFileSync(join(root, 'there.md'), '# A heading, `twice`\n\n## A heading, twice\n')
  writeFileSync(join(root, 'page.md'), `# Here\n\n${markdown}\n`)
  expect(deadLinks(root, pagesOf(root))).toEqual(dead)
})
