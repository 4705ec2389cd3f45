import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { writePlist } from '../../src/mac/install/write-plist.ts'
import { createLaunchctl, type ServiceState } from '../../src/mac/launchd/launchctl.ts'
import { renderPlist } from '../../src/mac/launchd/render-plist.ts'
import { runTool } from '../../src/mac/macos/run-tool.ts'
import { inFolder } from './in-folder.ts'

/** Always the same: launchd remembers each name that was ever enabled. */
const LABEL = 'com.edge-agent.check'
const TEMPLATE = fileURLToPath(new URL('../../launchd/com.edge-agent.plist', import.meta.url))

const dir = join(inFolder(), `a home & "quotes" <家>`)
const plist = join(dir, `${LABEL}.plist`)
const program = join(dir, 'job.mjs')
const factsFile = join(dir, 'facts.json')
const goodbye = join(dir, 'goodbye')
const launchctl = createLaunchctl({ run: runTool, uid: process.getuid?.() ?? 0, sleep })

/** Stands in for the agent: tells what launchd gave it, and stays until it is told to go. */
const JOB = `
  import { spawnSync } from 'node:child_process'
  import { writeFileSync } from 'node:fs'
  const { PATH, XPC_SERVICE_NAME } = process.env
  const files = spawnSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout.trim()
  const [umask, cwd, args] = [process.umask(), process.cwd(), process.argv.slice(2)]
  process.on('SIGTERM', () => {
    writeFileSync(${JSON.stringify(goodbye)}, '')
    process.exit(0)
  })
  setInterval(() => {}, 1_000)
  console.log('a line for the log of launchd')
  writeFileSync(${JSON.stringify(factsFile)}, JSON.stringify({ PATH, XPC_SERVICE_NAME, files, umask, cwd, args }))`

const SEARCH_PATH = '/opt/some where/bin:/usr/bin:/bin:/usr/sbin:/sbin'

beforeAll(() => {
  mkdirSync(dir)
  writeFileSync(program, JOB)
})
afterAll(() => launchctl.bootout(LABEL))

const running = (): Promise<Extract<ServiceState, { readonly kind: 'loaded' }> & { readonly pid: number }> =>
  vi.waitFor(
    async () => {
      const state = await launchctl.print(LABEL)
      if (state.kind !== 'loaded' || state.pid === undefined) throw new Error(`it is ${JSON.stringify(state)}`)
      return { ...state, pid: state.pid }
    },
    { timeout: 30_000, interval: 200 },
  )

test('somebody is logged in at the screen, which launchd wants for a LaunchAgent', async () => {
  expect(await launchctl.hasSession()).toBe(true)
})

test('plutil is content with the plist, and finds fault with one that is broken', async () => {
  const content = renderPlist(readFileSync(TEMPLATE, 'utf8'), {
    label: LABEL,
    binary: process.execPath,
    program,
    args: ['--config', `${dir}/c.toml`],
    searchPath: SEARCH_PATH,
    folder: dir,
    launchdLog: join(dir, 'launchd.log'),
  })
  await writePlist(plist, content, runTool)
  const broken = writePlist(join(dir, 'broken.plist'), content.replace('</dict>', ''), runTool)
  await expect(broken).rejects.toMatchObject({ code: 'bad_plist' })
})

test('plutil is content with the entitlements', async () => {
  const entitlements = fileURLToPath(new URL('../../launchd/entitlements.plist', import.meta.url))
  expect(await runTool('plutil', ['-lint', entitlements])).toMatchObject({ kind: 'exited', code: 0 })
})

test('launchd takes it, starts the job, and gives it what the plist says', async () => {
  expect(await launchctl.print(LABEL)).toEqual({ kind: 'not-loaded' })
  await launchctl.enable(LABEL)
  await launchctl.bootstrap(LABEL, plist)
  expect(await running()).toMatchObject({ state: 'running', plist, program: process.execPath, runs: 1 })
  await vi.waitFor(() => expect(existsSync(factsFile)).toBe(true), 20_000)
  const { files, ...facts } = JSON.parse(readFileSync(factsFile, 'utf8')) as Record<string, unknown>
  // Node raises it as far as it may.
  expect(files === 'unlimited' || Number(files) >= 4096).toBe(true)
  expect(facts).toEqual({
    PATH: SEARCH_PATH,
    XPC_SERVICE_NAME: LABEL,
    umask: 0o077,
    cwd: dir,
    args: ['start', '--config', `${dir}/c.toml`],
  })
  await vi.waitFor(() => expect(readFileSync(join(dir, 'launchd.log'), 'utf8')).toContain('a line for'))
})

test('loading it a second time does no harm', async () => {
  const { pid } = await running()
  await launchctl.bootstrap(LABEL, plist)
  expect((await running()).pid).toBe(pid)
})

test('killed, it comes back by itself, and launchd tells by what it ended', async () => {
  const { pid } = await running()
  process.kill(pid, 'SIGKILL')
  await vi.waitFor(async () => expect((await running()).pid).not.toBe(pid), { timeout: 60_000, interval: 500 })
  expect((await running()).lastSignal).toMatch(/9$/)
})

test('restarted by kickstart, it ends well and is another process', async () => {
  const { pid } = await running()
  await launchctl.kickstart(LABEL, { again: true })
  await vi.waitFor(async () => expect((await running()).pid).not.toBe(pid), { timeout: 60_000, interval: 500 })
  expect(existsSync(goodbye)).toBe(true)
})

test('ended well it stays so, until it is started', async () => {
  const { pid } = await running()
  process.kill(pid, 'SIGTERM')
  await vi.waitFor(
    async () => expect(await launchctl.print(LABEL)).toMatchObject({ kind: 'loaded', pid: undefined, lastExitCode: 0 }),
    { timeout: 30_000, interval: 200 },
  )
  await sleep(12_000) // longer than ThrottleInterval
  expect(await launchctl.print(LABEL)).toMatchObject({ kind: 'loaded', pid: undefined })
  await launchctl.kickstart(LABEL, { again: false })
  await running()
})

test('switched off and on again, launchd says so', async () => {
  await launchctl.disable(LABEL)
  expect(await launchctl.isDisabled(LABEL)).toBe(true)
  await launchctl.enable(LABEL)
  expect(await launchctl.isDisabled(LABEL)).toBe(false)
})

test('unloaded, it is gone, and can be loaded at once', async () => {
  await launchctl.bootout(LABEL)
  expect(await launchctl.print(LABEL)).toEqual({ kind: 'not-loaded' })
  await launchctl.bootstrap(LABEL, plist)
  await running()
})
