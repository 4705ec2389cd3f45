type Dated = { readonly rowid: number; readonly dateMs?: number }

/**
 * What came in at once, in the order in which it was written. Without a date it is older than anything; a date from the
 * future tells nothing, and such a row stays behind the one before it.
 */
export const inOrderOfDates = <T extends Dated>(rows: readonly T[], now: number): readonly T[] => {
  let last = 0
  const dated = rows
    .toSorted((a, b) => a.rowid - b.rowid)
    .map(row => {
      const { dateMs = 0 } = row
      if (dateMs <= now) last = dateMs
      return { row, ms: dateMs <= now ? dateMs : last }
    })
  return dated.sort((a, b) => a.ms - b.ms).map(({ row }) => row)
}
