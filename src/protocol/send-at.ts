/**
 * A `send_at` as Unix milliseconds, or what is wrong with it, without repeating it. An instant is ISO 8601 with a zone, or
 * a Unix time: in seconds, or from 1e11 on in milliseconds. Without a zone it is the time on the clocks of `timeZone`;
 * without that, too, it is never guessed.
 */
export const parseSendAt = (sendAt: string | number, timeZone: string | undefined): SendAt => {
  if (typeof sendAt === 'number') return { ms: Math.round(Math.abs(sendAt) < LEAST_MS ? sendAt * 1000 : sendAt) }
  const fields = FORM.exec(sendAt.trim())?.groups
  if (fields === undefined) return { fault: `send_at: expected ${HOW_TO_WRITE_SEND_AT}` }
  const { zone } = fields
  const clockMs = toClockMs(fields)
  const offsetMs = zone === undefined ? 0 : toOffsetMs(zone)
  if (clockMs === undefined || offsetMs === undefined) return { fault: 'send_at: there is no such date or time' }
  if (zone !== undefined) return { ms: clockMs - offsetMs }
  if (timeZone === undefined) return { fault: `send_at: has no zone; expected ${HOW_TO_WRITE_SEND_AT}` }
  return onClocksOf(timeZone, clockMs)
}

type SendAt = { readonly ms: number } | { readonly fault: string }

export const HOW_TO_WRITE_SEND_AT =
  '2026-11-23T09:00:00Z or 2026-11-23T09:00:00+01:00, a Unix time, or 2026-11-23T09:00:00 together with a time_zone such as Europe/Berlin'

/** As seconds it is the year 5138, as milliseconds 1973: no time to come can be meant as the other. */
const LEAST_MS = 1e11

// Python separates by a blank where it prints, and writes microseconds; Ruby and strftime write offsets without a colon.
const FORM =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[Tt ](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d{1,12}))?)? ?(?<zone>[Zz]|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?$/

type Fields = Readonly<Record<string, string | undefined>>

/** What the clocks show, as if they were those of UTC. */
const toClockMs = ({ year, month, day, hour, minute, second = '0', fraction = '' }: Fields): number | undefined => {
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [number, ...number[]]
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3))
  const date = new Date(Date.UTC(y, Number(mo) - 1, d, h, mi, s, milliseconds))
  const shown = [
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ]
  return [mo, d, h, mi, s].every((value, n) => value === shown[n]) ? date.getTime() : undefined
}

const toOffsetMs = (zone: string): number | undefined => {
  const [hours = 0, minutes = 0, seconds = 0] = (zone.match(/\d\d/g) ?? []).map(Number)
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  return (zone.startsWith('-') ? -1000 : 1000) * (hours * 3600 + minutes * 60 + seconds)
}

/**
 * Where clocks are set forward and never show that time, it is as much later; where they are set back and show it twice,
 * it is the first: as calendars do it (RFC 5545).
 */
const onClocksOf = (timeZone: string, clockMs: number): SendAt => {
  const clock = openClock(timeZone)
  if (clock === undefined) return { fault: 'time_zone: is not known here; expected an IANA name such as Europe/Berlin' }
  const before = clockMs - clock.offsetAt(clockMs - DAY_MS)
  const after = clockMs - clock.offsetAt(clockMs + DAY_MS)
  const shown = [before, after].filter(ms => ms + clock.offsetAt(ms) === clockMs)
  return { ms: shown.length > 0 ? Math.min(...shown) : before }
}

const DAY_MS = 24 * 60 * 60_000

const openClock = (timeZone: string): { readonly offsetAt: (ms: number) => number } | undefined => {
  try {
    const format = new Intl.DateTimeFormat('en-US', { ...PARTS, timeZone })
    return {
      offsetAt: ms => {
        const wholeMs = Math.floor(ms / 1000) * 1000
        const { year, month, day, hour, minute, second } = Object.fromEntries(
          format.formatToParts(wholeMs).map(({ type, value }) => [type, Number(value)]),
        ) as Record<string, number>
        return Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second) - wholeMs
      },
    }
  } catch {
    return undefined
  }
}

const PARTS = {
  calendar: 'gregory',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const
