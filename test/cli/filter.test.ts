import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { beforeAll, describe, expect, test } from 'vitest'
import { openChatDbWriter, toAppleDate } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { encodeAttributedBody } from '../../src/lab/messages-simulator/encode-attributed-body.ts'
import { startInTerminal } from '../support/in-terminal.ts'
import { NO_POWERS } from '../support/rights.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const ANNA = '+15622924139'
const BERT = '+15622920001'
const STRANGER = '+15622920002'

/** A home with these settings and no agent. */
const homeWith = (toml: string): string => {
  const home = mkdtempSync(join(tmpdir(), 'edge-filter-'))
  const file = join(home, '.config/edge-agent/config.toml')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, toml)
  return home
}

const envOf = (home: string) => ({ HOME: home, PATH: process.env['PATH'], XDG_CONFIG_HOME: join(home, '.config') })

const edgeAgent = (home: string, args: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: envOf(home),
    input,
  })
  return { status, stdout, stderr }
}

const RULES = `
[forward]
deny = ["(562) 292-0009"]
groups = "start_word"
start_words = ["hey bot"]
[[forward.rules]]
name = "no payroll"
action = "skip"
words = ["payroll"]
[[forward.rules]]
name = "strangers"
action = "skip"
unknown_sender = true
[[forward.rules]]
name = "annas groups"
action = "forward"
chat = "group"
from = ["anna"]
[people]
anna = ["562-292-4139", "Anna@example.com"]
`

describe('filter test', () => {
  const home = homeWith(RULES)
  const ask = (...args: string[]) => edgeAgent(home, ['filter', 'test', ...args])

  test('shows the rule, what was tried before it and why that did not hold, and the body as it would be POSTed', () => {
    const { status, stdout, stderr } = ask('--from', 'ANNA@example.com', '--thread', 'chat655333', '--text', 'hi "you"')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^forwarded to the backend, by rule:annas groups$/m)
    expect(stdout).toMatch(/^ {2}rule:no payroll +no +words: it contains none of these/m)
    expect(stdout).toMatch(/^ {2}rule:annas groups +yes +all its criteria match$/m)
    expect(stdout).toContain('{"thread_id":"chat655333","sender":"ANNA@example.com","filtered_text":"hi \\"you\\""}')
  })

  test.each<[string[], object]>([
    [['--from', ANNA, '--text', 'hi'], { action: 'forward', rule: 'default' }],
    [
      ['--from', ANNA, '--text', 'the Pay\u00adroll'],
      { action: 'skip', rule: 'rule:no payroll', reason: 'rule:no payroll' },
    ],
    [['--from', '+1 562 2920009', '--text', 'hi'], { action: 'skip', rule: 'forward.deny', reason: 'denied' }],
    [['--from', BERT, '--group', '--text', 'hi'], { action: 'skip', rule: 'forward.groups', reason: 'group' }],
    [['--from', BERT, '--group', '--text', 'Hey, bot!'], { action: 'forward', rule: 'forward.groups' }],
    [['--from', BERT, '--text', 'hi', '--unknown-sender'], { action: 'skip', rule: 'rule:strangers' }],
    [['--from', BERT, '--attachment'], { action: 'skip', reason: 'attachment_only' }],
  ])('%j', (args, expected) => {
    const { status, stdout } = ask(...args, '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject(expected)
    expect('body' in JSON.parse(stdout)).toBe(JSON.parse(stdout).action === 'forward')
  })

  test('takes addresses as people type them, and people by their names in the settings', () => {
    const bodyOf = (...args: string[]) => JSON.parse(ask(...args, '--text', 'hi', '--json').stdout).body
    expect(bodyOf('--from', '(562) 292-4139')).toMatchObject({ thread_id: ANNA, sender: ANNA })
    expect(bodyOf('--from', 'Anna')).toMatchObject({ thread_id: ANNA, sender: ANNA })
    expect(ask('--from', ANNA, '--text', 'hi', '--service', 'iMesage')).toMatchObject({
      status: 64,
      stderr: expect.stringMatching(/^edge-agent: --service: iMessage, SMS or RCS\n/),
    })
  })

  test('names criteria as the settings do, and says that an extended payload has more', () => {
    const { steps } = JSON.parse(ask('--from', ANNA, '--text', 'hi', '--json').stdout)
    expect(steps).toContainEqual({ rule: 'rule:strangers', holds: false, unmet: 'unknown_sender' })
    expect(ask('--from', ANNA, '--text', 'hi').stdout).not.toContain('extended')
    const extended = homeWith('payload = "extended"')
    const { stdout } = edgeAgent(extended, ['filter', 'test', '--from', ANNA, '--text', 'hi'])
    expect(stdout).toMatch(/With payload = "extended" there are more fields: message_id/)
  })

  test('reads the text from standard input', () => {
    const { stdout } = edgeAgent(home, ['filter', 'test', '--from', ANNA, '--text', '-', '--json'], 'two\nlines\n')
    expect(JSON.parse(stdout).body.filtered_text).toBe('two\nlines')
  })

  test('words that are shown do nothing to the terminal', () => {
    const { stdout } = ask('--from', 'x\u001b]0;y\u0007@b.c', '--text', 'a')
    expect(stdout).not.toMatch(/[\u001b\u0007]/)
  })

  test('a message without text and attachment is a usage error; wrong rules are one of settings', () => {
    expect(ask('--from', ANNA).status).toBe(64)
    expect(ask('--text', 'hi').status).toBe(64)
    const { status, stderr } = edgeAgent(homeWith('[[forward.rules]]\nname = "a"'), [
      ...['filter', 'test', '--from', ANNA, '--text', 'hi'],
    ])
    expect({ status, stderr }).toEqual({
      status: 78,
      stderr: expect.stringMatching(
        /a setting is wrong\n {2}forward\.rules\.a\.action .+: expected "forward" or "skip", found none/,
      ),
    })
  })
})

