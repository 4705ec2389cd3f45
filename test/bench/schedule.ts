import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { createDurableCommit } from './durable-commit.ts'
import type { Figure } from './figure.ts'
import { inFolder } from './in-folder.ts'
import { createOsascriptStub } from './osascript-stub.ts'
import { startAgent } from './start-agent.ts'
import { startBackend } from './start-backend.ts'
import { summarize } from './statistics.ts'

/** From the time of a scheduled message to a running osascript. */
export const schedule = (): Promise<Figure> =>
  inFolder(async dir => {
    const writer = openChatDbWriter(join(dir, 'chat.db'))
    for (const person of PEOPLE) {
      await writer.writeIncoming({ chat: `any;-;${person}`, from: person, text: `hello from ${person}` })
    }
    const stub = createOsascriptStub(dir, (chat, text) => void writer.writeOutgoing({ chat, text }))
    const backend = await startBackend()
    const agent = await startAgent({ backend, dir, osascript: stub.path })
    const durable = createDurableCommit(dir)

    const firstMs = Date.now() + 3_000
    const times = Array.from({ length: SAMPLES }, (_, n) =>
      Math.round(firstMs + n * EVERY_MS + Math.random() * EVERY_MS),
    )
    for (const [n, time] of times.entries()) {
      const payload = {
        thread_id: PEOPLE[n % PEOPLE.length],
        text: `scheduled ${n}`,
        send_at: new Date(time).toISOString(),
      }
      const data = { command_id: randomUUID(), command_type: 'schedule_message', payload }
      agent.socket.send(JSON.stringify({ type: 'command', data }))
    }
    const late: number[] = []
    const commits: number[] = []
    for (const [n, time] of times.entries()) {
      late.push((await stub.startOf(`scheduled ${n}`)) - time)
      commits.push(durable.run())
    }
    await agent.stop()
    backend.close()
    stub.close()
    durable.close()
    writer.close()
    return {
      title: 'time of a scheduled message → osascript started',
      unit: 'ms',
      rows: [
        { what: 'agent', kind: 'agent', ...summarize(late), goal: { atMost: 1_000, words: 'within its second' } },
        { what: 'one durable commit', kind: 'floor', ...summarize(commits) },
      ],
    }
  })

const SAMPLES = 100
const EVERY_MS = 100
const PEOPLE = Array.from({ length: 20 }, (_, n) => `+156255501${String(n).padStart(2, '0')}`)
