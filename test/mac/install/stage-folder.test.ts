import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStaging, putBack, swapIn } from '../../../src/mac/install/stage-folder.ts'

let dir: string
let folder: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stage-'))
  folder = join(dir, 'app/runtime')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A folder with one file that says which one it is. */
const make = (path: string, name: string): void => {
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'name'), name)
}
const nameIn = (path: string): string => readFileSync(join(path, 'name'), 'utf8')

test('the new folder takes the place of the old one, and nothing else is left', () => {
  make(folder, 'old')
  make(openStaging(folder), 'new')
  expect(nameIn(folder)).toBe('old')
  swapIn(folder)
  expect({ name: nameIn(folder), files: readdirSync(folder) }).toEqual({ name: 'new', files: ['name'] })
  expect(readdirSync(join(dir, 'app'))).toEqual(['runtime'])
})

test('what a killed install left is cleared by the next', () => {
  make(`${folder}.new`, 'half')
  writeFileSync(join(`${folder}.new`, 'pid'), '999999999')
  expect(existsSync(join(openStaging(folder), 'name'))).toBe(false)
})

test('killed while the folders changed places: the old one is put back', () => {
  make(`${folder}.old`, 'old')
  make(`${folder}.new`, 'new')
  putBack(folder)
  expect(nameIn(folder)).toBe('old')
})

test('another install that is under way is left alone, unless that was long ago', () => {
  make(`${folder}.new`, 'theirs')
  const pid = join(`${folder}.new`, 'pid')
  writeFileSync(pid, `${process.ppid}`)
  expect(() => openStaging(folder)).toThrow(expect.objectContaining({ code: 'installing', exit: 75 }))
  expect(nameIn(`${folder}.new`)).toBe('theirs')
  utimesSync(pid, 0, 0)
  openStaging(folder)
})
