import { z } from 'zod'
import { EdgeError } from '../../../agent/core/errors.ts'
import { agentId } from '../agent-id.ts'
import { type Behaviour, behaviourSchema } from '../behaviour.ts'
import { describeCatalogue, faultSpec } from '../catalogue/catalogue.ts'
import type { Command } from '../command-frame.ts'
import type { LaidFaults } from '../lay-faults.ts'
import { parseJson } from '../parse-json.ts'
import type { MockBackend } from '../start-mock-backend.ts'
import type { Journal } from './journal.ts'
import type { JournalItem } from './journal-items.ts'
import type { ConnectionView } from './watch-connections.ts'

/** What the API works on. */
export type ApiNeeds = {
  readonly backend: MockBackend
  readonly behaviour: Behaviour
  readonly laid: LaidFaults
  readonly journal: Journal
  readonly connections: () => readonly ConnectionView[]
  readonly state: () => object
}

export type ApiRequest = { readonly id: number; readonly query: URLSearchParams; readonly body: unknown }
export type ApiAnswer = { readonly status: number; readonly body: unknown }

type Endpoint = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** `:id` stands for a number. */
  readonly path: string
  readonly about: string
  readonly answer: (needs: ApiNeeds, request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>
}

/** Finds the endpoint; `otherMethods` where only the path is right. */
export const findEndpoint = (
  method: string,
  path: string,
): { readonly endpoint?: Endpoint; readonly id: number; readonly otherMethods: readonly string[] } => {
  const id = Number(/\/(\d{1,15})(?=\/|$)/.exec(path)?.[1] ?? 0)
  const pattern = path.replace(/\/\d{1,15}(?=\/|$)/, '/:id')
  const there = ENDPOINTS.filter(endpoint => endpoint.path === pattern)
  const endpoint = there.find(endpoint => endpoint.method === method)
  return { ...(endpoint && { endpoint }), id, otherMethods: there.map(({ method }) => method) }
}

const ok = (body: unknown, status = 200): ApiAnswer => ({ status, body })

const ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/mock',
    about: 'this list',
    answer: () =>
      ok({
        endpoints: [
          ...ENDPOINTS.map(({ method, path, about }) => ({ method, path, about })),
          { method: 'GET', path: '/mock/stream', about: 'all of the state, then every change, as server-sent events' },
          { method: 'POST', path: '/mock/login', about: 'a session for a page: {secret}' },
        ],
      }),
  },
  { method: 'GET', path: '/mock/state', about: 'everything at once', answer: ({ state }) => ok(state()) },
  {
    method: 'GET',
    path: '/mock/connections',
    about: 'WebSockets, open and recently ended',
    answer: ({ connections }) => ok(connections()),
  },
  {
    method: 'GET',
    path: '/mock/messages',
    about: 'messages and commands with their timelines; ?agent, thread, state, text, limit',
    answer: ({ journal }, { query }) => ok(filterItems(journal.items(), parse(itemsQuery, Object.fromEntries(query)))),
  },
  {
    method: 'GET',
    path: '/mock/messages/:id',
    about: 'one of them',
    answer: ({ journal }, { id }) => ok(itemOf(journal, id)),
  },
  {
    method: 'POST',
    path: '/mock/messages/:id/replay',
    about: 'send its newest command again, with the same id, or with {newId: true} with a new one',
    answer: async ({ backend, journal }, { id, body }) => {
      const item = itemOf(journal, id)
      const command = commandOf(item)
      if (command === undefined) throw new EdgeError('nothing-to-replay', 'No command was sent for this message.')
      const { newId } = parse(z.strictObject({ newId: z.boolean().default(false) }), body ?? {})
      const { command_id: _, ...rest } = command
      return ok({ command_id: await backend.routeCommand(item.agent, newId ? rest : command) }, 201)
    },
  },
  {
    method: 'GET',
    path: '/mock/events',
    about: 'the log; ?after=SEQ, limit',
    answer: ({ journal }, { query }) => {
      const { after, limit } = parse(eventsQuery, Object.fromEntries(query))
      return ok(journal.log.filter(({ seq }) => seq > after).slice(-limit))
    },
  },
  {
    method: 'POST',
    path: '/mock/commands',
    about: 'a command to an agent: {agent, thread, text, bubble_type?} or {agent, command_type, payload, command_id?}',
    answer: async ({ backend }, { body }) => {
      const { agent, command } = parse(commandBody, body)
      return ok({ command_id: await backend.routeCommand(agent, command) }, 201)
    },
  },
  {
    method: 'GET',
    path: '/mock/fault-kinds',
    about: 'the catalogue of faults, with the JSON schema of each',
    answer: () => ok(describeCatalogue()),
  },
  { method: 'GET', path: '/mock/faults', about: 'the faults that are on', answer: ({ laid }) => ok(laid.list()) },
  {
    method: 'POST',
    path: '/mock/faults',
    about: 'turn on a fault: {fault, agent?, thread?, times?, probability?, …}',
    answer: ({ laid }, { body }) => ok(laid.lay(parse(faultSpec, body)), 201),
  },
  {
    method: 'DELETE',
    path: '/mock/faults',
    about: 'turn off all faults',
    answer: ({ laid }) => {
      laid.liftAll()
      return ok([])
    },
  },
  {
    method: 'DELETE',
    path: '/mock/faults/:id',
    about: 'turn off a fault',
    answer: ({ laid }, { id }) => {
      if (!laid.lift(id)) throw notFound(`There is no fault ${id}; it may be over.`)
      return ok(laid.list())
    },
  },
  {
    method: 'GET',
    path: '/mock/settings',
    about: 'what the backend replies, and how long it thinks',
    answer: ({ behaviour }) => ok(behaviour.settings()),
  },
  {
    method: 'PATCH',
    path: '/mock/settings',
    about: 'change some of them: {thinkMs?, reflex?, inReplyTo?, replies?, bubbles?, table?}',
    answer: ({ behaviour }, { body }) => {
      behaviour.change(parse(behaviourSchema.partial(), body))
      return ok(behaviour.settings())
    },
  },
]

