import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

const edgeAgent = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('--version prints the version of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(edgeAgent('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
})

test('--help shows the commands and examples, and keeps the simulator to itself', () => {
  const { status, stdout } = edgeAgent('--help')
  expect(status).toBe(0)
  expect(stdout).toMatch(/Set up:.+init.+Run:.+start.+Inspect:.+status.+Try:.+mock-backend.+Examples:/s)
  expect(stdout).not.toContain('messages-simulator')
  expect(edgeAgent('messages-simulator', '--help').status).toBe(0)
})

test('settings stand below the options of a command, even where --help is the only one', () => {
  for (const command of ['start', 'status'])
    expect(edgeAgent(command, '--help').stdout).toMatch(/\nOptions:\n.* -h, --help.*\nSettings:\n.*--config/s)
})

test('each command teaches by example, on 80 columns', () => {
  const { stdout } = edgeAgent('--help')
  const commands = [...stdout.matchAll(/^ {2}([a-z-]+) .*? {2,}\w/gm)].map(([, name = '']) => name)
  expect(commands.length).toBeGreaterThan(8)
  for (const command of commands.filter(name => !['help', 'completion'].includes(name))) {
    const help = edgeAgent(command, '--help').stdout
    expect(help).toMatch(new RegExp(`Examples:(\n.*)*edge-agent ${command}`))
    expect(help.split('\n').filter(line => line.length > 80)).toEqual([])
  }
})

test.each([
  ['no command', []],
  ['an unknown command', ['strat']],
  ['an unknown option', ['config', 'check', '--verbose']],
  ['an option without its value', ['config', 'check', '--config']],
  ['too many arguments', ['config', 'check', 'please']],
])('%s is a usage error, 64', (_, args) => {
  const { status, stdout, stderr } = edgeAgent(...args)
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' })
  expect(stderr).toMatch(args.length === 0 ? /^Usage: edge-agent/ : /^edge-agent: .+--help/s)
})

test('a mistyped command is met with the likely one', () => {
  expect(edgeAgent('strat').stderr).toContain('Did you mean start?')
})

test('with --json a usage error is one JSON object on standard error', () => {
  const { status, stderr } = edgeAgent('config', 'check', '--json', '--verbose')
  expect(status).toBe(64)
  expect(JSON.parse(stderr)).toEqual({ error: { code: 'usage', message: "unknown option '--verbose'", exit: 64 } })
})

test('an error that a person can mend is printed with its remedy and ends with its code', () => {
  const { status, stderr } = edgeAgent('config', 'check', '--config', '/no/such/file.toml', '--agent-id', 'e')
  expect(status).toBe(78)
  expect(stderr).toMatch(/^edge-agent: .+\n( {2}.+\n)+$/)
})

test('a reader that has seen enough does not make it fall over', () => {
  const { stderr } = spawnSync('bash', ['-c', '"$0" "$1" --help | true', process.execPath, MAIN], { encoding: 'utf8' })
  expect(stderr).toBe('')
})
