import { readFileSync } from 'node:fs'
import { parse } from 'plist'
import { expect, test } from 'vitest'
import { renderPlist } from '../../../src/mac/launchd/render-plist.ts'

const TEMPLATE = readFileSync(new URL('../../../launchd/com.edge-agent.plist', import.meta.url), 'utf8')

const render = (home: string, args: readonly string[] = []) =>
  renderPlist(TEMPLATE, {
    label: 'com.edge-agent',
    binary: `${home}/runtime/edge-agent`,
    program: `${home}/runtime/app/dist/main.js`,
    args,
    searchPath: '/usr/bin:/bin:/usr/sbin:/sbin',
    folder: home,
    launchdLog: `${home}/launchd.log`,
  })

test('another parser of plists finds each key that launchd is to have, and no other', () => {
  expect(parse(render('/Users/a', ['--profile', 'family']))).toEqual({
    Label: 'com.edge-agent',
    ProgramArguments: [
      '/Users/a/runtime/edge-agent',
      '/Users/a/runtime/app/dist/main.js',
      'start',
      '--profile',
      'family',
    ],
    EnvironmentVariables: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
    WorkingDirectory: '/Users/a',
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false, Crashed: true },
    ThrottleInterval: 10,
    ExitTimeOut: 30,
    ProcessType: 'Interactive',
    LimitLoadToSessionType: 'Aqua',
    StandardInPath: '/dev/null',
    StandardOutPath: '/Users/a/launchd.log',
    StandardErrorPath: '/Users/a/launchd.log',
    Umask: 63,
    SoftResourceLimits: { NumberOfFiles: 4096 },
  })
})

test.each(['/Users/Jürgen & Söhne', `/Volumes/"x" 'y' <b>`, '/Users/$& $1 ARGUMENT LABEL', '/Users/]]> &amp; 家 👋'])(
  'a home called %s comes through as it is',
  home => {
    const { ProgramArguments, WorkingDirectory } = parse(render(home, ['--config', `${home}/c.toml`])) as Record<
      string,
      unknown
    >
    expect(WorkingDirectory).toBe(home)
    expect(ProgramArguments).toEqual(
      expect.arrayContaining([`${home}/runtime/edge-agent`, 'start', '--config', `${home}/c.toml`]),
    )
  },
)

test('what XML cannot hold is refused', () => {
  expect(() => render('/Users/a\u0007b')).toThrow(expect.objectContaining({ code: 'odd_path' }))
})
