import type { MessageRow } from '../../src/agent/core/message.ts'

/** What an ordinary incoming row of chat.db has in common with all others. */
export const PLAIN_ROW = {
  date: 1n,
  fromMe: false,
  finished: true,
  emptied: false,
  hasContent: true,
  isLink: false,
  associatedType: 0,
  itemType: 0,
  scheduleType: 0,
  system: false,
  error: 0,
  toSelf: false,
} satisfies Partial<MessageRow>
