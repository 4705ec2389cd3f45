import { once } from 'node:events'
import { WebSocket } from 'ws'

/** Where a backend listens, in this process or in another. */
type At = { readonly url: string }

export const AGENT = 'edge_13238407486'
export const THREAD = '+15622924139'
export const MESSAGE = {
  thread_id: THREAD,
  sender: THREAD,
  filtered_text: 'Can you find me the best deal for a Mac mini?',
}

type Post = {
  readonly agentId?: string
  readonly key?: string
  readonly secret?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** POSTs MESSAGE, or `body`: a string as it is, anything else as JSON. */
export const post = (
  backend: At,
  { agentId = AGENT, key, secret, body = MESSAGE, headers, signal }: Post = {},
): Promise<Response> =>
  fetch(`${backend.url}/edge/message`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'Content-Type': 'application/json',
      'X-Edge-Agent-Id': agentId,
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      ...(secret === undefined ? {} : { Authorization: `Bearer ${secret}` }),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: signal ?? null,
  })

export type Client = {
  readonly ws: WebSocket
  /** Every text frame so far, parsed. */
  readonly frames: readonly { type: string; data?: { command_id: string; payload: { text: string } } }[]
  /** Resolves with the close code; to 1006 where TCP ended without a word. */
  readonly closed: Promise<number>
  /** What ws found wrong with a frame, by its code. */
  readonly errors: readonly string[]
}

export const dial = (backend: At, query: string, secret?: string): WebSocket =>
  new WebSocket(`${backend.url.replace('http', 'ws')}/edge/ws${query}`, {
    maxPayload: 256 * 1024,
    ...(secret === undefined ? {} : { headers: { Authorization: `Bearer ${secret}` } }),
  })

export const connect = async (backend: At, agentId = AGENT, secret?: string): Promise<Client> => {
  const ws = dial(backend, `?edge_agent_id=${encodeURIComponent(agentId)}`, secret)
  const frames: Client['frames'][number][] = []
  const errors: string[] = []
  ws.on('message', data => frames.push(JSON.parse(data.toString())))
  ws.on('error', error => errors.push('code' in error ? String(error.code) : error.message))
  const closed = new Promise<number>(resolve => ws.on('close', resolve))
  await once(ws, 'open')
  return { ws, frames, closed, errors }
}

/** The status with which an upgrade is refused. */
export const refusedWith = async (ws: WebSocket): Promise<number> => {
  ws.on('error', () => undefined)
  const [, response] = await once(ws, 'unexpected-response')
  ws.terminate()
  return response.statusCode
}

/** The texts of all commands that came so far. */
export const texts = (client: Client): readonly (string | undefined)[] =>
  client.frames.filter(({ type }) => type === 'command').map(({ data }) => data?.payload.text)
