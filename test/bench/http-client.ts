import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { EDGE_MESSAGE_PATH } from '../../src/protocol/wire.ts'
import type { Figure } from './figure.ts'
import { startBackend } from './start-backend.ts'
import { summarize } from './statistics.ts'

/**
 * What an HTTP client costs (docs/decisions.md): the memory of a process that does nothing but POST, by each of them; by
 * `undici Pool` as the agent does. Several processes each, in turn.
 */
export const httpClient = async (): Promise<Figure> => {
  const backend = await startBackend()
  const rss: Record<Client, number[]> = { 'node:http': [], 'undici Pool': [], 'undici fetch': [] }
  for (let n = 0; n < ROUNDS; n += 1) {
    for (const client of CLIENTS) rss[client].push(await measure(client, backend.url))
  }
  backend.close()
  return {
    title: `resident memory of a bare process after ${POSTS} POSTs`,
    unit: 'MB',
    rows: CLIENTS.map(client => ({ what: client, kind: 'floor', ...summarize(rss[client]) })),
  }
}

const CLIENTS = ['node:http', 'undici Pool', 'undici fetch'] as const
type Client = (typeof CLIENTS)[number]

const ROUNDS = 5
const POSTS = 200

const measure = async (client: Client, url: string): Promise<number> => {
  const program = fileURLToPath(new URL('./post-by.mjs', import.meta.url))
  const child = spawn(process.execPath, [program, client, url + EDGE_MESSAGE_PATH, String(POSTS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', chunk => {
    said += chunk
  })
  await once(child, 'close')
  return Number(said) / 1e6
}
