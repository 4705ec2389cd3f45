import { fitOf, isWhole } from '../core/fit-of-row.ts'
import type { Chat, MessageRow } from '../core/message.ts'
import { otherChat } from '../core/other-chat.ts'
import type { ChatDb } from '../imessage/chat-db.ts'
import type { Store } from '../store/open-store.ts'

export type KnownChatsNeeds = {
  /** chat.db, while it is open. */
  readonly chatDb: () =>
    | Pick<ChatDb, 'hasChat' | 'latestChat' | 'chatOf' | 'chatsOf' | 'highestRowid' | 'outgoingAfter' | 'rowOf'>
    | undefined
  readonly cursor: Pick<Store['cursor'], 'chatOf' | 'chatBy' | 'read'>
  /** Only chats to which somebody here has written already. */
  readonly writtenTo: boolean
  readonly now: () => number
}

export type KnownChats = ReturnType<typeof createKnownChats>

/** What chat.db says of chats and rows, and what was seen there last while it cannot be read. Nothing here throws. */
export const createKnownChats = ({ chatDb, cursor, writtenTo, now }: KnownChatsNeeds) => {
  /** Chats that Messages did not find, though chat.db has them, and until when another one of their thread is taken. */
  const gone = new Map<string, number>()
  const isGone = ({ guid }: Chat): boolean => (gone.get(guid) ?? 0) > now()
  const otherOf = (lost: Chat): Chat | undefined =>
    orElse(undefined, () => otherChat(lost, chatDb()?.chatsOf(lost.threadId) ?? [], isGone))

  return {
    /** The chat of a thread, and of those that it has that one, where it is still there. */
    chatOf: (threadId: string, chatGuid?: string): Chat | undefined => {
      const remembered = (chatGuid === undefined ? undefined : cursor.chatBy(chatGuid)) ?? cursor.chatOf(threadId)
      return orElse(remembered, () => {
        const db = chatDb()
        if (remembered === undefined) return db?.chatOf(threadId, { writtenTo })
        // An update of macOS may give chats other guids.
        const isThere = !isGone(remembered) && (db === undefined || db.hasChat(remembered.guid))
        return isThere ? remembered : (otherOf(remembered) ?? remembered)
      })
    },
    /** Messages did not find this one: where its thread goes on, if anywhere. */
    instead: (lost: Chat): Chat | undefined => {
      gone.set(lost.guid, now() + GONE_MS)
      return otherOf(lost)
    },
    /** Whether nobody can tell if there is such a conversation, as chat.db cannot be read just now. */
    isUnreadable: (threadId: string): boolean =>
      cursor.chatOf(threadId) === undefined && orElse(true, () => chatDb()?.hasChat('') === undefined),
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
  }
}

/** Then it is asked for again. */
const GONE_MS = 10 * 60_000

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
