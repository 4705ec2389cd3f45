import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readAttributedBody } from '../../../src/agent/imessage/attributed-body.ts'
import type { OsascriptMode } from '../../../src/lab/messages-simulator/osascript-modes.ts'
import { serveMessages } from '../../../src/lab/messages-simulator/serve-messages.ts'
import { createSimulator, type Simulator } from '../../../src/lab/messages-simulator/simulator.ts'

const ANN = '+15551234567'
const CHAT = `any;-;${ANN}`

let dir: string
let script: string
let simulator: Simulator
let reader: Database.Database

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "it's a simulator-"))
  script = join(dir, 'send.applescript')
  writeFileSync(script, '')
  simulator = createSimulator({ dir })
  simulator.ensureChat(CHAT)
  reader = new Database(simulator.chatDbPath, { readonly: true })
})

afterEach(() => {
  reader.close()
  simulator.close()
  rmSync(dir, { recursive: true })
})

describe('a send that goes well', () => {
  test('logs each phase, is in the ledger when osascript ends, and in chat.db soon', async () => {
    const started = Date.now()
    const { code, stderr } = await send('hello')
    expect(code).toBe(0)
    expect(phases(stderr)).toEqual(['resolve', 'send', 'done'])
    const [sent, ...more] = simulator.readLedger()
    expect(sent).toEqual({ at: expect.any(Number), guid: CHAT, text: 'hello', attempt: 'attempt-1', mode: 'chat' })
    expect(more).toEqual([])
    expect(sent?.at).toBeGreaterThanOrEqual(started)
    await eventually(outgoing).toEqual([{ chat: CHAT, text: 'hello', error: 0, is_sent: 1, handle: ANN }])
  })

  test('takes any text as it is', async () => {
    const text = '-e "quoted" \'single\' $HOME `x` \\ \n\ttwo\r\n👩🏽‍🚀 ü\u2028\u2029  '
    await send(text)
    expect(simulator.readLedger()[0]?.text).toBe(text)
    await eventually(outgoing).toMatchObject([{ text }])
  })

  test('reaches a participant in the chat that is there', async () => {
    const { accountId: account } = simulator.ensureChat('iMessage;-;bob@example.com')
    expect(
      (await send('hi', { addressing: 'participant', account, service: 'iMessage', target: 'bob@example.com' })).code,
    ).toBe(0)
    expect(simulator.readLedger()).toMatchObject([{ guid: 'iMessage;-;bob@example.com', mode: 'participant' }])
    await eventually(outgoing).toMatchObject([{ chat: 'iMessage;-;bob@example.com', handle: 'bob@example.com' }])
  })

  test('makes a chat for a participant who had none', async () => {
    await send('hi', { addressing: 'participant', target: '+1777', service: 'SMS' })
    await eventually(outgoing).toMatchObject([{ chat: 'SMS;-;+1777', handle: '+1777' }])
  })

  test('may have its words changed in chat.db, not on the way', async () => {
    setMode({ mode: 'ok', rewrite: 'smart-quotes' })
    await send('"It\'s" ❤\uFE0F')
    setMode({ mode: 'ok', rewrite: 'strip-variation-selectors' })
    await send('"It\'s" ❤\uFE0F')
    expect(simulator.readLedger().map(({ text }) => text)).toEqual(['"It\'s" ❤\uFE0F', '"It\'s" ❤\uFE0F'])
    await eventually(outgoing).toMatchObject([{ text: '“It’s” ❤\uFE0F' }, { text: '"It\'s" ❤' }])
  })
})

