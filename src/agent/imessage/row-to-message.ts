import { categoryOf } from '../core/category.ts'
import type { Chat, MessageRow } from '../core/message.ts'
import { isInvisible, toPlainText } from '../core/plain-text.ts'
import { readAttributedBody } from './attributed-body.ts'
import { linkOfPayload } from './link-of-payload.ts'

/** A row as SQLite gives it, integers as BigInt: dates are nanoseconds, beyond what a number holds exactly. */
export type RawRow = {
  readonly rowid: bigint
  readonly guid: string
  readonly text: string | null
  readonly subject: string | null
  readonly attributedBody: Uint8Array | null
  readonly date: bigint | null
  readonly is_from_me: bigint | null
  readonly is_finished: bigint | null
  readonly is_empty: bigint | null
  readonly is_system_message: bigint | null
  readonly item_type: bigint | null
  readonly associated_message_type: bigint | null
  readonly schedule_type: bigint | null
  readonly error: bigint | null
  readonly cache_has_attachments: bigint | null
  readonly is_audio_message: bigint | null
  readonly balloon_bundle_id: string | null
  /** Of the preview of a link alone. */
  readonly link_payload: Uint8Array | null
  readonly destination_caller_id: string | null
  readonly date_edited: bigint | null
  readonly date_retracted: bigint | null
  readonly has_summary: bigint | null
  readonly thread_originator_guid: string | null
  readonly service: string | null
  readonly sender: string | null
  readonly account: string | null
  readonly is_spam: bigint | null
  readonly filter_action: bigint | null
  readonly is_filtered: bigint | null
  readonly is_blackholed: bigint | null
  readonly is_pending_review: bigint | null
  readonly account_login: string | null
  readonly person_centric_id: string | null
  /** Other addresses of the same person. */
  readonly senderAliases?: readonly string[]
} & RawChat

export type RawChat = {
  readonly chat_guid: string | null
  readonly chat_identifier: string | null
  readonly style: bigint | null
  readonly service_name: string | null
  readonly account_id: string | null
}

export const toMessageRow = (raw: RawRow): MessageRow => {
  const body = raw.attributedBody === null ? undefined : readAttributedBody(raw.attributedBody)
  // Of the two dates macOS sets the first one, for an edit as for what was withdrawn; the other is 0 more often than not.
  const editedMs = toUnixMs(raw.date_edited) ?? toUnixMs(raw.date_retracted)
  const emptied = isSet(raw.is_empty) || isWithdrawn(raw, body?.text, editedMs !== undefined)
  // The column `text` is often NULL on a current macOS; the attributed body has the words.
  const written = emptied ? '' : body?.text || raw.text || ''
  const isLink = raw.balloon_bundle_id === LINK_BALLOON
  const words = toPlainText(written) || (isLink ? linkOfPayload(raw.link_payload) : '')
  const transcript = emptied ? '' : toPlainText(body?.transcript ?? '')
  const subject = emptied || !isText(raw.subject) ? '' : toPlainText(raw.subject)
  const isVoice = isSet(raw.is_audio_message) || body?.transcript !== undefined
  const chat = toChat(raw)
  const dateMs = toUnixMs(raw.date)
  return {
    rowid: Number(raw.rowid),
    guid: raw.guid,
    text: [subject, words, transcript].filter(part => part !== '').join('\n'),
    date: raw.date ?? 0n,
    fromMe: isSet(raw.is_from_me),
    finished: isSet(raw.is_finished),
    emptied,
    places: written.split(ATTACHMENT_MARK).length - 1,
    hasContent:
      (written !== '' && !isInvisible(written)) || isSet(raw.cache_has_attachments) || raw.balloon_bundle_id !== null,
    ...(isInvisible(written) && subject === '' && { isBlank: true }),
    ...(isVoice && { isVoice }),
    isLink,
    associatedType: toAssociatedType(raw.associated_message_type),
    itemType: Number(raw.item_type ?? 0n),
    scheduleType: Number(raw.schedule_type ?? 0n),
    system: isSet(raw.is_system_message),
    error: Number(raw.error ?? 0n),
    toSelf: raw.sender !== null && raw.sender === raw.destination_caller_id,
    category: categoryOf({
      filtered: Number(raw.is_filtered ?? 0n),
      blackholed: Number(raw.is_blackholed ?? 0n),
      pendingReview: Number(raw.is_pending_review ?? 0n),
      spam: Number(raw.is_spam ?? 0n),
      filterAction: Number(raw.filter_action ?? 0n),
    }),
    mentions: body?.mentions ?? [],
    ownAddresses: ownAddresses(raw),
    ...(isText(raw.service) && { service: raw.service }),
    ...(raw.senderAliases !== undefined && { senderAliases: raw.senderAliases }),
    ...(chat !== undefined && { chat }),
    ...(raw.sender !== null && { sender: raw.sender }),
    ...(dateMs !== undefined && { dateMs }),
    ...(editedMs !== undefined && { editedMs }),
    ...(isText(raw.thread_originator_guid) && { replyTo: raw.thread_originator_guid }),
  }
}

