import { describe, expect, test } from 'vitest'
import { decideForward, type ForwardContext } from '../../../src/agent/core/decide-forward.ts'
import { createFilter } from '../../../src/agent/core/filter.ts'
import type { MessageRow } from '../../../src/agent/core/message.ts'
import { PLAIN_ROW } from '../../support/plain-row.ts'

const NOW = Date.UTC(2026, 0, 2)
const HOUR = 3_600_000
const chat = { guid: 'iMessage;-;+15550001', threadId: '+15550001', isGroup: false, service: 'iMessage', accountId: '' }
const row: MessageRow = {
  ...PLAIN_ROW,
  rowid: 1,
  guid: 'g',
  chat,
  sender: '+15550001',
  text: 'hello',
  dateMs: NOW - 1_000,
}
function filterWith(deny: readonly string[] = []) {
  const settings = { allow: [], deny, groups: 'none', names: [], startWords: [], rules: [], people: {} } as const
  return createFilter(settings, { normalise: address => address, compilePattern: () => ({ test: () => false }) })
}
const context: ForwardContext = {
  rules: { maxAgeMs: 6 * HOUR, filter: filterWith() },
  now: NOW,
  firstStartMs: NOW - 24 * HOUR,
  waitedMs: 0,
  marksFinished: true,
  isTwin: false,
  ownBubble: 'none',
}
const without = (key: 'chat' | 'sender' | 'dateMs'): MessageRow => {
  const { [key]: _, ...rest } = row
  return rest
}
const denying = (deny: string): Partial<ForwardContext> => ({ rules: { ...context.rules, filter: filterWith([deny]) } })
const skip = (reason: string, rule?: string) => ({ kind: 'skip', reason, ...(rule !== undefined && { rule }) })
const wait = (what: string) => ({ kind: 'wait', for: what })
const forward = { kind: 'forward', rule: 'default' }

describe('whether a row goes to the backend', () => {
  const rows: [name: string, row: Partial<MessageRow>, context: Partial<ForwardContext>, expected: object][] = [
    ['an ordinary message', {}, {}, forward],
    ['our own', { fromMe: true }, {}, skip('own')],
    ['our own, not joined to a chat', { ...without('chat'), fromMe: true }, {}, skip('own')],
    ['a tapback', { associatedType: 2000 }, {}, skip('tapback')],
    ['a tapback taken back', { associatedType: 3001 }, {}, skip('tapback')],
    ['a sticker', { associatedType: 1000 }, {}, skip('associated')],
    ['a vote in a poll', { associatedType: 4000 }, {}, skip('associated')],
    ['somebody joined the group', { itemType: 1 }, {}, skip('group_event')],
    ['a system row', { system: true }, {}, skip('system')],
    ['Send Later', { scheduleType: 2, dateMs: NOW + HOUR }, {}, skip('send_later')],
    ['older than the age fence', { dateMs: NOW - 7 * HOUR }, {}, skip('stale')],
    [
      'from before the first start',
      { dateMs: NOW - 2 * HOUR },
      { firstStartMs: NOW - HOUR },
      skip('before_first_start'),
    ],
    ['a date in the future', { dateMs: NOW + 9 * HOUR }, {}, forward],
    ['withdrawn', { emptied: true, text: '' }, {}, skip('unsent')],
    ['an attachment without words', { text: '', hasContent: true }, {}, skip('attachment_only', 'attachment_only')],
    ['a twin of a handled one', {}, { isTwin: true }, skip('twin')],
    ['a sender who is denied', {}, denying('+15550001'), skip('denied', 'forward.deny')],
    ['a twin from one who is denied', {}, { ...denying('+15550001'), isTwin: true }, skip('twin')],
    ['a group', { chat: { ...chat, isGroup: true } }, {}, skip('group', 'forward.groups')],
    ['not yet joined to its chat', without('chat'), {}, wait('chat')],
    ['without its handle', without('sender'), {}, wait('sender')],
    ['without its text', { text: '', hasContent: false }, {}, wait('text')],
    ['not yet finished', { finished: false }, {}, wait('finished')],
    ['not finished, where nothing ever is', { finished: false }, { marksFinished: false }, forward],
    ['not finished for long', { finished: false }, { waitedMs: 3_000 }, forward],
    ['says what we are sending just now', {}, { ownBubble: 'open' }, wait('own_echo')],
    ['says what we sent, from somebody else', {}, { ownBubble: 'sent' }, forward],
    [
      'says what we sent, from the owner, or sooner than a person writes',
      {},
      { ownBubble: 'sent', comesBack: true },
      skip('own_echo'),
    ],
    ['from the owner, in words of their own', {}, { comesBack: true }, forward],
    ['never joined to a chat', without('chat'), { waitedMs: 60_000 }, skip('incomplete')],
    [
      'without an attachment that is to be told of',
      {},
      { lacksAttachments: true },
      { kind: 'wait', for: 'attachments' },
    ],
    ['the same, for three seconds already', {}, { lacksAttachments: true, waitedMs: 3_000 }, forward],
    ['never given a text', { text: '', hasContent: false }, { waitedMs: 60_000 }, skip('empty')],
  ]
  test.each(rows)('%s', (_name, change, changed, expected) => {
    const base = 'guid' in change ? (change as MessageRow) : { ...row, ...change }
    expect(decideForward(base, { ...context, ...changed })).toEqual(expected)
  })

  test('a row without a date is older than anything, unless it is still being written', () => {
    expect(decideForward(without('dateMs'), context)).toEqual(skip('stale'))
    const unfinished = { ...without('dateMs'), finished: false }
    expect(decideForward(unfinished, context)).toEqual(wait('finished'))
    expect(decideForward(unfinished, { ...context, waitedMs: 3_000 })).toEqual(skip('stale'))
  })
})
