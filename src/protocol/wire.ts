/**
 * The wire between edge agent and backend, one schema per thing that crosses it. Both sides import this file, so
 * that neither can drift. Unknown extra fields are ignored everywhere: the other side may be newer.
 */
import { z } from 'zod'
import { HOW_TO_WRITE_SEND_AT } from './send-at.ts'

export const EDGE_WS_PATH = '/edge/ws'
export const EDGE_MESSAGE_PATH = '/edge/message'

/** Largest frame either side accepts, in bytes. */
export const MAX_FRAME_BYTES = 256 * 1024
/** Largest HTTP answer the agent reads, in bytes after decompression. */
export const MAX_ANSWER_BYTES = 1024 * 1024
/** An answer with more bubbles than this does not fit: nobody means to send a person a thousand messages. */
const MAX_BUBBLES = 1000
/** Longest text of a command, in UTF-16 units: of most scripts it fits into a frame. */
const MAX_TEXT_LENGTH = 80_000
export const MAX_ID_LENGTH = 256

/** Close codes of our own, from the private range. */
export const CLOSE_UNAUTHORIZED = 4401
export const CLOSE_REPLACED = 4409

/**
 * Stands in the documents by whatever `correlation.md`, the first description of the protocol, does not have: a backend
 * may do without all of it.
 */
export const BEYOND_CORRELATION = { 'x-beyond-correlation': true } as const

const id = z.string().min(1).max(MAX_ID_LENGTH)

/** By what a backend finds an agent's WebSocket: in the query of `/edge/ws`, in the header of `/edge/message`. */
export const edgeAgentId = z
  .string()
  .regex(/^[A-Za-z0-9._:@+-]{1,128}$/)
  .meta({
    description:
      'The name of the agent, the same on the WebSocket and in the POST. It ties a message to the WebSocket for its reflex.',
    examples: ['edge_13238407486'],
  })

/** Longest name of a file or a group in a POST, in UTF-16 units. */
export const MAX_NAME_LENGTH = 200

const instant = z.string().meta({ examples: ['2026-11-23T00:07:38.012Z'] })

/** One attachment of a message: what it is, never where it is or what is in it. */
const attachment = z.object({
  name: z
    .string()
    .optional()
    .meta({ description: 'Its file name, redacted like the text.', examples: ['IMG_0042.heic'] }),
  mime_type: z
    .string()
    .optional()
    .meta({ examples: ['image/heic'] }),
  bytes: z.number().optional().meta({ description: 'Its size; absent while the Mac has not loaded it.' }),
  is_sticker: z.boolean().optional(),
})

