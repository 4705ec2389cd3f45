import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket, WebSocketServer } from 'ws'

/**
 * One thing that a backend may have wrong. `none` has all of it right, and no more than the document asks; `greets` says
 * hello besides, to each connection, which is nothing wrong.
 */
export type Bug =
  | 'none'
  | 'greets'
  | 'end of the older removes the newer'
  | 'end of the older removes the newer, later'
  | 'end of the older closes the newer'
  | 'one global socket'
  | 'sends to all'
  | 'looks up by thread'
  | 'id from a header'
  | 'handshake wants a header'
  | 'header in one case only'
  | 'older one is kept'
  | 'second one is refused'
  | 'reflex after the answer'
  | 'reflex to a fixed thread'
  | 'reflex not among the bubbles'
  | 'reflex second among the bubbles'
  | 'reflex only in fallback left out'
  | 'reflex never over the socket'
  | 'first bubble differs'
  | '500 without the header'
  | '500 for an id unknown for ever'
  | '500 without a socket'
  | '500 when the socket closes'
  | 'waits for a pong'
  | 'any secret'
  | 'no command_id'
  | 'one command_id'
  | 'another type'
  | 'another command_type'
  | 'no bubble_type'
  | 'no priority'
  | 'no timestamp'
  | 'no envelope'
  | 'no pong'
  | 'closes soon'
  | 'HTML'
  | 'redirect'
  | 'should_respond is a text'
  | 'bubbles are objects'
  | 'umlauts broken'
  | 'one of two at once fails'
  | 'three reflexes for two'
  | 'each reflex twice'
  | 'no bubbles without a socket'
  | 'silent without a socket'
  | 'greets, and never sends a reflex'
  | 'no WebSocket'
  | 'never answers in words'
  | 'busy'
  | 'a reflex one time in three'

const THINK_MS = 40
const REFLEX_MS = 10
const LATE_MS = 60

