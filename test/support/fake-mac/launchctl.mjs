// launchctl of the fake Mac: its verbs for the agents of one user. Each job has a launchd of its own (job.mjs), which
// keeps `launchd/LABEL.json` for as long as the job is loaded.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse } from 'plist'

const root = process.env.FAKE_MAC
const folder = join(root, 'launchd')
const [verb = 'help', ...args] = process.argv.slice(2)
const target = args.findLast(arg => arg.startsWith('gui/')) ?? ''
const domain = target.split('/').slice(0, 2).join('/')
const label = target.split('/')[2]

appendFileSync(join(root, 'calls.log'), `launchctl ${process.argv.slice(2).join(' ')}\n`)
mkdirSync(folder, { recursive: true })
await failAsScripted()
if (domain !== `gui/${process.getuid()}`) end(125, `Could not find domain for user gui: ${domain.slice(4)}`)
await run()

async function run() {
  switch (verb) {
    case 'bootstrap':
      return bootstrap(args[1])
    case 'bootout':
      return job() ? process.kill(job().launchd, 'SIGTERM') : end(3, 'Boot-out failed: 3: No such process')
    case 'kickstart':
      if (!job()) end(113, `Could not find service "${label}" in domain for user gui`)
      return process.kill(job().launchd, args.includes('-k') ? 'SIGUSR2' : 'SIGUSR1')
    case 'enable':
    case 'disable':
      return write('disabled', { ...disabled(), [label]: verb === 'disable' })
    case 'print-disabled':
      return print('disabled services = {', ...Object.entries(disabled()).map(isDisabled), '}')
    case 'print':
      if (!label) return print(`${domain} = {`, '\ttype = login', '}')
      if (!job()) end(113, `Bad request.\nCould not find service "${label}" in domain for user gui: ${domain.slice(4)}`)
      return printJob(job())
    default:
      end(64, `Unrecognized subcommand: ${verb}`)
  }
}

/** Returns when the job is loaded; it starts a moment later. */
async function bootstrap(plist) {
  const { Label } = parse(readFileSync(plist, 'utf8'))
  const refused = () => end(5, 'Bootstrap failed: 5: Input/output error')
  if (read(Label) || disabled()[Label]) refused()
  const program = join(dirname(fileURLToPath(import.meta.url)), 'job.mjs')
  spawn(process.execPath, [program, plist, join(folder, `${Label}.json`)], { detached: true, stdio: 'ignore' }).unref()
  while (!read(Label)) await sleep(10)
}

function printJob({ plist, program, args, state, pid, runs, lastExitCode }) {
  print(
    `${target} = {`,
    `\tactive count = ${pid ? 1 : 0}`,
    `\tpath = ${plist}`,
    '\ttype = LaunchAgent',
    `\tstate = ${state}`,
    '',
    `\tprogram = ${program}`,
    '\targuments = {',
    ...args.map(arg => `\t\t${arg}`),
    '\t}',
    '',
    '\tenvironment = {',
    `\t\tXPC_SERVICE_NAME => ${label}`,
    '\t}',
    '',
    `\truns = ${runs}`,
    ...(pid ? [`\tpid = ${pid}`] : []),
    `\tlast exit code = ${lastExitCode ?? '(never exited)'}${lastExitCode === 78 ? ': EX_CONFIG' : ''}`,
    '',
    '\tspawn type = interactive (4)',
    '\tresource coalition = {',
    '\t\tstate = active',
    '\t\tactive count = 1',
    '\t}',
    '}',
  )
}

/** `failures.json`: [{ verb, code, says, times }], where `verb` may be `*` and `times` may be missing for always. */
async function failAsScripted() {
  const script = existsSync(join(root, 'failures.json')) ? readJson(join(root, 'failures.json')) : []
  const failure = script.find(each => (each.verb === verb || each.verb === '*') && each.times !== 0)
  if (!failure) return
  if (failure.times) failure.times--
  writeFileSync(join(root, 'failures.json'), JSON.stringify(script))
  if (failure.hangs) await sleep(600_000)
  end(failure.code, failure.says ?? `${verb} failed: ${failure.code}`)
}

function job() {
  return read(label)
}

function disabled() {
  return read('disabled') ?? {}
}

function isDisabled([name, is]) {
  return `\t"${name}" => ${is ? 'disabled' : 'enabled'}`
}

function read(name) {
  const path = join(folder, `${name}.json`)
  return existsSync(path) ? readJson(path) : undefined
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function write(name, value) {
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(value))
}

function print(...lines) {
  process.stdout.write(lines.map(line => `${line}\n`).join(''))
}

function end(code, says) {
  process.stderr.write(`${says}\n`)
  process.exit(code)
}
