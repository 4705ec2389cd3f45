import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { removeFolder } from '../../../src/lab/demo/remove-folder.ts'
import { sendersEnded } from '../../../src/lab/demo/senders-ended.ts'

const MESSAGES = fileURLToPath(new URL('../../../src/lab/messages-simulator/messages-app.ts', import.meta.url))

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'senders-'))
})
afterEach(() => removeFolder(dir))

test('a Messages that is still out is waited for', async () => {
  const messages = spawn(process.execPath, [MESSAGES, dir], { stdio: ['pipe', 'ignore', 'inherit'] })
  await once(messages, 'spawn')
  const ended = once(messages, 'exit').then(() => 'Messages has ended')
  const waited = sendersEnded(dir).then(() => 'we have waited')
  setTimeout(() => messages.stdin.end(), 300)
  expect(await Promise.race([ended, waited])).toBe('Messages has ended')
  await waited
})

test('what else has the folder among its arguments is none of it', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', dir], { stdio: 'ignore' })
  await once(other, 'spawn')
  await sendersEnded(dir)
  expect(other.exitCode).toBeNull()
  other.kill()
})
