import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writePrivateFiles } from '../../src/config/write-private-files.ts'

const folder = () => mkdtempSync(join(tmpdir(), 'edge-private-'))
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

test('what was there is kept, what has not changed is left alone but made private', () => {
  const dir = folder()
  const [changed, same] = [join(dir, 'changed'), join(dir, 'same')]
  writeFileSync(changed, 'old', { mode: 0o644 })
  writeFileSync(same, 'same', { mode: 0o644 })
  const kept = writePrivateFiles([
    { path: changed, text: 'new' },
    { path: same, text: 'same' },
  ])
  expect(kept).toEqual([`${changed}.bak`])
  expect(readdirSync(dir).sort()).toEqual(['changed', 'changed.bak', 'same'])
  expect([changed, `${changed}.bak`, same].map(mode)).toEqual(['600', '600', '600'])
  expect([changed, `${changed}.bak`].map(path => readFileSync(path, 'utf8'))).toEqual(['new', 'old'])
})

test('when one of them cannot be written, none is, and nothing is left lying about', () => {
  const dir = folder()
  writeFileSync(join(dir, 'file'), 'old')
  const files = [
    { path: join(dir, 'file'), text: 'new' },
    { path: join(dir, 'file/below-a-file'), text: 'new' },
  ]
  expect(() => writePrivateFiles(files)).toThrow(expect.objectContaining({ code: 'cannot_write', exit: 77 }))
  expect(readdirSync(dir)).toEqual(['file'])
  expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('old')
})

test('a link to a file elsewhere stays a link', () => {
  const dir = folder()
  mkdirSync(join(dir, 'dotfiles'))
  writeFileSync(join(dir, 'dotfiles/config.toml'), 'old')
  symlinkSync(join(dir, 'dotfiles/config.toml'), join(dir, 'config.toml'))
  writePrivateFiles([{ path: join(dir, 'config.toml'), text: 'new' }])
  expect(lstatSync(join(dir, 'config.toml')).isSymbolicLink()).toBe(true)
  expect(readFileSync(join(dir, 'dotfiles/config.toml'), 'utf8')).toBe('new')
})
