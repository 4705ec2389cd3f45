import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serveControl } from '../../../src/agent/control/serve-control.ts'
import type { AutomationProbe, ChatDbProbe } from '../../../src/agent/core/probes.ts'
import { leadThroughPermissions } from '../../../src/mac/install/lead-through-permissions.ts'
import type { Told } from '../../../src/mac/install/tell.ts'
import type { ServiceState } from '../../../src/mac/launchd/launchctl.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'agent-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const FORBIDDEN: ChatDbProbe = {
  readable: false,
  problem: { code: 'chat_db_forbidden', message: 'no', remedy: 'grant' },
}
const MISSING: ChatDbProbe = {
  readable: false,
  problem: { code: 'chat_db_missing', message: 'gone', remedy: 'sign in' },
}
const READABLE: ChatDbProbe = { readable: true }
const automation = (state: AutomationProbe['state']): AutomationProbe => ({ state, tookMs: 1 })
const GRANTED = automation('granted')

/** An agent whose probes find these things in turn, the last one again and again; nobody answers where it is undefined. */
const lead = async (
  agent: { readonly chatDb: readonly ChatDbProbe[]; readonly automation: readonly AutomationProbe[] } | undefined,
  options: { wait?: boolean; seen?: ServiceState; openFails?: boolean; onKickstart?: () => void; anewMs?: number } = {},
) => {
  const socket = join(dir, 'agent.sock')
  const told: Told[] = []
  const opened: string[] = []
  const inTurn = (all: readonly unknown[]) => {
    let nth = 0
    return () => all[Math.min(nth++, all.length - 1)]
  }
  const control =
    agent &&
    (await serveControl(socket, {
      'probe-chat-db': inTurn(agent.chatDb),
      'probe-automation': inTurn(agent.automation),
    }))
  try {
    const permissions = await leadThroughPermissions({
      socket,
      label: 'com.edge-agent',
      binary: '/Users/a/runtime/edge-agent',
      launchctl: {
        kickstart: async () => options.onKickstart?.(),
        print: async () => options.seen ?? { kind: 'not-loaded' },
      },
      run: async (_, [url = '']) => {
        opened.push(url)
        return { kind: 'exited', code: options.openFails ? 1 : 0, stdout: '', stderr: '' }
      },
      tell: each => told.push(each),
      wait: options.wait ?? false,
      signal: AbortSignal.timeout(10_000),
      lookMs: 5,
      anewMs: options.anewMs ?? 60_000,
    })
    return { permissions, opened, asked: told.filter(({ kind }) => kind === 'ask').map(({ text }) => text) }
  } finally {
    await control?.close()
  }
}

test('with both permissions nothing is asked of anybody', async () => {
  const { permissions, opened, asked } = await lead({ chatDb: [READABLE], automation: [GRANTED] })
  expect(permissions).toEqual({ fullDiskAccess: { state: 'granted' }, automation: { state: 'granted' } })
  expect({ opened, asked }).toEqual({ opened: [], asked: [] })
})

test('one after the other: the right pane, the click path with the binary, and the grant is noticed', async () => {
  const { permissions, opened, asked } = await lead(
    { chatDb: [FORBIDDEN, FORBIDDEN, READABLE], automation: [automation('unanswered'), automation('denied'), GRANTED] },
    { wait: true },
  )
  expect(permissions).toMatchObject({ fullDiskAccess: { state: 'granted' }, automation: { state: 'granted' } })
  expect(opened.map(url => url.split('?')[1])).toEqual(['Privacy_AllFiles', 'Privacy_Automation'])
  expect(asked[0]).toMatch(/Full Disk Access\n.+\n +\/Users\/a\/runtime\/edge-agent\n/)
  expect(asked[1]).toMatch(/is waiting on screen.+Automation\n.+below edge-agent/s)
})

test('where the form of the URL is not known, the older one is tried', async () => {
  const { opened } = await lead(
    { chatDb: [FORBIDDEN, READABLE], automation: [GRANTED] },
    { wait: true, openFails: true },
  )
  expect(opened).toEqual([
    'x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?Privacy_AllFiles',
    'x-apple.systempreferences:com.apple.preference.security?Privacy_AllFiles',
  ])
})

test('the agent is started anew meanwhile: macOS may show it the grant only then', async () => {
  const chatDb = [FORBIDDEN]
  const { permissions } = await lead(
    { chatDb, automation: [GRANTED] },
    { wait: true, anewMs: 20, onKickstart: () => chatDb.splice(0, 1, READABLE) },
  )
  expect(permissions.fullDiskAccess.state).toBe('granted')
})

test('while somebody waits, the path is told once, though the agent comes and goes', async () => {
  const { asked } = await lead(
    { chatDb: [FORBIDDEN, MISSING, FORBIDDEN, READABLE], automation: [GRANTED] },
    { wait: true },
  )
  expect(asked).toEqual([expect.stringContaining('Full Disk Access')])
})

test('where nobody waits, each is looked at once', async () => {
  const { permissions, opened, asked } = await lead({ chatDb: [FORBIDDEN, READABLE], automation: [GRANTED] })
  expect(permissions).toMatchObject({ fullDiskAccess: { state: 'missing' }, automation: { state: 'unknown' } })
  expect({ opened, asked }).toEqual({ opened: [], asked: [expect.stringContaining('Full Disk Access')] })
})

test('a chat.db that is not there is no matter of permission', async () => {
  const { permissions, asked } = await lead({ chatDb: [MISSING], automation: [GRANTED] })
  expect(permissions).toMatchObject({ fullDiskAccess: { state: 'unknown', problem: 'gone' } })
  expect(asked).toEqual(['gone\nsign in'])
})

test('a service that ends with 77 again and again lacks Full Disk Access', async () => {
  const seen = { kind: 'loaded', state: 'spawn scheduled', pid: undefined, lastExitCode: 77, runs: 3 } as const
  const { permissions } = await lead(undefined, { seen: { ...seen, plist: undefined, program: undefined } })
  expect(permissions.fullDiskAccess.state).toBe('missing')
})
