/** From a minute of the local day (0 to 1439) until before another (up to 1440), across midnight where that is smaller. */
export type QuietHours = { readonly from: number; readonly to: number }

/** "22:00-07:00", "9-17:30"; undefined where it is none. Equal ends are none: whether that is never or always, who knows. */
export const parseQuietHours = (written: string): QuietHours | undefined => {
  const [, fromHour, fromMinute = '0', toHour, toMinute = '0'] = WRITTEN.exec(written.trim()) ?? []
  const from = toMinutes(fromHour, fromMinute)
  const to = toMinutes(toHour, toMinute)
  if (from === undefined || to === undefined || from === DAY || from === to) return undefined
  return { from, to }
}

export const formatQuietHours = ({ from, to }: QuietHours): string => `${toClock(from)}-${toClock(to)}`

/**
 * When the quiet hours end in which `now` lies: the first moment, in Unix milliseconds, at which none of them holds;
 * undefined where `now` lies in none, infinite where they cover every minute. `minuteOfDay` is the local clock. It is asked
 * minute by minute, so that a night with a change of the clock is as long as it is.
 */
export const quietUntil = (
  hours: readonly QuietHours[],
  now: number,
  minuteOfDay: (ms: number) => number,
): number | undefined => {
  const isQuiet = (ms: number): boolean => {
    const minute = minuteOfDay(ms)
    return hours.some(({ from, to }) => (from < to ? minute >= from && minute < to : minute >= from || minute < to))
  }
  if (!isQuiet(now)) return undefined
  // Zones differ from each other by whole minutes: a local minute begins when one of UTC does.
  const next = (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS
  for (let at = next; at <= next + LONGEST_MS; at += MINUTE_MS) if (!isQuiet(at)) return at
  return Number.POSITIVE_INFINITY
}

const WRITTEN = /^(\d{1,2})(?:[:.](\d\d))?\s*[-\u2010-\u2015]\s*(\d{1,2})(?:[:.](\d\d))?$/
const DAY = 24 * 60
const MINUTE_MS = 60_000
/** A day that has an hour more, and the night behind it. */
const LONGEST_MS = 49 * 60 * MINUTE_MS

const toMinutes = (hour: string | undefined, minute: string): number | undefined => {
  const minutes = Number(hour) * 60 + Number(minute)
  return hour === undefined || Number(minute) > 59 || minutes > DAY ? undefined : minutes
}

const toClock = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map(part => String(part).padStart(2, '0')).join(':')
