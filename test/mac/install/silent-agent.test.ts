import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { controlSocketPath } from '../../../src/agent/control/socket-path.ts'
import { placesOf } from '../../../src/config/places.ts'
import { type FakeMac, startFakeMac } from '../../support/fake-mac/start-fake-mac.ts'

type Frozen = { readonly mac: FakeMac; readonly socket: string; readonly stateDb: string }

/** One scenario in a home where an agent listens that hears nothing, as one that was stopped by Ctrl-Z. */
const withFrozen = async (happen: (home: Frozen) => Promise<void>): Promise<void> => {
  const mac = startFakeMac()
  const { stateDir } = placesOf({ homedir: mac.home, platform: process.platform, env: {}, isTTY: false })
  const socket = controlSocketPath(stateDir)
  for (const folder of [stateDir, dirname(socket)]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stateDb = join(stateDir, 'state.db')
  writeFileSync(stateDb, '')
  const server = createServer(() => {}).listen(socket)
  try {
    await happen({ mac, socket, stateDb })
  } finally {
    server.close()
    await mac.close()
  }
}

test.concurrent('an agent that does not answer is not told to be gone by stop', () =>
  withFrozen(async ({ mac, socket }) => {
    const { code, stderr } = await mac.run(['stop'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('kill -9') })
    expect(stderr).toContain(socket)
  }))

test.concurrent('its state is not removed below it', () =>
  withFrozen(async ({ mac, stateDb }) => {
    const { code, stderr } = await mac.run(['uninstall', '--purge', '--yes'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('does not answer') })
    expect(existsSync(stateDb)).toBe(true)
  }))
