import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { clock } from './clock.ts'
import { createDurableCommit } from './durable-commit.ts'
import type { Figure } from './figure.ts'
import { inFolder } from './in-folder.ts'
import { createOsascriptStub } from './osascript-stub.ts'
import { startAgent } from './start-agent.ts'
import { commandFrame, startBackend } from './start-backend.ts'
import { startBare } from './start-bare.ts'
import { summarize } from './statistics.ts'

/** From the moment the backend sends a reflex command to a running osascript. */
export const frameToOsascript = (): Promise<Figure> =>
  inFolder(async dir => {
    const writer = openChatDbWriter(join(dir, 'chat.db'))
    const stub = createOsascriptStub(dir, (chat, text) => {
      if (text.startsWith('reflex')) void writer.writeOutgoing({ chat, text })
    })
    const backend = await startBackend()
    const bare = await startBare(backend)
    const durable = createDurableCommit(dir)
    const agent = await startAgent({ backend, dir, osascript: stub.path })
    for (const person of PEOPLE) {
      // A command may only go where somebody has written from.
      await writer.writeIncoming({ chat: `any;-;${person}`, from: person, text: `hello from ${person}` })
      await backend.arrivalOf(`hello from ${person}`)
    }

    const byAgent = async (n: number): Promise<number> => {
      const text = `reflex ${n}`
      const person = PEOPLE[Math.abs(n) % PEOPLE.length] ?? ''
      const sentAt = clock()
      agent.socket.send(commandFrame({ thread_id: person, text, bubble_type: 'reflex' }))
      return (await stub.startOf(text)) - sentAt
    }
    /** Over the same WebSocket, and from the spawn alone. */
    const byBare = async (text: string): Promise<{ readonly frame: number; readonly spawn: number }> => {
      const sentAt = clock()
      const textFile = join(dir, 'bare.txt')
      writeFileSync(textFile, text)
      const args = ['send.applescript', 'attempt', 'chat', '', '', `any;-;${PEOPLE[0]}`, textFile]
      const spawnedAt = await bare.run({ do: 'spawn', program: stub.path, args, output: join(dir, 'bare.log') })
      const startedAt = await stub.startOf(text)
      return { frame: startedAt - sentAt, spawn: startedAt - spawnedAt }
    }

    const samples: Record<'agent' | 'spawn' | 'frame' | 'commit', number[]> = {
      agent: [],
      spawn: [],
      frame: [],
      commit: [],
    }
    for (let n = -WARM_UP; n < SAMPLES; n += 1) {
      await sleep(40 + Math.random() * 40)
      const agentMs = await byAgent(n)
      await sleep(40 + Math.random() * 40)
      const { frame, spawn } = await byBare(`bare ${n}`)
      const commit = durable.run()
      if (n < 0) continue
      samples.agent.push(agentMs)
      samples.frame.push(frame)
      samples.spawn.push(spawn)
      samples.commit.push(commit)
    }
    await agent.stop()
    backend.close()
    stub.close()
    durable.close()
    writer.close()

    const spawn = summarize(samples.spawn)
    return {
      title: 'command frame at the backend → osascript started',
      unit: 'ms',
      rows: [
        {
          what: 'agent',
          kind: 'agent',
          ...summarize(samples.agent),
          goal: { atMost: spawn.median + 3, words: 'bare spawn + 3 ms' },
        },
        { what: 'bare spawn', kind: 'floor', ...spawn },
        { what: 'bare WebSocket and spawn', kind: 'floor', ...summarize(samples.frame) },
        { what: 'one durable commit', kind: 'floor', ...summarize(samples.commit) },
      ],
    }
  })

const SAMPLES = 100
const WARM_UP = 10
/** Several, as reflexes that no answer follows are rare and would pile up in one thread. */
const PEOPLE = Array.from({ length: 20 }, (_, n) => `+156255501${String(n).padStart(2, '0')}`)
