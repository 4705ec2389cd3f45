import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** A folder for the tests of one file, removed after them. Its path has no link in it: /tmp is one on a Mac. */
export const inFolder = (): string => {
  const dir = mkdtempSync(join(realpathSync(tmpdir()), 'edge-mac-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
