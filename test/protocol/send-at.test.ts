import { expect, test } from 'vitest'
import { parseSendAt } from '../../src/protocol/send-at.ts'

const utc = (sendAt: string | number, timeZone?: string): string => {
  const at = parseSendAt(sendAt, timeZone)
  return 'ms' in at ? new Date(at.ms).toISOString() : at.fault
}

test.each([
  ['2026-11-23T09:00:00Z', '2026-11-23T09:00:00.000Z'],
  ['2026-11-23t09:00z', '2026-11-23T09:00:00.000Z'],
  ['2026-11-23T09:00:00.5+01:00', '2026-11-23T08:00:00.500Z'],
  ['2026-11-23T09:00:00.123456+00:00', '2026-11-23T09:00:00.123Z'],
  ['2026-11-23 09:00:00.123456-05:30', '2026-11-23T14:30:00.123Z'],
  ['2026-11-23 09:00:00 +0100', '2026-11-23T08:00:00.000Z'],
  ['2026-11-23T09:00+01', '2026-11-23T08:00:00.000Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  [1_795_424_400, '2026-11-23T09:00:00.000Z'],
  [1_795_424_400.25, '2026-11-23T09:00:00.250Z'],
  [1_795_424_400_000, '2026-11-23T09:00:00.000Z'],
])('%s is an instant', (sendAt, instant) => {
  expect(utc(sendAt)).toBe(instant)
  // What names its instant needs no zone, and none changes it.
  expect(utc(sendAt, 'America/New_York')).toBe(instant)
})

test.each([
  ['in winter', '2026-11-23T09:00:00', 'Europe/Berlin', '2026-11-23T08:00:00.000Z'],
  ['in summer', '2026-07-23T09:00:00', 'Europe/Berlin', '2026-07-23T07:00:00.000Z'],
  ['with microseconds', '2026-07-23T09:00:00.250000', 'Asia/Kolkata', '2026-07-23T03:30:00.250Z'],
  ['just before clocks are set forward', '2026-03-08T01:59:59', 'America/New_York', '2026-03-08T06:59:59.000Z'],
  ['that clocks skip: as much later', '2026-03-08T02:30:00', 'America/New_York', '2026-03-08T07:30:00.000Z'],
  ['just after clocks were set forward', '2026-03-08T03:00:00', 'America/New_York', '2026-03-08T07:00:00.000Z'],
  ['that clocks show twice: the first', '2026-11-01T01:30:00', 'America/New_York', '2026-11-01T05:30:00.000Z'],
  ['just after clocks were set back', '2026-11-01T02:00:00', 'America/New_York', '2026-11-01T07:00:00.000Z'],
  ['where clocks move by half an hour', '2026-04-05T01:45:00', 'Australia/Lord_Howe', '2026-04-04T14:45:00.000Z'],
  ['at the end of the day line', '2026-01-01T00:30:00', 'Pacific/Kiritimati', '2025-12-31T10:30:00.000Z'],
])('a time without a zone is one on the clocks of the place: %s', (_, sendAt, timeZone, instant) => {
  expect(utc(sendAt, timeZone)).toBe(instant)
})

test('without a zone and without a place it is not guessed, and the fault says how to write it', () => {
  expect(utc('2026-11-23T09:00:00.123456')).toMatch(
    /^send_at: has no zone; expected 2026-11-23T09:00:00Z or .*time_zone/,
  )
})

test.each([
  ['', /expected/],
  ['tomorrow at nine', /expected/],
  ['2026-11-23', /expected/],
  ['20261123T090000Z', /expected/],
  ['1795424400', /expected/],
  ['2026-11-23T09:00:00 CET', /expected/],
  ['2026-11-23T09:00:00+01:00[Europe/Berlin]', /expected/],
  ['٢٠٢٦-11-23T09:00:00Z', /expected/],
  ['2026-02-29T09:00:00Z', /no such date/],
  ['2026-13-01T09:00:00Z', /no such date/],
  ['2026-11-23T24:00:00Z', /no such date/],
  ['2026-11-23T09:60:00Z', /no such date/],
  ['2026-11-23T09:00:00+25:00', /no such date/],
])('%s is refused', (sendAt, fault) => {
  expect(utc(sendAt, 'Europe/Berlin')).toMatch(fault)
})

test('a place that is none is refused where it is needed, without repeating it', () => {
  expect(utc('2026-11-23T09:00:00', 'Mars/Olympus')).toBe(
    'time_zone: is not known here; expected an IANA name such as Europe/Berlin',
  )
  expect(utc('2026-11-23T09:00:00Z', 'Mars/Olympus')).toBe('2026-11-23T09:00:00.000Z')
})
