import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, expect, test } from 'vitest'
import { BERT } from '../support/conversation.ts'
import { signedInMac } from '../support/signed-in-mac.ts'
import { AGENT_ID, type House, startHouse, waitFor } from '../support/start-house.ts'

/** What must not leave this Mac, in the ways in which it is written. */
const ANNA = '+15622924139'
const SECRET = 'Zaubertrank-7'
const TEXT = 'see you at eight'
const CANARIES = [
  TEXT,
  'eight',
  SECRET,
  '5622924139',
  '562-292-4139',
  '292 4139',
  '562.292.4139',
  'bert@example.com',
  'carla@example.org',
  'chat655312345678',
  '13238407486',
  'D2B4A1F0',
]
/** Every one of them in one line. */
const POISON = `${TEXT} ${SECRET} ${ANNA} 562-292-4139 (562) 292 4139 562.292.4139 ${BERT} carla@example.org iMessage;+;chat655312345678 any;-;${ANNA} D2B4A1F0`

let house: House
let mac: ReturnType<typeof signedInMac>
afterEach(async () => {
  await house?.close()
  await mac.close()
})

const unpack = (archive: string): Readonly<Record<string, string>> => {
  const dir = mkdtempSync(join(tmpdir(), 'unpacked-'))
  try {
    // Not a word of it: an archive that is not whole is complained of.
    expect(spawnSync('tar', ['-xzf', archive, '-C', dir], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    })
    const [folder = ''] = readdirSync(dir)
    return Object.fromEntries(
      readdirSync(join(dir, folder)).map(name => [name, readFileSync(join(dir, folder, name), 'utf8')]),
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const expectClean = (files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    const leaks = (line: string): boolean => [...CANARIES, mac.home].some(canary => line.includes(canary))
    const found = text.split('\n').filter(leaks)
    expect({ name, found }).toEqual({ name, found: [] })
  }
}

/** Poison in each source that a report is made from. */
const poison = (): void => {
  const logs = join(mac.home, 'Library/Logs/edge-agent')
  mkdirSync(logs, { recursive: true })
  const fields = {
    text: POISON,
    err: { message: POISON, stack: POISON },
    reason: POISON,
    threadId: ANNA,
    waitMs: 15622924139,
  }
  const log = [
    JSON.stringify({ level: 'info', time: '2026-02-14T09:30:07.123Z', msg: 'agent started', ...fields }),
    JSON.stringify({ level: 'warn', code: 'backend_refuses', msg: POISON, [POISON]: POISON }),
    POISON,
    `{"cut off": "${POISON}`,
  ]
  writeFileSync(join(logs, 'agent.log'), `${log.join('\n')}\n`)
  writeFileSync(join(logs, 'agent.log.1'), `${log.join('\n')}\n`)
  const crash = [
    `Error: ENOENT: ${POISON}`,
    `    at ${POISON}`,
    `    at ${mac.home}/x/dist/agent.js:1:2`,
    POISON,
    `edge-agent: ${POISON}`,
  ]
  writeFileSync(join(logs, 'launchd.log'), `${crash.join('\n')}\n`)
  mac.addTool(
    'launchctl',
    `printf 'gui/0/com.edge-agent = {\\n\\tstate = running\\n\\tpath = ${mac.home}/x.plist\\n\\tenvironment = {\\n\\t\\tEDGE_SECRET => ${SECRET}\\n\\t}\\n\\tpid = 4242\\n\\tprogram = ${ANNA}\\n}\\n'`,
  )
  mac.addTool('sw_vers', `echo 'ProductVersion: 15.4 ${ANNA} ${SECRET}'`)
}

const config = (): string => {
  const file = join(mac.home, 'config.toml')
  writeFileSync(join(mac.home, 'secret'), SECRET, { mode: 0o600 })
  const lines = [
    `backend_url = "${house.backend.url}/tenant-${SECRET}"`,
    `agent_id = "${AGENT_ID}"`,
    `secret_file = "secret"`,
    `chat_db = "${house.simulator.chatDbPath}"`,
    `state_dir = "${house.stateDir}"`,
    `[forward]`,
    `deny = ["carla@example.org", "(562) 292-4139"]`,
  ]
  writeFileSync(file, lines.join('\n'))
  return file
}

test('no text, no number and no secret is in it, whatever the sources hold, with an agent and without', async () => {
  house = await startHouse({ backend: { secret: SECRET, replies: () => [POISON] } })
  mac = signedInMac()
  poison()
  await house.startConnected({ EDGE_SECRET: SECRET })
  await house.simulator.receive({ from: ANNA, text: POISON })
  await house.simulator.receive({ from: BERT, text: POISON })
  await waitFor('both to be answered', async () => (await house.status()).messages.answered === 2)
  // One that is refused with words of its own stays in the queue.
  house.backend.faults.http.push({
    effect: response => void response.writeHead(400).end(POISON),
    times: Number.POSITIVE_INFINITY,
  })
  await house.simulator.receive({ from: ANNA, text: POISON })
  await waitFor('a dead letter', async () => (await house.status()).messages.dead === 1)

  const withAgent = join(mac.dir, 'with.tar.gz')
  const run = await mac.run(['report', '--config', config(), '--output', withAgent])
  expect(run).toMatchObject({ code: 0, stderr: '' })
  const running = unpack(withAgent)
  expectClean({ ...running, output: run.stdout.replaceAll(mac.dir, '') })
  expect(Object.keys(running).sort()).toEqual(
    ['README.txt', 'agent.log', 'doctor.json', 'launchctl.txt', 'launchd.log'].concat([
      'queue.json',
      'settings.json',
      'state.json',
      'status.json',
      'versions.json',
    ]),
  )
  // What helps is in it.
  expect(JSON.parse(running['status.json'] ?? '')).toMatchObject({ messages: { answered: 2, dead: 1 } })
  expect(JSON.parse(running['queue.json'] ?? '')).toMatchObject({ messages: { 'dead, http_400': 1 } })
  expect(running['settings.json']).toContain(`http://127.0.0.1:${house.backend.port}/…`)
  expect(JSON.parse(running['settings.json'] ?? '').settings).toContainEqual(
    expect.objectContaining({ key: 'forward.deny', value: '[2 entries]' }),
  )
  expect(running['agent.log']).toContain('"msg":"agent started"')
  expect(running['launchd.log']).toContain('Error ENOENT')
  expect(running['launchctl.txt']).toContain('state = running')

  await house.stopAgent()
  const file = join(mac.dir, 'without.tar.gz')
  mac.keychain.put('com.edge-agent', AGENT_ID, SECRET)
  const inKeychain = { EDGE_SECRET_STORE: 'keychain' }
  await mac.run(['report', '--config', config(), '--output', file], { env: inKeychain })
  const stopped = unpack(file)
  expectClean(stopped)
  expect(JSON.parse(stopped['status.json'] ?? '')).toEqual({ notTold: 'not_running' })
  expect(JSON.parse(stopped['state.json'] ?? '')).toMatchObject({
    tables: { messages: expect.any(Number), threads: 2 },
  })
})

test('nor is anything of settings that are wrong, of odd tools, or of rows that hold what they should not', async () => {
  house = await startHouse()
  mac = signedInMac()
  for (const tool of ['codesign', 'pmset', 'fdesetup', 'pgrep', 'plutil', 'sysctl']) {
    mac.addTool(tool, `echo '${POISON}'; echo '${POISON}' >&2; exit 3`)
  }
  await house.startConnected()
  await house.stopAgent()
  const db = new Database(join(house.stateDir, 'state.db'))
  const insert = db.prepare(
    `INSERT INTO messages (guid, thread_id, seen_ms, state, reason, detail, body) VALUES (@text, @text, 1, 'dead', @text, @text, @text)`,
  )
  insert.run({ text: POISON })
  db.prepare('INSERT INTO counters (name, value) VALUES (?, 1)').run(POISON)
  db.close()
  const file = join(mac.home, 'wrong.toml')
  writeFileSync(
    file,
    `agent_id = "${POISON}"\n"${POISON}" = 1\nlog_level = "${POISON}"\nstate_dir = "${house.stateDir}"\n`,
  )
  const archive = join(mac.dir, 'wrong.tar.gz')
  const env = { EDGE_SEND_RETRIES: POISON, EDGE_BACKEND_URL: `http://${TEXT}@x/?${SECRET}`, [`EDGE_${TEXT}`]: POISON }
  expect(await mac.run(['report', '--config', file, '--output', archive], { env })).toMatchObject({ code: 0 })
  const files = unpack(archive)
  expectClean(files)
  expect(JSON.parse(files['state.json'] ?? '').states.messages).toEqual({ 'dead, other': 1 })
})

test('it is one file for its owner, says where it is and what is in it, and overwrites nothing', async () => {
  house = await startHouse()
  mac = signedInMac()
  const path = join(mac.dir, 'report.tar.gz')
  const { code, stdout } = await mac.run(['report', '--json', '--output', path])
  expect(code).toBe(0)
  const { path: said, files } = JSON.parse(stdout) as { path: string; files: { name: string }[] }
  expect(said).toBe(path)
  expect(files.map(({ name }) => name).sort()).toEqual(Object.keys(unpack(path)).sort())
  expect(statSync(path).mode & 0o777).toBe(0o600)

  appendFileSync(path, 'more')
  const { size } = statSync(path)
  const again = await mac.run(['report', '--output', path])
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('already exists') })
  expect(statSync(path).size).toBe(size)
  const nowhere = await mac.run(['report', '--output', join(mac.dir, 'no/such/folder.tar.gz')])
  expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('--output') })
})

test('with nothing to report from it still writes what there is, named by date and time', async () => {
  house = await startHouse()
  mac = signedInMac()
  const work = mkdtempSync(join(mac.dir, 'work-'))
  const { code, stdout } = await mac.run(['report'], { env: { PATH: '/nowhere' }, cwd: work })
  expect(code).toBe(0)
  const [name = ''] = readdirSync(work)
  expect(name).toMatch(/^edge-agent-report-\d{8}-\d{6}\.tar\.gz$/)
  expect(stdout).toContain(join(work, name))
  expect(stdout).toContain('Check it before you share it')
  const files = unpack(join(work, name))
  expect(files['agent.log']).toBe('Error ENOENT\n')
  expect(files['launchctl.txt']).toBe('not-found\n')
  expect(JSON.parse(files['state.json'] ?? '')).toEqual({ exists: false })
})
