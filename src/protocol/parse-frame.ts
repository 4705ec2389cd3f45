import { z } from 'zod'
import { parseSendAt } from './send-at.ts'
import {
  type CommandData,
  cancelScheduled,
  commandData,
  frame,
  type SendMessageNow,
  scheduleMessage,
  sendMessageNow,
} from './wire.ts'

/** What the backend may say over the socket, sorted. */
export type ParsedFrame =
  | { readonly kind: 'command'; readonly command: CommandData; readonly send: SendMessageNow }
  | { readonly kind: 'schedule'; readonly command: CommandData; readonly schedule: Schedule }
  | { readonly kind: 'cancel'; readonly command: CommandData; readonly cancel: Cancel }
  | { readonly kind: 'ping' | 'pong' }
  /** A command that cannot be carried out: to be acked as failed with this error. */
  | { readonly kind: 'bad-command'; readonly command: CommandData; readonly error: string; readonly detail: string }
  /** A command under an id that cannot be kept: to be acked as failed, each time it comes. */
  | { readonly kind: 'bad-id'; readonly commandId: string; readonly detail: string }
  /** Nothing that could be acked. */
  | { readonly kind: 'noise'; readonly reason: string }

/** A `schedule_message`, understood. `sendAtMs` is Unix milliseconds. */
type Schedule = {
  readonly scheduleId: string
  readonly threadId: string
  readonly text: string
  readonly sendAtMs: number
  readonly isGroup?: boolean
}

/** What is to be cancelled, by one of its names or both. */
type Cancel = { readonly scheduleId?: string; readonly commandId?: string }

/** One text frame from the backend; never throws. */
export const parseFrame = (text: string): ParsedFrame => {
  const outer = frame.safeParse(parseJson(text))
  if (!outer.success) return { kind: 'noise', reason: 'not a JSON frame with a type' }
  const { type, data } = outer.data
  if (type === 'ping' || type === 'pong') return { kind: type }
  if (type !== 'command') return { kind: 'noise', reason: 'unknown type' }

  const envelope = commandData.safeParse(data)
  if (!envelope.success) {
    const detail = where(envelope.error)
    const commandId = idOf(data)
    return commandId === undefined
      ? { kind: 'noise', reason: `command without a usable envelope: ${detail}` }
      : { kind: 'bad-id', commandId, detail }
  }
  const command = envelope.data
  switch (command.command_type) {
    case 'send_message_now':
      return readPayload(command, sendMessageNow, send => ({ kind: 'command', command, send }))
    case 'schedule_message':
      return readPayload(command, scheduleMessage, payload => {
        const at = parseSendAt(payload.send_at, payload.time_zone ?? undefined)
        return 'fault' in at
          ? misfit(command, at.fault)
          : { kind: 'schedule', command, schedule: toSchedule(command, payload, at.ms) }
      })
    case 'cancel_scheduled':
      return readPayload(command, cancelScheduled, ({ schedule_id, command_id }) => ({
        kind: 'cancel',
        command,
        cancel: { ...(schedule_id && { scheduleId: schedule_id }), ...(command_id && { commandId: command_id }) },
      }))
    default:
      return {
        kind: 'bad-command',
        command,
        error: 'unsupported_command_type',
        detail: 'this agent knows send_message_now, schedule_message and cancel_scheduled',
      }
  }
}

const readPayload = <T>(
  command: CommandData,
  schema: z.ZodType<T>,
  understand: (payload: T) => ParsedFrame,
): ParsedFrame => {
  const parsed = schema.safeParse(command.payload)
  if (parsed.success) return understand(parsed.data)
  const error = isTooLong(parsed.error) ? 'text_too_long' : 'invalid_payload'
  return misfit(command, where(parsed.error), error)
}

const misfit = (command: CommandData, detail: string, error = 'invalid_payload'): ParsedFrame => ({
  kind: 'bad-command',
  command,
  error,
  detail,
})

const toSchedule = (
  { command_id }: CommandData,
  { thread_id, message_text, text, schedule_id, is_group }: z.infer<typeof scheduleMessage>,
  sendAtMs: number,
): Schedule => ({
  scheduleId: schedule_id ?? command_id,
  threadId: thread_id,
  text: message_text ?? text ?? '',
  sendAtMs,
  ...(typeof is_group === 'boolean' && { isGroup: is_group }),
})

/** Nothing is wrong but the length of the text: the same as where the agent permits less than the protocol. */
const isTooLong = ({ issues }: z.ZodError): boolean =>
  issues.every(({ code, path }) => code === 'too_big' && ['text', 'message_text'].includes(path.join('.')))

const idOf = (data: unknown): string | undefined =>
  z.object({ command_id: z.string().min(1) }).safeParse(data).data?.command_id

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Which fields, and what was expected; never what was found. */
const where = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join('.') || 'data'}: ${message}`).join('; ')
