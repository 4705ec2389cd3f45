import { EDGE_WS_PATH } from '../../protocol/wire.ts'

/** What every request to the backend has in common: where it goes, and who says it is. */

/** `backendUrl` may have a path of its own: `https://host/prefix` + `/edge/ws` is `https://host/prefix/edge/ws`. */
export const edgeUrl = (backendUrl: string, path: string): URL => {
  const url = new URL(backendUrl)
  url.pathname = url.pathname.replace(/\/$/, '') + path
  return url
}

/** `https://host/prefix` → `wss://host/prefix/edge/ws?edge_agent_id=…` */
export const socketUrl = (backendUrl: string, agentId: string): URL => {
  const url = edgeUrl(backendUrl, EDGE_WS_PATH)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.search = `?edge_agent_id=${encodeURIComponent(agentId)}`
  return url
}

export const edgeHeaders = (agentId: string, secret: string | undefined): Readonly<Record<string, string>> => ({
  'X-Edge-Agent-Id': agentId,
  ...(secret !== undefined && { Authorization: `Bearer ${secret}` }),
})