/** A backend of its own, so that nothing of the project's own ideas about a backend is in it. */
export const startWrongBackend = async (bug: Bug, secret?: string) => {
  const has = (...bugs: readonly Bug[]): boolean => bugs.includes(bug)
  const map = new Map<string, WebSocket>()
  const everSeen = new Set<string>()
  const threads = new Map<string, WebSocket>()
  const busyThreads = new Set<string>()
  const tcp = new Set<Socket>()
  let latest: WebSocket | undefined
  const counts = new Map<string, number>()

  const sockets = new WebSocketServer({ noServer: true, autoPong: bug !== 'no pong' })
  const server = createServer((request, response) => void answer(request, response))
  server.on('connection', socket => tcp.add(socket.once('close', () => tcp.delete(socket))))
  server.on('upgrade', (request, socket, head) => {
    const inQuery = new URL(request.url ?? '', 'http://x').searchParams.get('edge_agent_id')
    const inHeader = request.headers['x-edge-agent-id']?.toString()
    const id = has('id from a header', 'handshake wants a header') ? inHeader : inQuery
    const isRefused =
      has('no WebSocket') ||
      (has('handshake wants a header') && id === undefined) ||
      (has('second one is refused') && map.get(id ?? '')?.readyState === WebSocket.OPEN)
    if (isRefused) socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
    else sockets.handleUpgrade(request, socket, head, ws => keep(ws, id ?? 'nobody at all'))
  })

  const keep = (ws: WebSocket, id: string): void => {
    if (!(has('older one is kept') && map.has(id))) map.set(id, ws)
    everSeen.add(id)
    latest = ws
    ws.on('error', () => {})
    ws.on('close', () => {
      if (has('end of the older removes the newer, later') && map.get(id) !== ws)
        setTimeout(() => map.delete(id), LATE_MS)
      else if (has('end of the older closes the newer')) map.get(id)?.close(1001)
      else if (has('end of the older removes the newer') || map.get(id) === ws) map.delete(id)
      if (latest === ws) latest = undefined
    })
    if (has('greets', 'greets, and never sends a reflex')) ws.send('{"type":"welcome","text":"hello"}')
    if (has('closes soon')) setTimeout(() => ws.close(1000), 200)
  }

  const find = (id: string | undefined, thread: string): WebSocket | undefined => {
    if (has('one global socket')) return latest
    const found = id === undefined ? undefined : map.get(id)
    if (!has('looks up by thread')) return found
    if (found && !threads.has(thread)) threads.set(thread, found)
    return threads.get(thread) ?? found
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const end = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, headers)
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    }
    try {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const message = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>
      if (Object.keys(message).join() !== 'thread_id,sender,filtered_text') return end(422, 'three fields')
      const thread = message['thread_id'] ?? ''
      const isAllowed = secret === undefined || request.headers.authorization === `Bearer ${secret}`
      if (!isAllowed && !has('any secret')) return end(401, 'no')

      const raw = request.rawHeaders.indexOf('X-Edge-Agent-Id')
      const header = request.headers['x-edge-agent-id']?.toString()
      const id = has('header in one case only') ? (raw < 0 ? undefined : request.rawHeaders[raw + 1]) : header
      if (has('HTML')) return end(200, '<html><body>Welcome</body></html>', { 'Content-Type': 'text/html' })
      if (has('redirect')) return end(302, '', { Location: 'https://elsewhere.example/' })
      if (has('busy')) return end(503, '', { 'Retry-After': '1' })
      if (has('500 without the header') && id === undefined) return end(500, 'None')
      if (has('500 for an id unknown for ever') && id !== undefined && !everSeen.has(id)) return end(500, 'KeyError')
      if (has('500 without a socket') && !map.has(id ?? '')) return end(500, 'KeyError')
      if (has('never answers in words')) return end(200, { should_respond: false, reply_bubbles: [] })
      if (has('one of two at once fails') && busyThreads.has(thread)) return end(500, 'locked')
      busyThreads.add(thread)
      const count = (counts.get(id ?? '') ?? 0) + 1
      counts.set(id ?? '', count)

      const early = find(id, thread)
      const text = `okie: ${message['filtered_text']}`.slice(0, 120)
      const reflex = has('umlauts broken') ? Buffer.from(text).toString('latin1') : text
      await sleep(REFLEX_MS)
      const ws = has('500 when the socket closes') ? early : find(id, thread)
      if (has('500 when the socket closes') && early && early.readyState !== WebSocket.OPEN) return end(500, 'closed')
      const isSilent = has('a reflex one time in three') && count % 3 !== 0
      const sendReflex = (): void => {
        if (has('reflex never over the socket', 'greets, and never sends a reflex') || isSilent) return
        const isSecond = message['filtered_text']?.startsWith('And')
        const twice = has('each reflex twice') || (has('three reflexes for two') && isSecond) ? 2 : 1
        for (const socket of has('sends to all') ? sockets.clients : ws ? [ws] : [])
          for (let n = 0; n < twice; n += 1) socket.send(JSON.stringify(frame(bug, thread, reflex)))
      }
      if (!has('reflex after the answer')) sendReflex()
      if (has('waits for a pong') && ws) {
        ws.ping()
        await Promise.race([once(ws, 'pong'), once(ws, 'close')])
      }
      await sleep(THINK_MS)
      busyThreads.delete(thread)
      const first = has('first bubble differs') ? 'hmm' : reflex
      const rest = ['bubble 2 👀', 'bubble 3']
      const bubbles = isSilent || has('reflex not among the bubbles') ? rest : [first, ...rest]
      if (has('reflex second among the bubbles')) bubbles.reverse()
      if (has('reflex only in fallback left out') && !ws) bubbles.shift()
      if (has('silent without a socket') && ws?.readyState !== WebSocket.OPEN)
        return end(200, { should_respond: false, reply_bubbles: [] })
      if (has('no bubbles without a socket') && ws?.readyState !== WebSocket.OPEN) bubbles.length = 0
      end(200, {
        should_respond: has('should_respond is a text') ? 'true' : true,
        reply_bubbles: has('bubbles are objects') ? bubbles.map(bubble => ({ text: bubble })) : bubbles,
      })
      if (has('reflex after the answer')) setTimeout(sendReflex, 40)
    } catch {
      end(500, 'unexpected')
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async (): Promise<void> => {
      for (const socket of tcp) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const frame = (bug: Bug, thread: string, text: string): unknown => {
  const payload = {
    thread_id: bug === 'reflex to a fixed thread' ? '+15550001111' : thread,
    text,
    ...(bug !== 'no bubble_type' && { bubble_type: 'reflex' }),
  }
  if (bug === 'no envelope') return payload
  return {
    type: bug === 'another type' ? 'message' : 'command',
    data: {
      ...(bug !== 'no command_id' && { command_id: bug === 'one command_id' ? 'reflex' : randomUUID() }),
      command_type: bug === 'another command_type' ? 'send_message' : 'send_message_now',
      payload,
      ...(bug !== 'no priority' && { priority: 'immediate' }),
      ...(bug !== 'no timestamp' && { timestamp: '2025-11-17T20:00:00.123456' }),
    },
  }
}
