import type { Database } from 'better-sqlite3'
import type { Chat } from '../core/message.ts'

/** How far chat.db was read, and which file that was. */
export type CursorPosition = {
  /** Identity of the file, dev:ino. */
  readonly file: string
  readonly rowid: number
  /** guid of the row at `rowid`, to notice another database under the same identity. */
  readonly guid?: string
  /** Newest date seen, Unix milliseconds: where reading goes on in a rebuilt database. */
  readonly newestMs: number
  /** When this agent first read a chat.db: history before it is never answered. */
  readonly firstStartMs: number
}

export type PendingRow = { readonly rowid: number; readonly firstSeenMs: number; readonly waitingFor: string }

export const createCursor = (db: Database) => {
  const read = db.prepare<[], CursorRow>('SELECT * FROM cursor')
  const write = db.prepare<[string, number, string | null, number, number]>(
    `INSERT INTO cursor (id, file, rowid_seen, guid, newest_ms, first_start_ms) VALUES (1, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET file = excluded.file, rowid_seen = excluded.rowid_seen, guid = excluded.guid,
       newest_ms = excluded.newest_ms, first_start_ms = MIN(first_start_ms, excluded.first_start_ms)`,
  )
  const pending = db.prepare<[], PendingRow>(
    'SELECT rowid_seen AS rowid, first_seen_ms AS firstSeenMs, waiting_for AS waitingFor FROM pending_rows ORDER BY rowid_seen',
  )
  const await_ = db.prepare<[number, number, string]>(
    `INSERT INTO pending_rows (rowid_seen, first_seen_ms, waiting_for) VALUES (?, ?, ?)
     ON CONFLICT (rowid_seen) DO UPDATE SET waiting_for = excluded.waiting_for`,
  )
  const renew = db.prepare<[number]>('UPDATE pending_rows SET first_seen_ms = ?')
  const forget = db.prepare<[number]>('DELETE FROM pending_rows WHERE rowid_seen = ?')
  const forgetAll = db.prepare('DELETE FROM pending_rows')
  const thread = db.prepare<[string], ThreadRow>('SELECT * FROM threads WHERE thread_id = ?')
  // Neither is written anew for each message.
  const remember = db.prepare<[string, string, number, string, string]>(
    `INSERT INTO threads (thread_id, chat_guid, is_group, service, account_id) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (thread_id) DO UPDATE SET chat_guid = excluded.chat_guid, is_group = excluded.is_group,
       service = excluded.service, account_id = excluded.account_id
     WHERE (chat_guid, is_group, service, account_id) IS NOT
       (excluded.chat_guid, excluded.is_group, excluded.service, excluded.account_id)`,
  )

  const chat = db.prepare<[string], ThreadRow>('SELECT *, guid AS chat_guid FROM chats WHERE guid = ?')
  const rememberChat = db.prepare<[string, string, number, string, string]>(
    `INSERT INTO chats (guid, thread_id, is_group, service, account_id) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (guid) DO UPDATE SET thread_id = excluded.thread_id, is_group = excluded.is_group,
       service = excluded.service, account_id = excluded.account_id
     WHERE (thread_id, is_group, service, account_id) IS NOT
       (excluded.thread_id, excluded.is_group, excluded.service, excluded.account_id)`,
  )

  return {
    read: (): CursorPosition | undefined => {
      const row = read.get()
      return (
        row && {
          file: row.file,
          rowid: row.rowid_seen,
          newestMs: row.newest_ms,
          firstStartMs: row.first_start_ms,
          ...(row.guid !== null && { guid: row.guid }),
        }
      )
    },
    /** Moves the cursor; of `firstStartMs` the earliest counts. */
    move: (to: CursorPosition): void => {
      write.run(to.file, to.rowid, to.guid ?? null, to.newestMs, to.firstStartMs)
    },
    pendingRows: (): readonly PendingRow[] => pending.all(),
    /** Remembers a row that is still being written; the first sight of it counts. */
    awaitRow: (rowid: number, nowMs: number, waitingFor: string): void => {
      await_.run(rowid, nowMs, waitingFor)
    },
    /** Gives all of these rows their time once more. */
    renewGrace: (nowMs: number): void => {
      renew.run(nowMs)
    },
    forgetRow: (rowid: number): void => {
      forget.run(rowid)
    },
    /** In another database the row numbers mean nothing. */
    forgetAllRows: (): void => {
      forgetAll.run()
    },
    /** The chat of a thread that was used last. */
    chatOf: (threadId: string): Chat | undefined => {
      const row = thread.get(threadId)
      return row && toChat(row)
    },
    /** A chat in which somebody wrote. */
    chatBy: (guid: string): Chat | undefined => {
      const row = chat.get(guid)
      return row && toChat(row)
    },
    rememberChat: (chat: Chat): void => {
      remember.run(chat.threadId, chat.guid, chat.isGroup ? 1 : 0, chat.service, chat.accountId)
      rememberChat.run(chat.guid, chat.threadId, chat.isGroup ? 1 : 0, chat.service, chat.accountId)
    },
  }
}

const toChat = (row: ThreadRow): Chat => ({
  threadId: row.thread_id,
  guid: row.chat_guid,
  isGroup: row.is_group === 1,
  service: row.service,
  accountId: row.account_id,
})

type CursorRow = { file: string; rowid_seen: number; guid: string | null; newest_ms: number; first_start_ms: number }
type ThreadRow = { thread_id: string; chat_guid: string; is_group: number; service: string; account_id: string }