/** 2 and 3 mark what an app or a watch has sent: put onto no other message, and a message like any other. */
const toAssociatedType = (type: bigint | null): number => (type === 2n || type === 3n ? 0 : Number(type ?? 0n))

export const LINK_BALLOON = 'com.apple.messages.URLBalloonProvider'
/**
 * The account, written E:me@example.com or P:+1…, and the address that a message came to or went out from. In one that went
 * out some take that column for the other person's: there it counts where it is not theirs.
 */
const ownAddresses = (raw: RawRow): readonly string[] => {
  const { account, account_login, destination_caller_id: local, sender, chat_identifier } = raw
  const isTheirs = local === sender || (isSet(raw.is_from_me) && local === chat_identifier)
  return [account, account_login, isTheirs ? null : local].filter(isText).map(withoutKind)
}

export const withoutKind = (account: string): string => account.replace(/^[EP]:/i, '')

/** Whatever a column is declared to be, a blob stays one in it. */
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const ATTACHMENT_MARK = '\uFFFC'

/**
 * Whether nothing is left of what once was there. `attributedBody` has the newest state: after an edit it alone counts,
 * whatever `text` still says. Where only a summary tells that something was changed, an empty body has to be there: a row
 * that is still being written has none.
 */
const isWithdrawn = (raw: RawRow, bodyText: string | undefined, isEdited: boolean): boolean => {
  if (raw.attributedBody === null) return isEdited && !raw.text
  return bodyText === '' && (isEdited || (isSet(raw.has_summary) && !raw.text && !raw.subject))
}

export const toChat = (raw: RawChat): Chat | undefined => {
  if (raw.chat_guid === null || raw.chat_identifier === null) return undefined
  return {
    guid: raw.chat_guid,
    threadId: raw.chat_identifier,
    isGroup: raw.style === GROUP_STYLE || raw.chat_guid.includes(';+;'),
    service: raw.service_name ?? 'iMessage',
    accountId: raw.account_id ?? '',
  }
}

const GROUP_STYLE = 43n
const APPLE_EPOCH_MS = 978_307_200_000
/** Up to macOS 10.12 dates are seconds; a number this large can only be nanoseconds. */
const NANOSECONDS_FROM = 1_000_000_000_000n

/** chat.db's date as Unix milliseconds; 0 and NULL mean that there is none. */
export const toUnixMs = (date: bigint | null): number | undefined => {
  if (date === null || date === 0n) return undefined
  const sinceEpoch = date >= NANOSECONDS_FROM ? Number(date / 1000n) / 1000 : Number(date) * 1000
  return APPLE_EPOCH_MS + sinceEpoch
}

/** Unix milliseconds as nanoseconds since 2001. */
export const fromUnixMs = (ms: number): bigint => BigInt(Math.round(ms - APPLE_EPOCH_MS)) * 1_000_000n

const isSet = (value: bigint | null): boolean => value !== null && value !== 0n
