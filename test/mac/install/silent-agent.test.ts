import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { controlSocketPath } from '../../../src/agent/control/socket-path.ts'
import { placesOf } from '../../../src/config/places.ts'
import { startFakeMac } from '../../support/fake-mac/start-fake-mac.ts'

/** A home where an agent listens that hears nothing, as one that was stopped by Ctrl-Z. */
const frozen = () => {
  const mac = startFakeMac()
  const places = placesOf({ homedir: mac.home, platform: process.platform, env: {}, isTTY: false })
  const socket = controlSocketPath(places.stateDir)
  for (const folder of [places.stateDir, dirname(socket)]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(places.stateDir, 'state.db'), '')
  const server = createServer(() => {}).listen(socket)
  return { mac, places, server, socket }
}

let home: ReturnType<typeof frozen>
beforeEach(() => {
  home = frozen()
})
afterEach(() => {
  home.server.close()
  home.mac.close()
})

test('an agent that does not answer is not told to be gone by stop', async () => {
  const { code, stderr } = await home.mac.run(['stop'])
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('kill -9') })
  expect(stderr).toContain(home.socket)
})

test('its state is not removed below it', async () => {
  const { code, stderr } = await home.mac.run(['uninstall', '--purge', '--yes'])
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('does not answer') })
  expect(existsSync(join(home.places.stateDir, 'state.db'))).toBe(true)
})
