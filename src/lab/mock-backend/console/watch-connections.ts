import { Socket } from 'node:net'
import type { Connection } from '../connections.ts'
import type { MockBackendEvent } from '../event.ts'

/** How many connections that have ended are kept, the newest. */
const MAX_ENDED = 20
const PING_MS = 5_000

/** A WebSocket of an agent, open or ended. */
export type ConnectionView = {
  readonly agent: string
  readonly generation: number
  /** Unix milliseconds. */
  readonly since: number
  readonly from: string
  /** Pings of the agent, and our own with the time that the last pong took. */
  readonly pingsIn: number
  readonly pingsOut: number
  readonly rttMs: number | null
  readonly ended?: { readonly at: number; readonly code: number; readonly reason: string }
}

/** Who is connected, since when, from where, and how fast its pongs come. */
export const watchConnections = (
  connections: ReadonlyMap<string, Connection>,
  onChange: (connection: ConnectionView) => void,
) => {
  const views = new Map<number, ConnectionView>()

  const change = (generation: number, change: Partial<ConnectionView>): void => {
    const view = views.get(generation)
    if (view === undefined) return
    const changed = { ...view, ...change }
    views.set(generation, changed)
    onChange(changed)
  }

  const watch = ({ agentId, generation, ws, tcp }: Connection, at: number): void => {
    const from = tcp instanceof Socket ? `${tcp.remoteAddress ?? '?'}:${tcp.remotePort ?? '?'}` : '?'
    views.set(generation, { agent: agentId, generation, since: at, from, pingsIn: 0, pingsOut: 0, rttMs: null })
    change(generation, {})
    const get = (): ConnectionView | undefined => views.get(generation)
    let sentAt = 0
    const ping = (): void => {
      if (ws.readyState !== ws.OPEN) return
      sentAt = performance.now()
      ws.ping()
      change(generation, { pingsOut: (get()?.pingsOut ?? 0) + 1 })
    }
    const timer = setInterval(ping, PING_MS)
    timer.unref()
    ws.on('ping', () => change(generation, { pingsIn: (get()?.pingsIn ?? 0) + 1 }))
    ws.on('pong', () => change(generation, { rttMs: Math.round((performance.now() - sentAt) * 10) / 10 }))
    ws.on('close', () => clearInterval(timer))
    ping()
  }

  const dropOldest = (): void => {
    const ended = [...views.values()].filter(view => view.ended !== undefined)
    for (const { generation } of ended.slice(0, -MAX_ENDED)) views.delete(generation)
  }

  return {
    onEvent: (event: MockBackendEvent): void => {
      if (event.type === 'connected') {
        const connection = connections.get(event.agentId)
        if (connection !== undefined) watch(connection, event.at)
      } else if (event.type === 'disconnected') {
        const { at, code, reason, generation } = event
        change(generation, { ended: { at, code, reason } })
        dropOldest()
      }
    },
    list: (): readonly ConnectionView[] => [...views.values()],
  }
}
