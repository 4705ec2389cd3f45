import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { controlSocketPath } from '../../../src/agent/control/socket-path.ts'
import { placesOf } from '../../../src/config/places.ts'
import { createSimulator } from '../../../src/lab/messages-simulator/simulator.ts'
import { startMockBackend } from '../../../src/lab/mock-backend/start-mock-backend.ts'
import { AGENT_ID, SECRET } from '../start-house.ts'
import { startFakeMac } from './start-fake-mac.ts'

export type MacWithMessages = Awaited<ReturnType<typeof settleIn>>

/** A fake Mac with a Messages, a backend, and a settings file that names both; nothing is installed yet. */
export const settleIn = async (options: Parameters<typeof startFakeMac>[0] & { readonly profile?: string } = {}) => {
  const mac = startFakeMac(options)
  const simulator = createSimulator({ dir: join(mac.dir, 'messages') })
  const backend = await startMockBackend({ secret: SECRET })
  const { profile } = options
  const places = placesOf({ homedir: mac.home, platform: process.platform, env: {}, isTTY: false, profile })
  mkdirSync(dirname(places.configFile), { recursive: true })
  writeFileSync(places.secretFile, `${SECRET}\n`, { mode: 0o600 })
  const settings = {
    backend_url: backend.url,
    agent_id: AGENT_ID,
    secret_file: places.secretFile,
    chat_db: simulator.chatDbPath,
    osascript: simulator.osascriptPath,
  }
  const configure = (changes: Readonly<Record<string, string>> = {}): void => {
    const lines = Object.entries({ ...settings, ...changes }).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
    writeFileSync(places.configFile, `${lines.join('\n')}\n`)
  }
  configure()
  return {
    ...mac,
    simulator,
    places,
    socket: controlSocketPath(places.stateDir),
    /** Writes the settings file anew. */
    configure,
    close: async () => {
      await mac.close()
      simulator.close()
      await backend.close()
    },
  }
}
