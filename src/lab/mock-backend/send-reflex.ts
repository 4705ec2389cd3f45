import { randomUUID } from 'node:crypto'
import type { SendMessageNow } from '../../protocol/wire.ts'
import { commandFrame, type Dialect } from './command-frame.ts'
import type { Emit } from './event.ts'
import type { ReceivedMessage } from './read-message.ts'
import type { Router } from './router.ts'

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

/**
 * Sends a reflex over the agent's connection, if it is open; if not, the HTTP answer alone carries the words. A promise
 * comes back where the connection is at another replica.
 */
export const sendReflex = (
  { router, emit, dialect, inReplyTo }: ReflexNeeds,
  { agentId, thread_id, key }: ReceivedMessage,
  { command_id, text }: PlannedReflex,
): Promise<void> | undefined => {
  const payload: SendMessageNow = {
    thread_id,
    text,
    bubble_type: 'reflex',
    ...(inReplyTo() && key !== undefined ? { in_reply_to: key } : {}),
  }
  const command = commandFrame({ command_id, command_type: 'send_message_now', payload }, dialect)
  return router.send(agentId, command.text, {
    lookedUp: found => emit({ type: 'looked-up', agentId, found }),
    settled: outcome => {
      if (outcome === 'written')
        emit({ type: 'reflex-sent', agentId, thread_id, key, command_id, text, frame: command.text })
      else emit({ type: 'reflex-not-sent', agentId, thread_id, key, reason: outcome })
    },
  })
}

export type ReflexNeeds = {
  readonly router: Router
  readonly emit: Emit
  readonly dialect: Dialect
  /** Whether a reflex names the message it answers. */
  readonly inReplyTo: () => boolean
}
