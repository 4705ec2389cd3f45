import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test, vi } from 'vitest'
import { createLineWriter } from '../../../src/agent/log/line-writer.ts'
import { createLog } from '../../../src/agent/log/log.ts'

afterEach(() => vi.unstubAllEnvs())

const newFile = (): string => join(mkdtempSync(join(tmpdir(), 'edge-log-')), 'log')

/** What a log that is given to `write` holds afterwards. */
const written = async (
  options: { format: 'json' | 'pretty'; level?: string; isTTY?: boolean },
  write: (log: Awaited<ReturnType<typeof createLog>>) => void,
): Promise<string> => {
  const path = newFile()
  const fd = openSync(path, 'a')
  write(await createLog({ level: 'info', ...options, destination: { fd, isTTY: options.isTTY ?? false } }))
  closeSync(fd)
  return readFileSync(path, 'utf8')
}

test('a JSON line has its level by name, the time in ISO form, the event and its fields', async () => {
  const text = await written({ format: 'json' }, log => log.warn({ attempt: 2 }, 'post failed'))
  expect(text.endsWith('\n')).toBe(true)
  expect(JSON.parse(text)).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    pid: process.pid,
    attempt: 2,
    msg: 'post failed',
  })
})

test('less serious events are left out', async () => {
  expect(await written({ format: 'json', level: 'warn' }, log => log.info({}, 'tick'))).toBe('')
})

test('texts and secrets are redacted, at the top and inside', async () => {
  const text = await written({ format: 'json' }, log =>
    log.info({ text: 'hello', request: { body: 'hello', headers: { Authorization: 'hello' } } }, 'posted'),
  )
  expect(text).not.toContain('hello')
  expect(JSON.parse(text)).toMatchObject({ text: '[redacted]', request: { headers: { Authorization: '[redacted]' } } })
})

test('phone numbers, addresses and chats are masked wherever they are, and the line stays JSON', async () => {
  const people = [
    '+15622924139',
    '562-292-4139',
    '(562) 292-4139',
    '+1 562 292 4139',
    'chat655333',
    'ann.b+c@mail.example',
  ]
  for (const person of people) {
    const text = await written({ format: 'json' }, log =>
      log.error({ err: new Error(`no chat with\n${person}\u0007`), [person]: 1 }, `send to ${person} failed`),
    )
    expect(text).not.toMatch(/562|292|4139|655|ann|mail\.example/)
    expect(JSON.parse(text)).toMatchObject({
      err: { message: 'no chat with\n…\u0007' },
      msg: 'send to … failed',
      '…': 1,
    })
  }
})

test('what a log is read by stays: times, guids, pids and numbers of any length', async () => {
  const fields = {
    guid: 'B373E262-AFC1-41F5-B802-123456789012',
    waitMs: 15622924139,
    of: 4194304,
    url: 'http://127.0.0.1:54321',
  }
  const text = await written({ format: 'json' }, log => log.info(fields, 'message waits for its retry'))
  expect(JSON.parse(text)).toMatchObject({
    ...fields,
    pid: process.pid,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    msg: 'message waits for its retry',
  })
})

test.each(['json', 'pretty'] as const)(
  'what others wrote does nothing to the terminal that shows the log (%s)',
  async format => {
    const commandId = '\u001b[2J\u009b2J\u007f\u202etxt\u2028end'
    const text = await written({ format }, log => log.warn({ commandId }, 'command refused'))
    expect(text.trimEnd()).not.toMatch(/[\p{Cf}\p{Zl}\u007f-\u009f]|(?!\n)\p{Cc}/u)
    if (format === 'json') expect(JSON.parse(text)).toMatchObject({ commandId })
  },
)

test('a long text without an address does not take long', async () => {
  const before = process.cpuUsage()
  await written({ format: 'json' }, log => log.info({ blob: 'a'.repeat(200_000) }, 'long'))
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000)
})

test('a pretty log is for people: colour on a terminal only, and never against NO_COLOR', async () => {
  vi.stubEnv('NO_COLOR', '')
  const plain = await written({ format: 'pretty' }, log => log.info({ n: 1 }, 'agent started'))
  expect(plain).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: agent started\n {4}n: 1\n$/)
  const onTerminal = (): Promise<string> => written({ format: 'pretty', isTTY: true }, log => log.info({}, 'hi'))
  expect(await onTerminal()).toContain('\x1b[')
  vi.stubEnv('NO_COLOR', '1')
  expect(await onTerminal()).not.toContain('\x1b[')
})

test('lost lines are counted, and reported when there is room again', () => {
  const path = newFile()
  const fd = openSync(path, 'a')
  const write = createLineWriter(
    () => fd,
    lost => `lost ${lost}\n`,
  )
  write('one\n')
  closeSync(fd)
  write('two\n')
  write('three\n')
  // The lowest free descriptor is the one just closed.
  expect(openSync(path, 'a')).toBe(fd)
  write('four\n')
  closeSync(fd)
  expect(readFileSync(path, 'utf8')).toBe('one\nlost 2\nfour\n')
})

const LOG = fileURLToPath(new URL('../../../dist/agent/log/log.js', import.meta.url))
const HUNDRED_LINES = `
  const { createLog } = await import(${JSON.stringify(LOG)})
  const log = await createLog({ level: 'info', format: process.argv[1] })
  for (let i = 0; i < 100; i++) log.info({ filler: 'x'.repeat(10_000) }, 'line')
  process.stderr.write('alive')`

const runHundredLines = (redirect: string, format: string) =>
  spawnSync(
    'bash',
    ['-c', `mkfifo pipe; "$0" --input-type=module -e "$1" ${format} ${redirect}`, process.execPath, HUNDRED_LINES],
    {
      encoding: 'utf8',
      cwd: mkdtempSync(join(tmpdir(), 'edge-log-')),
      timeout: 60_000, // of one that is held up
      killSignal: 'SIGKILL',
    },
  )

test.each([
  ['a reader that has left', '| true'],
  ['a closed standard output', '>&-'],
  ['a reader that never reads', '1<>pipe'],
])('%s neither ends nor holds up the process', (_, redirect) => {
  for (const format of ['json', 'pretty']) expect(runHundredLines(redirect, format).stderr).toBe('alive')
})

test.skipIf(!existsSync('/dev/full'))('a full disk does not end the process', () => {
  for (const format of ['json', 'pretty']) expect(runHundredLines('>/dev/full', format).stderr).toBe('alive')
})

test('a file that cannot be had costs no line: they go to standard error, with one word about it, until it can', () => {
  const dir = mkdtempSync(join(tmpdir(), 'edge-log-'))
  const file = join(dir, 'folder', 'agent.log')
  writeFileSync(join(dir, 'folder'), 'in the way')
  const module = fileURLToPath(new URL('../../../src/agent/log/log.ts', import.meta.url))
  const program = `
    import { rmSync } from 'node:fs'
    const { createLog } = await import(${JSON.stringify(module)})
    const log = await createLog({ level: 'info', format: 'json', file: ${JSON.stringify(file)} })
    log.info({}, 'one')
    log.info({}, 'two')
    rmSync(${JSON.stringify(join(dir, 'folder'))})
    log.info({}, 'three')`
  const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  const said = stderr
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(said).toMatchObject([{ code: 'log_unwritable', file }, { msg: 'one' }, { msg: 'two' }])
  expect(stdout).toBe('')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ msg: 'three' })
})
