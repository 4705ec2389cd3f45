import type { IncomingMessage, ServerResponse } from 'node:http'
import { EDGE_MESSAGE_PATH, EDGE_WS_PATH } from '../../protocol/wire.ts'
import { DOCUMENTS } from '../protocol-documents/documents.ts'
import { answerPost, type PostContext } from './answer-post.ts'
import { type Refusal, refuse, respond } from './refusal.ts'
import { urlOf } from './url-of.ts'

/** Answers a request that is not the protocol's; false where it is none of its own. */
export type Routes = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

export type RequestContext = PostContext & { readonly routes: Routes }

/** Every request that is no upgrade: the POST, the health check, and 404, 405 or 426 for the rest. Never rejects. */
export const answerRequest = async (
  context: RequestContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  try {
    await route(context, request, response)
  } catch (error) {
    // Closing, a client that hung up, `replies` that threw. What was begun under a key is forgotten, to be tried again.
    if (response.headersSent || response.destroyed) {
      response.destroy()
      return
    }
    const refusal = context.stop.aborted ? CLOSING : broken(error)
    context.emit({ type: 'refused', road: 'http', status: refusal.status, reason: refusal.reason })
    refuse(response, refusal)
  }
}

const route = async (context: RequestContext, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  if (await context.routes(request, response)) return
  const path = urlOf(request)?.pathname
  const document = DOCUMENTS.get(path?.slice(1) ?? '')
  if (path === EDGE_MESSAGE_PATH) {
    if (request.method === 'POST') await answerPost(context, request, response)
    else refuse(response, only('POST'))
  } else if (path === '/healthz') {
    if (request.method === 'GET') respond(response, 200, health(context))
    else refuse(response, only('GET'))
  } else if (document !== undefined) {
    // What describes the protocol needs no secret.
    if (request.method === 'GET') respond(response, 200, document())
    else refuse(response, only('GET'))
  } else refuse(response, path === EDGE_WS_PATH ? UPGRADE_REQUIRED : NOT_FOUND)
}

const health = ({ connections }: PostContext): string =>
  JSON.stringify({ ok: true, connections: connections.byAgent.size })

const only = (method: string): Refusal => ({
  status: 405,
  error: 'method_not_allowed',
  reason: `only ${method} is understood here`,
  headers: { Allow: method },
})

const NOT_FOUND: Refusal = { status: 404, error: 'not_found', reason: `messages go to ${EDGE_MESSAGE_PATH}` }

const UPGRADE_REQUIRED: Refusal = {
  status: 426,
  error: 'upgrade_required',
  reason: 'this is a WebSocket',
  headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
}

const broken = (error: unknown): Refusal => ({ status: 500, error: 'internal', reason: String(error) })

const CLOSING: Refusal = {
  status: 503,
  error: 'closing',
  reason: 'the backend is closing',
  headers: { 'Retry-After': '1', Connection: 'close' },
}
