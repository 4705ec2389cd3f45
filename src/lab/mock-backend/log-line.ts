import type { Happening } from './event.ts'

/** The log line of an event. Their wording is part of the protocol's description; `Refused` and `Router` are our additions. */
export const logLine = (event: Happening): string | undefined => {
  switch (event.type) {
    case 'connected':
      return `[WebSocket] Connected: ${event.agentId} (total connections: ${event.total})`
    case 'refused':
      return `[${event.road === 'http' ? 'HTTP POST' : 'WebSocket'}] Refused with ${event.status}: ${event.reason}`
    case 'posted':
      return `[HTTP POST] Received from ${event.message.agentId || NOBODY}`
    case 'looked-up':
      return event.found
        ? `[Reflex] WebSocket found for ${event.agentId} ✅`
        : `[Reflex] WebSocket NOT found for ${event.agentId || NOBODY} ❌`
    case 'reflex-sent':
      // JSON, so that a text of several lines stays on one.
      return `[Reflex] Sent ${JSON.stringify(event.text)} via WebSocket to ${event.agentId}`
    case 'reflex-not-sent':
      return '[Reflex] Will return in HTTP response only (fallback mode)'
    case 'redis':
      return event.reachable
        ? `[Router] Redis is there, and knows the connections of this replica (${event.connections})`
        : '[Router] Redis is out of reach: only agents connected here get their reflex ahead of the answer'
    case 'dialled':
    case 'dial-ended':
    case 'disconnected':
    case 'command-sent':
    case 'answered':
    case 'struck':
    case 'hung-up':
    case 'ack':
    case 'frame':
      return undefined
  }
}

const NOBODY = '(no X-Edge-Agent-Id)'
