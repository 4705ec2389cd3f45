import { join } from 'node:path'
import Database from 'better-sqlite3'
import { toAppleDate } from '../../src/messages-simulator/chat-db-writer.ts'

export type MessageRecord = {
  readonly id: number
  readonly guid: string
  readonly threadId: string
  readonly state: string
  readonly reason: string | null
  readonly posts: number
  readonly firstPostSeq: number | null
  readonly nextPostMs: number | null
  /** How many its answer had. */
  readonly bubbles: number | null
}

export type BubbleRecord = {
  readonly id: number
  readonly threadId: string
  readonly messageId: number | null
  readonly position: number | null
  readonly commandId: string | null
  readonly immediate: number
  readonly says: string
  readonly state: string
  readonly reason: string | null
  readonly attempt: string | null
}

export type CommandRecord = {
  readonly commandId: string
  readonly status: string
  readonly error: string | null
  /** The message that it is the reflex of. */
  readonly messageId: number | null
}

/** What a stopped agent left on record, and `incoming`: the guids of what persons wrote since its first start. */
export const readRecords = (house: {
  readonly stateDir: string
  readonly simulator: { readonly chatDbPath: string }
}) => {
  const state = new Database(join(house.stateDir, 'state.db'), { readonly: true, fileMustExist: true })
  const chat = new Database(house.simulator.chatDbPath, { readonly: true, fileMustExist: true })
  try {
    const firstStartMs = state.prepare<[], number>('SELECT first_start_ms FROM cursor').pluck().get() ?? 0
    return {
      incoming: chat
        .prepare<[bigint], string>('SELECT guid FROM message WHERE is_from_me = 0 AND date >= ? ORDER BY ROWID')
        .pluck()
        .all(toAppleDate(firstStartMs)),
      messages: state
        .prepare<[], MessageRecord>(
          `SELECT id, guid, thread_id AS threadId, state, reason, posts, first_post_seq AS firstPostSeq,
             next_post_ms AS nextPostMs, bubbles FROM messages ORDER BY id`,
        )
        .all(),
      bubbles: state
        .prepare<[], BubbleRecord>(
          `SELECT id, thread_id AS threadId, message_id AS messageId, position, command_id AS commandId, immediate, says,
             state, reason, attempt FROM bubbles ORDER BY id`,
        )
        .all(),
      commandRecords: state
        .prepare<[], CommandRecord>(
          `SELECT command_id AS commandId, status, error, CASE role WHEN 'bound' THEN message_id END AS messageId
           FROM commands ORDER BY received_seq`,
        )
        .all(),
    }
  } finally {
    state.close()
    chat.close()
  }
}
