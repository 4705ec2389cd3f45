import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAIN, waitFor } from '../support/start-house.ts'

let home: string
let log: string
let launchd: string
let follower: ChildProcess | undefined
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'edge-logs-'))
  const dir = join(home, 'Library/Logs/edge-agent')
  mkdirSync(dir, { recursive: true })
  log = join(dir, 'agent.log')
  launchd = join(dir, 'launchd.log')
})
afterEach(() => {
  follower?.kill('SIGKILL')
  rmSync(home, { recursive: true })
})

const env = () => ({ PATH: process.env['PATH'], HOME: home })
const logs = (...args: string[]) =>
  spawnSync(process.execPath, [MAIN, 'logs', ...args], { encoding: 'utf8', env: env() })
const line = (msg: string, agoMs = 0): string =>
  `${JSON.stringify({ level: 'info', time: new Date(Date.now() - agoMs).toISOString(), pid: 1, msg })}\n`
const messages = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map(each => JSON.parse(each).msg)
const MINUTE = 60_000

test('the last lines, across rotated files, the oldest first', () => {
  writeFileSync(`${log}.2`, line('one') + line('two'))
  writeFileSync(`${log}.1`, line('three'))
  writeFileSync(log, line('four'))
  expect(messages(logs('--json').stdout)).toEqual(['one', 'two', 'three', 'four'])
  expect(messages(logs('--json', '-n', '3').stdout)).toEqual(['two', 'three', 'four'])
})

test('since a time or for a while, with what belongs to a line', () => {
  writeFileSync(`${log}.1`, line('old', 90 * MINUTE) + line('older than asked', 30 * MINUTE))
  writeFileSync(log, `${line('recent', 5 * MINUTE)}  at its stack\n${line('now')}`)
  const recent = logs('--since', '10m').stdout
  expect(recent).toContain('recent')
  expect(recent).toContain('at its stack')
  expect(recent).not.toContain('older')
  const hourAgo = new Date(Date.now() - 60 * MINUTE).toISOString()
  expect(logs('--since', hourAgo).stdout.match(/old\b/g)).toBeNull()
  expect(messages(logs('--json', '--since', hourAgo, '-n', '1').stdout)).toEqual(['now'])
})

test('people get words without colour into a pipe', () => {
  writeFileSync(log, line('agent started'))
  expect(logs().stdout).toMatch(/^\[\d{4}-\d\d-\d\d [\d:.]+\] INFO.*: agent started\n$/)
})

test('what does not fit is said, with exit code 64', () => {
  for (const args of [
    ['--since', 'yesterday'],
    ['-n', 'many'],
  ])
    expect(logs(...args).status).toBe(64)
})

test('no log yet: where it would be, and no failure', () => {
  const { status, stdout, stderr } = logs()
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  expect(stderr).toContain(log)
})

test('a big log is read from its end, in little memory', () => {
  const filler = line('x'.repeat(1000))
  writeFileSync(log, filler.repeat(60_000) + line('last'))
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--max-old-space-size=40', MAIN, 'logs', '--json', '-n', '2'],
    {
      encoding: 'utf8',
      env: env(),
    },
  )
  expect(status).toBe(0)
  expect(messages(stdout).at(-1)).toBe('last')
})

describe("launchd's own log", () => {
  test('is shown where it is recent, and marked', () => {
    writeFileSync(log, line('agent started'))
    writeFileSync(launchd, 'Error: it crashed\n')
    expect(logs().stdout).toMatch(/launchd \| Error: it crashed\n.*agent started/s)
    expect(JSON.parse(logs('--json').stdout.split('\n')[0] ?? '')).toEqual({
      source: 'launchd',
      line: 'Error: it crashed',
    })
  })

  test('is shown where it is old only when it is asked for', () => {
    writeFileSync(launchd, 'Error: it crashed\n')
    const lastWeek = new Date(Date.now() - 7 * 24 * 60 * MINUTE)
    utimesSync(launchd, lastWeek, lastWeek)
    expect(logs().stdout).toBe('')
    expect(logs('--launchd').stdout).toContain('it crashed')
  })
})

describe('followed', () => {
  test('across a file that comes, is rotated twice and replaced; Ctrl-C ends it with 0', async () => {
    const child = spawn(process.execPath, [MAIN, 'logs', '-f', '--json'], { env: env() })
    follower = child
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', chunk => {
      out += chunk
    })
    child.stderr.setEncoding('utf8').on('data', chunk => {
      err += chunk
    })
    const sees = (...expected: string[]) =>
      waitFor(`to see ${expected.join()}`, () => messages(out).join() === expected.join())
    await waitFor('it to wait', () => err.includes(log))
    writeFileSync(log, line('one'))
    await sees('one')
    appendFileSync(log, line('two').slice(0, 20))
    appendFileSync(log, line('two').slice(20) + line('three'))
    renameSync(log, `${log}.2`)
    writeFileSync(`${log}.1`, line('four'))
    writeFileSync(log, line('five'))
    await sees('one', 'two', 'three', 'four', 'five')
    rmSync(log)
    writeFileSync(log, line('six'))
    await sees('one', 'two', 'three', 'four', 'five', 'six')
    writeFileSync(log, '')
    await new Promise(resolve => setTimeout(resolve, 400))
    appendFileSync(log, line('seven'))
    await sees('one', 'two', 'three', 'four', 'five', 'six', 'seven')
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })
})
