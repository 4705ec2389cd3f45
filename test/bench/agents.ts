import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { EDGE_MESSAGE_PATH, EDGE_WS_PATH } from '../../src/protocol/wire.ts'
import { createArrivals } from './arrivals.ts'
import { clock } from './clock.ts'

/** Samples of something done again and again, in ms, and how long it all took. */
export type Run = { readonly samples: readonly number[]; readonly tookMs: number }

/**
 * Many agents in one process. All they do is hold a WebSocket, post, and note when the reflex comes.
 * @param name comes before their numbers in ids and messages
 */
export const createAgents = (name = 'agent') => {
  const reflexes = createArrivals('the reflex')
  const sockets: WebSocket[] = []
  const http = new Agent({ keepAlive: true })
  let posted = 0

  const dial = async (url: string, n: number): Promise<void> => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}${EDGE_WS_PATH}?edge_agent_id=${name}-${n}`, {
      perMessageDeflate: false,
    })
    ws.on('message', data => reflexes.note(textOf(data.toString()), clock()))
    await once(ws, 'open')
    sockets.push(ws)
  }

  return {
    /** Connects one after the other, so many at a time, until there are `count` or the time is over. */
    connect: (url: string, count: number, limits: Limits): Promise<Run> =>
      repeat({ ...limits, count }, async n => {
        const startedAt = clock()
        await dial(url, n)
        return clock() - startedAt
      }),

    get count(): number {
      return sockets.length
    },

    /** From the POST to the reflex at the agent's WebSocket; the agents take turns. */
    post: (url: string, count: number, limits: Limits): Promise<Run> =>
      repeat({ ...limits, count }, async () => {
        posted += 1
        const text = `${name}, message ${posted}`
        const sentAt = clock()
        const answered = post(http, url, `${name}-${posted % sockets.length}`, text)
        const reflexAt = await reflexes.of(text)
        await answered
        return reflexAt - sentAt
      }),

    close: (): void => {
      http.destroy()
      for (const ws of sockets) ws.terminate()
    },
  }
}

type Limits = { readonly abreast: number; readonly withinMs: number }

const repeat = async (
  { count, abreast, withinMs }: Limits & { readonly count: number },
  once: (n: number) => Promise<number>,
): Promise<Run> => {
  const startedAt = clock()
  const samples: number[] = []
  let next = 0
  const goOn = async (): Promise<void> => {
    while (next < count && clock() - startedAt < withinMs) {
      next += 1
      samples.push(await once(next - 1))
    }
  }
  await Promise.all(Array.from({ length: abreast }, goOn))
  return { samples, tookMs: clock() - startedAt }
}

const post = (agent: Agent, url: string, agentId: string, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'X-Edge-Agent-Id': agentId }
    request(url + EDGE_MESSAGE_PATH, { agent, method: 'POST', headers }, response => {
      response.resume().on('end', resolve)
    })
      .on('error', reject)
      .end(JSON.stringify({ thread_id: 't', sender: 's', filtered_text: text }))
  })

const reflexFrame = z.object({ data: z.object({ payload: z.object({ text: z.string() }) }) })

const textOf = (frame: string): string => reflexFrame.parse(JSON.parse(frame)).data.payload.text
