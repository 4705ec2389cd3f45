import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asLaunchd } from '../../../src/mac/install/as-launchd.ts'
import { checkFirst } from '../../../src/mac/install/check-first.ts'
import { createLaunchctl } from '../../../src/mac/launchd/launchctl.ts'
import type { RunTool } from '../../../src/mac/macos/run-tool.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'home-'))
  writeFileSync(join(home, 'c.toml'), 'backend_url = "http://127.0.0.1:1"\nagent_id = "e"\n')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const notFound: RunTool = async () => ({ kind: 'not-found' })

const check = (uid: number, env: Record<string, string> = {}) =>
  checkFirst(service(env), {
    run: notFound,
    launchctl: createLaunchctl({ run: notFound, uid, sleep: async () => undefined }),
    uid,
    env,
    dryRun: true,
  })

const service = (env: Record<string, string>) =>
  asLaunchd({
    flags: { config: join(home, 'c.toml') },
    env,
    homedir: home,
    platform: 'darwin',
    isTTY: true,
    profile: undefined,
  })

test('sudo is refused: a LaunchAgent belongs to the user who is logged in', async () => {
  await expect(check(0, { SUDO_UID: '501' })).rejects.toMatchObject({ code: 'root', exit: 77 })
})

test('variables of this shell that the service will not see are named', async () => {
  const notes = await check(process.getuid?.() ?? 0, { EDGE_LOG_LEVEL: 'debug', EDGE_PROFILE: 'x', EDGE_EMPTY: '' })
  expect(notes.at(-1)).toMatch(/the service does not see it: EDGE_LOG_LEVEL\.$/)
})

test('the agent logs where its settings have it, and otherwise where the service has its logs', () => {
  expect(service({}).args).toEqual(['--config', join(home, 'c.toml'), '--log-file', service({}).places.logFile])
  writeFileSync(join(home, 'c.toml'), 'log_file = "own.log"\n')
  expect(service({ EDGE_LOG_FILE: '/elsewhere' })).toMatchObject({
    args: ['--config', join(home, 'c.toml')],
    logFile: join(home, 'own.log'),
  })
})

test('what the settings lack is to be put into the file: no variable of a shell reaches the service', async () => {
  writeFileSync(join(home, 'c.toml'), 'backend_url = "http://127.0.0.1:1"\n')
  const refused = check(process.getuid?.() ?? 0, { EDGE_AGENT_ID: 'e' })
  await expect(refused).rejects.toMatchObject({
    exit: 78,
    message: expect.stringMatching(
      /nothing \(set agent_id in .+c\.toml\)(.|\n)+does not see this shell's variables: EDGE_AGENT_ID/,
    ),
  })
})
