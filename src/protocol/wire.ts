/**
 * The wire between edge agent and backend, one schema per thing that crosses it. Both sides import this file, so
 * that neither can drift. Unknown extra fields are ignored everywhere: the other side may be newer.
 */
import { z } from 'zod'

export const EDGE_WS_PATH = '/edge/ws'
export const EDGE_MESSAGE_PATH = '/edge/message'

/** Largest frame either side accepts, in bytes. */
export const MAX_FRAME_BYTES = 256 * 1024
/** Largest HTTP answer the agent reads, in bytes after decompression. */
export const MAX_ANSWER_BYTES = 1024 * 1024
/** An answer with more bubbles than this does not fit: nobody means to send a person a thousand messages. */
const MAX_BUBBLES = 1000
/** Longest text of a command, in UTF-16 units. */
const MAX_TEXT_LENGTH = 20_000
export const MAX_ID_LENGTH = 256

/** Close codes of our own, from the private range. */
export const CLOSE_UNAUTHORIZED = 4401
export const CLOSE_REPLACED = 4409

const id = z.string().min(1).max(MAX_ID_LENGTH)

/** POST /edge/message, as `correlation.md` has it: exactly these three fields. */
export const messageRequest = z.object({
  thread_id: id,
  sender: id,
  filtered_text: z.string(),
})
export type MessageRequest = z.infer<typeof messageRequest>

/** Its answer with status 200. */
export const messageAnswer = z.object({
  should_respond: z.boolean(),
  reply_bubbles: z.array(z.string()).max(MAX_BUBBLES).nullish(),
})
export type MessageAnswer = z.infer<typeof messageAnswer>

/** Every frame is `{"type": …, "data": …}`; what `data` must be depends on the type. */
export const frame = z.object({ type: z.string(), data: z.unknown().optional() })

/**
 * The envelope of a command. All that it must have is its id, so that any misfit can be acked by it: a type that is no
 * text is one that nobody knows, and the payload is checked per `command_type`.
 */
export const commandData = z.object({
  // SQLite keeps no lone surrogates: another id would be acked.
  command_id: id.refine(text => text.isWellFormed(), 'is not well-formed'),
  command_type: z.string().catch(''),
  payload: z.unknown().optional(),
  priority: z.string().optional().catch(undefined),
  timestamp: z.unknown().optional(),
})
export type CommandData = z.infer<typeof commandData>

export const sendMessageNow = z.object({
  thread_id: id,
  text: z.string().max(MAX_TEXT_LENGTH),
  bubble_type: z.string().nullish(),
  in_reply_to: id.nullish(),
})
export type SendMessageNow = z.infer<typeof sendMessageNow>

export const commandAckData = z.object({
  command_id: id,
  status: z.enum(['received', 'completed', 'failed']),
  completed_at: z.string().nullish(),
  error: z.string().nullish(),
  detail: z.string().nullish(),
})
export type CommandAckData = z.infer<typeof commandAckData>

/** `Idempotency-Key` is a structured-header string: the message guid in double quotes. */
export const toIdempotencyKey = (guid: string): string => `"${guid.replace(/["\\]/g, '\\$&')}"`

/** The guid in an `Idempotency-Key` or an `in_reply_to`, quoted or not. */
export const fromIdempotencyKey = (key: string): string =>
  /^".*"$/s.test(key) ? key.slice(1, -1).replace(/\\(["\\])/g, '$1') : key
