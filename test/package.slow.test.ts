import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const COMPILERS = ['cc', 'gcc', 'g++', 'c++', 'clang', 'clang++', 'make', 'python', 'python3']

/** The package as npm has it, installed as a person would, on a machine on which no compiler works. */
let dir = ''
const compiled = () => existsSync(join(dir, 'compiled'))
const edgeAgent = (...args: string[]) =>
  spawnSync(join(dir, 'prefix/bin/edge-agent'), args, { encoding: 'utf8', env: env() })
// How the registry is reached, such as by a proxy, is the environment's affair.
const env = () => ({
  ...process.env,
  HOME: join(dir, 'home'),
  PATH: [join(dir, 'no-compilers'), process.env['PATH']].join(delimiter),
  npm_config_cache: join(dir, 'cache'),
})

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-package-'))
  for (const folder of ['home', 'no-compilers']) mkdirSync(join(dir, folder))
  for (const name of COMPILERS) {
    const path = join(dir, 'no-compilers', name)
    writeFileSync(path, `#!/bin/sh\necho "$0" >> '${dir}/compiled'\nexit 1\n`)
    chmodSync(path, 0o755)
  }
  const npm = (...args: string[]) =>
    execFileSync('npm', args, { cwd: ROOT, env: env(), encoding: 'utf8', stdio: 'pipe', timeout: 110_000 })
  npm('pack', '--pack-destination', dir)
  const tarball = readdirSync(dir).find(name => name.endsWith('.tgz')) ?? ''
  npm('install', '--global', '--prefix', join(dir, 'prefix'), join(dir, tarball))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('npm install -g needs no compiler, and the command runs from there', () => {
  expect(compiled()).toBe(false)
  expect(edgeAgent('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(edgeAgent('--help').stdout).toContain('Usage: edge-agent')
  expect(edgeAgent('config', 'check')).toMatchObject({ status: 78 })
  expect(readdirSync(join(dir, 'prefix/lib/node_modules/edge-agent')).sort()).toEqual([
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'dist',
    'docs',
    'launchd',
    'node_modules',
    'package.json',
  ])
})

test('the demo keeps its promises from there', () => {
  const { stdout, stderr } = edgeAgent('demo', '--json')
  expect(stderr).toBe('')
  expect(JSON.parse(stdout).verdict).toMatchObject({ bubbles: 9, lost: 0, doubled: 0, outOfOrder: 0 })
})
