import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { judgeSend } from '../../../src/agent/core/judge-send.ts'
import { LAUNCH } from '../../../src/agent/imessage/send-text.ts'

/** A device whose disk is always full; Linux has it, macOS does not. */
const FULL = '/dev/full'

test.skipIf(!existsSync(FULL))('where no evidence can be written nothing is sent', () => {
  const trace = join(mkdtempSync(join(tmpdir(), 'edge-send-')), 'sent')
  const full = openSync(FULL, 'w')
  const { status } = spawnSync('/bin/sh', ['-c', LAUNCH, 'touch', trace], { stdio: ['ignore', full, full] })
  closeSync(full)
  expect(existsSync(trace)).toBe(false)
  expect(judgeSend({ kind: 'exited', code: status ?? -1 }, '')).toMatchObject({ kind: 'not-started' })
})
