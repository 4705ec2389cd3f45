import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { clock } from './clock.ts'
import type { Figure } from './figure.ts'
import { inFolder } from './in-folder.ts'
import { startAgent } from './start-agent.ts'
import { startBackend } from './start-backend.ts'
import { startBare } from './start-bare.ts'
import { summarize } from './statistics.ts'

/** What waiting costs: a connected agent, a quiet chat.db, nothing happens. */
export const idleCpu = (): Promise<Figure> =>
  inFolder(async dir => {
    const writer = openChatDbWriter(join(dir, 'chat.db'))
    const backend = await startBackend()
    const bare = await startBare(backend)
    const agent = await startAgent({ backend, dir })
    await sleep(SETTLE_MS)
    const cpuMs = {
      agent: async () => (await agent.status()).agent.cpuSeconds * 1000,
      bare: () => bare.run({ do: 'tell-cpu' }),
    }
    const share = async (read: () => Promise<number>): Promise<number> => {
      const [startedAt, before] = [clock(), await read()]
      await sleep(WINDOW_MS)
      return (100 * ((await read()) - before)) / (clock() - startedAt)
    }
    const [agentShare, bareShare] = await Promise.all([share(cpuMs.agent), share(cpuMs.bare)])
    await agent.stop()
    backend.close()
    writer.close()
    return {
      title: `idle processor time over ${WINDOW_MS / 1000} s, connected, chat.db quiet`,
      unit: '% of a core',
      rows: [
        { what: 'agent', kind: 'agent', ...summarize([agentShare]), goal: { atMost: 0.1, words: '< 0.1 %' } },
        { what: 'bare Node with one WebSocket', kind: 'floor', ...summarize([bareShare]) },
      ],
    }
  })

/** Node's own start goes on for a moment after the connection is there. */
const SETTLE_MS = 2_000
const WINDOW_MS = 24_000
