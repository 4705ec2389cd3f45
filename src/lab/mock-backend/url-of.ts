import type { IncomingMessage } from 'node:http'

/** Path and query of a request; null where its target is no URL. */
export const urlOf = (request: IncomingMessage): URL | null => URL.parse(request.url ?? '/', 'http://backend')
