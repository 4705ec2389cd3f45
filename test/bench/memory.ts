import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import type { Figure } from './figure.ts'
import { inFolder } from './in-folder.ts'
import { createOsascriptStub } from './osascript-stub.ts'
import { startAgent } from './start-agent.ts'
import { startBackend } from './start-backend.ts'
import { summarize } from './statistics.ts'
import { rssOf } from './usage.ts'

/** Resident memory: after the start, right after a conversation with reflexes and answers, and once that is over. */
export const memory = (): Promise<Figure> =>
  inFolder(async dir => {
    const writer = openChatDbWriter(join(dir, 'chat.db'))
    const stub = createOsascriptStub(dir, (chat, text) => void writer.writeOutgoing({ chat, text }))
    const backend = await startBackend(text => [`reflex to ${text}`, `answer to ${text}`])
    const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 2 ** 30)'], { stdio: 'ignore' })
    const loaded = spawn(process.execPath, [WITH_PACKAGES], { stdio: 'ignore' })
    const agent = await startAgent({ backend, dir, osascript: stub.path })
    await sleep(1_000)
    const started = await sampleRss(agent.pid)
    const floor = await sampleRss(bare.pid)
    const packages = await sampleRss(loaded.pid)

    for (let n = 0; n < MESSAGES; n += 1) {
      const text = `message ${n}`
      const person = `+1562555${String(100 + (n % PEOPLE)).padStart(4, '0')}`
      await writer.writeIncoming({ chat: `any;-;${person}`, from: person, text })
      await backend.arrivalOf(text)
      await stub.startOf(`answer to ${text}`)
    }
    const talked = await sampleRss(agent.pid)
    await sleep(QUIET_MS)
    const quiet = await sampleRss(agent.pid)

    await agent.stop()
    bare.kill()
    loaded.kill()
    backend.close()
    stub.close()
    writer.close()
    const goal = { atMost: 105, words: '≤ 105 MB' }
    return {
      title: 'resident memory',
      unit: 'MB',
      rows: [
        { what: 'agent after its start', kind: 'agent', ...started, goal },
        { what: `agent after ${MESSAGES} messages`, kind: 'agent', ...talked, goal },
        { what: `agent ${QUIET_MS / 1000} s later`, kind: 'agent', ...quiet, goal },
        { what: 'Node with the same packages loaded', kind: 'floor', ...packages },
        { what: 'bare Node', kind: 'floor', ...floor },
      ],
    }
  })

const WITH_PACKAGES = fileURLToPath(new URL('./idle-with-packages.mjs', import.meta.url))
const MESSAGES = 200
const PEOPLE = 10
const QUIET_MS = 10_000

const sampleRss = async (pid: number | undefined) => {
  const samples: number[] = []
  for (let n = 0; n < 5; n += 1) {
    await sleep(100)
    samples.push(rssOf(pid))
  }
  return summarize(samples)
}
