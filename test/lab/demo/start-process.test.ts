import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { EdgeError } from '../../../src/agent/core/errors.ts'
import { startProcess } from '../../../src/lab/demo/start-process.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'start-process-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const start = (program: string) => {
  const heard: string[] = []
  const deaths: EdgeError[] = []
  const running = startProcess({
    name: 'the clerk',
    args: ['-e', program],
    env: process.env,
    logFile: join(dir, 'clerk.log'),
    onLine: line => heard.push(line),
    onDeath: error => deaths.push(error),
  })
  return { running, heard, deaths }
}

const ECHO = `process.stdin.on('data', data => process.stdout.write(data)); process.stdin.on('end', () => process.exit(5))`

test('lines go in, and come out as they are printed', async () => {
  const { running, heard, deaths } = start(ECHO)
  running.write('good morning')
  await vi.waitFor(() => expect(heard).toEqual(['good morning']), { timeout: 10_000 })
  expect(running.lines).toEqual(heard)
  await running.stop()
  expect(deaths).toEqual([])
  expect(readFileSync(join(dir, 'clerk.log'), 'utf8')).toBe('good morning\n')
})

test('one that ends by itself is named, with its exit code and its last lines of either stream', async () => {
  const { deaths } = start(`
    for (let n = 1; n <= 20; n++) console.log('line ' + n)
    process.stdout.end(() => { console.error('no more ink'); process.exitCode = 3 })`)
  await vi.waitFor(() => expect(deaths).toHaveLength(1), { timeout: 10_000 })
  const message = deaths[0]?.message ?? ''
  expect(message).toMatch(/^the clerk exited unexpectedly, with exit code 3. Its last lines:\n/)
  expect(message).toContain('  no more ink')
  expect(message).toContain('  line 20')
  expect(message).not.toContain('line 11')
})

test('one that is killed by somebody else is named, with the signal', async () => {
  const { heard, deaths } = start(`console.log(process.pid); setInterval(() => {}, 1000)`)
  await vi.waitFor(() => expect(heard).toHaveLength(1), { timeout: 10_000 })
  process.kill(Number(heard[0]), 'SIGKILL')
  await vi.waitFor(() => expect(deaths[0]?.message).toContain('exited unexpectedly, with SIGKILL'), { timeout: 10_000 })
})

test('an end that was asked for is no error, and is over when it is said to be', async () => {
  for (const how of ['stop', 'kill'] as const) {
    const { running, heard, deaths } = start(`console.log(process.pid); setInterval(() => {}, 1000)`)
    await vi.waitFor(() => expect(heard).toHaveLength(1), { timeout: 10_000 })
    await running[how]()
    expect(() => process.kill(Number(heard[0]), 0)).toThrow('ESRCH')
    await running[how]()
    expect(deaths).toEqual([])
  }
})
