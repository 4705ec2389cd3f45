/** A time as this Mac's clock shows it: `2026-11-23 00:07:38.012`. */
export const localTime = (ms: number): string => `${localDay(ms)} ${timeOfDay(ms)}`

/** The same to the second, with the offset: `2026-11-23 09:00:00 +01:00`. Takes Unix milliseconds or ISO 8601. */
export const zonedTime = (when: number | string): string => {
  const date = new Date(when)
  const offset = -date.getTimezoneOffset()
  const minutes = Math.abs(offset)
  const zone = `${offset < 0 ? '-' : '+'}${pad(minutes / 60)}:${pad(minutes % 60)}`
  return `${localTime(date.getTime()).slice(0, -'.000'.length)} ${zone}`
}

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
