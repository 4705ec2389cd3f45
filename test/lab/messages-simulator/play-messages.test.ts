import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readAttributedBody } from '../../../src/agent/imessage/attributed-body.ts'

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url))
const ANN = '+15551234567'

let dir: string
let simulator: ChildProcessWithoutNullStreams
let lines: AsyncIterator<string>
let stderr: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'play-messages-'))
  simulator = spawn(process.execPath, [MAIN, 'messages-simulator', '--dir', join(dir, 'sim')])
  lines = createInterface({ input: simulator.stdout })[Symbol.asyncIterator]()
  stderr = ''
  simulator.stderr.on('data', chunk => {
    stderr += chunk
  })
})

afterEach(() => {
  simulator.kill('SIGKILL')
  rmSync(dir, { recursive: true })
})

test('says where its files are, takes messages in, and tells what was sent', async () => {
  const { chatDb, osascript, ledger } = await next()
  expect([chatDb, osascript, ledger]).toEqual(
    ['chat.db', 'osascript', 'ledger.jsonl'].map(name => join(dir, 'sim', name)),
  )

  say({ receive: { from: ANN, text: 'hello' } })
  const committed = await next()
  expect(committed).toEqual({
    event: 'committed',
    guid: expect.any(String),
    at: expect.any(Number),
    thread: ANN,
    text: 'hello',
  })
  const reader = new Database(String(chatDb), { readonly: true })
  expect(reader.prepare('SELECT guid FROM message').pluck().all()).toEqual([committed['guid']])
  reader.close()

  const [script, words] = [join(dir, 'send.applescript'), join(dir, 'words.txt')]
  writeFileSync(script, '')
  writeFileSync(words, 'hi\nthere')
  spawn(String(osascript), [script, 'attempt-1', 'chat', '', '', `any;-;${ANN}`, words], { stdio: 'ignore' })
  expect(await next()).toEqual({
    event: 'sent',
    guid: `any;-;${ANN}`,
    at: expect.any(Number),
    thread: ANN,
    text: 'hi\nthere',
  })
})

test('takes messages in other chats, in the order they come', async () => {
  await next()
  const chat = 'iMessage;+;chat655'
  say({ receive: { from: ANN, text: 'one', chat } }, { receive: { from: 'bob@example.com', text: 'two', chat } })
  simulator.stdin.end()
  expect([await next(), await next()]).toMatchObject([
    { thread: 'chat655', text: 'one' },
    { thread: 'chat655', text: 'two' },
  ])
})

test('has people edit what they wrote, take it back, attach files and reply', async () => {
  const { chatDb } = await next()
  say({ receive: { from: ANN, text: 'at 5', chat: 'any;+;chat1', name: 'Us', participants: [ANN, 'bob@example.com'] } })
  const first = await next()
  say({ receive: { from: ANN, text: '', attachments: [{ name: 'cat.heic' }], replyTo: first['guid'] } })
  const second = await next()
  say(
    { edit: { guid: first['guid'], text: 'at 6' } },
    { unsend: { guid: 'nobody' } },
    { unsend: { guid: second['guid'] } },
  )
  expect(await next()).toEqual({ event: 'edited', guid: first['guid'], at: expect.any(Number), text: 'at 6' })
  expect(await next()).toEqual({ event: 'unsent', guid: second['guid'], at: expect.any(Number) })
  expect(stderr).toContain('chat.db has no message nobody')

  const reader = new Database(String(chatDb), { readonly: true })
  const rows = reader
    .prepare<[], { body: Buffer; edited: number; reply: string | null; files: number }>(
      `SELECT attributedBody AS body, date_edited AS edited, thread_originator_guid AS reply, cache_has_attachments AS files
       FROM message ORDER BY ROWID`,
    )
    .all()
  expect(reader.prepare('SELECT display_name FROM chat ORDER BY ROWID').pluck().all()).toEqual(['Us', null])
  reader.close()
  expect(rows.map(({ body }) => readAttributedBody(body)?.text)).toEqual(['at 6', ''])
  expect(rows.map(({ reply, files }) => [reply, files])).toEqual([
    [null, 0],
    [first['guid'], 1],
  ])
  expect(rows.every(({ edited }) => edited > 0)).toBe(true)
})

test('explains lines it cannot use, and goes on', async () => {
  await next()
  simulator.stdin.write('hello?\n')
  say({ receive: { from: ANN } }, { recieve: {} }, { receive: { from: ANN, text: 'x', chat: 'Ann' } })
  say({ receive: { from: ANN, text: 'fine' } })
  expect(await next()).toMatchObject({ event: 'committed', text: 'fine' })
  const problems = stderr.trimEnd().split('\n')
  expect(problems).toHaveLength(4)
  expect(problems[0]).toBe('skipped, not JSON: hello?')
  expect(problems[1]).toContain('receive.text')
  expect(problems[2]).toContain('recieve')
  expect(problems[3]).toContain('receive.chat')
})

test.each([
  ['the input does', () => simulator.stdin.end()],
  ['it is told to', () => simulator.kill('SIGTERM')],
])('ends when %s, with exit code 0', async (_, end) => {
  await next()
  const ended = new Promise(resolve => simulator.once('exit', (code, signal) => resolve(signal ?? code)))
  end()
  expect(await ended).toBe(0)
})

const say = (...requests: readonly object[]): void => {
  for (const request of requests) simulator.stdin.write(`${JSON.stringify(request)}\n`)
}

const next = async (): Promise<Record<string, unknown>> => {
  const { value, done } = await lines.next()
  if (done) throw new Error(`the simulator has ended: ${stderr}`)
  return JSON.parse(value)
}