/** What a message has with `payload = "extended"`, beside the three fields. */
const extended = {
  event: z
    .enum(['message', 'edited', 'unsent'])
    .optional()
    .meta({
      ...BEYOND_CORRELATION,
      description:
        'Absent: a message. `edited`, `unsent`: what happened to a message that was POSTed before, named by `message_id`; this POST has its own key. Bubbles that answer `unsent` are not sent.',
    }),
  message_id: z
    .string()
    .optional()
    .meta({
      ...BEYOND_CORRELATION,
      description: "The message's guid: the `Idempotency-Key` of its own POST, without the quotes.",
      examples: ['B373E262-AFC1-41F5-B802-7B90DC0BEE7B'],
    }),
  timestamp: instant.optional().meta({ ...BEYOND_CORRELATION, description: 'When it was sent: ISO 8601, UTC.' }),
  is_group: z
    .boolean()
    .optional()
    .meta({ ...BEYOND_CORRELATION }),
  group_name: z
    .string()
    .optional()
    .meta({ ...BEYOND_CORRELATION, description: 'The name of the group, if it has one, redacted like the text.' }),
  service: z
    .string()
    .optional()
    .meta({
      ...BEYOND_CORRELATION,
      description: 'The service that it came over, as named by Messages.',
      examples: ['iMessage', 'SMS', 'RCS'],
    }),
  participants: z
    .array(z.string())
    .optional()
    .meta({
      ...BEYOND_CORRELATION,
      description: 'The addresses of the others in the conversation, at most 64.',
      examples: [['+15622924139']],
    }),
  attachments: z
    .array(attachment)
    .optional()
    .meta({ ...BEYOND_CORRELATION, description: 'Its attachments, at most 32; empty if there are none.' }),
  reply_to: z
    .string()
    .optional()
    .meta({
      ...BEYOND_CORRELATION,
      description: 'The `message_id` of the message that it is a reply to, in a thread of Messages.',
    }),
  continues: z
    .string()
    .optional()
    .meta({
      ...BEYOND_CORRELATION,
      description: 'The `message_id` of the message right before it that this link belongs to.',
    }),
  is_voice: z
    .boolean()
    .optional()
    .meta({
      ...BEYOND_CORRELATION,
      description: 'True: a voice message; the text is what Messages understood of it.',
    }),
  edited_at: instant.optional().meta({
    ...BEYOND_CORRELATION,
    description: 'When it was last edited, or partly unsent: the text is the newest.',
  }),
  unsent_at: instant.optional().meta({ ...BEYOND_CORRELATION, description: 'When it was unsent.' }),
} as const

/** POST /edge/message: exactly three fields, as `correlation.md` has it; the others only with `payload = "extended"`. */
export const messageRequest = z
  .object({
    thread_id: id.meta({
      description:
        'The conversation: a number, an address, or `chat…` for a group. Commands name it in `payload.thread_id`, as it came.',
      examples: ['+15622924139', 'anna@example.com', 'chat655333'],
    }),
    sender: id.meta({
      description: 'Who wrote: a number or an address. In a conversation of two it is most often the `thread_id`.',
      examples: ['+15622924139'],
    }),
    filtered_text: z.string().meta({ description: 'What they wrote.' }),
    ...extended,
  })
  .meta({
    description:
      'One message that somebody sent to this Mac. The agent sends the three required fields and no others, unless its setting `payload` is `extended`.',
  })
export type MessageRequest = z.infer<typeof messageRequest>

/** Its answer with status 200. */
export const messageAnswer = z
  .object({
    should_respond: z.boolean().meta({ description: 'False: there is no reply, whatever `reply_bubbles` contains.' }),
    reply_bubbles: z.array(z.string()).max(MAX_BUBBLES).nullish().meta({
      description:
        'Every bubble of the reply, in order. If a reflex was sent over the WebSocket, the first bubble repeats it word for word; the agent recognises its text and does not send it again. Blank bubbles are left out. None: there is no reply.',
    }),
  })
  .meta({ description: 'The reply to one message. At most 1 MiB, unpacked. Unknown fields are ignored.' })
export type MessageAnswer = z.infer<typeof messageAnswer>

/** Every frame is `{"type": …, "data": …}`; what `data` must be depends on the type. */
export const frame = z.object({ type: z.string(), data: z.unknown().optional() })

/**
 * The envelope of a command. All that it must have is its id, so that any misfit can be acked by it: a type that is no
 * text is one that nobody knows, and the payload is checked per `command_type`.
 */
export const commandData = z.object({
  // SQLite keeps no lone surrogates: another id would be acked.
  command_id: id
    .refine(text => text.isWellFormed(), 'is not well-formed')
    .meta({
      description:
        'Identifies this command; well-formed text. The same id is the same command: it is carried out once, and its outcome is acked again. Remembered for 30 days.',
      examples: ['8bb7509b-ad82-4bd1-bbb2-f47e837294dd'],
    }),
  command_type: z.string().catch(''),
  payload: z.unknown().optional(),
  priority: z
    .string()
    .optional()
    .catch(undefined)
    .meta({
      description: '`immediate` goes ahead of bubbles waiting in its thread, as a reflex always does.',
      examples: ['immediate'],
    }),
  timestamp: z
    .unknown()
    .optional()
    .meta({
      description: 'When the command was made. Information only, with or without a zone: clocks differ.',
      examples: ['2025-11-17T20:00:00.000Z'],
    }),
})
export type CommandData = z.infer<typeof commandData>

