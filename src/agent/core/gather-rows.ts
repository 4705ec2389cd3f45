import type { MessageRow } from './message.ts'

/** Rows that are one message, as one: what its sender has left of it, in the order in which it was written. It goes by the first. */
export const gatherRows = (rows: readonly MessageRow[]): MessageRow => {
  const inOrder = rows.toSorted((a, b) => (a.dateMs ?? 0) - (b.dateMs ?? 0) || a.rowid - b.rowid)
  const [first] = rows
  if (first === undefined) throw new Error('a message has a row')
  if (rows.length === 1) return first
  const left = inOrder.filter(row => !row.emptied && !row.fromMe)
  const edits = rows.flatMap(({ editedMs }) => editedMs ?? [])
  return {
    ...first,
    text: left
      .map(({ text }) => text)
      .filter(text => text !== '')
      .join('\n'),
    emptied: left.length === 0,
    fromMe: rows.every(({ fromMe }) => fromMe),
    hasContent: left.some(({ hasContent }) => hasContent),
    isVoice: left.some(({ isVoice }) => isVoice === true),
    places: left.reduce((sum, { places = 0 }) => sum + places, 0),
    mentions: left.flatMap(({ mentions = [] }) => mentions),
    ...(edits.length > 0 && { editedMs: Math.max(...edits) }),
    parts: inOrder,
  }
}
