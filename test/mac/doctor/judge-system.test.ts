import { expect, test } from 'vitest'
import { judgeSystem } from '../../../src/mac/doctor/judge-system.ts'
import type { SystemFacts } from '../../../src/mac/doctor/look-at-system.ts'
import { ended, HANGS, MISSING, said } from './ends.ts'

const MAC: SystemFacts = {
  swVers: said('15.4\n'),
  translated: said('0\n'),
  arch: 'arm64',
  uid: 501,
  overSsh: false,
  pmset: said('Currently in use:\n sleep                0\n womp                 1\n'),
  battery: said("Now drawing from 'AC Power'\n"),
  fileVault: said('FileVault is Off.\n'),
}
const judge = (facts: Partial<SystemFacts>, code: string) =>
  judgeSystem({ ...MAC, ...facts }).find(check => check.code === code)

test('a Mac that is as it should be passes in everything', () => {
  expect(judgeSystem(MAC).map(({ code, state }) => `${code} ${state}`)).toEqual([
    'macos ok',
    'architecture ok',
    'user ok',
    'terminal ok',
    'sleep ok',
    'restart ok',
  ])
})

test.each([
  ['13.0', 'ok'],
  ['27.0.1', 'ok'],
  ['12.7.6', 'failed'],
  ['28.0', 'warning'],
])('macOS %s is %s', (version, state) => {
  expect(judge({ swVers: said(`${version}\n`) }, 'macos')).toMatchObject({
    state,
    seen: expect.stringContaining(version),
  })
})

test.each([
  ['hangs', HANGS, 'warning'],
  ['fails', ended(1, 'no such option'), 'warning'],
  ['says something else', said('unbekannt\n'), 'warning'],
  ['is missing', MISSING, 'skipped'],
])('a sw_vers that %s is told', (_, swVers, state) => {
  expect(judge({ swVers }, 'macos')).toMatchObject({ state })
})

test('Rosetta, root and SSH are warned of; sysctl of another system means nothing', () => {
  expect(judge({ translated: said('1\n'), arch: 'x64' }, 'architecture')?.state).toBe('warning')
  expect(judge({ translated: said('1\n'), swVers: MISSING }, 'architecture')?.state).toBe('ok')
  expect(judge({ uid: 0 }, 'user')?.state).toBe('warning')
  expect(judge({ overSsh: true }, 'terminal')).toMatchObject({ state: 'warning', seen: expect.stringContaining('SSH') })
})

test.each([
  [' sleep                10\n womp                 0\n', 'warning', /goes to sleep after 10 .*network/],
  [' sleep 1 (sleep prevented by caffeinate, node)\n', 'ok', /being kept awake: “sleep prevented by caffeinate/],
  [' displaysleep 10\n disksleep 10\n', 'skipped', /does not mention sleep/],
])('pmset %j is %s', (settings, state, seen) => {
  expect(judge({ pmset: said(settings) }, 'sleep')).toMatchObject({ state, seen: expect.stringMatching(seen) })
})

test('a laptop is told what its lid does, unless it was kept from it', () => {
  const battery = said(' -InternalBattery-0 (id=1)\t100%; charged\n')
  expect(judge({ battery }, 'sleep')?.seen).toContain('lid')
  expect(judge({ battery, pmset: said(' SleepDisabled 1\n sleep 0\n') }, 'sleep')?.seen).not.toContain('lid')
})

test('FileVault is no fault, but means a login after each restart', () => {
  expect(judge({ fileVault: said('FileVault is On.\n') }, 'restart')).toMatchObject({
    state: 'ok',
    seen: expect.stringContaining('until somebody logs in'),
  })
  expect(judge({ fileVault: ended(1, 'fdesetup: nicht erlaubt') }, 'restart')?.state).toBe('skipped')
})