export const sendMessageNow = z.object({
  thread_id: id.meta({
    description:
      'Where to send it: the `thread_id` of a POST, unchanged. The agent only writes to people who have written first.',
    examples: ['+15622924139'],
  }),
  text: z.string().max(MAX_TEXT_LENGTH).meta({
    description:
      'Sent unchanged; not blank. Its length counts in UTF-16 units; most emoji are two or more. What is too long for one bubble is sent in several.',
  }),
  bubble_type: z
    .string()
    .nullish()
    .meta({
      description:
        '`reflex`: may be the first bubble of an answer, and is then not sent a second time. Anything else, or nothing: a separate bubble.',
      examples: ['reflex'],
    }),
  in_reply_to: id.nullish().meta({
    ...BEYOND_CORRELATION,
    description:
      'The `Idempotency-Key` of the message that this reflex answers, with or without its quotes. Without it, the agent compares the text.',
    examples: ['"B373E262-AFC1-41F5-B802-7B90DC0BEE7B"'],
  }),
})
export type SendMessageNow = z.infer<typeof sendMessageNow>

const scheduleId = id.refine(text => text.isWellFormed(), 'is not well-formed')

export const scheduleMessage = z
  .object({
    thread_id: id.meta({
      description:
        'Where to send it, as with `send_message_now`. Whether the agent may write there is checked now, and again at `send_at`.',
      examples: ['+15622924139'],
    }),
    message_text: z
      .string()
      .max(MAX_TEXT_LENGTH)
      .nullish()
      .meta({
        description:
          'What to send, unchanged; not blank. Either this or `text` is required; both only with the same text.',
        examples: ['Dentist in an hour.'],
      }),
    text: z.string().max(MAX_TEXT_LENGTH).nullish().meta({ description: 'Another name for `message_text`.' }),
    send_at: z.union([z.string().max(100), z.number()], { error: `expected ${HOW_TO_WRITE_SEND_AT}` }).meta({
      description:
        'When: ISO 8601 with a zone (`Z`, `+01:00`), or a Unix time, in seconds or (from 1e11 on) in milliseconds. A time without a zone needs `time_zone`: the zone is never guessed.',
      examples: ['2026-11-23T09:00:00+01:00', '2026-11-23T08:00:00.000000+00:00', 1795420800],
    }),
    time_zone: z
      .string()
      .max(100)
      .nullish()
      .meta({
        description:
          'The IANA name of the zone of `send_at`, if that has none. If clocks are set forward and skip this time, it is that much later; if they are set back and show it twice, the first counts.',
        examples: ['Europe/Berlin'],
      }),
    is_group: z.boolean().nullish().meta({
      description: 'Whether the thread is a group. Optional; if it is wrong, the command is refused.',
    }),
    schedule_id: scheduleId.nullish().meta({
      description: 'A name for `cancel_scheduled`, unique among waiting messages. Default: the `command_id`.',
      examples: ['reminder-17'],
    }),
  })
  .refine(({ message_text, text }) => typeof (message_text ?? text) === 'string', {
    path: ['message_text'],
    error: 'expected a text here or in text',
  })
  .refine(({ message_text, text }) => typeof message_text !== 'string' || message_text === (text ?? message_text), {
    path: ['text'],
    error: 'says something else than message_text',
  })

