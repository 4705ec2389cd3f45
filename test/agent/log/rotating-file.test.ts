import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRotatingFile } from '../../../src/agent/log/rotating-file.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-log-'))
  path = join(dir, 'logs', 'agent.log')
})
afterEach(() => {
  chmodSync(dir, 0o700)
  rmSync(dir, { recursive: true })
})

const read = (name: string) => readFileSync(join(dir, 'logs', name), 'utf8')

test('ten megabytes and five files: what is older is gone', () => {
  const target = createRotatingFile(path, { maxBytes: 10 })
  for (let n = 0; n < 8; n++) writeSync(target(), `line ${n} that is long\n`)
  expect(readdirSync(join(dir, 'logs')).toSorted()).toEqual([
    'agent.log',
    ...[1, 2, 3, 4].map(index => `agent.log.${index}`),
  ])
  expect(read('agent.log')).toBe('line 7 that is long\n')
  expect(read('agent.log.4')).toBe('line 3 that is long\n')
})

test('moved away or deleted by somebody: it goes on under its name', () => {
  const target = createRotatingFile(path)
  writeSync(target(), 'one\n')
  renameSync(path, join(dir, 'logs', 'moved'))
  writeSync(target(), 'two\n')
  rmSync(join(dir, 'logs'), { recursive: true })
  writeSync(target(), 'three\n')
  expect(read('agent.log')).toBe('three\n')
})

test('something in the way of the older one: the file grows on', () => {
  const target = createRotatingFile(path, { maxBytes: 10 })
  mkdirSync(join(dir, 'logs', 'agent.log.1', 'folder'), { recursive: true })
  for (const index of [2, 3, 4]) mkdirSync(join(dir, 'logs', `agent.log.${index}`, 'folder'), { recursive: true })
  for (const word of ['a first line\n', 'a second line\n']) writeSync(target(), word)
  expect(read('agent.log')).toBe('a first line\na second line\n')
})
