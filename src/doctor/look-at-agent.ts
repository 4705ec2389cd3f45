import { closeSync, openSync, readSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { askAgent } from '../control/ask-agent.ts'
import { controlSocketPath } from '../control/socket-path.ts'
import type { AutomationProbe, ChatDbProbe } from '../core/probes.ts'

/** What the running agent says, as far as it says it: it may be of another version. */
export type AgentFacts =
  | { readonly kind: 'not-running' }
  /** Something listens, and does not answer as an agent does. */
  | { readonly kind: 'silent'; readonly said: string }
  | {
      readonly kind: 'running'
      readonly status: Status
      readonly automation: Told<AutomationProbe>
      readonly chatDb: Told<ChatDbProbe>
      /** Asked again a little later where the agent was behind. */
      readonly chatDbLater?: Told<ChatDbProbe>
    }

export type Told<T> = { readonly kind: 'told'; readonly answer: T } | { readonly kind: 'untold'; readonly why: string }

export const lookAtAgent = async (stateDir: string): Promise<AgentFacts> => {
  const socket = controlSocketPath(stateDir)
  let status: Status
  try {
    status = statusSchema.parse(await askAgent(socket, 'status', undefined, 4_000))
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    return code === 'not_running' ? { kind: 'not-running' } : { kind: 'silent', said: firstLine(String(message)) }
  }
  const [automation, chatDb] = await Promise.all([
    // The agent gives osascript ten seconds, in which somebody may answer a prompt.
    ask(socket, 'probe-automation', automationSchema, 12_000),
    ask(socket, 'probe-chat-db', chatDbSchema, 6_000),
  ])
  if (!isBehind(chatDb)) return { kind: 'running', status, automation, chatDb }
  await sleep(MOMENT_MS)
  const chatDbLater = await ask(socket, 'probe-chat-db', chatDbSchema, 3_000)
  return { kind: 'running', status, automation, chatDb, chatDbLater }
}

/** A healthy agent reads what is new within a second. */
const MOMENT_MS = 3_000

export const isBehind = (chatDb: Told<ChatDbProbe>): boolean =>
  chatDb.kind === 'told' && (chatDb.answer.highestRowid ?? 0) > (chatDb.answer.seenRowid ?? Number.POSITIVE_INFINITY)

/** How reading chat.db goes for this very process, which macOS judges otherwise than the agent. */
export const readByUs = (path: string): string => {
  let fd: number | undefined
  try {
    // macOS may allow open() and refuse read().
    fd = openSync(path, 'r')
    readSync(fd, Buffer.alloc(16), 0, 16, 0)
    return 'readable'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable'
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

const ask = async <T>(socket: string, what: string, schema: z.ZodType<T>, timeoutMs: number): Promise<Told<T>> => {
  try {
    return { kind: 'told', answer: schema.parse(await askAgent(socket, what, undefined, timeoutMs)) }
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    if (code === 'unknown_request') return { kind: 'untold', why: 'the agent that runs is of an older version' }
    return { kind: 'untold', why: firstLine(String(message)) }
  }
}

const firstLine = (text: string): string => text.split('\n')[0]?.slice(0, 160) ?? ''

const problemSchema = z.object({ code: z.string(), message: z.string(), remedy: z.string().catch(''), sinceMs: z.number() })

const statusSchema = z.object({
  agent: z.object({
    id: z.string().catch(''),
    version: z.string().catch('unknown'),
    pid: z.number(),
    label: z.string().optional().catch(undefined),
    uptimeSeconds: z.number().catch(0),
  }),
  connection: z
    .object({
      state: z.string(),
      since: z.number().catch(0),
      lastError: z
        .object({ code: z.string(), message: z.string(), remedy: z.string().optional() })
        .optional()
        .catch(undefined),
    })
    .catch({ state: 'unknown', since: 0 }),
  chatDb: z.object({ readable: z.boolean() }).catch({ readable: false }),
  problems: z.array(problemSchema).catch([]),
  messages: z.record(z.string(), z.number()).catch({}),
  bubbles: z.record(z.string(), z.number()).catch({}),
})
export type Status = z.infer<typeof statusSchema>

const automationSchema: z.ZodType<AutomationProbe> = z.object({
  state: z.enum(['granted', 'denied', 'unanswered', 'unclear']),
  errorNumber: z.number().exactOptional(),
  accounts: z.number().exactOptional(),
  enabledAccounts: z.number().exactOptional(),
  said: z.string().exactOptional(),
  tookMs: z.number().catch(0),
})

const chatDbSchema: z.ZodType<ChatDbProbe> = z.object({
  readable: z.boolean(),
  problem: z.object({ code: z.string(), message: z.string(), remedy: z.string() }).exactOptional(),
  highestRowid: z.number().exactOptional(),
  seenRowid: z.number().exactOptional(),
  newestIncomingMs: z.number().exactOptional(),
  changedMs: z.number().exactOptional(),
})
