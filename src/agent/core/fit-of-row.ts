import type { MessageRow } from './message.ts'
import { says } from './says.ts'

/**
 * How well a row of chat.db fits a bubble of ours. same: it says the same in the same thread; rewritten: it does but for the
 * marks, which Messages changes; part: it may be a part of it, which Messages stored by itself; elsewhere: the same in another
 * thread.
 */
export type Fit = 'same' | 'rewritten' | 'part' | 'elsewhere' | 'none'

type Bubble = { readonly threadId: string; readonly says: string }
type Row = Pick<MessageRow, 'chat' | 'text' | 'isLink'>

/**
 * Is this row ours, and which bubble's? The one place in which rows and bubbles are compared: confirming a send, telling the
 * owner's hand from ours, and recognising our own words when they come back all ask here, and differ in which fit they take.
 */
export const fitOf = (bubble: Bubble, row: Row): Fit => {
  const isThere = row.chat?.threadId === bubble.threadId
  if (bubble.says === says(row.text)) return isThere ? 'same' : 'elsewhere'
  if (!isThere) return 'none'
  if (isRewritten(bubble.says, row.text)) return 'rewritten'
  return isPart(bubble.says, row) ? 'part' : 'none'
}

/** The row has all of the bubble. */
export const isWhole = (fit: Fit): boolean => fit === 'same' || fit === 'rewritten'

/** Messages rewrites more marks than we know of, but not letters, digits and symbols; of marks alone, only those it draws together. */
const isRewritten = (ours: string, theirs: string): boolean => {
  if (theirs === '') return false
  const words = bare(ours)
  return words === '' ? marks(ours) === marks(theirs) : words === bare(theirs)
}

const isPart = (ours: string, row: Row): boolean => {
  if (bare(ours) === '') return row.text.trim() !== ''
  const pieces = piecesOf(ours)
  return pieces.length > 1 && runIn(pieces, row) !== undefined
}

/** What Messages may store by itself: each link, and the words between two of them. */
export type Piece = { readonly bare: string; readonly isLink: boolean }

export const piecesOf = (text: string): readonly Piece[] => {
  const pieces: { words: string[]; isLink: boolean }[] = []
  for (const word of text.split(' ')) {
    const last = pieces.at(-1)
    if (isLink(word) || last === undefined || last.isLink) pieces.push({ words: [word], isLink: isLink(word) })
    else last.words.push(word)
  }
  return pieces
    .map(piece => ({ bare: bare(piece.words.join(' ')), isLink: piece.isLink }))
    .filter(piece => piece.bare !== '')
}

/** Which pieces, one after the other, a row has: from the first up to the second index. A preview may have no text. */
export const runIn = (
  pieces: readonly Piece[],
  row: Row,
  isFree: (index: number) => boolean = () => true,
): readonly [from: number, to: number] | undefined => {
  const theirs = bare(row.text)
  if (theirs === '') {
    const link = row.isLink ? pieces.findIndex((piece, at) => piece.isLink && isFree(at)) : -1
    return link < 0 ? undefined : [link, link + 1]
  }
  // What is taken is blanked out, so that nothing is found in it.
  const all = pieces.map((piece, at) => (isFree(at) ? piece.bare : ' '.repeat(piece.bare.length))).join('')
  const starts = new Map<number, number>()
  let length = 0
  for (const [index, piece] of pieces.entries()) {
    starts.set(length, index)
    length += piece.bare.length
  }
  starts.set(length, pieces.length)
  for (let at = all.indexOf(theirs); at >= 0; at = all.indexOf(theirs, at + 1)) {
    const [from, to] = [starts.get(at), starts.get(at + theirs.length)]
    if (from !== undefined && to !== undefined) return [from, to]
  }
  return undefined
}

export const isLink = (word: string): boolean => LINK.test(word)

const LINK = /^(?:https?:\/\/|www\.|[^\s/@]+\.[a-z]{2,}(?:[/?#]|$))/i

/** Letters, digits and symbols alone. */
const bare = (text: string): string => text.normalize('NFKC').replace(/[^\p{L}\p{N}\p{Extended_Pictographic}]+/gu, '')
/** With dots and dashes as they are typed. */
const marks = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[\u2014\u2013]/g, '--')
    .replace(/\s+/g, '')
