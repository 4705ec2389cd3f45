import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { clock } from './clock.ts'
import { createDurableCommit } from './durable-commit.ts'
import type { Figure } from './figure.ts'
import { inFolder } from './in-folder.ts'
import { createPacedOsascript } from './paced-osascript.ts'
import { startAgent } from './start-agent.ts'
import { commandFrame, startBackend } from './start-backend.ts'
import { startBare } from './start-bare.ts'
import { summarize } from './statistics.ts'

/**
 * From the moment the backend sends a reflex to the text in the hands of an osascript that stood ready, and to the text
 * sent: by an osascript that needs 150 ms to be ready and 15 ms to send, after the backend has thought for a while.
 */
export const frameToSent = (): Promise<Figure> =>
  inFolder(async dir => {
    const writer = openChatDbWriter(join(dir, 'chat.db'))
    const osascript = createPacedOsascript(dir, { readyMs: 150, sendMs: 15 }, (chat, text) => {
      if (text.startsWith('reflex')) void writer.writeOutgoing({ chat, text })
    })
    let answer = (): void => {}
    const backend = await startBackend(
      () =>
        new Promise<readonly string[]>(resolve => {
          answer = () => resolve([])
        }),
    )
    const bare = await startBare(backend)
    const durable = createDurableCommit(dir)
    const agent = await startAgent({ backend, dir, osascript: osascript.path, warm: 'on' })

    const byAgent = async (n: number): Promise<{ readonly handed: number | undefined; readonly sent: number }> => {
      const person = PEOPLE[Math.abs(n) % PEOPLE.length] ?? ''
      await writer.writeIncoming({ chat: `any;-;${person}`, from: person, text: `hello ${n}` })
      await backend.arrivalOf(`hello ${n}`)
      await sleep(THINK_MS + Math.random() * 100)
      const text = `reflex ${n}`
      const at = clock()
      agent.socket.send(commandFrame({ thread_id: person, text, bubble_type: 'reflex' }))
      const sentAt = await osascript.sentAt(text)
      answer()
      const handedAt = osascript.handedAt(text)
      return { handed: handedAt === undefined ? undefined : handedAt - at, sent: sentAt - at }
    }
    /** Over the same WebSocket, by an osascript that is started for it. */
    const byBare = async (text: string): Promise<number> => {
      const textFile = join(dir, 'bare.txt')
      writeFileSync(textFile, text)
      const args = ['send.applescript', 'attempt', 'chat', '', '', `any;-;${PEOPLE[0]}`, textFile]
      const at = clock()
      await bare.run({ do: 'spawn', program: osascript.path, args, output: join(dir, 'bare.log') })
      return (await osascript.sentAt(text)) - at
    }

    const samples: Record<'handed' | 'sent' | 'bare' | 'commit', number[]> = {
      handed: [],
      sent: [],
      bare: [],
      commit: [],
    }
    let cold = 0
    for (let n = -WARM_UP; n < SAMPLES; n += 1) {
      const { handed, sent } = await byAgent(n)
      await sleep(100)
      const bareMs = await byBare(`bare ${n}`)
      const commit = durable.run()
      if (n < 0) continue
      if (handed === undefined) cold += 1
      else samples.handed.push(handed)
      samples.sent.push(sent)
      samples.bare.push(bareMs)
      samples.commit.push(commit)
    }
    await agent.stop()
    backend.close()
    osascript.close()
    durable.close()
    writer.close()

    return {
      title: 'reflex at the backend → sent, by an osascript that needs 150 ms to be ready and 15 ms to send',
      unit: 'ms',
      rows: [
        {
          what: 'handed to one that stood ready',
          kind: 'agent',
          ...summarize(samples.handed),
          goal: { atMost: 3, words: '3 ms' },
        },
        {
          what: `sent (${cold} of ${SAMPLES} went cold)`,
          kind: 'agent',
          ...summarize(samples.sent),
          goal: { atMost: 25, words: '25 ms' },
        },
        { what: 'bare WebSocket and spawn, sent', kind: 'floor', ...summarize(samples.bare) },
        { what: 'one durable commit', kind: 'floor', ...summarize(samples.commit) },
      ],
    }
  })

const SAMPLES = 40
const WARM_UP = 4
const THINK_MS = 500
const PEOPLE = Array.from({ length: 20 }, (_, n) => `+156255502${String(n).padStart(2, '0')}`)
