import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { CATALOGUE } from '../../../src/lab/mock-backend/catalogue/catalogue.ts'
import { readScenario } from '../../../src/lab/mock-backend/read-scenario.ts'
import { startWithConsole } from '../../../src/lab/mock-backend/start-with-console.ts'

const SHIPPED = fileURLToPath(new URL('../../../docs/scenarios', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'scenarios-'))
afterAll(() => rmSync(dir, { recursive: true }))

const write = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}

const complaint = (path: string): string => {
  try {
    readScenario(path)
  } catch (error) {
    return (error as Error).message
  }
  return 'no complaint'
}

test.each(readdirSync(SHIPPED))('the example %s fits, says what it shows, and its faults can be laid', async name => {
  const {
    title,
    about,
    downForMs: _,
    faults,
    dialect: _d,
    idempotency: _k,
    ...scenario
  } = readScenario(join(SHIPPED, name))
  const { replyCommand: _c, replyTimeoutMs: _t, ...behaviour } = scenario
  expect([title, about]).toEqual([expect.any(String), expect.any(String)])
  const { backend, close } = await startWithConsole({ behaviour: clean(behaviour), faults })
  const laid = await (await fetch(`${backend.url}/mock/faults`)).json()
  expect(laid).toHaveLength(faults.length)
  await close()
})

const clean = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never

test.each([
  [
    'fault.toml',
    '[[faults]]\nfault = "gremlins"',
    /there is no fault "gremlins"; there are status, .*\n.*faults\[0\]\.fault/,
  ],
  ['param.toml', '[[faults]]\nfault = "slow"\nms = "long"', /faults\[0\]\.ms/],
  ['stranger.toml', '[[faults]]\nfault = "slow"\nseconds = 3', /"seconds"/],
  ['now.toml', '[[faults]]\nfault = "terminate"', /no agent is connected at the start: use at = "connect"/],
  ['times.toml', '[[faults]]\nfault = "reset"\ntimes = 0', /Too small.*\n.*faults\[0\]\.times/],
  ['pattern.toml', '[[table]]\nmatch = "("\nbubbles = []', /is not a regular expression\n.*table\[0\]\.match/],
  ['field.json', '{"thinkms": 3}', /thinkms/],
  ['syntax.toml', 'thinkMs =', /is not TOML/],
  ['syntax.json', '{', /is not JSON/],
])('what is wrong in %s is named', (name, text, expected) => {
  const path = write(name, text)
  expect(complaint(path)).toMatch(expected)
  expect(complaint(path)).toContain(path)
})

test('a file that is not there is named', () => {
  expect(complaint(join(dir, 'none.toml'))).toMatch(/none\.toml cannot be read: ENOENT/)
})

test('docs/mock-backend.md has every fault, with each of its parameters, and every example', () => {
  const doc = readFileSync(join(SHIPPED, '..', 'mock-backend.md'), 'utf8')
  for (const { name, params } of CATALOGUE) {
    const row = doc.split('\n').find(line => line.startsWith(`| \`${name}\` |`)) ?? ''
    for (const param of params) expect(row, name).toContain(`\`${param}\``)
  }
  for (const name of readdirSync(SHIPPED)) expect(doc).toContain(`(scenarios/${name})`)
})
