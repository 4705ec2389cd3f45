/** On the clocks of this Mac, to the second, with the zone: `2026-11-23 09:00:00 GMT+1`. */
export const localTime = (when: number | string): string =>
  new Date(when).toLocaleString('sv-SE', { timeZoneName: 'short' })
