import { expect, test } from 'vitest'
import { createLaunchctl } from '../../../src/mac/launchd/launchctl.ts'
import type { ToolEnd } from '../../../src/mac/macos/run-tool.ts'

const LABEL = 'com.edge-agent'

const exited = (code: number, stderr = '', stdout = ''): ToolEnd => ({ kind: 'exited', code, stdout, stderr })
const LOADED = exited(0, '', `gui/501/${LABEL} = {\n\tstate = running\n\tpid = 42\n}\n`)
const NOT_LOADED = exited(113, 'Could not find service')

/** launchctl that answers each verb with these ends, the last one again and again; `calls` are the verbs it was asked. */
const scripted = (script: Readonly<Record<string, readonly ToolEnd[]>>) => {
  const calls: string[] = []
  const launchctl = createLaunchctl({
    uid: 501,
    sleep: async () => undefined,
    run: async (_, [verb = '']) => {
      const nth = calls.filter(each => each === verb).length
      calls.push(verb)
      const ends = script[verb] ?? []
      return ends[nth] ?? ends.at(-1) ?? exited(0)
    },
  })
  return { launchctl, calls }
}

test('of a print it reads the lines of the job itself, and misses none for another layout', async () => {
  const printed = (text: string) => scripted({ print: [exited(0, '', text)] }).launchctl.print(LABEL)
  expect(
    await printed(
      [
        `gui/501/${LABEL} = {`,
        '\tactive count = 0',
        '\tpath = /Users/a b/x.plist',
        '\tstate = spawn scheduled',
        '\tprogram = /bin/x = y',
        '\truns = 7',
        '\tlast exit code = 78: EX_CONFIG',
        '\tresource coalition = {',
        '\t\tstate = active',
        '\t\tpid = 9',
        '\t}',
        '}',
      ].join('\n'),
    ),
  ).toEqual({
    kind: 'loaded',
    state: 'spawn scheduled',
    pid: undefined,
    lastExitCode: 78,
    runs: 7,
    plist: '/Users/a b/x.plist',
    program: '/bin/x = y',
  })
  expect(await printed('{\n    state = running\n    pid = 42\n    last exit code = (never exited)\n}')).toMatchObject({
    state: 'running',
    pid: 42,
    lastExitCode: undefined,
  })
  // A layout of some day.
  expect(await printed(`<service ${LABEL}/>`)).toMatchObject({ kind: 'loaded', state: undefined, pid: undefined })
  expect(await printed('hello')).toEqual({ kind: 'unclear', said: 'hello' })
  expect(await printed('')).toEqual({ kind: 'unclear', said: '' })
})

test.each<[string, ToolEnd, string]>([
  ['not loaded', NOT_LOADED, 'not-loaded'],
  ['no session', exited(113, 'Bad request.\nCould not find domain for user gui: 501'), 'no-session'],
  ['no such domain', exited(125, 'Domain does not support specified action'), 'no-session'],
  ['something else', exited(1, 'Input/output error'), 'unclear'],
  ['no answer', { kind: 'timed-out', stdout: '', stderr: '' }, 'unclear'],
  ['no launchctl', { kind: 'not-found' }, 'no-launchd'],
])('a print that says: %s', async (_, end, kind) => {
  expect((await scripted({ print: [end] }).launchctl.print(LABEL)).kind).toBe(kind)
})

test('a job that is still going away is waited for, and bootstrap is tried again meanwhile', async () => {
  const { launchctl, calls } = scripted({
    bootout: [exited(36, 'Operation now in progress')],
    print: [LOADED, LOADED, NOT_LOADED, NOT_LOADED, NOT_LOADED, LOADED],
    bootstrap: [exited(5, 'Bootstrap failed: 5: Input/output error'), exited(37), exited(0)],
  })
  await launchctl.bootout(LABEL)
  await launchctl.bootstrap(LABEL, '/x.plist')
  expect(calls).toEqual([
    'bootout',
    'print',
    'print',
    'print',
    'bootstrap',
    'print',
    'bootstrap',
    'print',
    'bootstrap',
    'print',
  ])
})

test.each([
  ['with 5', exited(5, 'Bootstrap failed: 5: Input/output error')],
  ['with 37', exited(37, 'Operation already in progress')],
  ['with 130', exited(130, 'service already exists in domain')],
])('a job that is loaded already is as good, though bootstrap refuses %s', async (_, end) => {
  const { launchctl } = scripted({ bootstrap: [end], print: [LOADED] })
  await launchctl.bootstrap(LABEL, '/x.plist')
})

test.each([
  ['was not loaded, 3', exited(3, 'Boot-out failed: 3: No such process')],
  ['was not loaded, 113', exited(113, 'Could not find specified service')],
])('bootout of what %s is fine', async (_, end) => {
  await scripted({ bootout: [end], print: [NOT_LOADED] }).launchctl.bootout(LABEL)
})

test.each<[string, ToolEnd, string]>([
  ['nobody is logged in', exited(125, 'Domain does not support specified action'), 'launchd_no_session'],
  ['it does not say why', exited(78, 'Function not implemented'), 'launchd_78'],
  ['there is no launchctl', { kind: 'not-found' }, 'no_launchd'],
  ['it does not finish', { kind: 'timed-out', stdout: '', stderr: '' }, 'launchd_silent'],
])('a bootstrap that is refused tells what to do: %s', async (_, end, code) => {
  const { launchctl } = scripted({ bootstrap: [end], print: [NOT_LOADED] })
  await expect(launchctl.bootstrap(LABEL, '/x.plist')).rejects.toMatchObject({ code, remedy: expect.any(String) })
})

test('success that left no job behind is none', async () => {
  const { launchctl } = scripted({ print: [NOT_LOADED] })
  await expect(launchctl.bootstrap(LABEL, '/x.plist')).rejects.toMatchObject({ code: 'launchd_not_loaded' })
})

test.each([
  [`\t"${LABEL}" => disabled`, true],
  [`\t"${LABEL}" => true`, true],
  [`\t"${LABEL}" => enabled`, false],
  [`\t"${LABEL}.family" => disabled`, false],
  ['', false],
])('print-disabled with %j: switched off is %s', async (line, is) => {
  const { launchctl } = scripted({ 'print-disabled': [exited(0, '', `disabled services = {\n${line}\n}`)] })
  expect(await launchctl.isDisabled(LABEL)).toBe(is)
})
