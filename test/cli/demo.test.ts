import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { DemoReport } from '../../src/lab/demo/play-demo.ts'
import { NEXT } from '../../src/lab/demo/render.ts'
import { bubblesOf, SCENES } from '../../src/lab/demo/scenes.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** The folder for temporary things of one test, so that what is left behind is seen. */
let tmp = ''
let child: ChildProcess | undefined
beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), 'demo-test-'))
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(tmp, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

/** The demo, in the environment of somebody who has an agent of their own. */
const startDemo = (...args: string[]) => {
  const own = { EDGE_CONFIG: '/no/such/file.toml', EDGE_SECRET: 'own', EDGE_FORWARD_DENY: '+15622924139' }
  const demo = spawn(process.execPath, [MAIN, 'demo', ...args], {
    env: { ...process.env, ...own, TMPDIR: tmp },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child = demo
  const printed = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    demo[stream].setEncoding('utf8').on('data', (chunk: string) => {
      printed[stream] += chunk
    })
  }
  const ended = once(demo, 'close').then(([code]) => ({ code, ...printed }))
  const shows = (text: string) => vi.waitFor(() => expect(printed.stdout).toContain(text), { timeout: 30_000 })
  return { demo, ended, shows }
}

const folders = () => readdirSync(tmp).filter(name => name.startsWith('edge-agent-demo-'))

const listProcesses = () =>
  execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map(line => /^ *(\d+) +(\d+) +(.*)$/.exec(line))
    .map(found => ({ pid: Number(found?.[1]), parent: Number(found?.[2]), args: found?.[3] ?? '' }))

const childrenOf = (parent: number | undefined) => listProcesses().filter(process => process.parent === parent)

/** The simulator's processes have the folder among their arguments; the others are known by their ids. */
const leftOf = (children: readonly { readonly pid: number; readonly args: string }[]) =>
  listProcesses().filter(({ pid, args }) => args.includes(tmp) || children.some(c => c.pid === pid && c.args === args))

test('with --json it prints one document: each bubble once and in order, with WebSocket, without, and across kill -9', async () => {
  const { demo, ended } = startDemo('--json')
  const seen: ReturnType<typeof childrenOf> = []
  const looking = setInterval(() => seen.push(...childrenOf(demo.pid)), 500)
  const { code, stdout, stderr } = await ended
  clearInterval(looking)
  expect(stderr).toBe('')
  const { verdict, scenes } = JSON.parse(stdout) as DemoReport
  expect(verdict).toMatchObject({ bubbles: 9, lost: 0, doubled: 0, outOfOrder: 0 })
  expect(verdict.ok).toBe(verdict.late === 0)
  expect(code).toBe(verdict.ok ? 0 : 1)

  expect(scenes.map(({ conversation }) => conversation.map(({ from, text }) => [from, text]))).toEqual(
    SCENES.map(scene => [['person', scene.asks], ...bubblesOf(scene).map(text => ['assistant', text])]),
  )
  const [webSocket, none, killed] = scenes.map(({ timeline }) => timeline.map(({ moment }) => moment))
  const answered = ['answer-in', 'first-bubble-skipped', 'sent', 'sent']
  const reflexed = ['committed', 'posted', 'reflex-out', 'reflex-in', 'sent']
  expect(webSocket).toEqual([...reflexed, ...answered])
  expect(none).toEqual(['committed', 'posted', 'no-websocket', 'answer-in', 'sent', 'sent', 'sent'])
  expect(killed?.slice(0, 7)).toEqual([...reflexed, 'killed', 'restarted'])
  expect(killed?.slice(-4)).toEqual(answered)
  const repeated = scenes[2]?.timeline.filter(({ moment }) => moment === 'posted').slice(1) ?? []
  expect(new Set(repeated.map(({ label }) => label))).toEqual(new Set(['the POST arrives again, with the same key']))

  expect(seen.some(({ args }) => args.includes('mock-backend'))).toBe(true)
  expect(folders()).toEqual([])
  expect(leftOf(seen)).toEqual([])
})

test('Ctrl-C ends everything in order, exit code 2', async () => {
  const { demo, ended, shows } = startDemo()
  await shows(SCENES[0]?.reflex ?? '') // the backend thinks, the agent waits
  const children = childrenOf(demo.pid)
  expect(children).toHaveLength(3)
  demo.kill('SIGINT')
  const { code, stderr } = await ended
  expect(code).toBe(2)
  expect(stderr).toMatch(/^edge-agent: the demo was stopped/)
  expect(folders()).toEqual([])
  expect(leftOf(children)).toEqual([])
})

test.each([
  ['the mock backend', 'mock-backend'],
  ['the agent', 'start'],
  ['the Messages simulator', 'messages-simulator'],
])('%s that dies is named, exit code 1, and nothing is left', async (name, command) => {
  const { demo, ended, shows } = startDemo()
  await shows(SCENES[0]?.reflex ?? '')
  const children = childrenOf(demo.pid)
  const victim = children.find(({ args }) => args.includes(`main.js ${command}`))
  process.kill(victim?.pid ?? Number.NaN, 'SIGKILL')
  const { code, stdout, stderr } = await ended
  expect(code).toBe(1)
  expect(stderr).toMatch(new RegExp(`^edge-agent: ${name} exited unexpectedly, with SIGKILL. Its last lines:\n  .`))
  expect(stdout).not.toContain('Summary')
  expect(folders()).toEqual([])
  expect(leftOf(children)).toEqual([])
})

test('--keep keeps the folder and says where it is', async () => {
  const { demo, ended, shows } = startDemo('--keep')
  await shows(SCENES[0]?.asks ?? '')
  demo.kill('SIGTERM')
  const { stdout } = await ended
  const folder = /^files kept in (.+)$/m.exec(stdout)?.[1] ?? ''
  expect(folders().map(name => join(tmp, name))).toEqual([folder])
  for (const file of ['messages/chat.db', 'messages/ledger.jsonl', 'state/state.db', 'agent.log', 'backend.log']) {
    expect(existsSync(join(folder, file)), file).toBe(true)
  }
})

test.each(NEXT)('what it says to try next exists: edge-agent %s', command => {
  const { status, stdout } = spawnSync(process.execPath, [MAIN, ...command.split(' '), '--help'], { encoding: 'utf8' })
  expect(status).toBe(0)
  expect(stdout).toContain(`Usage: edge-agent ${command.split(' --')[0]}`)
})