describe('a send that does not start', () => {
  test.each([
    ['an unknown chat', { target: 'any;-;+1999' }],
    ['the address of a person as a chat', { target: ANN }],
    ['a chat as a participant', { addressing: 'participant', service: 'iMessage', target: CHAT }],
    ['an unknown account', { addressing: 'participant', target: ANN, account: 'NOBODY' }],
  ])('%s is error -1728 in phase resolve', async (_, call) => {
    const { code, stderr } = await send('hi', call)
    expect(code).toBe(1)
    expect(phases(stderr)).toEqual(['resolve'])
    expect(stderr).toMatch(/send\.applescript: execution error: .* \(-1728\)\n$/)
    expect(simulator.readLedger()).toEqual([])
  })

  test('a failure before sending has its number, whatever the language', async () => {
    setMode({ mode: 'fail-before', number: -1743, message: 'Keine Berechtigung zum Senden von Apple-Events' })
    const { code, stderr } = await send('hi')
    expect(code).toBe(1)
    expect(stderr).toBe(
      `edge-agent phase: resolve\n${script}: execution error: Keine Berechtigung zum Senden von Apple-Events (-1743)\n`,
    )
    expect(simulator.readLedger()).toEqual([])
  })

  test('a script that is not there cannot be run', async () => {
    rmSync(script)
    const { code, stderr } = await send('hi')
    expect([code, stderr]).toEqual([1, `osascript: ${script}: No such file or directory\n`])
    expect(simulator.readLedger()).toEqual([])
  })

  test('a text that is not there cannot be sent', async () => {
    const args = [script, 'attempt-1', 'chat', '', '', CHAT, join(dir, 'no text')]
    const { code, stderr } = await finish(spawn(simulator.osascriptPath, args, { stdio: ['ignore', 'ignore', 'pipe'] }))
    expect([code, phases(stderr)]).toEqual([1, ['resolve']])
    expect(stderr).toMatch(/\(-43\)\n$/)
    expect(simulator.readLedger()).toEqual([])
  })

  test('a program that is not there is an exit code and nothing else', async () => {
    setMode({ mode: 'exit-code', code: 127 })
    expect(await send('hi')).toEqual({ code: 127, stderr: '' })
    expect(simulator.readLedger()).toEqual([])
  })

  test('other arguments than the script takes are refused', async () => {
    expect((await finish(spawn(simulator.osascriptPath, [script, 'attempt-1', CHAT, 'hi']))).code).toBe(64)
    expect((await send('hi', { addressing: 'buddy' })).code).toBe(64)
  })
})

describe('a send of which nobody can tell', () => {
  test.each([
    [{ mode: 'send-then-fail', number: -609 } as const, / \(-609\)\n$/],
    [{ mode: 'send-then-fail' } as const, /An error has occurred\.\n$/],
  ])('%o was sent, though it ends in an error', async (mode, error) => {
    setMode(mode)
    const { code, stderr } = await send('hi')
    expect(code).toBe(1)
    expect(phases(stderr)).toEqual(['resolve', 'send'])
    expect(stderr).toMatch(error)
    expect(simulator.readLedger()).toHaveLength(1)
    await eventually(outgoing).toHaveLength(1)
  })

  test('one that hangs does not mind SIGTERM, and never sent anything', async () => {
    setMode({ mode: 'hang' })
    const { child, reached } = start('hi')
    await reached('send')
    child.kill('SIGTERM')
    setMode({ mode: 'ok' })
    await send('another, while that one hangs')
    expect(child.exitCode ?? child.signalCode).toBeNull()
    child.kill('SIGKILL')
    await finish(child)
    await eventually(outgoing).toHaveLength(1)
    expect(simulator.readLedger()).toMatchObject([{ text: 'another, while that one hangs' }])
  })

  test('one that hangs ends in a time-out at last', async () => {
    setMode({ mode: 'hang', ms: 10 })
    const { code, stderr } = await send('hi')
    expect([code, phases(stderr)]).toEqual([1, ['resolve', 'send']])
    expect(stderr).toContain('(-1712)')
    expect(simulator.readLedger()).toEqual([])
  })

  test('one that is killed may still be sent, late', async () => {
    setMode({ mode: 'hang-then-send-late', ms: 1500 })
    const { child, reached } = start('late')
    await reached('send')
    await eventually(() => readFileSync(join(dir, 'messages-app.log'), 'utf8')).toContain('accepted attempt-1')
    expect(simulator.readLedger()).toEqual([])
    process.kill(-Number(child.pid), 'SIGKILL')
    await finish(child)
    await eventually(() => simulator.readLedger()).toMatchObject([{ text: 'late' }])
    await eventually(outgoing).toMatchObject([{ text: 'late' }])
  })
})

