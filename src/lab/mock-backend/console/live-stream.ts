import type { ServerResponse } from 'node:http'
import { type Refusal, refuse } from '../refusal.ts'

/** How long changes are gathered before they go out, in ms. */
const GATHER_MS = 30
const HEARTBEAT_MS = 15_000
/** A page that is further behind than this, after the state, is let go; it dials again and gets all that there is. In bytes. */
const MAX_BACKLOG = 4 * 1024 * 1024
const MAX_PAGES = 32

export type LiveStream = ReturnType<typeof createLiveStream>

/** Server-sent events for every page that looks: all of the state first, then what changes. */
export const createLiveStream = (state: () => unknown) => {
  /** Each with how far it may be behind. */
  const pages = new Map<ServerResponse, number>()
  /** What changed, by `event/key`, each with its newest value; log entries have keys of their own. */
  const changed = new Map<string, { readonly event: string; readonly read: () => unknown }>()
  let timer: NodeJS.Timeout | undefined

  const flush = (): void => {
    timer = undefined
    const text = [...changed.values()].map(({ event, read }) => format(event, read())).join('')
    changed.clear()
    for (const [page, maxBacklog] of pages) {
      if (page.writableLength > maxBacklog) page.destroy()
      else page.write(text)
    }
  }
  const heartbeat = setInterval(() => {
    for (const page of pages.keys()) page.write(':\n\n')
  }, HEARTBEAT_MS)
  heartbeat.unref()

  return {
    open: (response: ServerResponse): void => {
      if (pages.size >= MAX_PAGES) {
        refuse(response, TOO_MANY)
        return
      }
      const first = `retry: 1000\n\n${format('state', state())}`
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
      // What has gathered is in the state; it may come once more, which changes nothing.
      response.write(first)
      pages.set(response, MAX_BACKLOG + Buffer.byteLength(first))
      response.once('close', () => pages.delete(response))
    },
    /** @param read asked when it goes out: of many changes only the last is told */
    push: (event: string, key: string | number, read: () => unknown): void => {
      if (pages.size === 0) return
      changed.set(`${event}/${key}`, { event, read })
      timer ??= setTimeout(flush, GATHER_MS).unref()
    },
    close: (): void => {
      clearInterval(heartbeat)
      clearTimeout(timer)
      for (const page of pages.keys()) page.end()
    },
  }
}

const TOO_MANY: Refusal = {
  status: 503,
  error: 'too_many_pages',
  reason: `${MAX_PAGES} pages are already open`,
  headers: { 'Retry-After': '5' },
}

const format = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
