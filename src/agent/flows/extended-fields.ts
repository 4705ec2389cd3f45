import { MAX_NAME_LENGTH, type MessageRequest } from '../../protocol/wire.ts'
import type { Attachment, MessageDetails, MessageRow } from '../core/message.ts'

/** What a message is told with beside its three fields. */
export type Extended = {
  /** guid of the message, of an event that of the message which it is about. */
  readonly messageId: string
  readonly row: MessageRow
  readonly details: MessageDetails
  /** guid of the message that has the words to this link. */
  readonly continues?: string
  /** What became of a message that the backend was told of; Unix milliseconds. */
  readonly event?: { readonly kind: 'edited' | 'unsent'; readonly atMs: number }
}

/** The fields of `payload = "extended"`. `clean` redacts words of a person: names are words, too. */
export const extendedFields = (
  { messageId, row, details, continues, event }: Extended,
  clean: (words: string) => string,
): Omit<MessageRequest, 'thread_id' | 'sender' | 'filtered_text'> => {
  const { groupName, participants, attachments } = details
  const editedMs = row.editedMs ?? (event?.kind === 'edited' ? event.atMs : undefined)
  return {
    ...(event && { event: event.kind }),
    message_id: messageId,
    ...(row.dateMs !== undefined && { timestamp: toInstant(row.dateMs) }),
    is_group: row.chat?.isGroup === true,
    ...(groupName !== undefined && { group_name: toName(groupName, clean) }),
    service: cut(row.service ?? row.chat?.service ?? 'iMessage'),
    participants: participants.map(address => cut(address)),
    attachments: event?.kind === 'unsent' ? [] : attachments.map(attachment => toWire(attachment, clean)),
    ...(row.isVoice && { is_voice: true }),
    ...(continues !== undefined && { continues: cut(continues) }),
    ...(row.replyTo !== undefined && { reply_to: cut(row.replyTo) }),
    ...(event?.kind === 'unsent'
      ? { unsent_at: toInstant(event.atMs) }
      : editedMs !== undefined && { edited_at: toInstant(editedMs) }),
  }
}

const toWire = ({ name, mimeType, bytes, isSticker }: Attachment, clean: (words: string) => string) => ({
  ...(name !== undefined && { name: toName(name, clean) }),
  ...(mimeType !== undefined && { mime_type: cut(mimeType) }),
  ...(bytes !== undefined && { bytes }),
  is_sticker: isSticker,
})

/** Redacted before it is cut: half of a number is not recognised as one. */
const toName = (name: string, clean: (words: string) => string): string => cut(clean(name))

const cut = (text: string): string => {
  const end = text.slice(0, MAX_NAME_LENGTH)
  // Not in the middle of a character.
  return (end.length < text.length ? end.replace(/[\uD800-\uDBFF]$/, '') : end).toWellFormed()
}

/** A date that no calendar has is none of a message's; a year of six digits is no instant that others can read. */
const toInstant = (ms: number): string => new Date(Math.min(Math.max(ms, 0), LATEST_MS)).toISOString()

const LATEST_MS = Date.UTC(9999, 11, 31)
