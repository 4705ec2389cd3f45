import { expect, test } from 'vitest'
import { createNormaliser, isCountry } from '../../../src/agent/matching/normalise-address.ts'

test.each([
  ['US', '5622924139', '+15622924139'],
  ['US', '1 562 292 4139', '+15622924139'],
  ['US', '+1 (562) 292\u20114139', '+15622924139'],
  ['US', '\u202a+1 (562) 292-4139\u202c', '+15622924139'],
  ['US', '+１５６２２９２４１３９', '+15622924139'],
  ['US', 'tel:+15622924139', '+15622924139'],
  ['US', 'any;-;+15622924139', '+15622924139'],
  ['US', '+15622924139(smsfp)', '+15622924139'],
  ['US', '12345', '12345'],
  ['US', '262966(smsft)', '262966'],
  ['US', '+49 (0)171 1234567', '+491711234567'],
  ['US', '0049 171 1234567', '+491711234567'],
  ['US', '011 49 171 1234567', '+491711234567'],
  ['DE', '0171 1234567', '+491711234567'],
  ['DE', '+1 562 292 4139', '+15622924139'],
  ['DE', '110', '110'],
  ['US', '+15550001', '+15550001'],
  ['US', 'Anna@Example.COM', 'anna@example.com'],
  ['US', 'E:Me@Example.com', 'me@example.com'],
  ['US', 'any;+;chat655333', 'chat655333'],
  ['US', 'urn:biz:7F3A', 'urn:biz:7f3a'],
  ['US', 'AMAZON', 'amazon'],
  ['US', '', ''],
  ['US', '+', '+'],
])('in %s %s is %s', (country, written, normal) => {
  expect(createNormaliser(country)(written)).toBe(normal)
})

test('what is normal stays as it is', () => {
  const normalise = createNormaliser('GB')
  for (const written of ['020 7946 0018', '+390612345678', '(smsft)', '07911 123456', 'A@b.c']) {
    expect(normalise(normalise(written))).toBe(normalise(written))
  }
})

test('what is too long for an address costs nothing', () => {
  expect(createNormaliser('US')(`${'1'.repeat(1_000_000)}X`)).toHaveLength(1_000_001)
  expect(createNormaliser('US')(`(${'a'.repeat(300)}`)).toHaveLength(301)
})

test('a country is one that has telephone numbers', () => {
  expect(['US', 'DE', 'XX', 'ZZ'].map(isCountry)).toEqual([true, true, false, false])
})
