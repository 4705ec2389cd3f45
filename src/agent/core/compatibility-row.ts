import type { MessageRow } from './message.ts'
import { says } from './says.ts'

/**
 * What Messages writes, in words, to somebody who does not have iMessage: a tapback (`Liked “…”`) or an edit (`Edited to “…”`), and
 * the words it quotes. English alone: of other languages nobody could be asked what exactly Messages writes.
 */
export type Compatibility = { readonly kind: 'tapback' | 'edit'; readonly quoted: string }

export const readCompatibility = (text: string): Compatibility | undefined => {
  if (text.length > LONGEST || !MAY_BE.test(text)) return undefined
  const [, tapback] = TAPBACK.exec(text) ?? []
  if (tapback !== undefined) return { kind: 'tapback', quoted: tapback }
  const [, edit] = EDIT.exec(text) ?? []
  return edit === undefined ? undefined : { kind: 'edit', quoted: edit }
}

/** Whether a tapback quotes one of these messages; a long quote may be cut. */
export const isQuoted = (quoted: string, rows: readonly Pick<MessageRow, 'text'>[]): boolean => {
  const quote = says(quoted)
  if (quote === '') return false
  const head = quote.endsWith('…') ? quote.slice(0, -1).trimEnd() : undefined
  return rows.some(({ text }) => {
    const said = says(text)
    return said === quote || (head !== undefined && head !== '' && said.startsWith(head))
  })
}

const LONGEST = 20_000
/** The cheap question, asked of every message. */
const MAY_BE = /^(?:Loved|Liked|Disliked|Laughed|Emphasi[sz]ed|Questioned|Reacted|Removed|Edited) /
const QUOTED = '[“"](.+)[”"]'
const TAPBACK = new RegExp(
  `^(?:Loved|Liked|Disliked|Laughed at|Emphasi[sz]ed|Questioned|Reacted \\S{1,16} to|Removed (?:an? (?:heart|like|dislike|laugh|exclamation(?: mark)?|question mark)|\\S{1,16}(?: reaction)?) from) ${QUOTED}$`,
  's',
)
const EDIT = new RegExp(`^Edited to ${QUOTED}$`, 's')
