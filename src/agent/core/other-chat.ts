import type { Chat } from './message.ts'

/**
 * Where a thread goes on whose chat Messages no longer finds. `chats`: all of the same identifier, the one with the newest
 * rows first. A group's people are the same in each of its chats; to one person a text goes by the service by which it was to
 * go, or by a chat that is of all of them.
 */
export const otherChat = (lost: Chat, chats: readonly Chat[], isGone: (chat: Chat) => boolean): Chat | undefined =>
  chats.find(
    chat =>
      chat.guid !== lost.guid &&
      chat.isGroup === lost.isGroup &&
      !isGone(chat) &&
      (chat.isGroup || isOfAll(chat) || chat.service.toLowerCase() === lost.service.toLowerCase()),
  )

/** Since macOS 26. */
const isOfAll = ({ guid }: Chat): boolean => guid.startsWith('any;')
