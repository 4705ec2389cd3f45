import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'plist'
import { describe, expect, test } from 'vitest'
import { askAgent } from '../../../src/agent/control/ask-agent.ts'
import type { MacWithMessages } from '../../support/fake-mac/settle-in.ts'
import { withMac } from '../../support/fake-mac/with-mac.ts'
import { waitFor } from '../../support/start-house.ts'

/** Without a copy of node, which takes its time. */
const IN_PLACE = ['install', '--node', process.execPath]

const untouched = (mac: MacWithMessages) => expect(readdirSync(join(mac.home, 'Library'))).toEqual([])

const otherAgent = async (mac: MacWithMessages): Promise<ChildProcess> => {
  const child = mac.start(['start'])
  await waitFor('the agent in a terminal', () => askAgent(mac.socket, 'status').then(Boolean, () => false))
  return child
}

describe.concurrent('before anything is changed, an install is refused', () => {
  type Case = [why: string, arrange: (mac: MacWithMessages) => unknown, code: number, says: RegExp]
  test.each<Case>([
    ['without settings', mac => rmSync(mac.places.configFile), 78, /There is no settings file .+\n.+edge-agent init/],
    [
      'with settings that only this shell knows',
      mac => {
        rmSync(mac.places.configFile)
        return { env: { EDGE_BACKEND_URL: 'http://127.0.0.1:1', EDGE_AGENT_ID: 'e', EDGE_SECRET: 'hush' } }
      },
      78,
      /does not see this shell's variables: EDGE_BACKEND_URL, EDGE_AGENT_ID, EDGE_SECRET/,
    ],
    ['with wrong settings', mac => mac.configure({ log_level: 'loud' }), 78, /log_level/],
    ['from inside the service', () => ({ env: { XPC_SERVICE_NAME: 'com.edge-agent' } }), 1, /started by the service/],
    [
      'without a session at the screen',
      mac => mac.fail([{ verb: '*', code: 113, says: 'Could not find domain for user gui: 501' }]),
      // Root has no session either, and that is the better reason.
      process.getuid?.() === 0 ? 77 : 1,
      /SSH is not enough|without sudo/,
    ],
    ['without launchctl', mac => mac.removeTool('launchctl'), 1, /no launchctl.+\n.+--dry-run/],
    ['on an old macOS', mac => mac.write('macos-version', '12.7.1'), 1, /macOS 12, but 13/],
    ['with a home that is none', mac => ({ env: { HOME: join(mac.dir, 'nowhere') } }), 77, /which is not a folder/],
    [
      'with settings where macOS guards them',
      mac => {
        const folder = join(mac.home, '../Documents')
        mkdirSync(folder)
        writeFileSync(join(folder, 'c.toml'), readFileSync(mac.places.configFile))
        symlinkSync(mac.dir, join(mac.home, 'dir'))
        return { args: ['--config', join(mac.dir, 'Documents/c.toml')], env: { HOME: mac.dir } }
      },
      78,
      /settings file would be in .+Documents/,
    ],
    [
      'where a folder is a link to elsewhere',
      mac => {
        mkdirSync(join(mac.dir, 'elsewhere'))
        rmSync(join(mac.home, 'Library'), { recursive: true })
        symlinkSync(join(mac.dir, 'elsewhere'), join(mac.home, 'Library'))
      },
      77,
      /symbolic link/,
    ],
    [
      'with a node that is none',
      () => ({ args: ['--node', '/usr/bin/false'] }),
      1,
      /\/usr\/bin\/false cannot be used.+\n.+--node PATH/,
    ],
  ])('%s', (_, arrange, code, says) =>
    withMac(async mac => {
      const { args = [], env = {} } = (arrange(mac) ?? {}) as { args?: string[]; env?: Record<string, string> }
      const end = await mac.run(['install', ...args], { env })
      expect(end).toEqual({ code, stdout: '', stderr: expect.stringMatching(says) })
      untouched(mac)
    }),
  )

  test('while an agent runs in a terminal; stop ends that one in order', () =>
    withMac(async mac => {
      const other = await otherAgent(mac)
      expect(await mac.run(['install'])).toMatchObject({
        code: 75,
        stderr: expect.stringContaining(`pid ${other.pid}`),
      })
      untouched(mac)
      const ended = once(other, 'exit')
      expect(await mac.run(['stop', '--json'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`${other.pid}`),
      })
      expect(await ended).toEqual([0, null])
    }))
})

test.concurrent('a dry run prints every step and the plist, and changes nothing, even where there is no Mac', () =>
  withMac(async mac => {
    for (const name of ['launchctl', 'codesign', 'plutil', 'open', 'sw_vers']) mac.removeTool(name)
    const { code, stdout, stderr } = await mac.run(['install', '--dry-run'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('no launchctl') })
    expect(stdout).toMatch(/cp .+\/node.+codesign --force --sign -.+\| <plist.+launchctl enable gui.+bootstrap gui/s)
    const { steps } = JSON.parse((await mac.run(['install', '--dry-run', '--json'])).stdout)
    expect(steps.at(-2).file).toMatchObject({ path: mac.places.plistFile })
    expect(parse(steps.at(-2).file.content)).toMatchObject({ Label: 'com.edge-agent' })
    untouched(mac)
  }))

