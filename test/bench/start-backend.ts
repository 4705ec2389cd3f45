import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { EDGE_WS_PATH, messageRequest } from '../../src/protocol/wire.ts'
import { createArrivals } from './arrivals.ts'
import { clock } from './clock.ts'

export type Backend = Awaited<ReturnType<typeof startBackend>>

/**
 * A backend that stamps and does next to nothing else. It answers each message at once with the bubbles of `reply`, of
 * which the first is sent ahead as a reflex; none where there is no `reply`.
 */
export const startBackend = async (
  reply: (text: string) => readonly string[] | Promise<readonly string[]> = () => [],
) => {
  const posts = createArrivals('POST')
  const connections = new Map<string, PromiseWithResolvers<WebSocket>>()
  const connection = (id: string): PromiseWithResolvers<WebSocket> => {
    const known = connections.get(id) ?? Promise.withResolvers<WebSocket>()
    connections.set(id, known)
    return known
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const at = clock()
    const chunks: Buffer[] = await request.toArray()
    const message = messageRequest.parse(JSON.parse(Buffer.concat(chunks).toString()))
    posts.note(message.filtered_text, at)
    const bubbles = await reply(message.filtered_text)
    const id = request.headers['x-edge-agent-id']
    const [reflex] = bubbles
    if (reflex !== undefined && typeof id === 'string') {
      const { promise } = connection(id)
      ;(await promise).send(commandFrame({ thread_id: message.thread_id, text: reflex, bubble_type: 'reflex' }))
    }
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ should_respond: bubbles.length > 0, reply_bubbles: bubbles }))
  }
  const server = createServer((request, response) => void answer(request, response))
  // Floors are for kept connections: none may end between two samples.
  server.keepAliveTimeout = 60_000
  const sockets = new WebSocketServer({ server, path: EDGE_WS_PATH })
  sockets.on('connection', (socket, request) => {
    const id = new URL(request.url ?? '', 'ws://localhost').searchParams.get('edge_agent_id') ?? ''
    connection(id).resolve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** When the head of the POST with this text was read. */
    arrivalOf: posts.of,
    /** How long connections are kept that nobody uses. */
    keepAlive: (ms: number): void => {
      server.keepAliveTimeout = ms
    },
    connectionOf: (id: string): Promise<WebSocket> => connection(id).promise,
    close: (): void => {
      for (const socket of sockets.clients) socket.terminate()
      server.close()
      server.closeAllConnections()
    },
  }
}

export const commandFrame = (payload: {
  readonly thread_id: string
  readonly text: string
  readonly bubble_type?: 'reflex'
}): string =>
  JSON.stringify({
    type: 'command',
    data: { command_id: randomUUID(), command_type: 'send_message_now', payload, priority: 'immediate' },
  })