describe('a Messages that runs already', () => {
  test('is asked in place of one of its own, until it ends', async () => {
    const messages = serveMessages(dir)
    expect(phases((await send('to it')).stderr)).toEqual(['resolve', 'send', 'done'])
    const log = () => readFileSync(join(dir, 'messages-app.log'), 'utf8')
    expect(log()).toMatch(/^here: accepted attempt-1 for .*\n$/)
    messages.close()
    await send('to another')
    expect(log()).toMatch(/\naccepted attempt-1 for .*\n$/)
    expect(simulator.readLedger().map(({ text }) => text)).toEqual(['to it', 'to another'])
    await eventually(outgoing).toMatchObject([{ text: 'to it' }, { text: 'to another' }])
  })

  test('sends what it was asked for, also where osascript is killed', async () => {
    const messages = serveMessages(dir)
    setMode({ mode: 'hang-then-send-late', ms: 500 })
    const { child, reached } = start('late')
    await reached('send')
    await eventually(() => readFileSync(join(dir, 'messages-app.log'), 'utf8')).toContain('accepted attempt-1')
    process.kill(-Number(child.pid), 'SIGKILL')
    await finish(child)
    expect(simulator.readLedger()).toEqual([])
    await eventually(outgoing).toMatchObject([{ text: 'late' }])
    messages.close()
  })
})

describe('a send that osascript says went well', () => {
  test('may have its row late', async () => {
    setMode({ mode: 'row-late', ms: 1500 })
    await send('slow row')
    expect(outgoing()).toEqual([])
    await eventually(outgoing).toHaveLength(1)
    const date = reader.prepare('SELECT date / 1000000 + 978307200000 FROM message').pluck().get() as number
    expect(date - Number(simulator.readLedger()[0]?.at)).toBeGreaterThanOrEqual(1499)
  })

  test('may have no row at all', async () => {
    setMode({ mode: 'no-row' })
    expect((await send('unseen')).code).toBe(0)
    await send('seen')
    await eventually(outgoing).toMatchObject([{ text: 'seen' }])
    expect(simulator.readLedger().map(({ text }) => text)).toEqual(['unseen', 'seen'])
  })

  test('may have an error on its row, from the start or later: then it was not sent', async () => {
    setMode({ mode: 'error-row', error: 22 })
    expect((await send('at once')).code).toBe(0)
    await eventually(outgoing).toMatchObject([{ text: 'at once', error: 22, is_sent: 0 }])
    setMode({ mode: 'error-row', error: 22, afterMs: 1500 })
    await send('later')
    await eventually(outgoing).toMatchObject([{}, { text: 'later', error: 0, is_sent: 1 }])
    await eventually(outgoing).toMatchObject([{}, { text: 'later', error: 22, is_sent: 0 }])
    expect(simulator.readLedger()).toEqual([])
  })

  test('may leave a row in no chat: then it was not sent', async () => {
    setMode({ mode: 'ghost-row' })
    expect((await send('boo')).code).toBe(0)
    await eventually(outgoing).toEqual([{ chat: null, text: '', error: 0, is_sent: 0, handle: ANN }])
    expect(simulator.readLedger()).toEqual([])
  })

  test('may be noisy', async () => {
    setMode({ mode: 'noisy', bytes: 1_000_000 })
    const { code, stderr } = await send('hi')
    expect([code, phases(stderr)]).toEqual([0, ['resolve', 'send', 'done']])
    expect(stderr.length).toBeGreaterThan(1_000_000)
  })

  test('may take its time', async () => {
    setMode({ mode: 'slow', ms: 700 })
    const started = Date.now()
    await send('hi')
    expect(Number(simulator.readLedger()[0]?.at) - started).toBeGreaterThanOrEqual(700)
  })
})

