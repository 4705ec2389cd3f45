import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Peer } from './peer.ts'

/** Sees a message, reads it, POSTs it: keeps nothing, retries nothing, filters nothing. */
export const bareFloor: Peer = {
  name: 'bare floor',
  isFloor: true,
  start: async ({ chatDb, backendUrl }) => {
    const program = fileURLToPath(new URL('./bare-agent.mjs', import.meta.url))
    const child = spawn(process.execPath, [program, chatDb, backendUrl], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const ended = once(child, 'exit')
    return {
      pid: child.pid ?? 0,
      stop: () => {
        child.kill()
        return ended
      },
    }
  },
  textOf: ({ body }) => (JSON.parse(body) as { readonly text: string }).text,
}
