import type { MessageRow } from './message.ts'
import { says } from './says.ts'

/**
 * How well a row of chat.db fits a bubble of ours. same: it says the same in the same thread; elsewhere: the same in another
 * thread; rewritten: in the same thread what Messages may have made of it.
 */
export type Fit = 'same' | 'elsewhere' | 'rewritten' | 'none'

/**
 * Is this row ours, and which bubble's? The one place in which rows and bubbles are compared: confirming a send, telling the
 * owner's hand from ours, and recognising our own words when they come back all ask here, and differ in which fit they take.
 */
export const fitOf = (
  bubble: { readonly threadId: string; readonly says: string },
  row: Pick<MessageRow, 'chat' | 'text' | 'isLink'>,
): Fit => {
  const isThere = row.chat?.threadId === bubble.threadId
  if (bubble.says === says(row.text)) return isThere ? 'same' : 'elsewhere'
  return isThere && isRewritten(bubble.says, row) ? 'rewritten' : 'none'
}

/**
 * Messages rewrites more than we know of, but marks and not words; and a text that begins or ends with a link may come as
 * two rows: the words, and the link with its picture.
 */
const isRewritten = (ours: string, row: Pick<MessageRow, 'text' | 'isLink'>): boolean => {
  const theirs = bare(row.text)
  const words = ours.split(' ')
  if (theirs === '') return bare(ours) === '' ? row.text.trim() !== '' : row.isLink && words.some(isLink)
  const [first = '', last = ''] = [words[0], words.at(-1)]
  const inner = [words, words.slice(isLink(first) ? 1 : 0), words.slice(0, isLink(last) ? -1 : undefined)]
  return [...inner.map(part => part.join(' ')), ...words.filter(isLink)].some(part => bare(part) === theirs)
}

export const isLink = (word: string): boolean => LINK.test(word)

const LINK = /^(?:https?:\/\/|www\.|[^\s/@]+\.[a-z]{2,}(?:[/?#]|$))/i

/** Letters, digits and symbols alone. */
const bare = (text: string): string => text.normalize('NFKC').replace(/[^\p{L}\p{N}\p{Extended_Pictographic}]+/gu, '')
