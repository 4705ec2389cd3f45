import type { MessageRow } from './message.ts'
import { says } from './says.ts'

/** What an edit changes: the words, or which attachments there are. */
export const wordsOf = (row: MessageRow): string => `${says(row.text)}\0${row.places ?? 0}`

/**
 * What became of a message since it was last looked at, by its row. `words` is what the row says now, in the form in which
 * `known` has it. Where it is not known what it said, the marks of an edit have to do.
 */
export const judgeEdit = (
  known: { readonly words?: string; readonly isWithdrawn: boolean },
  row: MessageRow,
  words: string,
): 'unsent' | 'edited' | 'same' => {
  if (known.isWithdrawn) return 'same'
  if (row.emptied) return 'unsent'
  if (known.words === words) return 'same'
  if (row.text === '' && !row.hasContent) return 'unsent'
  return known.words === undefined && row.editedMs === undefined ? 'same' : 'edited'
}
