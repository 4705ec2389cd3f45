import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { CLOSE_REPLACED, commandAckData, frame } from '../../protocol/wire.ts'
import type { Emit, Happening } from './event.ts'
import { parseJson } from './parse-json.ts'

/** One agent's WebSocket. `generation` counts all dials since the start; `tcp` is what lies beneath `ws`. */
export type Connection = {
  readonly agentId: string
  readonly generation: number
  readonly ws: WebSocket
  readonly tcp: Duplex
}

/**
 * The open connections: agent id → connection.
 * @param understandsFrames false for a backend that only reads frames to keep the connection alive
 */
export const createConnections = (emit: Emit, understandsFrames: boolean) => {
  const byAgent = new Map<string, Connection>()
  let lastGeneration = 0

  /** Takes a connection in. An older one of the same agent has to go. */
  const add = (connection: Connection): void => {
    const { agentId, generation, ws } = connection
    const replaced = byAgent.get(agentId)
    byAgent.set(agentId, connection)
    if (replaced !== undefined) closeReplaced(replaced)

    ws.on('message', data => {
      const { event, reply } = readFrame(connection, data.toString(), understandsFrames)
      emit(event)
      if (reply !== undefined) ws.send(reply)
    })
    // A broken frame, a reset: ws closes the connection by itself, and 'close' follows.
    ws.on('error', () => undefined)
    ws.on('close', (code, reason) => {
      // The end of an older connection must not take the newer one out of the map.
      if (byAgent.get(agentId) === connection) byAgent.delete(agentId)
      emit({ type: 'disconnected', agentId, generation, code, reason: reason.toString() })
    })
    emit({ type: 'connected', agentId, generation, total: byAgent.size })
  }

  return {
    byAgent: byAgent as ReadonlyMap<string, Connection>,
    nextGeneration: (): number => {
      lastGeneration += 1
      return lastGeneration
    },
    add,
    /** A newer connection of this agent is known elsewhere. */
    replace: (agentId: string, generation: number): void => {
      const connection = byAgent.get(agentId)
      if (connection?.generation !== generation) return
      byAgent.delete(agentId)
      closeReplaced(connection)
    },
    /** The agent's connection, if it can be written to. */
    open: (agentId: string): Connection | undefined => {
      const connection = byAgent.get(agentId)
      return connection !== undefined && connection.ws.readyState === connection.ws.OPEN ? connection : undefined
    },
  }
}

export type Connections = ReturnType<typeof createConnections>

const closeReplaced = ({ ws }: Connection): void => ws.close(CLOSE_REPLACED, 'replaced by a newer connection')

const readFrame = (
  { agentId, generation }: Connection,
  text: string,
  understandsFrames: boolean,
): { readonly event: Happening; readonly reply?: string } => {
  const unread = { type: 'frame', agentId, generation, text } as const
  const parsed = understandsFrames ? frame.safeParse(parseJson(text)) : undefined
  if (parsed?.data?.type === 'ping') return { event: unread, reply: '{"type":"pong"}' }
  if (parsed?.data?.type !== 'command_ack') return { event: unread }
  const ack = commandAckData.safeParse(parsed.data.data)
  return { event: ack.success ? { type: 'ack', agentId, generation, ack: ack.data, frame: text } : unread }
}
