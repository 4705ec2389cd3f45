import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { register } from '../../src/cli/mock-backend.ts'

const MODULE = new URL('../../src/cli/mock-backend.ts', import.meta.url).href
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const PROGRAM = `
  import { Command } from 'commander'
  import { register } from '${MODULE}'
  const program = new Command()
  register(program)
  await program.parseAsync(process.argv, { from: 'node' })`

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** The command in a process of its own, on a free port, once it listens. */
const start = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      PROGRAM,
      '--',
      'edge-agent',
      'mock-backend',
      '--port',
      '0',
      '--think-ms',
      '0',
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } },
  )
  children.push(child)
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', line => lines.push(line))
  await vi.waitFor(() => expect(lines[0]).toContain('listening'), { timeout: 20_000 })
  return { child, lines, url: /http:\/\/[\d.]+:\d+/.exec(lines[0] ?? '')?.[0] ?? '' }
}

const post = (url: string, secret = ''): Promise<Response> =>
  fetch(`${url}/edge/message`, {
    method: 'POST',
    headers: { 'X-Edge-Agent-Id': 'edge_1', Authorization: `Bearer ${secret}` },
    body: JSON.stringify({ thread_id: 'a@b.c', sender: 'a@b.c', filtered_text: '$& costs {text}' }),
  })

test('prints where it listens and the log, answers with the replies given, and ends in order', async () => {
  const { child, lines, url } = await start(['--reflex', 'hm: {text}', '--replies', 'one', 'two', '--replies', 'three'])
  const response = await post(url)
  expect(await response.json()).toEqual({
    should_respond: true,
    reply_bubbles: ['hm: $& costs {text}', 'one', 'two', 'three'],
  })
  await vi.waitFor(() =>
    expect(lines).toEqual([
      `mock backend listening on ${url}`,
      '[HTTP POST] Received from edge_1',
      '[Reflex] WebSocket NOT found for edge_1 ❌',
      '[Reflex] Will return in HTTP response only (fallback mode)',
    ]),
  )
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('prints one JSON object per event, the log line with it where there is one', async () => {
  const { child, lines } = await start(['--json', '--reflex', ''], { EDGE_SECRET: 'swordfish' })
  const { url } = JSON.parse(lines[0] ?? '') as { url: string }
  expect((await post(url, 'tuna')).status).toBe(401)
  expect((await post(url, 'swordfish')).status).toBe(200)
  await vi.waitFor(() => expect(lines).toHaveLength(4))
  const at = expect.any(Number)
  expect(lines.map(line => JSON.parse(line) as unknown)).toEqual([
    { at, type: 'listening', url, line: `mock backend listening on ${url}` },
    expect.objectContaining({ at, type: 'refused', status: 401, line: expect.stringContaining('Refused with 401') }),
    expect.objectContaining({ at, type: 'posted', line: '[HTTP POST] Received from edge_1' }),
    expect.objectContaining({ at, type: 'answered', agentId: 'edge_1', thread_id: 'a@b.c', status: 200 }),
  ])
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('with --no-websocket every WebSocket is refused, again and again, and the answer brings the reflex', async () => {
  const { lines, url } = await start(['--no-websocket', '--reflex', 'hm', '--replies', 'one'])
  for (const attempt of [1, 2]) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/edge/ws?edge_agent_id=edge_1`)
    socket.on('error', () => undefined)
    const [, { statusCode }] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
    expect({ attempt, statusCode }).toEqual({ attempt, statusCode: 503 })
    socket.terminate()
  }
  expect(await (await post(url)).json()).toEqual({ should_respond: true, reply_bubbles: ['hm', 'one'] })
  await vi.waitFor(() => expect(lines).toContain('[Reflex] WebSocket NOT found for edge_1 ❌'))
})

test('a scenario file is obeyed, options come before it, and a reply command answers', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mock-backend-'))
  const file = join(dir, 'scenario.toml')
  const faults = '[[faults]]\nfault = "status"\nstatus = 418\n'
  const program = `process.stdin.on("data", text => console.log(JSON.parse(text).text.toUpperCase()))`
  writeFileSync(file, `reflex = "from the file"\nbubbles = ["from the file"]\n${faults}`)
  const command = `"${process.execPath}" -e '${program}'`
  const { url } = await start(['--scenario', file, '--reflex', 'hm', '--reply-command', command])
  expect((await post(url)).status).toBe(418)
  expect(await (await post(url)).json()).toMatchObject({ reply_bubbles: ['hm', '$& COSTS {TEXT}'] })
  rmSync(dir, { recursive: true })
})

test.each([
  ['--scenario', '/no/such/scenario.toml'],
  ['--reply-command', `say 'hi`],
  ['--port', '70000'],
  ['--port', ''],
  ['--think-ms', '1.5'],
  ['--host', '0.0.0.0'],
  ['--router', 'http://localhost:6379'],
])('refuses %s %j as a wrong use', async (option, value) => {
  vi.stubEnv('EDGE_SECRET', '')
  const program = new Command().exitOverride()
  register(program)
  await expect(program.parseAsync(['mock-backend', option, value], { from: 'user' })).rejects.toMatchObject({
    name: 'EdgeError',
    exit: 64,
  })
})

test('--router without ioredis, which is an optional peer, is a wrong use that says what to install', () => {
  // Looked for from the root of the disk, where nobody has it.
  const hide = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve: (name, context, next) => next(name, name === 'ioredis' ? { ...context, parentURL: 'file:///' } : context),
    })`
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hide)}`, MAIN, 'mock-backend', '--router', 'redis://:pw@x'],
    { encoding: 'utf8' },
  )
  expect({ status, stderr }).toEqual({ status: 64, stderr: expect.stringContaining('npm install -g ioredis') })
  expect(stderr).not.toContain('pw')
})
