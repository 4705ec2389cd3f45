import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocketServer } from 'ws'
import { EDGE_WS_PATH } from '../../protocol/wire.ts'
import { agentId } from './agent-id.ts'
import { bearerMatches } from './bearer-matches.ts'
import type { Connections } from './connections.ts'
import type { Emit } from './event.ts'
import type { Faults } from './faults.ts'
import { isForeignToAgents } from './foreign-page.ts'
import { badRequest, foreignPage, type Refusal, reasonOf, unauthorized } from './refusal.ts'
import type { Router } from './router.ts'
import { answerUpgrade } from './socket-faults.ts'
import { urlOf } from './url-of.ts'

export type UpgradeContext = {
  readonly secret: string | undefined
  readonly server: WebSocketServer
  readonly connections: Connections
  readonly router: Router
  readonly faults: Faults
  readonly emit: Emit
}

/** GET /edge/ws?edge_agent_id=…: a WebSocket for this agent; or 400, 401, 404, or what a fault makes of it. */
export const acceptUpgrade = (context: UpgradeContext, request: IncomingMessage, tcp: Duplex, head: Buffer): void => {
  // Before ws takes over, nobody else listens; a reset here is no reason to end the process.
  tcp.on('error', () => tcp.destroy())

  const id = readAgentId(request, context.secret)
  if (typeof id !== 'string') {
    context.emit({ type: 'refused', road: 'websocket', status: id.status, reason: id.reason })
    const body = JSON.stringify({ error: id.error, reason: id.reason })
    answerUpgrade(id.status, { 'Content-Type': 'application/json', ...id.headers }, body)(tcp)
    return
  }

  context.emit({ type: 'dialled', agentId: id })
  const fault = context.faults.upgrade.take({ agentId: id })
  if (fault !== undefined) {
    tcp.once('close', () => context.emit({ type: 'dial-ended', agentId: id }))
    fault.effect(tcp)
  } else takeIn(context, id, request, tcp, head)
}

/** Answers the handshake, once all replicas know where this agent is. */
const takeIn = (
  { server, connections, router }: UpgradeContext,
  agentId: string,
  request: IncomingMessage,
  tcp: Duplex,
  head: Buffer,
): void => {
  const generation = connections.nextGeneration()
  const accept = (): void =>
    server.handleUpgrade(request, tcp, head, ws => connections.add({ agentId, generation, ws, tcp }))
  const owned = router.own(agentId, generation)
  if (owned === undefined) accept()
  else {
    // Also where no connection comes of it.
    tcp.once('close', () => router.release(agentId, generation))
    void owned.then(accept)
  }
}

const readAgentId = (request: IncomingMessage, secret: string | undefined): string | Refusal => {
  const url = urlOf(request)
  if (url?.pathname !== EDGE_WS_PATH)
    return { status: 404, error: 'not_found', reason: `the WebSocket is at ${EDGE_WS_PATH}` }
  // A browser opens WebSockets to anywhere for any page, and says for which; agents are no pages.
  if (isForeignToAgents(request, secret)) return foreignPage
  if (secret !== undefined && !bearerMatches(request.headers.authorization, secret)) return unauthorized

  const id = agentId.safeParse(url.searchParams.get('edge_agent_id') ?? undefined)
  return id.success ? id.data : badRequest(reasonOf('edge_agent_id', id.error))
}