export const cancelScheduled = z
  .object({
    schedule_id: scheduleId.nullish().meta({
      description: 'The `schedule_id` of the message to cancel, or its `command_id` if it had none.',
      examples: ['reminder-17'],
    }),
    command_id: scheduleId.nullish().meta({
      description: 'The `command_id` of its `schedule_message`. One of the two is required.',
    }),
  })
  .refine(({ schedule_id, command_id }) => typeof (schedule_id ?? command_id) === 'string', {
    path: ['schedule_id'],
    error: 'expected one here or a command_id',
  })

export const commandAckData = z.object({
  // One that is too long to be kept is acked by itself all the same.
  command_id: z.string().min(1).meta({ description: 'The id of the command, unchanged.' }),
  status: z.enum(['received', 'completed', 'failed']).meta({
    description:
      '`received`: stored, but not finished; sent once, and may get lost. `completed`: `detail` says how. `failed`: `error` says why.',
  }),
  completed_at: z
    .string()
    .nullish()
    .meta({
      description: "When it finished: ISO 8601, UTC, by the Mac's clock.",
      examples: ['2026-11-23T00:07:38.012Z'],
    }),
  error: z
    .string()
    .nullish()
    .meta({
      description:
        'Why it failed. Of the command: `invalid_payload`, `invalid_command_id`, `unsupported_command_type`, `conflict` (this id was used before with another type, thread or text). Of scheduling: `too_late`, `too_far`, `too_many_scheduled`, `cancelled`, `unknown_schedule`, `already_sent`. Not permitted: `unknown_thread` (nobody there has written to this Mac), `not_allowed`, `rate_limited`, `new_recipient_limit` (that thread is new, and the agent has written to too many new ones in 24 hours), `quiet_hours`, `loop_breaker` (that thread is in a reply loop with another bot), `text_too_long`. Not sent: `messages_error_…`, `messages_row_error_…`, `spawn_…`, `exit_…`, `message_unsent` (the message it answers was unsent), `dropped` (a person dropped it). Unknown whether sent: `outcome_unknown`, `no_row`. There may be more.',
      examples: ['unknown_thread'],
    }),
  detail: z
    .string()
    .nullish()
    .meta({
      description:
        'With `received`: `scheduled`, or, if it has to wait, `held_paused` (a person has paused sending), `held_takeover` (the owner is writing in that thread by hand), `held_quiet_hours`, `held_loop`, `held_chat_db` (whether the thread exists cannot be told yet); more than one may come, one after the other. With `completed`: `sent`, `deduplicated` (not sent again: the other channel delivers this bubble), or `cancelled`. With `failed`: `failed`, `parked` (a person decides), or what was invalid (`text_is_blank`, `text_has_nul`, `text_has_lone_surrogate`, a field by its name).',
      examples: ['sent'],
    }),
  schedule_id: z.string().nullish().meta({ description: 'With `scheduled`: its name for `cancel_scheduled`.' }),
  send_at: z
    .string()
    .nullish()
    .meta({
      description: 'With `scheduled`: when, as it was understood; ISO 8601, UTC.',
      examples: ['2026-11-23T08:00:00.000Z'],
    }),
})
export type CommandAckData = z.infer<typeof commandAckData>

/** What the mock backend says in the body of a refusal; of any other, agents keep the first 200 characters. */
export const refusalBody = z
  .object({
    error: z.string().meta({ description: 'A word for programs.', examples: ['unauthorized'] }),
    reason: z.string().meta({ description: 'A sentence for people.' }),
  })
  .meta({
    ...BEYOND_CORRELATION,
    description: 'Says why. Any other body is fine too: its first 200 characters are kept for a person to read.',
  })

/** `Idempotency-Key` is a structured-header string: the message guid in double quotes. */
export const toIdempotencyKey = (guid: string): string => `"${guid.replace(/["\\]/g, '\\$&')}"`

/** The guid in an `Idempotency-Key` or an `in_reply_to`, quoted or not. */
export const fromIdempotencyKey = (key: string): string =>
  /^".*"$/s.test(key) ? key.slice(1, -1).replace(/\\(["\\])/g, '$1') : key
