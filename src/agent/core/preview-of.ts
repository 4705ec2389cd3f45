import type { MessageRow } from './message.ts'

/**
 * What the preview of a link has to do with the rows that its sender wrote right before it, the newest first. repeats: the link
 * is in one of them, so that nothing is new; follows: they had the words to it alone.
 */
export const previewOf = (
  row: MessageRow,
  earlier: readonly MessageRow[],
): { readonly kind: 'repeats' | 'follows'; readonly guid: string } | undefined => {
  if (!row.isLink || row.sender === undefined || row.dateMs === undefined) return undefined
  const link = bareLink(row.text)
  const { sender, dateMs } = row
  const before = earlier.filter(
    each =>
      !each.fromMe && each.sender === sender && Math.abs(dateMs - (each.dateMs ?? 0)) <= PREVIEW_MS && each.text !== '',
  )
  const same = before.find(({ text }) => link === '' || linksIn(text).includes(link))
  if (same !== undefined && link !== '') return { kind: 'repeats', guid: same.guid }
  const [last] = before
  return last === undefined ? undefined : { kind: 'follows', guid: last.guid }
}

/** A preview was seen up to six seconds after its message. */
const PREVIEW_MS = 10_000

const linksIn = (text: string): readonly string[] => text.split(/\s+/).map(bareLink)

/** A link without what its preview may have otherwise: case and brackets around it, the scheme, a slash at its end. */
const bareLink = (link: string): string =>
  link
    .trim()
    .toLowerCase()
    .replace(/^[<("'\u201C]+|[>)"'\u201D.,;:!?]+$/g, '')
    .replace(/^https?:\/\/(www\.)?/, '')
    .replace(/\/$/, '')
