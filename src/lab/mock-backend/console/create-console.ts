import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { EdgeError } from '../../../agent/core/errors.ts'
import type { Routes } from '../answer-request.ts'
import type { Behaviour } from '../behaviour.ts'
import { describeCatalogue, type FaultSpec } from '../catalogue/catalogue.ts'
import type { MockBackendEvent } from '../event.ts'
import { layFaults } from '../lay-faults.ts'
import { parseJson } from '../parse-json.ts'
import { badRequest, type Refusal, refuse, respond } from '../refusal.ts'
import type { MockBackend } from '../start-mock-backend.ts'
import { urlOf } from '../url-of.ts'
import { type ApiNeeds, findEndpoint } from './api.ts'
import { type Asset, readAssets, serveAsset } from './assets.ts'
import { createGuard, type Guard } from './guard.ts'
import { createJournal } from './journal.ts'
import type { JournalItem } from './journal-items.ts'
import { createLiveStream, type LiveStream } from './live-stream.ts'
import { watchConnections } from './watch-connections.ts'

/** Something more on the page: files of its own, a state of its own, things that can be done with it. */
export type ConsoleExtension = {
  readonly folder: URL
  /** Paths of its script and its style sheet, `/phone.js`. */
  readonly script: string
  readonly style: string
  readonly state: (items: readonly JournalItem[]) => unknown
  /** Hands over what is to be called when the state is another one; a new event of the backend needs no call. */
  readonly onChange: (changed: () => void) => void
  /** Answers POST `/mock/extension/NAME`. @throws EdgeError `bad-request` */
  readonly act: (name: string, body: unknown) => Promise<unknown> | unknown
}

export type MockConsole = ReturnType<typeof createConsole>

/**
 * The console of a mock backend: a page at `/`, and all that is on it as an API under `/mock`. Give `routes` and `onEvent`
 * to `startMockBackend`, and what it starts to `attach`.
 */
export const createConsole = ({
  behaviour,
  secret,
  host,
  extension,
}: {
  readonly behaviour: Behaviour
  readonly secret: string | undefined
  readonly host: string
  readonly extension?: ConsoleExtension
}) => {
  const guard = createGuard({ secret, host })
  const assets = collectAssets(extension)
  let attached: (ApiNeeds & { readonly onEvent: (event: MockBackendEvent) => void }) | undefined

  const stream = createLiveStream(() => attached?.state() ?? {})
  const journal = createJournal({
    onItem: item => stream.push('item', item.id, () => item),
    onLog: entry => stream.push('log', entry.seq, () => entry),
  })
  const readExtension = (): unknown => extension?.state(journal.items())
  const pushExtension = (): void => {
    if (extension !== undefined) stream.push('extension', 0, readExtension)
  }
  extension?.onChange(pushExtension)
  const pushSettings = (): void => stream.push('settings', 0, behaviour.settings)

  const attach = (backend: MockBackend): void => {
    const connections = watchConnections(backend.connections, view =>
      stream.push('connection', view.generation, () => view),
    )
    const laid = layFaults({
      faults: backend.faults,
      connections: backend.connections,
      onStrike: journal.onStrike,
      onChange: () => stream.push('faults', 0, laid.list),
    })
    const kinds = describeCatalogue()
    const startedAt = Date.now()
    attached = {
      backend,
      behaviour,
      laid,
      journal,
      connections: connections.list,
      state: () => ({
        url: backend.url,
        startedAt,
        needsSecret: secret !== undefined,
        settings: behaviour.settings(),
        connections: connections.list(),
        items: journal.items(),
        faults: laid.list(),
        kinds,
        log: journal.log,
        ...(extension && { extension: readExtension() }),
      }),
      onEvent: event => {
        connections.onEvent(event)
        laid.onEvent(event)
      },
    }
  }

  const routes: Routes = async (request, response) => {
    const url = urlOf(request)
    if (url === null || attached === undefined) return false
    const asset = request.method === 'GET' ? assets.get(url.pathname) : undefined
    const isApi = url.pathname === '/mock' || url.pathname.startsWith('/mock/')
    if (asset === undefined && !isApi) return false
    const refusal = guard.checkHost(request) ?? (isApi ? guard.checkPage(request) : undefined)
    if (refusal !== undefined) refuse(response, refusal)
    else if (asset !== undefined) serveAsset(response, asset)
    else await serveApi({ needs: attached, guard, stream, extension, pushSettings }, request, response, url)
    return true
  }

  return {
    routes,
    attach,
    onEvent: (event: MockBackendEvent): void => {
      journal.onEvent(event)
      attached?.onEvent(event)
      pushExtension()
    },
    /** A line for the log on the page. */
    note: (line: string): void => journal.note('note', line),
    /** A person has got this text; for who can see their phone. */
    onSeen: journal.onSeen,
    layAll: (specs: readonly FaultSpec[]): void => {
      for (const spec of specs) attached?.laid.lay(spec)
    },
    close: stream.close,
  }
}

