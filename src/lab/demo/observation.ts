import { z } from 'zod'
import { parseJson } from '../mock-backend/parse-json.ts'

/** Something that one of the processes saw or did; `at` is in Unix milliseconds, with fractions where its source has them. */
export type Observation = { readonly at: number } & (
  | { readonly what: 'committed' }
  | { readonly what: 'posted'; readonly key: string | undefined }
  | { readonly what: 'reflex-out' | 'no-websocket' | 'reflex-in' }
  | { readonly what: 'answer-in'; readonly rule: string }
  | { readonly what: 'sent'; readonly text: string; readonly thread?: string }
  | { readonly what: 'killed' | 'restarted' }
)

/** A line of the Messages simulator: commits to chat.db, and texts that were really sent, from its ledger. */
export const readSimulatorLine = (line: string): Observation | undefined =>
  simulatorLine.safeParse(parseJson(line)).data

/** A line of the mock backend. */
export const readBackendLine = (line: string): Observation | undefined => backendLine.safeParse(parseJson(line)).data

/** Where the mock backend listens, in its first line. */
export const readListening = (line: string): string | undefined => listeningLine.safeParse(parseJson(line)).data?.url

/** A line of the agent's log. */
export const readAgentLine = (line: string): Observation | undefined => agentLine.safeParse(parseJson(line)).data

const at = z.number()

const simulatorLine = z.union([
  z.object({ event: z.literal('committed'), at }).transform(({ at }): Observation => ({ what: 'committed', at })),
  z
    .object({ event: z.literal('sent'), at, text: z.string(), thread: z.string().optional() })
    .transform(({ at, text, thread }): Observation => ({ what: 'sent', at, text, ...(thread && { thread }) })),
])

const backendLine = z.union([
  z
    .object({ type: z.literal('posted'), at, message: z.object({ key: z.string().optional() }) })
    .transform(({ at, message }): Observation => ({ what: 'posted', at, key: message.key })),
  z.object({ type: z.literal('reflex-sent'), at }).transform(({ at }): Observation => ({ what: 'reflex-out', at })),
  z
    .object({ type: z.literal('reflex-not-sent'), at })
    .transform(({ at }): Observation => ({ what: 'no-websocket', at })),
])

const listeningLine = z.object({ type: z.literal('listening'), url: z.string() })

const time = z.iso.datetime().transform(Date.parse)

const agentLine = z.union([
  z
    .object({ msg: z.literal('command accepted'), time, reflex: z.literal(true) })
    .transform(({ time }): Observation => ({ what: 'reflex-in', at: time })),
  z
    .object({ msg: z.literal('message answered'), time, rule: z.string() })
    .transform(({ time, rule }): Observation => ({ what: 'answer-in', at: time, rule })),
])
