import { type Piece, piecesOf, runIn } from './fit-of-row.ts'
import type { MessageRow } from './message.ts'

type Bubble = { readonly id: number; readonly threadId: string; readonly says: string }
/** Which row each piece of a bubble came with, by the piece's index. */
type Begun = { readonly pieces: readonly Piece[]; readonly rows: Map<number, MessageRow> }

/** Puts bubbles together again that Messages stored as several rows: words, and links with their previews. */
export const createAssembly = () => {
  const all = new Map<number, Begun>()
  return {
    /** Whether the row is a part of the bubble that it still lacked; then it is its. */
    takes: ({ id, threadId, says }: Bubble, row: MessageRow): boolean => {
      if (row.chat?.threadId !== threadId) return false
      const begun: Begun = all.get(id) ?? { pieces: piecesOf(says), rows: new Map() }
      const run = begun.pieces.length > 1 ? runIn(begun.pieces, row, index => !begun.rows.has(index)) : undefined
      if (run === undefined) return false
      for (let index = run[0]; index < run[1]; index++) begun.rows.set(index, row)
      all.set(id, begun)
      return true
    },
    isComplete: ({ id }: Bubble): boolean => all.get(id)?.pieces.length === all.get(id)?.rows.size,
    rowsOf: ({ id }: Bubble): readonly MessageRow[] => [...new Set(all.get(id)?.rows.values())],
    /** A link alone may be another bubble's. */
    hasWords: ({ id }: Bubble): boolean => {
      const { pieces, rows } = all.get(id) ?? { pieces: [], rows: new Map() }
      return [...rows.keys()].some(index => pieces[index]?.isLink === false)
    },
  }
}
