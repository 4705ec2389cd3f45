import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createSendText } from '../../src/agent/imessage/send-text.ts'
import { inFolder } from './in-folder.ts'

const dir = inFolder()

test('an attempt that still runs is found by ps, whatever it sends, and ended', async () => {
  const osascript = join(dir, 'osascript')
  writeFileSync(osascript, '#!/bin/sh\nsleep 60\n')
  chmodSync(osascript, 0o755)
  const sendText = createSendText({ osascript, dir: join(dir, 'attempts'), timeoutMs: 60_000 })
  const attempt = crypto.randomUUID()
  expect(await sendText.running(attempt)).toEqual([])

  const text = `two\nlines 👋 ${'and many words '.repeat(5_000)}`
  const sending = sendText.send(attempt, { mode: 'chat', chatGuid: 'any;-;nobody' }, text)
  await vi.waitFor(async () => expect(await sendText.running(attempt)).toHaveLength(1), 10_000)
  const [pid = 0] = (await sendText.running(attempt)) ?? []
  sendText.kill(pid)
  expect(await sending).toEqual({ kind: 'killed', by: 'SIGKILL' })
  expect(await sendText.running(attempt)).toEqual([])
})