/** @throws EdgeError `bad-request`, naming each field that does not fit */
const parse = <T>(schema: z.ZodType<T>, raw: unknown): T => {
  const parsed = schema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new EdgeError('bad-request', z.prettifyError(parsed.error))
}

const limit = z.coerce.number().int().min(1).max(1000).default(100)

const itemsQuery = z.object({
  agent: z.string().optional(),
  thread: z.string().optional(),
  state: z.string().optional(),
  text: z.string().optional(),
  limit,
})

const eventsQuery = z.object({ after: z.coerce.number().default(0), limit })

const filterItems = (
  items: readonly JournalItem[],
  { agent, thread, state, text, limit }: z.infer<typeof itemsQuery>,
): readonly JournalItem[] =>
  items
    .filter(item => agent === undefined || item.agent === agent)
    .filter(item => thread === undefined || item.thread === thread)
    .filter(item => state === undefined || item.state === state)
    .filter(item => text === undefined || item.text.toLowerCase().includes(text.toLowerCase()))
    .slice(-limit)

const itemOf = (journal: Journal, id: number): JournalItem => {
  const item = journal.item(id)
  if (item === undefined) throw notFound(`There is no message ${id}; only the newest 500 are kept.`)
  return item
}

const sentFrame = z.object({
  data: z.object({ command_id: z.string(), command_type: z.string(), payload: z.unknown() }).loose(),
})

const commandOf = ({ frames }: JournalItem): Command | undefined => {
  const frame = frames.findLast(({ direction }) => direction === 'out')
  return frame && sentFrame.safeParse(parseJson(frame.text)).data?.data
}

const commandBody = z.union([
  z
    .strictObject({
      agent: agentId,
      thread: z.string().min(1),
      text: z.string(),
      bubble_type: z.string().optional(),
      command_id: z.string().min(1).optional(),
    })
    .transform(({ agent, thread, text, bubble_type, command_id }) => ({
      agent,
      command: {
        command_type: 'send_message_now',
        payload: { thread_id: thread, text, ...(bubble_type && { bubble_type }) },
        ...(command_id && { command_id }),
      } satisfies Command,
    })),
  z
    .strictObject({
      agent: agentId,
      command_type: z.string(),
      payload: z.unknown(),
      command_id: z.string().min(1).optional(),
    })
    .transform(({ agent, command_type, payload, command_id }) => ({
      agent,
      command: { command_type, payload, ...(command_id && { command_id }) } satisfies Command,
    })),
])

const notFound = (message: string): EdgeError => new EdgeError('not-found', message)
