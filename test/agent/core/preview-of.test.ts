import { expect, test } from 'vitest'
import type { MessageRow } from '../../../src/agent/core/message.ts'
import { previewOf } from '../../../src/agent/core/preview-of.ts'
import { PLAIN_ROW } from '../../support/plain-row.ts'

const NOW = Date.UTC(2026, 0, 2)
const row = (text: string, more: Partial<MessageRow> = {}): MessageRow => ({
  ...PLAIN_ROW,
  rowid: 1,
  guid: text,
  sender: '+15550001',
  text,
  dateMs: NOW,
  ...more,
})
const preview = row('https://example.com/a', { isLink: true, dateMs: NOW + 5_000 })
const repeats = (guid: string) => ({ kind: 'repeats', guid })
const follows = (guid: string) => ({ kind: 'follows', guid })

test.each<[string, readonly MessageRow[], object | undefined]>([
  ['the link at the end of the words', [row('see https://example.com/a')], repeats('see https://example.com/a')],
  ['at their beginning, without its scheme', [row('example.com/a/ it is')], repeats('example.com/a/ it is')],
  ['in brackets', [row('see (https://Example.com/a).')], repeats('see (https://Example.com/a).')],
  ['before the last row', [row('did you see?'), row('https://example.com/a')], repeats('https://example.com/a')],
  ['another link', [row('see https://example.com/ab')], follows('see https://example.com/ab')],
  ['words alone', [row('look at this')], follows('look at this')],
  ['of somebody else', [row('see https://example.com/a', { sender: 'b@example.com' })], undefined],
  ['of our own', [row('see https://example.com/a', { fromMe: true })], undefined],
  ['long before', [row('see https://example.com/a', { dateMs: NOW - 60_000 })], undefined],
  ['nothing before', [], undefined],
])('%s', (_, earlier, expected) => {
  expect(previewOf(preview, earlier)).toEqual(expected)
})

test('what is no preview has nothing to do with other rows', () => {
  expect(previewOf({ ...preview, isLink: false }, [row('https://example.com/a')])).toBeUndefined()
})
