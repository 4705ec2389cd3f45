/** On the clocks of this Mac, to the second, with the zone: `2026-11-23 09:00:00 GMT+1`. */
export const zonedTime = (when: number | string): string =>
  new Date(when).toLocaleString('sv-SE', {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
    timeZoneName: 'short',
  })

/** A time as this Mac's clock shows it: `2026-11-23 00:07:38.012`. */
export const localTime = (ms: number): string => `${localDay(ms)} ${timeOfDay(ms)}`

export const localDay = (ms: number): string => {
  const date = new Date(ms)
  return [pad(date.getFullYear(), 4), pad(date.getMonth() + 1), pad(date.getDate())].join('-')
}

/** `00:07:38.012` */
export const timeOfDay = (ms: number): string => {
  const date = new Date(ms)
  return `${[date.getHours(), date.getMinutes(), date.getSeconds()].map(n => pad(n)).join(':')}.${pad(date.getMilliseconds(), 3)}`
}

const pad = (n: number, length = 2): string => String(Math.trunc(n)).padStart(length, '0')