describe('filter replay', () => {
  const home = homeWith(RULES)
  const chatDb = join(home, 'Library/Messages/chat.db')
  const DAY_MS = 86_400_000
  const ago = (days: number) => ({ date: toAppleDate(Date.now() - days * DAY_MS) })
  const replay = (...args: string[]) => edgeAgent(home, ['filter', 'replay', ...args])
  const counts = (stdout: string): Record<string, number> =>
    Object.fromEntries(
      JSON.parse(stdout).outcomes.map(({ reason, rule, count }: { reason?: string; rule?: string; count: number }) => [
        `${rule ?? '-'} ${reason ?? '-'}`,
        count,
      ]),
    )

  beforeAll(async () => {
    mkdirSync(dirname(chatDb), { recursive: true })
    const writer = openChatDbWriter(chatDb)
    const direct = `any;-;${ANNA}`
    const group = { guid: 'any;+;chat655333', participants: [ANNA, BERT, 'anna@work.example'] }
    await writer.writeIncoming({ chat: direct, from: ANNA, text: 'long ago', columns: ago(30) })
    await writer.writeIncoming({ chat: direct, from: ANNA, text: 'a day ago', columns: ago(1) })
    await writer.writeIncoming({
      chat: direct,
      from: ANNA,
      text: 'now \u001b[31mred 4111 1111 1111 1111',
      columns: ago(0.1),
    })
    await writer.writeIncoming({ chat: direct, from: ANNA, text: 'payroll', columns: ago(2) })
    await writer.writeOutgoing({ chat: direct, text: 'mine', columns: ago(1) })
    await writer.writeIncoming({ chat: group, from: BERT, text: 'hi all', columns: ago(1) })
    await writer.writeIncoming({ chat: group, from: BERT, text: 'hey bot', columns: ago(1) })
    // Messages knows that this is Anna, too.
    await writer.writeIncoming({ chat: group, from: 'anna@work.example', text: 'me', columns: ago(1) })
    await writer.writeIncoming({
      chat: { guid: `SMS;-;${STRANGER}`, isFiltered: true },
      from: STRANGER,
      text: 'win!',
      columns: ago(3),
    })
    await writer.writeIncoming({ chat: direct, from: ANNA, attachments: [{ name: 'a.jpg' }], columns: ago(1) })
    await writer.writeIncoming({ chat: direct, from: ANNA, text: 'no chat', joinMs: 'never', columns: ago(1) })
    writer.close()
    const db = new Database(chatDb)
    db.prepare("UPDATE handle SET person_centric_id = 'P1' WHERE id IN (?, 'anna@work.example')").run(ANNA)
    db.close()
  })

  test('counts by rule what would have become of the messages since then', () => {
    const { status, stdout, stderr } = replay('--since', '7d', '--json')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(counts(stdout)).toEqual({
      'default -': 2,
      'rule:no payroll rule:no payroll': 1,
      '- own': 1,
      'forward.groups group': 1,
      'forward.groups -': 1,
      'rule:annas groups -': 1,
      'rule:strangers rule:strangers': 1,
      'attachment_only attachment_only': 1,
      '- incomplete': 1,
    })
    expect(JSON.parse(stdout)).toMatchObject({ messages: 10, forwarded: 4 })
    expect(stdout).not.toContain('samples')
    expect(JSON.parse(replay('--since', '60d', '--json').stdout).messages).toBe(11)
    expect(JSON.parse(replay('--limit', '3', '--json').stdout).messages).toBe(3)
    expect(
      JSON.parse(replay('--since', '2026-01-01', '--json', '--samples').stdout).outcomes[0].samples,
    ).toContainEqual(expect.objectContaining({ sender: ANNA, text: 'a day ago' }))
  })

  test('goes by the clock of this Mac: a date is a day of its place', () => {
    const inKiritimati = (...args: string[]) =>
      spawnSync(process.execPath, [MAIN, 'filter', 'replay', ...args], {
        encoding: 'utf8',
        env: { ...envOf(home), TZ: 'Pacific/Kiritimati' },
      }).stdout
    expect(JSON.parse(inKiritimati('--since', '2026-01-02', '--json')).since).toBe('2026-01-01T10:00:00.000Z')
    expect(inKiritimati('--since', '2026-01-02')).toMatch(/^\d+ messages since 2026-01-02 00:00: /)
  })

  test('shows people samples, whose words do nothing to the terminal', () => {
    const { status, stdout } = replay()
    expect(status).toBe(0)
    expect(stdout).toMatch(/^10 messages since .+: 4 would be forwarded, 6 skipped\. Nothing was sent\.$/m)
    expect(stdout).toMatch(/^ +1 {2}group \(forward\.groups\)$/m)
    expect(stdout).toMatch(/^ +2 {2}default; redacted: 1 card$/m)
    expect(stdout).toMatch(/: now .*red \[card\]$/m)
    expect(stdout).toMatch(/ {2}you in \+15622924139: mine$/m)
    expect(stdout).toMatch(/^ +\d{4}-\d\d-\d\d \d\d:\d\d {2}\+15622920001 in chat655333: hi all$/m)
    expect(stdout).not.toContain('\u001b')
    expect(replay('--no-samples').stdout).not.toContain('hi all')
  })

  test('what cannot be is said: no chat.db, no time, no number', () => {
    expect(edgeAgent(homeWith(''), ['filter', 'replay'])).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('no Messages database'),
    })
    for (const since of ['yesterdayish', '2999-01-01', '1795740294', '99999999d']) {
      expect([since, replay('--since', since).status]).toEqual([since, 64])
    }
    expect(replay('--limit', '0').status).toBe(64)
  })

  test('an @-mention of the account counts in groups = "mentioned", one of another does not', async () => {
    const mine = homeWith('[forward]\ngroups = "mentioned"')
    const path = join(mine, 'Library/Messages/chat.db')
    mkdirSync(dirname(path), { recursive: true })
    const writer = openChatDbWriter(path)
    for (const mention of ['Assistant@example.com', BERT]) {
      const attributedBody = encodeAttributedBody([
        { text: 'You', part: 0, mention },
        { text: ' there?', part: 0 },
      ])
      const chat = { guid: 'any;+;chat1', participants: [ANNA] }
      await writer.writeIncoming({ chat, from: ANNA, text: 'x', columns: { attributedBody } })
    }
    writer.close()
    const { stdout } = edgeAgent(mine, ['filter', 'replay', '--json'])
    expect(counts(stdout)).toEqual({ 'forward.groups -': 1, 'forward.groups group': 1 })
  })
  test('Ctrl-C ends it, with 2', async () => {
    const big = homeWith('')
    const path = join(big, 'Library/Messages/chat.db')
    mkdirSync(dirname(path), { recursive: true })
    const writer = openChatDbWriter(path)
    await writer.writeIncoming({ chat: `any;-;${ANNA}`, from: ANNA, text: 'first' })
    writer.close()
    const db = new Database(path)
    db.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)
       INSERT INTO message (guid, text, handle_id, date, is_finished) SELECT 'g' || i, 'text', 1, ?, 1 FROM n`,
    ).run(toAppleDate(Date.now()))
    db.close()
    const terminal = startInTerminal([process.execPath, MAIN, 'filter', 'replay'], envOf(big))
    await terminal.answer(/… \d+ %/, '\u0003')
    expect(await terminal.ended).toBe(2)
  })

  test('where macOS forbids it, it says who needs the permission, and ends with 77', () => {
    const forbidden = homeWith('')
    const folder = join(forbidden, 'Library/Messages')
    mkdirSync(folder, { recursive: true })
    openChatDbWriter(join(folder, 'chat.db')).close()
    chmodSync(folder, 0)
    const [program = '', ...args] = [...NO_POWERS.through, process.execPath, MAIN, 'filter', 'replay']
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', env: envOf(forbidden) })
    chmodSync(folder, 0o700)
    expect({ status, stderr }).toEqual({
      status: 77,
      stderr: expect.stringContaining('Full Disk Access to your terminal app'),
    })
  })
})
