import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { createArrivals } from './arrivals.ts'
import { clock } from './clock.ts'
import type { Peer } from './peers/peer.ts'

/** A backend for one peer: takes what it POSTs, stamps each message, and never has anything to say. */
export const startPeerBackend = async ({ textOf, answer }: Peer) => {
  const posts = createArrivals('POST')
  const order: string[] = []
  const connected = Promise.withResolvers<unknown>()
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const at = clock()
    const body = Buffer.concat(await request.toArray()).toString()
    const text = request.method === 'POST' ? textOf({ path: request.url ?? '', body }) : undefined
    response.setHeader('Content-Type', answer?.contentType ?? 'application/json')
    response.end(answer?.body ?? '{}')
    if (text === undefined) return
    order.push(text)
    posts.note(text, at)
  }
  const server = createServer((request, response) => void take(request, response))
  server.keepAliveTimeout = 60_000
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', socket => connected.resolve(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connected: connected.promise,
    arrivalOf: posts.of,
    /** The texts so far, in the order of their arrival. */
    order: order as readonly string[],
    close: (): void => {
      for (const socket of sockets.clients) socket.terminate()
      server.close()
      server.closeAllConnections()
    },
  }
}
