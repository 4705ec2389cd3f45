import { isQuoted, readCompatibility } from '../core/compatibility-row.ts'
import type { MessageRow } from '../core/message.ts'
import { previewOf } from '../core/preview-of.ts'
import type { ChatDb } from '../imessage/chat-db.ts'
import type { Store } from '../store/open-store.ts'

export type RelateNeeds = {
  /** chat.db, while it is open. */
  readonly chatDb: () => Pick<ChatDb, 'earlierIn'> | undefined
  readonly inbox: Pick<Store['inbox'], 'lookUp'>
}

/** What a row is beside those before it in its thread. */
export type Relation =
  /** The preview of a link that a row before it has, or a tapback that is told in words: nothing new. */
  | { readonly kind: 'link_preview' | 'tapback' }
  /** It tells in words that a message was edited, which the backend has. */
  | { readonly kind: 'edit'; readonly of: string; readonly text: string }
  /** The link to the words that were POSTed before. */
  | { readonly kind: 'continues'; readonly of: string }

/**
 * Asked of every row that comes in; chat.db is read only where the row itself looks like one of these, so that it costs
 * ordinary text nothing.
 */
export const relateRow = (row: MessageRow, { chatDb, inbox }: RelateNeeds): Relation | undefined => {
  const { chat, rowid } = row
  if (chat === undefined) return undefined
  if (row.isLink) {
    const found = previewOf(row, chatDb()?.earlierIn(chat.guid, rowid, RIGHT_BEFORE) ?? [])
    if (found?.kind === 'repeats') return { kind: 'link_preview' }
    const isTold =
      found !== undefined && ['queued', 'posting', 'waiting', 'answered'].includes(stateOf(found.guid, inbox))
    return isTold ? { kind: 'continues', of: found.guid } : undefined
  }
  const said = readCompatibility(row.text)
  if (said === undefined) return undefined
  const earlier = chatDb()?.earlierIn(chat.guid, rowid, QUOTABLE) ?? []
  if (said.kind === 'tapback') return isQuoted(said.quoted, earlier) ? { kind: 'tapback' } : undefined
  const edited = earlier.find(each => !each.fromMe && each.sender === row.sender && isEditable(each, row))
  const known = edited && inbox.lookUp(edited.guid)
  // Where the backend has not heard of the message yet, this tells it all.
  return known !== undefined && known.posts > 0 ? { kind: 'edit', of: known.guid, text: said.quoted } : undefined
}

const RIGHT_BEFORE = 8
/** So many messages back one can be quoted. */
const QUOTABLE = 500
/** Messages lets people edit for fifteen minutes. */
const EDITABLE_MS = 16 * 60_000

const isEditable = (earlier: MessageRow, row: MessageRow): boolean =>
  earlier.text !== '' && (row.dateMs ?? 0) - (earlier.dateMs ?? 0) <= EDITABLE_MS

const stateOf = (guid: string, inbox: RelateNeeds['inbox']): string => inbox.lookUp(guid)?.state ?? 'unknown'
