// launchd for one job of the fake Mac: starts the program of a plist as launchd would, again where KeepAlive says so,
// and keeps a file of how it is. SIGTERM boots it out, SIGUSR1 starts it, SIGUSR2 ends it and starts it again.
import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { constants, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'plist'

/** launchd waits ten seconds before it starts a job again; a test has no time for that. */
const THROTTLE_MS = 400

const [plist, file] = process.argv.slice(2)
const keys = parse(readFileSync(plist, 'utf8'))
const [program, ...args] = keys.ProgramArguments
const job = { launchd: process.pid, plist, program, args: keys.ProgramArguments, state: 'not running', runs: 0 }
let isLeaving = false
let isWanted = keys.RunAtLoad === true
let child
let wake = () => {}

tell({})
process.on('SIGTERM', () => {
  isLeaving = true
  if (!child) leave()
  endChild()
})
process.on('SIGUSR1', () => child ?? start())
process.on('SIGUSR2', () => {
  start()
  endChild()
})
// Where the test is over and its folder gone, so are we.
setInterval(() => {
  if (existsSync(file)) return
  child?.kill('SIGKILL')
  process.exit()
}, 500)

for (;;) {
  const asked = new Promise(resolve => {
    wake = resolve
  })
  if (!isWanted) await asked
  isWanted = false
  const code = await runOnce()
  if (isLeaving) leave()
  const { KeepAlive = {} } = keys
  if (KeepAlive === true || (KeepAlive.SuccessfulExit === false && code !== 0)) {
    tell({ state: 'spawn scheduled' })
    await Promise.race([sleep(THROTTLE_MS), new Promise(resolve => (wake = resolve))])
    isWanted = true
  }
}

function start() {
  isWanted = true
  wake()
}

async function runOnce() {
  job.runs++
  const stdio = openStandardFiles()
  if (stdio === undefined) return ended(78)
  child = spawn(program, args, { cwd: keys.WorkingDirectory, env: environment(), stdio, detached: true })
  tell({ state: 'running', pid: child.pid })
  return new Promise(resolve => {
    child.once('error', () => resolve(ended(78)))
    child.once('exit', (code, signal) => resolve(ended(code ?? constants.signals[signal])))
  })
}

/** Undefined where launchd would give up before the program runs. */
function openStandardFiles() {
  try {
    return [keys.StandardInPath, keys.StandardOutPath, keys.StandardErrorPath].map((path, fd) =>
      openSync(path ?? '/dev/null', fd === 0 ? 'r' : 'a'),
    )
  } catch {
    return undefined
  }
}

function ended(code) {
  child = undefined
  tell({ state: 'not running', pid: undefined, lastExitCode: code })
  return code
}

function endChild() {
  const { pid } = child ?? {}
  if (!pid) return
  process.kill(pid, 'SIGTERM')
  setTimeout(() => child?.pid === pid && child.kill('SIGKILL'), (keys.ExitTimeOut ?? 5) * 1000).unref()
}

/** What a LaunchAgent has: nothing of any shell. */
function environment() {
  const { username } = userInfo()
  const { HOME, TMPDIR = '/tmp' } = process.env
  const own = { HOME, TMPDIR, USER: username, LOGNAME: username, SHELL: '/bin/sh', XPC_SERVICE_NAME: keys.Label }
  return { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...own, ...keys.EnvironmentVariables }
}

function tell(news) {
  Object.assign(job, news)
  writeFileSync(`${file}.new`, JSON.stringify(job))
  renameSync(`${file}.new`, file)
}

function leave() {
  rmSync(file, { force: true })
  process.exit()
}
