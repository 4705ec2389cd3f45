import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listPackages } from '../../../src/mac/install/list-packages.ts'

let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'packages-')))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A package at a path below the test's folder, `name@version` and what it needs. */
const addPackage = (path: string, needs: readonly string[] = [], more: object = {}): void => {
  const folder = join(dir, path)
  mkdirSync(folder, { recursive: true })
  const [, name = path] = /node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? []
  const dependencies = Object.fromEntries(needs.map(each => [each, '*']))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0', dependencies, ...more }))
}

const placesOf = (root: string) =>
  Object.fromEntries(listPackages(join(dir, root)).map(each => [each.to, each.from.slice(dir.length + 1)]))

test('in a source tree: what is needed, by whom it is needed, and nothing that only developers need', () => {
  addPackage('app', ['a', '@scope/b'], { devDependencies: { dev: '*' }, optionalDependencies: { absent: '*' } })
  addPackage('app/node_modules/a', ['c'])
  addPackage('app/node_modules/@scope/b')
  addPackage('app/node_modules/c', ['a'])
  addPackage('app/node_modules/dev')
  expect(Object.keys(placesOf('app'))).toEqual(['node_modules/@scope/b', 'node_modules/a', 'node_modules/c'])
})

test('beside ours, as a local npm install has them', () => {
  addPackage('node_modules/edge-agent', ['a'])
  addPackage('node_modules/a', ['c'])
  addPackage('node_modules/c')
  addPackage('node_modules/unrelated')
  expect(placesOf('node_modules/edge-agent')).toEqual({
    'node_modules/a': 'node_modules/a',
    'node_modules/c': 'node_modules/c',
  })
})

test('links are followed, as pnpm has them', () => {
  addPackage('app', ['a'])
  addPackage('store/a@1/node_modules/a', ['c'])
  addPackage('store/a@1/node_modules/c')
  mkdirSync(join(dir, 'app/node_modules'))
  symlinkSync(join(dir, 'store/a@1/node_modules/a'), join(dir, 'app/node_modules/a'))
  expect(placesOf('app')).toEqual({
    'node_modules/a': 'store/a@1/node_modules/a',
    'node_modules/c': 'store/a@1/node_modules/c',
  })
})

test('two versions of one package: each finds its own in the new place', () => {
  addPackage('app', ['a', 'b', 'c'])
  addPackage('app/node_modules/a', ['c'])
  addPackage('app/node_modules/a/node_modules/c', ['d'], { version: '2.0.0' })
  addPackage('app/node_modules/a/node_modules/d', ['c'], { version: '2.0.0' })
  addPackage('app/node_modules/b', ['c', 'd'])
  addPackage('app/node_modules/c')
  addPackage('app/node_modules/d')
  const packages = listPackages(join(dir, 'app'))
  for (const { to, name, version } of packages) addPackage(`new/${to}`, [], { name, version })
  const versionFor = (needer: string, name: string): unknown =>
    createRequire(join(dir, 'new', needer, 'x.js'))(`${name}/package.json`).version
  expect(versionFor('node_modules/a', 'c')).toBe('2.0.0')
  expect(versionFor('node_modules/b', 'c')).toBe('1.0.0')
  expect(versionFor('node_modules/b', 'd')).toBe('1.0.0')
  const inner = packages.find(({ name, version }) => name === 'c' && version === '2.0.0')?.to ?? ''
  expect(versionFor(inner, 'd')).toBe('2.0.0')
})

test('one that is missing is named', () => {
  addPackage('app', ['a'])
  expect(() => listPackages(join(dir, 'app'))).toThrow(/app needs the package a, which is not installed/)
})
