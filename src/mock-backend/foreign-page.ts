import type { IncomingMessage } from 'node:http'

/** Whether a browser sends this for a page of another origin than the one that is asked. Programs name no origin. */
export const isForeignPage = ({ headers }: IncomingMessage): boolean => {
  const { origin, host } = headers
  if (origin !== undefined && URL.parse(origin)?.host !== host) return true
  const site = headers['sec-fetch-site']
  return site === 'cross-site' || site === 'same-site'
}
