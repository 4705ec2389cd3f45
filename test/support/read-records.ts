import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { toAppleDate } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { readPromptness } from './check-promptness.ts'

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

type Places = { readonly stateDir: string; readonly simulator: { readonly chatDbPath: string } }

/** The guids of what people wrote since the agent's first start, as chat.db has them now. */
export const readIncoming = ({ stateDir, simulator }: Places): string[] => {
  const firstStartMs = Date.parse(readFileSync(join(stateDir, 'first-start'), 'utf8').trim())
  const chatDb = new Database(simulator.chatDbPath, { readonly: true, fileMustExist: true })
  try {
    return chatDb
      .prepare<[bigint], string>('SELECT guid FROM message WHERE is_from_me = 0 AND date >= ? ORDER BY ROWID')
      .pluck()
      .all(toAppleDate(firstStartMs))
  } finally {
    chatDb.close()
  }
}

/** What a stopped agent left on record. */
export const readRecords = ({ stateDir }: Places) => {
  const state = new Database(join(stateDir, 'state.db'), { readonly: true, fileMustExist: true })
  try {
    return {
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
      promptness: readPromptness(state),
    }
  } finally {
    state.close()
  }
}
