import { z } from 'zod'
import { MAX_ID_LENGTH } from '../../protocol/wire.ts'
import type { Frame } from './edge-client.ts'

/** A frame that carries a text, and so must be meant as a reflex, however it is written. */
export type Reflex = {
  readonly at: number
  readonly frame: Frame
  readonly text: string
  readonly threadId: string | undefined
  readonly commandId: string | undefined
  readonly inReplyTo: string | undefined
  /** What is not as the document has it, for a person to read; empty where all is. */
  readonly faults: readonly string[]
}

/** Undefined for everything that carries no text. */
export const readReflex = (frame: Frame): Reflex | undefined => {
  const outer = fields(frame.json)
  const data = fields(outer['data'])
  // Where a backend that has the frame wrong is likely to have put the text.
  const payload = [data['payload'], outer['payload'], data, outer].map(fields).find(({ text }) => isText(text))
  if (payload === undefined || !isText(payload['text'])) return undefined

  const parsed = documentedFrame.safeParse(frame.json)
  return {
    at: frame.at,
    frame,
    text: payload['text'],
    threadId: asText(payload['thread_id']),
    commandId: asText(data['command_id']),
    inReplyTo: asText(payload['in_reply_to']),
    faults: parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
  }
}

const id = z.string().min(1).max(MAX_ID_LENGTH)

/** As `correlation.md` has it; further fields are nobody's business. */
const documentedFrame = z.object({
  type: z.literal('command'),
  data: z.object({
    command_id: id,
    command_type: z.literal('send_message_now'),
    payload: z.object({ thread_id: id, text: z.string().min(1), bubble_type: z.literal('reflex') }),
    priority: z.literal('immediate'),
    timestamp: z.string().refine(text => !Number.isNaN(Date.parse(text)), 'not a date in ISO 8601'),
  }),
})

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const isText = (value: unknown): value is string => typeof value === 'string'

const asText = (value: unknown): string | undefined => (isText(value) ? value : undefined)
