import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { removeFolder } from '../../../src/lab/demo/remove-folder.ts'

/** Takes away what is in a folder, from the end, as SQLite does with its -wal; and then writes there once more. */
const TIDY = `
  const { readdirSync, unlinkSync, writeFileSync } = require('node:fs')
  const folder = process.argv[1]
  const files = readdirSync(folder).reverse()
  console.log('begins')
  for (const file of files) try { unlinkSync(folder + '/' + file) } catch {}
  try { writeFileSync(folder + '/last', '') } catch {}`

test('a folder is gone afterwards, also where a process was still at work in it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'remove-folder-'))
  for (let n = 0; n < 1_000; n += 1) writeFileSync(join(folder, `${n}`), '')
  const other = spawn(process.execPath, ['-e', TIDY, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(other.stdout, 'data')
  await removeFolder(folder)
  expect(existsSync(folder)).toBe(false)
})

test('a folder that is not there is none to remove', async () => {
  await removeFolder(join(tmpdir(), 'edge-agent-not-there'))
})
