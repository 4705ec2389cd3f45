/** On the clocks of this Mac, to the second, with their offset: `2026-11-23 09:00:00 +01:00`. Takes Unix ms or ISO 8601. */
export const localTime = (when: number | string): string => {
  const date = new Date(when)
  const offset = -date.getTimezoneOffset()
  const shown = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19).replace('T', ' ')
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map(n =>
    String(n).padStart(2, '0'),
  )
  return `${shown} ${offset < 0 ? '-' : '+'}${hours}:${minutes}`
}
