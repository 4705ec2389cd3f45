/**
 * POSTs so many times by one HTTP client, with V8 set as the agent sets it, and prints its resident memory in bytes.
 * Plain JavaScript: stripping types would take more memory than what is measured.
 */
import { Agent, request } from 'node:http'
import { spareMemory } from '../../dist/cli/spare-memory.js'

const [client, url, posts] = process.argv.slice(2)
const BODY = JSON.stringify({ thread_id: 't', sender: 's', filtered_text: 'hello' })

const CLIENTS = {
  'node:http': async () => {
    const agent = new Agent({ keepAlive: true })
    return () =>
      new Promise((resolve, reject) => {
        request(url, { agent, method: 'POST' }, response => response.resume().on('end', resolve))
          .on('error', reject)
          .end(BODY)
      })
  },
  'undici Pool': async () => {
    const { Pool } = await import('undici')
    const { exchange } = await import('../../dist/agent/backend/exchange.js')
    const { origin, pathname: path } = new URL(url)
    const pool = new Pool(origin, { allowH2: false })
    const { signal } = new AbortController()
    const nothing = () => {}
    return () =>
      exchange(pool, {
        path,
        headers: {},
        body: BODY,
        signal,
        bodyOf: () => 'needed',
        onStart: nothing,
        onSent: nothing,
      })
  },
  'undici fetch': async () => {
    const { fetch: post } = await import('undici')
    return async () => (await post(url, { method: 'POST', body: BODY })).text()
  },
}

spareMemory()
const post = await CLIENTS[client]()
for (let n = 0; n < Number(posts); n += 1) await post()
process.stdout.write(String(process.memoryUsage.rss()), () => process.exit(0))
