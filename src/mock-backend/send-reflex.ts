import { randomUUID } from 'node:crypto'
import type { SendMessageNow } from '../protocol/wire.ts'
import { commandFrame, type Dialect } from './command-frame.ts'
import type { Connections } from './connections.ts'
import type { Emit } from './event.ts'
import type { ReceivedMessage } from './read-message.ts'

export type PlannedReflex = {
  readonly command_id: string
  readonly text: string
  /** What it follows, and how many ms later it is sent. */
  readonly after: 'post' | 'answer'
  readonly delayMs: number
}

export const planReflex = (text: string): PlannedReflex => ({
  command_id: randomUUID(),
  text,
  after: 'post',
  delayMs: 0,
})

/** Sends a reflex over the agent's connection, if it is open; if not, the HTTP answer alone carries the words. */
export const sendReflex = (
  { connections, emit, dialect, inReplyTo }: ReflexRoad,
  { agentId, thread_id, key }: ReceivedMessage,
  { command_id, text }: PlannedReflex,
): void => {
  const connection = connections.open(agentId)
  emit({ type: 'looked-up', agentId, found: connection !== undefined })
  if (connection === undefined) {
    emit({ type: 'reflex-not-sent', agentId, thread_id, key, reason: 'no-connection' })
    return
  }

  const payload: SendMessageNow = {
    thread_id,
    text,
    bubble_type: 'reflex',
    ...(inReplyTo && key !== undefined ? { in_reply_to: key } : {}),
  }
  const command = commandFrame({ command_id, command_type: 'send_message_now', payload }, dialect)
  // Nobody waits for this: where the connection is stuck, the answer must still come.
  connection.ws.send(command.text, error => {
    if (error) emit({ type: 'reflex-not-sent', agentId, thread_id, key, reason: 'write-failed' })
    else emit({ type: 'reflex-sent', agentId, thread_id, key, command_id, text, frame: command.text })
  })
}

export type ReflexRoad = {
  readonly connections: Connections
  readonly emit: Emit
  readonly dialect: Dialect
  /** Whether a reflex names the message it answers. */
  readonly inReplyTo: boolean
}
