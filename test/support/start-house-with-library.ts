import { chownSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { startHouse } from './start-house.ts'
import { twoBubbles } from './two-bubbles.ts'

/** A house with a folder on the agent's way to chat.db, which can be closed to it; `env` has it go that way. */
export const startHouseWithLibrary = async () => {
  // Root may do everything, so the agent runs as somebody else there.
  const isRoot = process.getuid?.() === 0
  const house = await startHouse({ backend: twoBubbles, ...(isRoot && { uid: 65_534 }) })
  const library = join(house.dir, 'library')
  mkdirSync(library)
  symlinkSync(house.simulator.chatDbPath, join(library, 'chat.db'))
  if (isRoot) chownSync(library, 65_534, 65_534)
  return { house, library, env: { EDGE_CHAT_DB: join(library, 'chat.db') } }
}
