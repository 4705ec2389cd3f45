import { describe, expect, test } from 'vitest'
import { formatQuietHours, parseQuietHours, quietUntil } from '../../../src/agent/core/quiet-hours.ts'

/** The local clock of a zone, as the process of a Mac there has it. */
const clockOf = (timeZone: string) => {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  return (ms: number): number => {
    const [hour = 0, minute = 0] = format.format(ms).split(':').map(Number)
    return hour * 60 + minute
  }
}
const at = (iso: string): number => Date.parse(iso)

describe('quiet hours are written', () => {
  test.each([
    ['22:00-07:00', '22:00-07:00'],
    ['9-17:30', '09:00-17:30'],
    [' 22.15 – 7.05 ', '22:15-07:05'],
    ['00:00-24:00', '00:00-24:00'],
  ])('%s is %s', (written, said) => {
    const parsed = parseQuietHours(written)
    expect(parsed && formatQuietHours(parsed)).toBe(said)
  })

  test.each(['', 'night', '22:00', '22:00-25:00', '22:60-07:00', '24:00-07:00', '08:00-08:00', '10pm-7am'])(
    '%s is none',
    written => expect(parseQuietHours(written)).toBeUndefined(),
  )
})

describe('quiet hours end', () => {
  test.each([
    // [hours, zone, now, end]
    ['in the evening, the next morning', ['22:00-07:00'], 'UTC', '2026-03-10T23:30:10Z', '2026-03-11T07:00:00Z'],
    ['after midnight, the same morning', ['22:00-07:00'], 'UTC', '2026-03-11T06:59:59Z', '2026-03-11T07:00:00Z'],
    ['at their first moment', ['22:00-07:00'], 'UTC', '2026-03-10T22:00:00Z', '2026-03-11T07:00:00Z'],
    ['not before them', ['22:00-07:00'], 'UTC', '2026-03-10T21:59:59Z', undefined],
    ['not at their end', ['22:00-07:00'], 'UTC', '2026-03-11T07:00:00Z', undefined],
    ['by the local clock', ['22:00-07:00'], 'America/New_York', '2026-01-10T04:00:00Z', '2026-01-10T12:00:00Z'],
    ['in a zone with a half hour', ['13:00-14:30'], 'Asia/Kolkata', '2026-01-10T08:00:00Z', '2026-01-10T09:00:00Z'],
    ['through two that touch', ['22:00-02:00', '02:00-06:00'], 'UTC', '2026-01-10T23:00:00Z', '2026-01-11T06:00:00Z'],
    [
      'an hour earlier by the sun when clocks go forward',
      ['22:00-07:00'],
      'Europe/Berlin',
      '2026-03-28T22:00:00Z',
      '2026-03-29T05:00:00Z',
    ],
    [
      'an hour later when they go back',
      ['22:00-07:00'],
      'Europe/Berlin',
      '2026-10-24T21:00:00Z',
      '2026-10-25T06:00:00Z',
    ],
    [
      'with the hour that is left out',
      ['01:30-02:30'],
      'Europe/Berlin',
      '2026-03-29T00:45:00Z',
      '2026-03-29T01:00:00Z',
    ],
    [
      'twice, where the hour comes twice',
      ['02:15-02:45'],
      'Europe/Berlin',
      '2026-10-25T00:20:00Z',
      '2026-10-25T00:45:00Z',
    ],
    ['the second time too', ['02:15-02:45'], 'Europe/Berlin', '2026-10-25T01:20:00Z', '2026-10-25T01:45:00Z'],
    [
      'by a change of half an hour',
      ['22:00-07:00'],
      'Australia/Lord_Howe',
      '2026-04-04T12:00:00Z',
      '2026-04-04T20:30:00Z',
    ],
  ])('%s', (_, hours, zone, now, end) => {
    const parsed = hours.flatMap(written => parseQuietHours(written) ?? [])
    expect(quietUntil(parsed, at(now), clockOf(zone))).toBe(end === undefined ? undefined : at(end))
  })

  test('never, where they cover the whole day', () => {
    const hours = ['00:00-12:00', '12:00-24:00'].flatMap(written => parseQuietHours(written) ?? [])
    expect(quietUntil(hours, at('2026-01-10T08:00:00Z'), clockOf('UTC'))).toBe(Number.POSITIVE_INFINITY)
  })
})
