import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'
import type { DoctorReport } from '../../src/mac/doctor/run-doctor.ts'
import { signedInMac } from '../support/signed-in-mac.ts'

test('where every tool, the agent and the backend hang, it ends all the same and says which', async () => {
  const mac = signedInMac()
  onTestFinished(() => mac.close())
  for (const tool of ['sw_vers', 'sysctl', 'pmset', 'fdesetup', 'launchctl', 'plutil', 'codesign', 'pgrep']) {
    mac.addTool(tool, 'trap "" TERM; while :; do sleep 1; done')
  }
  const stateDir = mkdtempSync(join(tmpdir(), 'mute-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true }))
  const agent = createServer(() => {})
  await listen(agent, controlSocketPath(stateDir))
  const backend = createServer(() => {})
  await listen(backend, 0)
  const { port } = backend.address() as { port: number }
  const plist = join(mac.home, 'Library/LaunchAgents/com.edge-agent.plist')
  mkdirSync(dirname(plist), { recursive: true })
  writeFileSync(plist, '<key>ProgramArguments</key><array><string>/bin/cat</string></array>')
  chmodSync(plist, 0o644)

  const began = performance.now()
  const { code, stdout } = await mac.run(['doctor', '--json'], {
    env: { EDGE_BACKEND_URL: `http://127.0.0.1:${port}`, EDGE_AGENT_ID: 'edge_1', EDGE_STATE_DIR: stateDir },
  })
  // A machine that is busy with other things is given some time for them.
  expect(performance.now() - began).toBeLessThan(40_000)
  expect(code).toBe(1)
  const { checks } = JSON.parse(stdout) as DoctorReport
  const seen = Object.fromEntries(checks.map(({ code, seen }) => [code, seen]))
  expect(seen).toMatchObject({
    macos: 'sw_vers does not end',
    sleep: 'pmset does not end',
    node_signature: 'codesign does not end',
    plist_syntax: 'plutil does not end',
    agent_running: expect.stringContaining('does not answer'),
    messages_running: 'pgrep does not end',
    backend_http: expect.stringContaining('timeout'),
  })
  expect(seen['service_loaded']).toContain('launchctl')
})

const listen = async (server: Server, place: string | number): Promise<void> => {
  const sockets = new Set<{ destroy: () => void }>()
  server.on('connection', socket => sockets.add(socket))
  server.listen(place)
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
}
