import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { NO_POWERS } from './rights.ts'
import type { House } from './start-house.ts'
import { twoBubbles } from './two-bubbles.ts'
import { withHouse } from './with-house.ts'

/** What is on the agent's way to chat.db: a folder that can be closed to it; `env` has it go that way. */
type Library = { readonly library: string; readonly env: Readonly<Record<string, string>> }

/** One scenario with a folder that can be closed to the agent, which is not started yet. */
export const withLibrary = (happen: (house: House, library: Library) => Promise<void>): Promise<void> =>
  withHouse({ backend: twoBubbles, rights: NO_POWERS }, house => {
    const library = join(house.dir, 'library')
    mkdirSync(library)
    symlinkSync(house.simulator.chatDbPath, join(library, 'chat.db'))
    return happen(house, { library, env: { EDGE_CHAT_DB: join(library, 'chat.db') } })
  })