describe('modes', () => {
  test('for the next calls are taken once each, by calls at the same time too', async () => {
    simulator.setOsascriptMode({ mode: 'exit-code', code: 3 }, { times: 2 })
    simulator.setOsascriptMode({ mode: 'exit-code', code: 4 }, { times: 1 })
    simulator.setOsascriptMode({ mode: 'exit-code', code: 5 })
    const ends = await Promise.all(Array.from({ length: 6 }, () => send('hi')))
    expect(ends.map(({ code }) => code).sort()).toEqual([3, 3, 4, 5, 5, 5])
  })

  test('of a chat, by guid or identifier, come before those for all', async () => {
    simulator.setOsascriptMode({ mode: 'exit-code', code: 3 })
    simulator.setOsascriptMode({ mode: 'exit-code', code: 4 }, { target: CHAT })
    simulator.setOsascriptMode({ mode: 'exit-code', code: 5 }, { target: '+1777' })
    const targets = [CHAT, 'any;-;+1777', 'any;-;+1888']
    const ends = await Promise.all(targets.map(target => send('hi', { target })))
    expect(ends.map(({ code }) => code)).toEqual([4, 5, 3])
  })

  test('for one text leave all others alone', async () => {
    simulator.setOsascriptMode({ mode: 'exit-code', code: 3 }, { text: 'hi', times: 1 })
    const ends = [await send('hello'), await send('hi'), await send('hi')]
    expect(ends.map(({ code }) => code)).toEqual([0, 3, 0])
  })

  test('that stand are replaced by the next one that does', async () => {
    simulator.setOsascriptMode({ mode: 'exit-code', code: 3 })
    simulator.setOsascriptMode({ mode: 'ok' })
    expect((await send('hi')).code).toBe(0)
  })
})

