import { fitOf, isWhole } from '../core/fit-of-row.ts'
import type { Chat, MessageRow } from '../core/message.ts'
import type { ChatDb } from '../imessage/chat-db.ts'
import type { Store } from '../store/open-store.ts'

export type KnownChatsNeeds = {
  /** chat.db, while it is open. */
  readonly chatDb: () =>
    | Pick<ChatDb, 'hasChat' | 'latestChat' | 'chatOf' | 'highestRowid' | 'outgoingAfter' | 'rowOf'>
    | undefined
  readonly cursor: Pick<Store['cursor'], 'chatOf' | 'read'>
  /** Only chats to which somebody here has written already. */
  readonly writtenTo: boolean
}

export type KnownChats = ReturnType<typeof createKnownChats>

/** What chat.db says of chats and rows, and what was seen there last while it cannot be read. Nothing here throws. */
export const createKnownChats = ({ chatDb, cursor, writtenTo }: KnownChatsNeeds) => ({
  chatOf: (threadId: string): Chat | undefined => {
    const remembered = cursor.chatOf(threadId)
    return orElse(remembered, () => {
      const db = chatDb()
      // An update of macOS may give chats other guids.
      if (remembered !== undefined && (db === undefined || db.hasChat(remembered.guid))) return remembered
      return db?.chatOf(threadId, { writtenTo }) ?? remembered
    })
  },
  /** The conversation with one person that is meant by what somebody types: a number or an address. */
  personOf: (typed: string): Chat | undefined =>
    threadsOf(typed)
      .map(threadId => cursor.chatOf(threadId) ?? chatDb()?.chatOf(threadId, { writtenTo: false }))
      .find(found => found !== undefined && !found.isGroup),
  /** Whether Messages has such a conversation, or had one. */
  isThread: (threadId: string): boolean =>
    cursor.chatOf(threadId) !== undefined ||
    orElse(undefined, () => chatDb()?.chatOf(threadId, { writtenTo: false })) !== undefined,
  /** The guid of the chat that was used last. */
  anyChat: (): string | undefined => orElse(undefined, () => chatDb()?.latestChat()),
  /** The highest ROWID, or a lower bound of it. */
  watermark: (): number => {
    const seen = () => cursor.read()?.rowid ?? 0
    return orElse(undefined, () => chatDb()?.highestRowid()) ?? seen()
  },
  /** The row with that guid, where it can be read. */
  rowOf: (guid: string): MessageRow | undefined => orElse(undefined, () => chatDb()?.rowOf(guid)),
  /** Whether there is an outgoing row that says this in this thread, after this ROWID. */
  hasRow: (threadId: string, words: string, after: number): boolean =>
    orElse(false, () => {
      const rows = chatDb()?.outgoingAfter(after) ?? []
      return rows.some(row => isWhole(fitOf({ threadId, says: words }, row)))
    }),
})

const orElse = <T>(otherwise: T, read: () => T): T => {
  try {
    return read()
  } catch {
    return otherwise // chat.db cannot be read just now
  }
}

/** The threads that may be meant by what a person types: numbers have marks, and not always plus and country. */
export const threadsOf = (typed: string, normalise?: (address: string) => string): readonly string[] =>
  normalise === undefined ? asTyped(typed) : [...asTyped(typed), normalise(typed)]

const asTyped = (typed: string): readonly string[] => {
  if (!/^\+?[\d\s().\-\u2010-\u2015]+$/.test(typed)) return [typed, typed.toLowerCase()]
  const digits = typed.replace(/\D/g, '')
  return typed.startsWith('+') ? [`+${digits}`] : [`+${digits}`, digits]
}
