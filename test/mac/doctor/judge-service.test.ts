import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitOf } from '../../../src/mac/doctor/check.ts'
import { judgeService } from '../../../src/mac/doctor/judge-service.ts'
import { type PlistFile, readPlist, type ServiceFacts } from '../../../src/mac/doctor/look-at-service.ts'
import type { ServiceState } from '../../../src/mac/launchd/launchctl.ts'
import { ended, said } from './ends.ts'

const PLIST: PlistFile = { uid: 501, mode: 0o644, text: 'same', program: ['/bin/sh'], missing: [] }
const LOADED = {
  kind: 'loaded',
  state: 'running',
  pid: 4242,
  lastExitCode: undefined,
  lastSignal: undefined,
  runs: 1,
  plist: undefined,
  program: undefined,
} as const
const FACTS: ServiceFacts = {
  label: 'com.edge-agent',
  domain: 'gui/501',
  uid: 501,
  plistFile: '/Users/ann/Library/LaunchAgents/com.edge-agent.plist',
  plist: PLIST,
  lint: said('OK'),
  job: LOADED,
  disabled: false,
  overSsh: false,
}
const judgeAll = (facts: Partial<ServiceFacts>, expected = 'same') =>
  judgeService({ ...FACTS, ...facts }, { installed: { kind: 'none' }, expected })
const judge = (facts: Partial<ServiceFacts>, code: string, expected?: string) =>
  judgeAll(facts, expected).find(check => check.code === code)

test('a service that runs passes in everything', () => {
  expect(judgeAll({}).filter(({ state }) => state !== 'ok')).toEqual([])
})

test.each<[string, Partial<PlistFile>, string]>([
  ['others may write', { mode: 0o664 }, 'chmod 644'],
  ['belongs to root', { uid: 0 }, 'sudo chown 501'],
])('launchd takes no plist that %s', (_, plist, cure) => {
  expect(judge({ plist: { ...PLIST, ...plist } }, 'plist_mode')).toMatchObject({
    state: 'failed',
    cure: expect.stringContaining(cure),
  })
})

test('a plist that is broken, points nowhere, is guarded or outdated is told', () => {
  expect(judge({ lint: ended(1, 'Unexpected character') }, 'plist_syntax')?.state).toBe('failed')
  expect(judge({ plist: { ...PLIST, missing: ['/gone'] } }, 'plist_program')?.state).toBe('failed')
  expect(judge({ plist: { ...PLIST, program: ['/Users/ann/Documents/edge/node'] } }, 'plist_program')?.state).toBe(
    'failed',
  )
  expect(judge({}, 'plist_current', 'another')?.state).toBe('warning')
  expect(judge({}, 'plist_current', ' same <!-- with a comment -->')?.state).toBe('ok')
})

test('a log that is still to be written is no missing program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plist-'))
  const path = join(folder, 'x.plist')
  const words = ['/bin/sh', '/no/main.js', 'start', '--log-file', '/no/agent.log']
  const strings = words.map(word => `<string>${word}</string>`).join('\n')
  writeFileSync(path, `<key>ProgramArguments</key>\n<array>\n${strings}\n</array>`)
  expect(readPlist(path)).toMatchObject({ program: words, missing: ['/no/main.js'] })
  rmSync(folder, { recursive: true })
})

test('a job of which launchctl says nothing is not said to stand still', () => {
  const { state: _, pid: __, ...silent } = LOADED
  expect(judge({ job: { ...silent, state: undefined, pid: undefined } }, 'service_loaded')?.state).toBe('warning')
})

test('a job without its plist does not come back; without either there is no service', () => {
  expect(judge({ plist: undefined }, 'plist')?.state).toBe('failed')
  expect(judge({ plist: undefined, job: { kind: 'not-loaded' } }, 'plist')?.state).toBe('warning')
  expect(judgeAll({ plist: undefined, job: { kind: 'no-launchd' } })).toMatchObject([
    { code: 'service', state: 'skipped' },
  ])
})

test.each<[ServiceState, string, RegExp, RegExp]>([
  [{ kind: 'not-loaded' }, 'failed', /113/, /launchctl bootstrap gui\/501/],
  [{ kind: 'no-session' }, 'failed', /125/, /Log in as this user, at the screen/],
  [{ kind: 'unclear', said: 'Input/output error', code: 5 }, 'warning', /refused/, /edge-agent install/],
  [{ kind: 'unclear', said: '', code: 36 }, 'warning', /still ending/, /Wait/],
  [{ kind: 'unclear', said: '', code: 37 }, 'warning', /being loaded/, /Wait/],
  [{ kind: 'unclear', said: 'Function not implemented', code: 78 }, 'warning', /cannot be used/, /edge-agent install/],
  [{ kind: 'unclear', said: 'Etwas anderes', code: 9 }, 'warning', /Etwas anderes/, /launchctl error 9/],
  [{ kind: 'unclear', said: 'launchctl print does not finish' }, 'warning', /does not finish/, /again/],
  [{ ...LOADED, pid: undefined, state: 'spawn scheduled' }, 'failed', /spawn scheduled/, /kickstart/],
])('launchd says %j: %s', (job, state, seen, cure) => {
  expect(judge({ job }, 'service_loaded')).toMatchObject({
    state,
    seen: expect.stringMatching(seen),
    cure: expect.stringMatching(cure),
  })
})

test.each([
  [78, 'failed', 'service'],
  [77, 'failed', 'permissions'],
  [75, 'failed', 'service'],
  [-9, 'failed', 'service'],
  [0, 'warning', 'service'],
])('a job that ended with %d and does not run is %s', (lastExitCode, state, group) => {
  const check = judge({ job: { ...LOADED, pid: undefined, lastExitCode } }, 'service_last_exit')
  expect(check).toMatchObject({ state, group, cure: expect.stringMatching(/./) })
})

test('an end that it recovered from is worth a warning only where it happens time and again', () => {
  expect(judge({ job: { ...LOADED, lastExitCode: 1, runs: 2 } }, 'service_last_exit')?.state).toBe('ok')
  expect(judge({ job: { ...LOADED, lastExitCode: 1, runs: 40 } }, 'service_last_exit')?.state).toBe('warning')
  expect(judge({ job: { ...LOADED, pid: undefined, lastSignal: 'Killed: 9' } }, 'service_last_exit')?.seen).toContain(
    'Killed: 9',
  )
})

test('what was switched off in Login Items is told with both ways to switch it on', () => {
  expect(judge({ disabled: true }, 'service_enabled')).toMatchObject({
    state: 'failed',
    cure: expect.stringMatching(/launchctl enable gui\/501\/com\.edge-agent.*LoginItems/),
  })
  expect(judge({ disabled: undefined }, 'service_enabled')?.state).toBe('skipped')
})

test('the exit code is that of the only kind of failure, and 1 where there are several', () => {
  const failed = (group: 'settings' | 'backend' | 'permissions' | 'state') =>
    ({ code: 'x', group, state: 'failed', seen: '' }) as const
  expect(exitOf([])).toBe(0)
  expect(exitOf([{ ...failed('state'), state: 'warning' }])).toBe(0)
  expect(exitOf([failed('settings')])).toBe(78)
  expect(exitOf([failed('backend'), failed('backend')])).toBe(69)
  expect(exitOf([failed('permissions')])).toBe(77)
  expect(exitOf([failed('state')])).toBe(1)
  expect(exitOf([failed('backend'), failed('settings')])).toBe(1)
})
