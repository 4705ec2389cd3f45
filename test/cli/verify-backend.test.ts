import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type MockBackend,
  type MockBackendOptions,
  startMockBackend,
} from '../../src/lab/mock-backend/start-mock-backend.ts'
import type { Report } from '../../src/lab/verify-backend/verify-backend.ts'
import { startWrongBackend } from '../lab/verify-backend/wrong-backends.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

let dir = ''
const children: ChildProcess[] = []
const backends: { readonly close: () => Promise<void> }[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'verify-test-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const backend of backends.splice(0)) await backend.close()
  rmSync(dir, { recursive: true, force: true })
})

const start = (args: readonly string[], secret = '') => {
  const child = spawn(process.execPath, [MAIN, 'verify-backend', '--timeout', '2s', ...args], {
    env: { ...process.env, EDGE_SECRET: secret, EDGE_BACKEND_URL: '', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const printed = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      printed[stream] += chunk
    })
  }
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number, ...printed })) }
}

const edgeAgent = (...args: string[]) => start(args).ended

const startMock = async (options: MockBackendOptions): Promise<MockBackend> => {
  const backend = await startMockBackend({ thinkMs: 60, ...options })
  backends.push(backend)
  return backend
}

test('prints what it is going to do, each question with its answer, and nothing of the secret', async () => {
  const { url } = await startMock({ secret: 'swordfish' })
  const secretFile = join(dir, 'secret')
  writeFileSync(secretFile, 'swordfish\n', { mode: 0o600 })
  const { code, stdout, stderr } = await edgeAgent(
    '--backend-url',
    url,
    '--secret-file',
    secretFile,
    '--agent-id',
    'mac',
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^Testing http.+mac-verify-a\n +mac-verify-b\n.+POSTs +17 for.+nothing is sent to a person/s)
  expect(stdout).toContain('✓ Are you storing WebSocket connections in a map keyed by `edge_agent_id`? yes')
  expect(stdout).toContain('Everything that the document asks for: yes')
  expect(stdout).not.toContain('swordfish')
})

test('with --json prints one document, with --junit writes a file, and a no is exit code 1', async () => {
  const backend = await startWrongBackend('end of the older removes the newer')
  backends.push(backend)
  const junit = join(dir, 'verify.xml')
  const { code, stdout, stderr } = await edgeAgent('--backend-url', backend.url, '--json', '--junit', junit)
  expect(code).toBe(1)
  expect(stderr).toContain('Testing')
  const report = JSON.parse(stdout) as Report
  expect(report.verdict).toBe('no')
  expect(report.sections[0]?.questions[0]).toMatchObject({ id: '1a', answer: 'no' })
  expect(readFileSync(junit, 'utf8')).toMatch(/failures="1".+name="older-end-harmless">\n +<failure /s)
})

test('another machine is left alone unless somebody agrees', async () => {
  const { code, stderr } = await edgeAgent('--backend-url', 'https://backend.invalid')
  expect(code).toBe(64)
  expect(stderr).toContain('--yes')
  const agreed = await edgeAgent('--backend-url', 'https://backend.invalid', '--yes')
  expect(agreed.code).toBe(69)
  expect(agreed.stdout).toContain('cannot be reached')
})

test.each([
  ['no URL', []],
  ['a URL with credentials', ['--backend-url', 'http://me:swordfish@127.0.0.1']],
  ['no duration', ['--backend-url', 'http://127.0.0.1', '--timeout', 'soon']],
  ['an id that no header can carry', ['--backend-url', 'http://127.0.0.1', '--agent-id', 'a b']],
  ['one id for both agents', ['--backend-url', 'http://127.0.0.1', '--agent-a', 'x', '--agent-b', 'x']],
])('%s is a usage error, 64', async (_, args) => {
  const { code, stdout, stderr } = await edgeAgent(...args)
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
  expect(stderr).not.toContain('swordfish')
})

test('a file for the secret that others can read is refused', async () => {
  const secretFile = join(dir, 'secret')
  writeFileSync(secretFile, 'swordfish', { mode: 0o644 })
  const { code, stderr } = await edgeAgent('--backend-url', 'http://127.0.0.1', '--secret-file', secretFile)
  expect(code).toBe(78)
  expect(stderr).toContain('chmod 600')
})

test('Ctrl-C ends it at once, with exit code 2', async () => {
  const backend = await startMock({ thinkMs: 60_000 })
  const { child, ended } = start(['--backend-url', backend.url, '--timeout', '60s'])
  await expect.poll(() => backend.received.length).toBe(1)
  child.kill('SIGINT')
  const { code, stderr } = await ended
  expect(code).toBe(2)
  expect(stderr).toContain('stopped')
  await expect.poll(() => backend.connections.size).toBe(0)
})