type ApiServer = {
  readonly needs: ApiNeeds
  readonly guard: Guard
  readonly stream: LiveStream
  readonly extension: ConsoleExtension | undefined
  readonly pushSettings: () => void
}

const serveApi = async (
  { needs, guard, stream, extension, pushSettings }: ApiServer,
  request: IncomingMessage,
  response: ServerResponse,
  { pathname, searchParams: query }: URL,
): Promise<void> => {
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}): void =>
    respond(response, status, JSON.stringify(body), { 'Cache-Control': 'no-store', ...headers })
  const { method = 'GET' } = request

  const read = method === 'GET' ? {} : await readJson(request)
  if (read.refusal !== undefined) return refuse(response, read.refusal)
  const { body } = read

  if (pathname === '/mock/login' && method === 'POST') {
    const cookie = guard.logIn(request, loginBody.safeParse(body).data?.secret ?? '')
    if (cookie !== undefined) return answer(200, { ok: true }, { 'Set-Cookie': cookie })
    await sleep(WRONG_SECRET_MS)
    return refuse(response, { status: 401, error: 'unauthorized', reason: 'this is not the secret' })
  }
  const unauthorized = guard.checkSecret(request)
  if (unauthorized !== undefined) return refuse(response, unauthorized)
  if (pathname === '/mock/stream' && method === 'GET') return stream.open(response)

  try {
    const name = /^\/mock\/extension\/([\w-]+)$/.exec(pathname)?.[1]
    if (extension !== undefined && name !== undefined && method === 'POST') {
      return answer(200, (await extension.act(name, body)) ?? {})
    }
    const { endpoint, id, otherMethods } = findEndpoint(method, pathname)
    if (endpoint !== undefined) {
      const { status, body: answered } = await endpoint.answer(needs, { id, query, body })
      if (endpoint.path === '/mock/settings' && method === 'PATCH') pushSettings()
      answer(status, answered)
    } else if (otherMethods.length > 0) {
      const Allow = otherMethods.join(', ')
      refuse(response, {
        status: 405,
        error: 'method_not_allowed',
        reason: `${Allow} is understood here`,
        headers: { Allow },
      })
    } else refuse(response, { status: 404, error: 'not_found', reason: 'GET /mock lists all endpoints' })
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error
    const reason = [error.message, error.remedy].filter(part => part !== undefined).join(' ')
    refuse(response, { status: STATUS[error.code] ?? 400, error: error.code.replaceAll('-', '_'), reason })
  }
}

/** Guessing is slowed down. */
const WRONG_SECRET_MS = 300

const STATUS: Readonly<Record<string, number>> = { 'not-found': 404, 'not-connected': 409, 'nothing-to-replay': 409 }

const MAX_BODY_BYTES = 256 * 1024

const loginBody = z.object({ secret: z.string() })

/** The body of a request, undefined where it is empty. Only JSON, which no form of another page can send unasked. */
const readJson = async (request: IncomingMessage): Promise<{ readonly body?: unknown; readonly refusal?: Refusal }> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (size > MAX_BODY_BYTES) return { refusal: { status: 413, error: 'too_large', reason: 'the body is too large' } }
  if (size === 0) return {}
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    return { refusal: { status: 415, error: 'not_json', reason: 'send Content-Type: application/json' } }
  const body = parseJson(Buffer.concat(chunks).toString())
  return body === undefined ? { refusal: badRequest('the body is not JSON') } : { body }
}

const collectAssets = (extension: ConsoleExtension | undefined): ReadonlyMap<string, Asset> => {
  const assets = new Map(readAssets(new URL('./page/', import.meta.url)))
  const page = assets.get('/index.html')
  if (page === undefined) throw new Error('the page of the console is missing')
  assets.delete('/index.html')
  const more =
    extension === undefined
      ? ''
      : `<link rel="stylesheet" href="${extension.style}">\n    <script type="module" src="${extension.script}"></script>`
  assets.set('/', { ...page, content: page.content.replace('<!-- extension -->', () => more) })
  if (extension !== undefined) for (const [path, asset] of readAssets(extension.folder)) assets.set(path, asset)
  return assets
}
