import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { refuseLinks, refuseProtected } from '../../../src/mac/install/refuse-place.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'home-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test.each(['Documents/x', 'Desktop', 'downloads/a/b', 'Library/Mobile Documents/com~apple~CloudDocs/x'])(
  'what macOS guards is refused: ~/%s',
  path => {
    expect(() => refuseProtected('the log', join(home, path), home)).toThrow(expect.objectContaining({ exit: 78 }))
  },
)

test('another disk is refused, and a plain folder is not, even one that is called alike', () => {
  expect(() => refuseProtected('the log', '/Volumes/Backup/x', home)).toThrow('/Volumes')
  for (const path of ['Library/Application Support/edge-agent', 'Documents2', 'src/Documents']) {
    refuseProtected('the log', join(home, path), home)
  }
})

test('a plain folder that is a link into a guarded one is refused', () => {
  mkdirSync(join(home, 'Documents'))
  symlinkSync(join(home, 'Documents'), join(home, 'plain'))
  expect(() => refuseProtected('the log', join(home, 'plain/not/yet'), home)).toThrow('Documents')
})

test('nothing is written through a link below the home', () => {
  mkdirSync(join(home, 'elsewhere'))
  symlinkSync(join(home, 'elsewhere'), join(home, 'Library'))
  expect(() => refuseLinks(join(home, 'Library/LaunchAgents/x.plist'), home)).toThrow('symbolic link')
  refuseLinks(join(home, 'elsewhere/x.plist'), home)
})
