import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { createDurableCommit } from './durable-commit.ts'
import type { Figure } from './figure.ts'
import { inFolder } from './in-folder.ts'
import { startAgent } from './start-agent.ts'
import { startBackend } from './start-backend.ts'
import { startBare } from './start-bare.ts'
import { summarize } from './statistics.ts'

/** In a live conversation: from the commit that completes a message in chat.db to its POST at the backend. */
export const commitToPost = async (): Promise<Figure> => {
  const hinted = await measure(true)
  const polled = await measure(false)
  const floor = (name: 'posts' | 'commits') => summarize([...hinted[name], ...polled[name]])
  return {
    title: 'chat.db commit → POST at the backend, in a live conversation',
    unit: 'ms',
    rows: [
      { what: 'agent', kind: 'agent', ...summarize(hinted.agent), goal: { atMost: 5, words: '≤ 5 ms' } },
      {
        what: 'agent without file events',
        kind: 'agent',
        ...summarize(polled.agent),
        goal: { atMost: 20, words: '≤ 20 ms' },
      },
      { what: 'bare POST on a kept connection', kind: 'floor', ...floor('posts') },
      { what: 'one durable commit', kind: 'floor', ...floor('commits') },
    ],
  }
}

const SAMPLES = 80
const WARM_UP = 10

/** Agent and floors take turns, so that whatever else happens on the machine hits them alike. */
const measure = (hint: boolean) =>
  inFolder(async dir => {
    const writer = openChatDbWriter(join(dir, 'chat.db'))
    writer.ensureChat(`any;-;${PERSON}`)
    const backend = await startBackend()
    const bare = await startBare(backend)
    const durable = createDurableCommit(dir)
    const agent = await startAgent({ backend, dir, hint })
    const samples: Record<'agent' | 'posts' | 'commits', number[]> = { agent: [], posts: [], commits: [] }
    for (let n = -WARM_UP; n < SAMPLES; n += 1) {
      // Out of step with every regular look at chat.db.
      await sleep(40 + Math.random() * 50)
      const { committedAt } = await writer.writeIncoming({
        chat: `any;-;${PERSON}`,
        from: PERSON,
        text: `message ${n}`,
      })
      const agentMs = (await backend.arrivalOf(`message ${n}`)) - committedAt
      await sleep(20)
      const text = `bare ${n}`
      const body = JSON.stringify({ thread_id: PERSON, sender: PERSON, filtered_text: text })
      const startedAt = await bare.run({ do: 'post', body })
      const bareMs = (await backend.arrivalOf(text)) - startedAt
      const commitMs = durable.run()
      if (n < 0) continue
      samples.agent.push(agentMs)
      samples.posts.push(bareMs)
      samples.commits.push(commitMs)
    }
    await agent.stop()
    backend.close()
    durable.close()
    writer.close()
    return samples
  })

const PERSON = '+15625550100'
