import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { askAgent } from '../../agent/control/ask-agent.ts'
import { controlSocketPath } from '../../agent/control/socket-path.ts'
import type { AutomationProbe, ChatDbProbe } from '../../agent/core/probes.ts'

/** Whether an agent runs, and what it says of itself, as far as it says it: it may be of another version. */
export type AgentLife =
  | { readonly kind: 'not-running' }
  /** Something listens, and does not answer as an agent does. */
  | { readonly kind: 'silent'; readonly said: string }
  | { readonly kind: 'running'; readonly status: Status }

export type AgentFacts =
  | Exclude<AgentLife, { readonly kind: 'running' }>
  | (Extract<AgentLife, { readonly kind: 'running' }> & {
      readonly automation: Told<AutomationProbe>
      readonly chatDb: Told<ChatDbProbe>
      /** Asked again a little later where the agent was behind. */
      readonly chatDbLater: Told<ChatDbProbe> | undefined
    })

/** What only a running agent can tell, and where: elsewhere than on a Mac nothing is forbidden. */
export type AskedOfAgent = { readonly agent: AgentFacts; readonly isMac: boolean }

export type Told<T> = { readonly kind: 'told'; readonly answer: T } | { readonly kind: 'untold'; readonly why: string }

export const lookForAgent = async (stateDir: string): Promise<AgentLife> => {
  try {
    return {
      kind: 'running',
      status: statusSchema.parse(await askAgent(controlSocketPath(stateDir), 'status', undefined, 3_000)),
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    return code === 'not_running' ? { kind: 'not-running' } : { kind: 'silent', said: firstLine(String(message)) }
  }
}

/** Has a running agent try what macOS may forbid. */
export const probeAgent = async (stateDir: string, life: AgentLife): Promise<AgentFacts> => {
  if (life.kind !== 'running') return life
  const socket = controlSocketPath(stateDir)
  const [automation, [chatDb, chatDbLater]] = await Promise.all([
    // The agent gives osascript ten seconds, in which somebody may answer a prompt.
    ask(socket, 'probe-automation', automationSchema, 12_000),
    probeChatDb(socket),
  ])
  return { ...life, automation, chatDb, chatDbLater }
}

const probeChatDb = async (socket: string): Promise<readonly [Told<ChatDbProbe>, Told<ChatDbProbe> | undefined]> => {
  const first = await ask(socket, 'probe-chat-db', chatDbSchema, 4_000)
  if (!isBehind(first)) return [first, undefined]
  await sleep(MOMENT_MS)
  return [first, await ask(socket, 'probe-chat-db', chatDbSchema, 4_000)]
}

/** A healthy agent reads what is new within a second. */
const MOMENT_MS = 3_000

export const isBehind = (chatDb: Told<ChatDbProbe>): boolean =>
  chatDb.kind === 'told' && (chatDb.answer.highestRowid ?? 0) > (chatDb.answer.seenRowid ?? Number.POSITIVE_INFINITY)

/** How reading chat.db goes for this very process, which macOS judges otherwise than the agent: `readable`, or a code. */
export const readByUs = async (path: string): Promise<string> => {
  try {
    const file = await open(path, 'r')
    try {
      // macOS may allow open() and refuse read().
      await file.read(Buffer.alloc(16), 0, 16, 0)
      return 'readable'
    } finally {
      await file.close()
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable'
  }
}

/** What the agent said of Automation, where it runs and said it. */
export const automationOf = (agent: AgentFacts): AutomationProbe | undefined =>
  agent.kind === 'running' && agent.automation.kind === 'told' ? agent.automation.answer : undefined

const ask = async <T>(socket: string, what: string, schema: z.ZodType<T>, timeoutMs: number): Promise<Told<T>> => {
  try {
    return { kind: 'told', answer: schema.parse(await askAgent(socket, what, undefined, timeoutMs)) }
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    if (code === 'unknown_request') return { kind: 'untold', why: 'the running agent is an older version' }
    return { kind: 'untold', why: firstLine(String(message)) }
  }
}

const firstLine = (text: string): string => text.split('\n')[0]?.slice(0, 160) ?? ''

/** Each part by itself, so that one that is missing takes no other with it. */
const problemSchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().catch(''),
  sinceMs: z.number(),
})

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
  /** An older version does not tell them. */
  ownAddresses: z.array(z.string()).optional().catch(undefined),
  messages: z.record(z.string(), z.number()).catch({}),
  bubbles: z.record(z.string(), z.number()).catch({}),
  sending: z
    .object({ state: z.string(), reason: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  held: z
    .object({ everywhere: z.object({ until: z.string().nullable() }).nullable() })
    .optional()
    .catch(undefined),
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
  unknownValues: z.array(z.string()).exactOptional(),
})
