import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'

/** Whether a browser sends this for a page of another origin than the one that is asked. Programs name no origin. */
export const isForeignPage = ({ headers }: IncomingMessage): boolean => {
  const { origin, host } = headers
  if (origin !== undefined && URL.parse(origin)?.host !== host) return true
  const site = headers['sec-fetch-site']
  return site === 'cross-site' || site === 'same-site'
}

/**
 * The same for what agents use. Where no secret protects it, only this machine can ask: a page that comes with any
 * other name than its own has made that name mean this machine (DNS rebinding).
 */
export const isForeignToAgents = (request: IncomingMessage, secret: string | undefined): boolean =>
  isForeignPage(request) || (secret === undefined && request.headers.origin !== undefined && !hasOwnName(request))

/** Whether this machine is asked by its address, by `localhost`, by its own name or by one of `more`, in lower case. */
export const hasOwnName = ({ headers }: IncomingMessage, more: readonly string[] = []): boolean => {
  const name = (URL.parse(`http://${headers.host}`)?.hostname ?? '').toLowerCase()
  const own = hostname().toLowerCase()
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || ['localhost', own, `${own}.local`, ...more].includes(name)
}
