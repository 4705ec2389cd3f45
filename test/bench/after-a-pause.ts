import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { EDGE_MESSAGE_PATH } from '../../src/protocol/wire.ts'
import { makeCertificate } from '../support/make-certificate.ts'
import { startTlsFront } from '../support/start-tls-front.ts'
import { clock } from './clock.ts'
import { startFarProxy } from './far-proxy.ts'
import type { Figure } from './figure.ts'
import { inFolder } from './in-folder.ts'
import { startAgent } from './start-agent.ts'
import { startBackend } from './start-backend.ts'
import { summarize } from './statistics.ts'

/**
 * A backend behind TLS, 25 ms away, that ends idle connections after 5 s as uvicorn does: what a message costs that comes
 * after a pause. All pauses are waited for at once, each by agents of its own.
 */
export const afterAPause = (): Promise<Figure> =>
  inFolder(async dir => {
    const certificate = makeCertificate('localhost')
    const ca = join(dir, 'ca.pem')
    writeFileSync(ca, certificate.cert)
    const backend = await startBackend()
    backend.keepAlive(5_000)
    const front = await startTlsFront(Number(new URL(backend.url).port), certificate)
    const far = await startFarProxy(front.port, ONE_WAY_MS)
    const url = `https://localhost:${far.port}`

    const byAgent = async (
      name: string,
      pauseMs: number,
      count: number,
      waitMs: number,
    ): Promise<readonly number[]> => {
      await sleep(waitMs)
      const own = join(dir, name)
      mkdirSync(own)
      const writer = openChatDbWriter(join(own, 'chat.db'))
      writer.ensureChat(`any;-;${PERSON}`)
      const agentId = `edge_${name}`
      const agent = await startAgent({
        backend: { ...backend, url },
        dir: own,
        agentId,
        env: { NODE_EXTRA_CA_CERTS: ca },
      })
      const samples: number[] = []
      for (let n = -1; n < count; n += 1) {
        const text = `${name} ${n}`
        const { committedAt } = await writer.writeIncoming({ chat: `any;-;${PERSON}`, from: PERSON, text })
        const ms = (await backend.arrivalOf(text)) - committedAt
        if (n >= 0) samples.push(ms) // before the first one there was no conversation
        await sleep(pauseMs + Math.random() * 300)
      }
      await agent.stop()
      writer.close()
      return samples
    }
    const rowOf = async ({ pauseMs, agents, count }: (typeof PAUSES)[number]) => {
      const all = Array.from({ length: agents }, (_, n) =>
        byAgent(`pause_${pauseMs}_${n}`, pauseMs, count, n * APART_MS),
      )
      return (await Promise.all(all)).flat()
    }
    /** One POST each time, over a new connection or one that is kept. */
    const bare = async (keepAlive: boolean): Promise<readonly number[]> => {
      const agent = new https.Agent({ keepAlive, ca: certificate.cert })
      const samples: number[] = []
      for (let n = -1; n < BARE; n += 1) {
        const text = `bare ${keepAlive} ${n}`
        const startedAt = clock()
        const request = https.request(url + EDGE_MESSAGE_PATH, { agent, method: 'POST' })
        request.end(JSON.stringify({ thread_id: PERSON, sender: PERSON, filtered_text: text }))
        const arrivedAt = await backend.arrivalOf(text)
        if (n >= 0) samples.push(arrivedAt - startedAt)
        const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream]
        await once(response.resume(), 'end')
        await sleep(500 + Math.random() * 500)
      }
      agent.destroy()
      return samples
    }
    const [kept, anew, ...paused] = await Promise.all([bare(true), bare(false), ...PAUSES.map(rowOf)])
    far.close()
    await front.close()
    backend.close()
    return {
      title: `commit → POST over TLS, ${ONE_WAY_MS} ms one way, handshakes included, at a backend that keeps connections for 5 s`,
      unit: 'ms',
      rows: [
        ...PAUSES.map(({ name, goal }, n) => ({
          what: name,
          kind: 'agent' as const,
          ...summarize(paused[n] ?? []),
          ...(goal && { goal }),
        })),
        { what: 'a POST on a kept connection', kind: 'floor', ...summarize(kept) },
        { what: 'a POST on a new connection', kind: 'floor', ...summarize(anew) },
      ],
    }
  })

const ONE_WAY_MS = 25
const BARE = 60
/** Agents of one pause do not wake at the same time. */
const APART_MS = 5_000
const PERSON = '+15625550100'
const goal = { atMost: 40, words: '≤ 40 ms' }
const PAUSES = [
  { name: 'after half a second', pauseMs: 500, agents: 1, count: 60, goal },
  { name: 'after 6 s', pauseMs: 6_000, agents: 1, count: 40, goal },
  { name: 'after 60 s', pauseMs: 60_000, agents: 4, count: 4, goal },
  // From two minutes on nothing is kept: what holds now holds after ten, too.
  { name: 'after 130 s (as after 10 min)', pauseMs: 130_000, agents: 5, count: 2, goal: undefined },
] as const