describe('one that stands ready', () => {
  /** `job`: what comes on its standard input, once it is ready. */
  const stand = async (job: string | Buffer, target = CHAT) => {
    const warm = join(dir, 'send-warm.applescript')
    writeFileSync(warm, '')
    const child = spawn(simulator.osascriptPath, [warm, 'attempt-1', 'chat', '', '', target], {
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    child.stdin.on('error', () => {}) // it may be gone
    child.stderr.on('data', chunk => {
      if (String(chunk).includes('edge-agent: ready')) child.stdin.end(job)
    })
    return finish(child)
  }
  const marks = (stderr: string): string[] => stderr.split('\n').filter(line => line.startsWith('edge-agent'))
  const READY = ['edge-agent phase: resolve', 'edge-agent: ready']

  test('sends the text of a whole job, as it is, and says so', async () => {
    const text = 'attempt-1\n-e "quoted" $HOME\r\n\u0301👩🏽‍🚀\u2028\n\n'
    const { code, stderr } = await stand(`attempt-1\n${text}\nattempt-1`)
    expect(code).toBe(0)
    expect(marks(stderr)).toEqual([...READY, 'edge-agent phase: send', 'edge-agent phase: done'])
    expect(simulator.readLedger()).toMatchObject([{ text, attempt: 'attempt-1', guid: CHAT }])
  })

  test.each<[string, string | Buffer]>([
    ['no job', ''],
    ['half a job', 'attempt-1\nhello'],
    ['a job without its last byte', 'attempt-1\nhello\nattempt-'],
    ['a job without a text', 'attempt-1\nattempt-1'],
    ['a job with an empty text', 'attempt-1\n\nattempt-1'],
    ["another attempt's job", 'attempt-2\nhello\nattempt-2'],
    ['more than a job', 'attempt-1\nhello\nattempt-1\n'],
    ['bytes that are no UTF-8', Buffer.from('attempt-1\n\xff\xfe\nattempt-1', 'latin1')],
  ])('refuses %s: an error, and nothing is sent', async (_, job) => {
    const { code, stderr } = await stand(job)
    expect(code).not.toBe(0)
    expect(marks(stderr)).toEqual(READY)
    expect(simulator.readLedger()).toEqual([])
  })

  test('is never ready for a chat that Messages does not have', async () => {
    const { code, stderr } = await stand('attempt-1\nhello\nattempt-1', 'any;-;+1999')
    expect([code, marks(stderr)]).toEqual([1, READY.slice(0, 1)])
    expect(stderr).toMatch(/\(-1728\)\n$/)
  })

  test('goes as it is told, until it has its text and from then on', async () => {
    simulator.setSlotMode({ mode: 'fail-before', number: -600 }, { times: 1 })
    expect((await stand('')).stderr).toMatch(/\(-600\)\n$/)
    simulator.setSlotMode({ mode: 'quiet-end' }, { times: 1 })
    expect((await stand('')).code).toBe(0)
    setMode({ mode: 'send-then-fail', number: -609 })
    const { code, stderr } = await stand('attempt-1\nhello\nattempt-1')
    expect([code, marks(stderr)]).toEqual([1, [...READY, 'edge-agent phase: send']])
    expect(simulator.readLedger()).toHaveLength(1)
  })

  test('keeps its pace', async () => {
    simulator.setPace({ readyMs: 800, sendMs: 300 })
    const began = Date.now()
    await stand('attempt-1\nhello\nattempt-1')
    expect(Number(simulator.readLedger()[0]?.at) - began).toBeGreaterThanOrEqual(1_000)
  })
})

test('a simulator goes on in the folder of an earlier one', async () => {
  setMode({ mode: 'exit-code', code: 9 })
  const again = createSimulator({ dir })
  expect((await send('hi')).code).toBe(9)
  expect((await send('hi')).code).toBe(0)
  expect(again.readLedger()).toHaveLength(1)
  again.close()
})

test('who writes has a direct chat', async () => {
  const { guid } = await simulator.receive({ from: 'bob@example.com', text: 'hi' })
  const row = reader
    .prepare(
      `SELECT m.guid, m.is_from_me, h.id, c.guid AS chat FROM message m JOIN handle h ON h.ROWID = m.handle_id
       JOIN chat_message_join j ON j.message_id = m.ROWID JOIN chat c ON c.ROWID = j.chat_id`,
    )
    .get()
  expect(row).toEqual({ guid, is_from_me: 0, id: 'bob@example.com', chat: 'any;-;bob@example.com' })
})

const eventually = <Seen>(look: () => Seen) => expect.poll(look, { timeout: 20_000, interval: 10 })

const setMode = (mode: OsascriptMode): void => simulator.setOsascriptMode(mode, { times: 1 })

type Call = {
  readonly addressing?: string
  readonly account?: string
  readonly service?: string
  readonly target?: string
}

/** As the agent does: detached, so that the process leads its group. */
const launch = (
  text: string,
  { addressing = 'chat', account = '', service = '', target = CHAT }: Call = {},
): ChildProcess =>
  spawn(simulator.osascriptPath, [script, 'attempt-1', addressing, account, service, target, fileWith(text)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })

const fileWith = (text: string): string => {
  const file = join(mkdtempSync(join(dir, 'text-')), 'text')
  writeFileSync(file, text)
  return file
}

const send = (text: string, call?: Call) => finish(launch(text, call))

const start = (text: string) => {
  const child = launch(text)
  let stderr = ''
  child.stderr?.on('data', chunk => {
    stderr += chunk
  })
  return { child, reached: (phase: string) => eventually(() => phases(stderr)).toContain(phase) }
}

const finish = (child: ChildProcess) =>
  new Promise<{ code: number | null; stderr: string }>(resolve => {
    let stderr = ''
    child.stderr?.on('data', chunk => {
      stderr += chunk
    })
    child.once('close', code => resolve({ code, stderr }))
  })

const phases = (stderr: string): string[] =>
  [...stderr.matchAll(/^edge-agent phase: (\w+)$/gm)].map(([, name]) => name ?? '')

type Row = { text: string | null; attributedBody: Buffer | null }

const outgoing = () =>
  reader
    .prepare<[], Row>(
      `SELECT c.guid AS chat, m.text, m.attributedBody, m.error, m.is_sent, h.id AS handle FROM message m
       LEFT JOIN handle h ON h.ROWID = m.handle_id
       LEFT JOIN chat_message_join j ON j.message_id = m.ROWID LEFT JOIN chat c ON c.ROWID = j.chat_id
       WHERE m.is_from_me = 1 ORDER BY m.ROWID`,
    )
    .all()
    .map(({ attributedBody, ...row }) => ({
      ...row,
      text: attributedBody ? readAttributedBody(attributedBody)?.text : row.text,
    }))
