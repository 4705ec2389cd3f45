import { z } from 'zod'
import { type CommandData, commandData, frame, type SendMessageNow, sendMessageNow } from './wire.ts'

/** What the backend may say over the socket, sorted. */
export type ParsedFrame =
  | { readonly kind: 'command'; readonly command: CommandData; readonly send: SendMessageNow }
  | { readonly kind: 'ping' | 'pong' }
  /** A command that cannot be carried out: to be acked as failed with this error. */
  | { readonly kind: 'bad-command'; readonly command: CommandData; readonly error: string; readonly detail: string }
  /** A command under an id that cannot be kept: to be acked as failed, each time it comes. */
  | { readonly kind: 'bad-id'; readonly commandId: string; readonly detail: string }
  /** Nothing that could be acked. */
  | { readonly kind: 'noise'; readonly reason: string }

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
  if (command.command_type !== 'send_message_now') {
    return {
      kind: 'bad-command',
      command,
      error: 'unsupported_command_type',
      detail: 'this agent knows send_message_now',
    }
  }
  const send = sendMessageNow.safeParse(command.payload)
  if (!send.success) {
    const error = isTooLong(send.error) ? 'text_too_long' : 'invalid_payload'
    return { kind: 'bad-command', command, error, detail: where(send.error) }
  }
  return { kind: 'command', command, send: send.data }
}

/** Nothing is wrong but the length of the text: the same as where the agent permits less than the protocol. */
const isTooLong = ({ issues }: z.ZodError): boolean =>
  issues.every(({ code, path }) => code === 'too_big' && path.join('.') === 'text')

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
