import type { Database } from 'better-sqlite3'
import type { Attachment, MessageDetails } from '../core/message.ts'
import { columnsOf } from './columns-of.ts'

/** Reads of chat.db what else can be told of a message: who is there, and what is attached. Where it has no such tables, nothing. */
export const createDetails = (db: Database) => {
  const columns = {
    chat: columnsOf(db, 'chat'),
    attachment: columnsOf(db, 'attachment'),
    joined: columnsOf(db, 'message_attachment_join'),
    members: columnsOf(db, 'chat_handle_join'),
  }
  const hasAttachments = columns.attachment.size > 0 && columns.joined.size > 0
  const column = (name: string) => (columns.attachment.has(name) ? `a.${name}` : `NULL AS ${name}`)

  const name = columns.chat.has('display_name')
    ? db.prepare<[string], string | null>('SELECT CAST(display_name AS TEXT) FROM chat WHERE guid = ?').pluck()
    : undefined
  const members =
    columns.members.size > 0
      ? db
          .prepare<[string, number], string>(
            `SELECT h.id FROM chat c JOIN chat_handle_join j ON j.chat_id = c.ROWID JOIN handle h ON h.ROWID = j.handle_id
             WHERE c.guid = ? GROUP BY h.id ORDER BY MIN(h.ROWID) LIMIT ?`,
          )
          .pluck()
      : undefined
  const attachments = hasAttachments
    ? db.prepare<[number, number], RawAttachment>(
        `SELECT ${ATTACHMENT_COLUMNS.map(column).join(', ')} FROM message_attachment_join j
         JOIN attachment a ON a.ROWID = j.attachment_id WHERE j.message_id = ? ORDER BY a.ROWID LIMIT ?`,
      )
    : undefined
  const count = hasAttachments
    ? db
        .prepare<[number], number>(
          `SELECT COUNT(*) FROM message_attachment_join j JOIN attachment a ON a.ROWID = j.attachment_id
           WHERE j.message_id = ?`,
        )
        .pluck()
    : undefined

  return {
    /** Of a message in this chat; the chat by its guid. */
    detailsOf: (rowid: number, chatGuid: string): MessageDetails =>
      asOurs(() => {
        const groupName = name?.get(chatGuid)
        return {
          ...(groupName && { groupName }),
          participants: members?.all(chatGuid, MAX_PARTICIPANTS) ?? [],
          attachments: (attachments?.all(rowid, MAX_ATTACHMENTS) ?? []).filter(isSeen).map(toAttachment),
        }
      }),
    /** How many attachments are joined to a message so far, those included that nobody sees; undefined where this chat.db has none. */
    attachmentsOf: (rowid: number): number | undefined => asOurs(() => count?.get(rowid)),
  }
}

/** These are read while the agent's own database is written: an error of SQLite's would be taken for one of that. */
export const asOurs = <T>(read: () => T): T => {
  try {
    return read()
  } catch (cause) {
    throw new Error('chat.db cannot be read', { cause })
  }
}

/** Messages permits fewer, of both. */
const MAX_PARTICIPANTS = 64
const MAX_ATTACHMENTS = 32

const ATTACHMENT_COLUMNS = [
  'filename',
  'transfer_name',
  'mime_type',
  'total_bytes',
  'is_sticker',
  'hide_attachment',
] as const

type RawAttachment = {
  readonly filename: unknown
  readonly transfer_name: unknown
  readonly mime_type: unknown
  readonly total_bytes: unknown
  readonly is_sticker: unknown
  readonly hide_attachment: unknown
}

/** The picture of a link's preview is an attachment, too. */
const isSeen = (raw: RawAttachment): boolean =>
  raw.hide_attachment !== 1 && !String(raw.transfer_name ?? raw.filename).endsWith('.pluginPayloadAttachment')

const toAttachment = (raw: RawAttachment): Attachment => {
  const name = lastPart(raw.transfer_name) ?? lastPart(raw.filename)
  const { mime_type: mimeType, total_bytes: bytes } = raw
  return {
    ...(name !== undefined && { name }),
    ...(typeof mimeType === 'string' && mimeType !== '' && { mimeType }),
    ...(typeof bytes === 'number' && bytes > 0 && { bytes }),
    isSticker: raw.is_sticker === 1,
  }
}

/** A name, never the folder it is in. */
const lastPart = (path: unknown): string | undefined =>
  typeof path === 'string' ? path.split('/').findLast(part => part !== '') : undefined
