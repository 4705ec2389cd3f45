import type { Category } from './category.ts'

/** A conversation as chat.db knows it; `threadId` is what the backend sees. */
export type Chat = {
  /** chat.guid, verbatim (`iMessage;-;+1…`, `any;+;chat…`): the only address a reply is ever sent to. */
  readonly guid: string
  /** chat.chat_identifier: `+1…`, `a@b.c`, `chat655…`. */
  readonly threadId: string
  readonly isGroup: boolean
  readonly service: string
  /** The local account the chat belongs to, as AppleScript's `account id` wants it. */
  readonly accountId: string
}

/** One row of chat.db's message table, as far as it is written yet. Judged by `decideForward`. */
export type MessageRow = {
  readonly rowid: number
  readonly guid: string
  /** Absent while Messages has not yet joined the row to a chat. */
  readonly chat?: Chat
  /** The sender's address; absent while the handle is not yet there. */
  readonly sender?: string
  /** What a person reads, without placeholders of attachments; empty when there is nothing to read. */
  readonly text: string
  /** Nanoseconds since 2001 as chat.db has them, to the digit: what twins are recognised by. */
  readonly date: bigint
  /** The same as Unix milliseconds; absent where chat.db has 0 or NULL. */
  readonly dateMs?: number
  readonly fromMe: boolean
  readonly finished: boolean
  /** Nothing left to read: withdrawn by its sender. */
  readonly emptied: boolean
  /** When it was last edited, or partly withdrawn; Unix milliseconds. The text is the newest. */
  readonly editedMs?: number
  /** How many attachments its text has a place for. */
  readonly places?: number
  /** guid of the message that it replies to, where it is a reply to one in particular. */
  readonly replyTo?: string
  /** There is content that is no text: attachment, sticker, app balloon. */
  readonly hasContent: boolean
  /** Somebody wrote it, and nothing of it is to be seen. */
  readonly isBlank?: boolean
  /** A voice message; its text is what Messages heard in it, once it has listened. */
  readonly isVoice?: boolean
  /** The picture of a link, which Messages makes of a text that holds one. */
  readonly isLink: boolean
  /** What it is that it puts onto another message; 0: nothing. */
  readonly associatedType: number
  readonly itemType: number
  readonly scheduleType: number
  readonly system: boolean
  readonly error: number
  /** Sender and local address are one: the person writes to themselves. */
  readonly toSelf: boolean
  /** iMessage, SMS, RCS: of this message, within one chat it may change; absent where chat.db does not say. */
  readonly service?: string
  /** Other addresses of the sender, where Messages takes several for those of one person. */
  readonly senderAliases?: readonly string[]
  /** Where Messages has put it. */
  readonly category?: Category
  /** Addresses of those whom it @-mentions. */
  readonly mentions?: readonly string[]
  /** Addresses of this Mac's owner, as far as this row tells them. */
  readonly ownAddresses?: readonly string[]
  /** What else is of the same message, where one message is several rows. */
  readonly parts?: readonly MessageRow[]
}

/** What `payload = "extended"` tells beside the row itself. */
export type MessageDetails = {
  /** The name that a group was given. */
  readonly groupName?: string
  /** Addresses of the chat's members, without the local account. */
  readonly participants: readonly string[]
  /** Those that a person sees; never where they are. */
  readonly attachments: readonly Attachment[]
}

export type Attachment = {
  readonly name?: string
  readonly mimeType?: string
  /** Absent while it is not known, as before it was downloaded. */
  readonly bytes?: number
  readonly isSticker: boolean
}