test.concurrent('an install that was killed leaves nothing that the next one would stumble over', () =>
  withMac(async mac => {
    mac.addTool('codesign', 'touch "$FAKE_MAC/signing"; sleep 60')
    const killed = mac.start(['install'])
    await waitFor('the middle of it', () => existsSync(join(mac.dir, 'signing')))
    expect(await mac.run(['install'])).toMatchObject({ code: 75, stderr: expect.stringContaining('another install') })
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    mac.removeTool('codesign')
    const { code, stderr } = await mac.run(['install'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('codesign is not on this system') })
    expect(readdirSync(dirname(mac.places.runtimeDir))).toEqual(['runtime'])
  }))

test.concurrent('what codesign refuses is told, and nothing is left of the attempt', () =>
  withMac(async mac => {
    mac.write('codesign-fails')
    expect(await mac.run(['install'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot be signed.+\n.+--node/),
    })
    expect(existsSync(mac.places.plistFile) || existsSync(mac.places.runtimeDir)).toBe(false)
    expect(readdirSync(dirname(mac.places.runtimeDir))).toEqual([])
  }))

describe.concurrent('with a node of their own, in place', () => {
  test('neither copies nor signs it, and keeps to it at the next upgrade', () =>
    withMac(async mac => {
      expect(await mac.run(IN_PLACE)).toMatchObject({ code: 0 })
      expect(mac.job()).toMatchObject({ program: process.execPath, state: 'running' })
      expect(mac.calls().filter(call => call.startsWith('codesign --force'))).toEqual([])
      expect(await mac.run(['install', '--upgrade', '--json'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('"action": "nothing"'),
      })
    }))

  test('an agent that does not stay up is explained: exit code, meaning, last lines of the log', () =>
    withMac(async mac => {
      const node = join(mac.dir, 'node')
      const real = `'${process.execPath}' "$@"`
      writeFileSync(node, `#!/bin/sh\ncase "$*" in *" start"*) echo "no can do" >&2; exit 78;; esac\nexec ${real}\n`)
      chmodSync(node, 0o755)
      const { code, stderr } = await mac.run(['install', '--node', node])
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/exited with 78.+last exit code = 78.+no can do.+config check/s),
      })
      expect(await mac.run(['uninstall'])).toMatchObject({ code: 0 })
      expect(mac.job()).toBeUndefined()
    }))

  test('a launchd that is not ready yet is asked again', () =>
    withMac(async mac => {
      mac.fail([
        { verb: 'bootstrap', code: 5, says: 'Bootstrap failed: 5: Input/output error', times: 2 },
        { verb: 'enable', code: 36, times: 1 },
      ])
      expect(await mac.run(IN_PLACE)).toMatchObject({ code: 0 })
    }))

  test('a profile is a service of its own', () =>
    withMac(async mac => {
      expect(await mac.run(IN_PLACE)).toMatchObject({ code: 0 })
      const family = join(mac.dir, 'family.toml')
      writeFileSync(family, readFileSync(mac.places.configFile))
      const args = ['--profile', 'family', '--config', family]
      expect(await mac.run([...IN_PLACE, ...args])).toMatchObject({ code: 0 })
      const { plist = '' } = mac.job('com.edge-agent.family') ?? {}
      expect(parse(readFileSync(plist, 'utf8'))).toMatchObject({
        Label: 'com.edge-agent.family',
        ProgramArguments: expect.arrayContaining(['start', ...args]),
      })
      expect(await mac.run(['uninstall', '--purge', '--yes', ...args])).toMatchObject({ code: 0 })
      expect({ own: mac.job('com.edge-agent.family'), other: mac.job()?.state }).toEqual({
        own: undefined,
        other: 'running',
      })
      expect(readdirSync(dirname(mac.places.runtimeDir))).toEqual(['runtime'])
    }))
})

describe.concurrent('permissions', () => {
  const deny = (mac: MacWithMessages) =>
    mac.simulator.setOsascriptMode({ mode: 'fail-before', number: -1743 }, { target: '*' })

  test('where nobody waits, what is missing is told with how to give it, and ends with 77', () =>
    withMac(async mac => {
      deny(mac)
      const { code, stdout } = await mac.run(IN_PLACE)
      expect({ code, stdout }).toEqual({
        code: 77,
        stdout: expect.stringMatching(/Privacy & Security > Automation.+Automation +missing/s),
      })
      expect(mac.calls().some(call => call.startsWith('open'))).toBe(false)
    }))

  test('where somebody waits, the pane is opened, and the grant is noticed', () =>
    withMac(async mac => {
      deny(mac)
      const opened = join(mac.dir, 'opened')
      mac.write('on-open', `touch '${opened}'`)
      const done = mac.run([...IN_PLACE, '--wait'])
      await waitFor('the pane', () => existsSync(opened))
      mac.simulator.setOsascriptMode({ mode: 'ok' })
      expect(await done).toMatchObject({ code: 0, stdout: expect.stringContaining('can control Messages') })
      expect(mac.calls()).toContain(
        'open x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?Privacy_Automation',
      )
    }))

  test('Ctrl-C ends the waiting with 2; the service goes on, and so does the next install', () =>
    withMac(async mac => {
      deny(mac)
      let isAsked = false
      const { code, stderr } = await mac.run([...IN_PLACE, '--wait'], {
        onOutput: (output, child) => {
          if (isAsked || !output.includes('Ctrl-C stops waiting')) return
          isAsked = child.kill('SIGINT')
        },
      })
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('edge-agent doctor') })
      expect(mac.job()).toMatchObject({ state: 'running' })
      mac.simulator.setOsascriptMode({ mode: 'ok' })
      expect(await mac.run(['install'])).toMatchObject({ code: 0 })
    }))
})
