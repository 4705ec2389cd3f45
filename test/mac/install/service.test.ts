import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'plist'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { askAgent } from '../../../src/agent/control/ask-agent.ts'
import { type MacWithMessages, settleIn } from '../../support/fake-mac/settle-in.ts'
import { SECRET } from '../../support/start-house.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** The life of one service, test by test, in a home with an odd name and by a node that goes away. */
describe('a service', () => {
  let mac: MacWithMessages
  let nvm: string
  beforeAll(async () => {
    mac = await settleIn({ homeName: `Jürgen & Söhne's "Mac" <1>` })
    nvm = copyNode(join(mac.home, '.nvm/versions/node/v24/bin/node'))
  })
  afterAll(() => mac.close())

  const status = async () => (await askAgent(mac.socket, 'status')) as { agent: { pid: number; version: string } }
  const binary = () => join(mac.places.runtimeDir, 'edge-agent')
  const signatures = () => mac.calls().filter(call => call.startsWith('codesign --force')).length

  test('is installed with a signed copy of node and of the program, and runs', async () => {
    const { code, stdout, stderr } = await mac.run(['install'], { node: nvm })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('edge-agent 0.1.0 is installed')

    const { pid } = (await status()).agent
    expect(mac.job()).toMatchObject({ pid, program: binary(), plist: mac.places.plistFile, state: 'running' })
    expect(mac.calls()).toContain(
      `codesign --force --sign - --identifier com.edge-agent --entitlements ${ROOT}launchd/entitlements.plist ${mac.places.runtimeDir}.new/edge-agent`,
    )
    expect(parse(readFileSync(join(ROOT, 'launchd/entitlements.plist'), 'utf8'))).toEqual({
      'com.apple.security.automation.apple-events': true,
    })
    expect(leftBeside(mac.places.runtimeDir)).toEqual(['runtime'])
  })

  test('has a plist that launchd takes, with the paths of this home and nothing secret', () => {
    const { plistFile, runtimeDir, logDir } = mac.places
    const text = readFileSync(plistFile, 'utf8')
    expect(statSync(plistFile).mode & 0o777).toBe(0o644)
    expect(parse(text)).toMatchObject({
      ProgramArguments: expect.arrayContaining([binary(), join(runtimeDir, 'app/dist/main.js'), 'start']),
      WorkingDirectory: dirname(runtimeDir),
      StandardErrorPath: join(logDir, 'launchd.log'),
      EnvironmentVariables: { PATH: `${mac.dir}/bin:/usr/bin:/bin:/usr/sbin:/sbin` },
    })
    expect(text).not.toMatch(new RegExp(`${SECRET}|EDGE_|backend_url`))
    expect(mac.calls()).toContain(`plutil -lint ${plistFile}.new`)
  })

  test('has of the packages those that it needs, for this system only', () => {
    const packages = join(mac.places.runtimeDir, 'app/node_modules')
    expect(existsSync(join(packages, 'vitest'))).toBe(false)
    const native = readdirSync(join(packages, 'better-sqlite3/prebuilds'))
    expect(native.every(name => name.startsWith(process.platform) && name.includes(process.arch))).toBe(true)
    expect(readdirSync(join(packages, 'better-sqlite3'))).not.toContain('deps')
  })

  test('is started anew though the node that installed it is gone', async () => {
    rmSync(join(mac.home, '.nvm'), { recursive: true })
    const before = (await status()).agent.pid
    const { code, stdout } = await mac.run(['restart'])
    const { pid } = (await status()).agent
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`pid ${pid}`) })
    expect(pid).not.toBe(before)
    expect(mac.calls()).toContain(`launchctl kickstart -k gui/${process.getuid?.()}/com.edge-agent`)
  })

  test('is left alone by a second install', async () => {
    const before = (await status()).agent.pid
    const { code, stdout } = await mac.run(['install', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, action: 'nothing', pid: before, binary: binary() })
  })

  test('is replaced by another version only where that is said, and keeps its binary then', async () => {
    const main = otherVersion(mac, '0.2.0')
    const refused = await mac.run(['install'], { main })
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('edge-agent install --upgrade') })
    const [inode, signed] = [statSync(binary()).ino, signatures()]

    const { code, stdout, stderr } = await mac.run(['install', '--upgrade'], { main })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('edge-agent is now 0.2.0')
    expect((await status()).agent.version).toBe('0.2.0')
    expect({ inode: statSync(binary()).ino, signed: signatures() }).toEqual({ inode, signed })
  })

  test('gets another binary with another node, and then says that macOS wants its permissions anew', async () => {
    const main = otherVersion(mac, '0.2.0')
    const node = copyNode(join(mac.dir, 'other/node'))
    appendFileSync(node, 'another build')
    expect(await mac.run(['install'], { main, node })).toMatchObject({ code: 0 })
    const { code, stderr } = await mac.run(['install', '--upgrade'], { main, node })
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('macOS needs both permissions again') })
    expect(readFileSync(binary()).subarray(-13).toString()).toBe('another build')
  })

  test('that is half there is repaired', async () => {
    const [main, inode] = [otherVersion(mac, '0.2.0'), statSync(binary()).ino]
    rmSync(join(mac.places.runtimeDir, 'app/dist'), { recursive: true })
    expect(await mac.run(['restart'], { main })).toMatchObject({
      stderr: expect.stringContaining('edge-agent install'),
    })
    const { code, stdout, stderr } = await mac.run(['install'], { main })
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('main.js is missing') })
    expect(stdout).toContain('edge-agent 0.2.0 was repaired')
    expect(statSync(binary()).ino).toBe(inode)
  })

  test('is stopped until it is started again, whatever KeepAlive says', async () => {
    const { pid } = (await status()).agent
    expect(await mac.run(['stop'])).toMatchObject({ code: 0, stdout: expect.stringContaining('next login') })
    expect(mac.job()).toBeUndefined()
    expect(isAlive(pid)).toBe(false)
    expect(await mac.run(['stop'])).toMatchObject({ code: 3 })
    expect(await mac.run(['restart'])).toMatchObject({ code: 0 })
    expect(mac.job()).toMatchObject({ state: 'running' })
  })

  test('that waits behind an agent in a terminal is not ended by restart, which names that one', async () => {
    await mac.run(['stop'])
    const other = mac.start(['start'])
    await vi.waitFor(async () => expect((await status()).agent.pid).toBe(other.pid), { timeout: 20_000 })
    spawnSync('launchctl', ['bootstrap', `gui/${process.getuid?.()}`, mac.places.plistFile], { env: mac.env })
    expect(await mac.run(['restart'])).toMatchObject({ code: 75, stderr: expect.stringContaining(`pid ${other.pid}`) })
    expect(mac.calls().at(-1)).not.toContain('kickstart')
    other.kill()
    await vi.waitFor(async () => expect((await status()).agent.pid).not.toBe(other.pid), { timeout: 20_000 })
  })

  test('is loaded anew where its plist was changed', async () => {
    appendFileSync(mac.places.plistFile, '<!-- by hand -->\n')
    const before = mac.job()?.launchd
    expect(await mac.run(['restart'])).toMatchObject({ code: 0 })
    expect(mac.job()?.launchd).not.toBe(before)
  })

  test('that is switched off stays so at login, until restart or install switches it on', async () => {
    const disabled = () => JSON.parse(readFileSync(join(mac.dir, 'launchd/disabled.json'), 'utf8'))['com.edge-agent']
    expect(await mac.run(['stop', '--disable', '--json'])).toMatchObject({ code: 0 })
    expect(disabled()).toBe(true)
    expect(await mac.run(['restart'])).toMatchObject({ code: 0 })
    expect(disabled()).toBe(false)
  })

  test('keeps what runs where the settings have become wrong', async () => {
    const { pid } = (await status()).agent
    mac.configure({ backend_url: 'nonsense' })
    expect(await mac.run(['restart'])).toMatchObject({ code: 78, stderr: expect.stringContaining('backend_url') })
    expect((await status()).agent.pid).toBe(pid)
    mac.configure()
  })

  test('is uninstalled; settings, state and logs stay for the next install', async () => {
    const { pid } = (await status()).agent
    const { code, stdout } = await mac.run(['uninstall', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ found: true, unloaded: true })
    expect({ job: mac.job(), isAlive: isAlive(pid) }).toEqual({ job: undefined, isAlive: false })
    expect(existsSync(mac.places.plistFile)).toBe(false)
    expect(existsSync(dirname(mac.places.runtimeDir))).toBe(false)
    expect(existsSync(join(mac.places.stateDir, 'state.db'))).toBe(true)
    expect(await mac.run(['uninstall'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('There was no service'),
    })
  })

  test('is forgotten with --purge, which asks first; no folder of ours is left', async () => {
    mac.keychain.put('com.edge-agent', 'edge_13238407486', SECRET)
    mac.keychain.put('com.edge-agent', 'edge_another', SECRET)
    expect(await mac.run(['uninstall', '--purge'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--yes'),
    })
    expect(existsSync(mac.places.configFile)).toBe(true)
    expect(await mac.run(['uninstall', '--purge', '--yes'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('the Keychain item com.edge-agent'),
    })
    expect(mac.keychain.items()).toEqual(['com.edge-agent edge_another'])
    const left = readdirSync(mac.home, { recursive: true, encoding: 'utf8' })
    expect(left.filter(path => path.includes('edge-agent'))).toEqual([])
  })
})

const leftBeside = (path: string): string[] => readdirSync(dirname(path)).filter(name => name.startsWith('runtime'))

const copyNode = (to: string): string => {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(process.execPath, to, constants.COPYFILE_FICLONE)
  chmodSync(to, 0o755)
  return to
}

/** This program as another version, somewhere else. */
const otherVersion = (mac: MacWithMessages, version: string): string => {
  const root = join(mac.dir, `edge-agent-${version}`)
  if (!existsSync(root)) {
    for (const part of ['dist', 'launchd', 'package.json'])
      cpSync(join(ROOT, part), join(root, part), { recursive: true })
    const manifest = readFileSync(join(root, 'package.json'), 'utf8')
    writeFileSync(join(root, 'package.json'), manifest.replace(/"version": ".*?"/, `"version": "${version}"`))
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  }
  return join(root, 'dist/main.js')
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
