import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { judgeSend } from '../../src/agent/core/judge-send.ts'
import { createSendText } from '../../src/agent/imessage/send-text.ts'
import { inFolder } from './in-folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SCRIPTS = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(path =>
  path.endsWith('.applescript'),
)
const dir = inFolder()

test('there are scripts to compile', () => {
  expect(SCRIPTS.length).toBeGreaterThan(1)
})

test.each(SCRIPTS)('%s compiles, with the words that Messages knows', path => {
  const out = join(dir, 'compiled.scpt')
  expect(spawnSync('osacompile', ['-o', out, join(ROOT, 'src', path)], { encoding: 'utf8' })).toMatchObject({
    status: 0,
  })
})

test('what a script logs is written at once, and not when it ends', async () => {
  const child = spawn('osascript', ['-e', 'log "now"', '-e', 'delay 3'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const [chunk] = (await once(child.stderr, 'data')) as [Buffer]
  const loggedAt = performance.now()
  await once(child, 'close')
  expect(String(chunk)).toContain('now')
  expect(performance.now() - loggedAt).toBeGreaterThan(2_000)
})

/** Sends by the real osascript, with those lines in place of the script that talks to Messages. */
const sendBy = async (...lines: readonly string[]) => {
  const osascript = join(dir, 'osascript')
  writeFileSync(osascript, `#!/bin/sh\nexec /usr/bin/osascript ${lines.map(line => `-e '${line}'`).join(' ')}\n`)
  chmodSync(osascript, 0o755)
  const { send, evidence } = createSendText({ osascript, dir: join(dir, 'attempts'), timeoutMs: 30_000 })
  const attempt = crypto.randomUUID()
  const end = await send(attempt, { mode: 'chat', chatGuid: 'any;-;nobody' }, 'never sent')
  return judgeSend(end, evidence(attempt))
}

test('its words for an error are understood: the number decides, whatever the language', async () => {
  const phase = (name: string) => `log "edge-agent phase: ${name}"`
  const noSuchChat = 'error "Can’t get chat id." number -1728'
  expect(await sendBy(phase('resolve'), noSuchChat)).toMatchObject({ kind: 'not-started', cause: 'no-such-chat' })
  expect(await sendBy(phase('resolve'), phase('send'), noSuchChat)).toMatchObject({
    kind: 'unknown',
    reason: 'messages_error_-1728',
  })
  expect(await sendBy(phase('resolve'), phase('send'), phase('done'))).toMatchObject({ kind: 'done' })
  expect(await sendBy('this does not compile (')).toMatchObject({ kind: 'not-started', reason: 'messages_error_-2741' })
})
