import { appendFileSync, chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { DoctorReport } from '../../src/mac/doctor/run-doctor.ts'
import { type MacWithMessages, settleIn } from '../support/fake-mac/settle-in.ts'
import { waitFor } from '../support/start-house.ts'

let mac: MacWithMessages
afterEach(() => mac.close())

const doctor = async () => {
  const { code, stdout } = await mac.run(['doctor', '--json'])
  const { checks } = JSON.parse(stdout) as DoctorReport
  return { code, states: Object.fromEntries(checks.map(({ code, ...check }) => [code, check])) }
}

test('the doctor of an installed service, and of one that somebody meddled with', async () => {
  mac = await settleIn()
  mac.write('running', 'Messages\n')
  const signedAs = (hash: string) => mac.addTool('codesign', `[ "$1" != -d ] || echo "CDHash=${hash}" >&2`)
  signedAs('aaaa1111')
  // A node of one's own, not the one that runs these tests: it is changed below.
  const node = join(mac.dir, 'node')
  copyFileSync(process.execPath, node)
  chmodSync(node, 0o755)
  expect(await mac.run(['install', '--node', node, '--no-wait'])).toMatchObject({ code: 0 })
  await waitFor('the agent to be connected', async () => {
    const { stdout } = await mac.run(['status', '--json'])
    return JSON.parse(stdout).connection.state === 'open'
  })

  const well = await doctor()
  const failing = Object.entries(well.states).filter(([, { state }]) => state === 'failed')
  expect({ failing, code: well.code }).toEqual({ failing: [], code: 0 })
  expect(well.states).toMatchObject({
    plist_mode: { state: 'ok' },
    plist_syntax: { state: 'ok' },
    plist_program: { state: 'ok' },
    plist_current: { state: 'ok' },
    service_files: { state: 'ok' },
    service_enabled: { state: 'ok' },
    service_loaded: { state: 'ok' },
    service_last_exit: { state: 'ok' },
    node_unchanged: { state: 'ok' },
    agent_running: { state: 'ok', seen: expect.stringContaining('started by launchd') },
    log_folder: { state: 'ok' },
  })

  // Signed anew, as an update of it would be: macOS does not know it any more.
  signedAs('bbbb2222')
  // A plist that was edited by hand, and opened to others.
  const { plistFile } = mac.places
  writeFileSync(plistFile, readFileSync(plistFile, 'utf8').replace('<integer>10</integer>', '<integer>1</integer>'))
  chmodSync(plistFile, 0o666)
  await mac.run(['stop'])
  const meddled = await doctor()
  expect(meddled.states).toMatchObject({
    node_unchanged: { state: 'failed', seen: expect.stringContaining('has dropped its permissions') },
    plist_mode: { state: 'failed', cure: `chmod 644 ${plistFile}` },
    plist_current: { state: 'warning' },
    service_loaded: { state: 'failed', cure: expect.stringContaining('launchctl bootstrap') },
  })
  expect(meddled.code).toBe(1)

  // Without codesign its content tells; and without the binary nothing starts.
  mac.removeTool('codesign')
  appendFileSync(node, 'more')
  expect((await doctor()).states['node_unchanged']?.state).toBe('failed')
  rmSync(node)
  mac.write('plutil-fails')
  mac.fail([{ verb: 'print', code: 5, says: 'Could not print service: 5: Input/output error' }])
  expect((await doctor()).states).toMatchObject({
    node_path: { state: 'failed', cure: 'edge-agent install' },
    plist_program: { state: 'failed' },
    plist_syntax: { state: 'failed' },
    service_files: { state: 'failed' },
    service_loaded: { state: 'warning', seen: expect.stringContaining('5') },
  })
})
