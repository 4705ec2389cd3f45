/** What every request to the backend has in common: where it goes, and who says it is. */

/** `backendUrl` may have a path of its own: `https://host/prefix` + `/edge/ws` is `https://host/prefix/edge/ws`. */
export const edgeUrl = (backendUrl: string, path: string): URL => {
  const url = new URL(backendUrl)
  url.pathname = url.pathname.replace(/\/$/, '') + path
  return url
}

export const edgeHeaders = (agentId: string, secret: string | undefined): Readonly<Record<string, string>> => ({
  'X-Edge-Agent-Id': agentId,
  ...(secret !== undefined && { Authorization: `Bearer ${secret}` }),
})
