import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { extname } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

/** Nothing but our own files and our own origin, and nobody may frame it. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

export type Asset = { readonly type: string; readonly content: string }

/** The files of a page, by their path on the server: `/app.js`. Read once: what is not there at the start is not served. */
export const readAssets = (folder: URL): ReadonlyMap<string, Asset> =>
  new Map(
    readdirSync(folder).flatMap(name => {
      const type = TYPES[extname(name)]
      return type === undefined ? [] : [[`/${name}`, { type, content: readFileSync(new URL(name, folder), 'utf8') }]]
    }),
  )

export const serveAsset = (response: ServerResponse, { type, content }: Asset): void => {
  response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': Buffer.byteLength(content) })
  response.end(content)
}
