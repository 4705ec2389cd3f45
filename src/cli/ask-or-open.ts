import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { askAgent } from '../agent/control/ask-agent.ts'
import { controlSocketPath } from '../agent/control/socket-path.ts'
import { EdgeError } from '../agent/core/errors.ts'
import { openStore, type Store } from '../agent/store/open-store.ts'

/**
 * The running agent answers; where none runs, its database is opened instead. Both ends are this very program, of one
 * version: the answer has the type that is expected.
 */
export const askOrOpen = async <T>(
  stateDir: string,
  ask: string,
  args: unknown,
  fromStore: (store: Store) => T,
): Promise<T> => {
  try {
    return (await askAgent(controlSocketPath(stateDir), ask, args)) as T
  } catch (error) {
    const isDown = error instanceof EdgeError && error.code === 'not_running'
    if (!isDown || !existsSync(join(stateDir, 'state.db'))) throw error
  }
  const store = openStore(stateDir)
  try {
    return fromStore(store)
  } finally {
    store.close()
  }
}
