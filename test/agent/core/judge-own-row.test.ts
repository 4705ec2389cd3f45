import { describe, expect, test } from 'vitest'
import { judgeOwnRow, type StartedBubble } from '../../../src/agent/core/judge-own-row.ts'
import type { MessageRow } from '../../../src/agent/core/message.ts'
import { PLAIN_ROW } from '../../support/plain-row.ts'

const ANNA = '+15622924139'
const NOW = Date.parse('2026-03-10T12:00:00Z')
const MINUTE = 60_000

const ROW: MessageRow = {
  ...PLAIN_ROW,
  rowid: 7,
  guid: 'G7',
  chat: { guid: `any;-;${ANNA}`, threadId: ANNA, isGroup: false, service: 'iMessage', accountId: 'A' },
  text: 'on my way',
  dateMs: NOW - 100,
  fromMe: true,
}
const { chat: _, ...UNJOINED } = ROW

/** A bubble of ours that was begun a second ago. */
const ours = (says: string, more: Partial<StartedBubble> = {}): StartedBubble => ({
  threadId: ANNA,
  says,
  tries: 1,
  startedMs: NOW - 1_000,
  failed: false,
  ...more,
})
const confirmed = { rowGuid: 'G1', confirmedMs: NOW - 500 }

const judge = (row: MessageRow, bubbles: readonly StartedBubble[] = [], waitedMs = 0) =>
  judgeOwnRow(row, {
    pauseMs: 10 * MINUTE,
    now: NOW,
    waitedMs,
    isOwnAddress: address => address === 'me@example.com',
    started: () => bubbles,
  })

const BY_HAND = { kind: 'by_hand', threadId: ANNA, atMs: NOW - 100 }
const OTHER = { kind: 'other' }
const BOTH_LINK = 'see https://a.example/x'

describe('written by hand', () => {
  test.each<[string, Partial<MessageRow>, readonly StartedBubble[]]>([
    ['words that none of ours says', {}, [ours('something else')]],
    ['a picture', { text: '', hasContent: true }, [ours('something else')]],
    [
      'in a group',
      { chat: { guid: 'any;+;chat1', threadId: ANNA, isGroup: true, service: 'iMessage', accountId: '' } },
      [],
    ],
    ['what could not be delivered', { error: 22 }, []],
    ['the words of ours that has its row already', {}, [ours('on my way', confirmed)]],
    [
      'the words of ours that provably failed a while ago',
      {},
      [ours('on my way', { failed: true, startedMs: NOW - 5 * MINUTE })],
    ],
    [
      'the words of ours in another thread, minutes ago',
      {},
      [ours('on my way', { threadId: 'b@example.com', startedMs: NOW - 5 * MINUTE })],
    ],
    ['a picture, where ours has no letter', { text: '' }, [ours('...')]],
    [
      'the link of ours once more, minutes later',
      { text: 'https://a.example/x', isLink: true },
      [ours('https://a.example/x', { ...confirmed, startedMs: NOW - 5 * MINUTE })],
    ],
    ['a link, where ours had none', { text: 'https://a.example/x' }, [ours('on my way')]],
    [
      'the first word of ours that has a link at its end',
      { text: 'see you' },
      [ours('see you at https://a.example/x')],
    ],
  ])('%s', (_, row, bubbles) => {
    expect(judge({ ...ROW, ...row }, bubbles)).toEqual(BY_HAND)
  })

  test('a date to come counts as now', () => {
    expect(judge({ ...ROW, dateMs: NOW + 60 * MINUTE })).toEqual({ ...BY_HAND, atMs: NOW })
  })
})

describe('not written by hand, or of no weight', () => {
  test.each<[string, Partial<MessageRow>, readonly StartedBubble[]]>([
    ['what says what ours says, that is under way', {}, [ours('on my way')]],
    ['what ours says, given up hours ago without a row', {}, [ours('on my way', { startedMs: NOW - 300 * MINUTE })]],
    ['the row that ours was confirmed by', {}, [ours('other words', { rowGuid: 'G7' })]],
    ['a second row, with the date of the send', { dateMs: NOW - 800 }, [ours('on my way', confirmed)]],
    ['the late row of an earlier try', {}, [ours('on my way', { ...confirmed, tries: 2 })]],
    ['ours that seemed to fail just now', {}, [ours('on my way', { failed: true })]],
    ['ours, in another chat of that person', {}, [ours('on my way', { threadId: 'b@example.com' })]],
    ['ours, with curly quotes', { text: '“it’s”' }, [ours(`"it's"`)]],
    [
      'ours, with marks that we do not know to be rewritten',
      { text: 'wait… what — now?' },
      [ours('wait... what -- now?')],
    ],
    ['ours, with what Messages takes out', { text: 'ab' }, [ours('a\uFFFCb')]],
    ['the words of ours with a link at its end', { text: 'see' }, [ours(BOTH_LINK)]],
    ['the link of ours', { text: 'https://a.example/x', isLink: true }, [ours(BOTH_LINK)]],
    [
      'the link of ours once more, now with its picture',
      { text: 'https://a.example/x', isLink: true },
      [ours('https://a.example/x', confirmed)],
    ],
    ['the picture of the link of ours', { text: '', isLink: true }, [ours(BOTH_LINK)]],
    ['a tapback', { associatedType: 2000 }, []],
    ['a sticker on a message', { associatedType: 1000 }, []],
    ['a group event', { itemType: 2 }, []],
    ['a system row', { system: true }, []],
    ['Send Later', { scheduleType: 2 }, []],
    ['what was withdrawn', { emptied: true, text: '' }, []],
    ['old, as cloud sync inserts it again', { dateMs: NOW - 10 * MINUTE }, []],
    ['without a date', { dateMs: undefined } as never, []],
    ['to oneself', { toSelf: true }, []],
    [
      'to an address of our own',
      {
        chat: {
          guid: 'any;-;me@example.com',
          threadId: 'me@example.com',
          isGroup: false,
          service: 'iMessage',
          accountId: '',
        },
      },
      [],
    ],
    ['a line of a self-test', { text: 'edge-agent selftest 1 of 1 (abcd)' }, []],
  ])('%s', (_, row, bubbles) => {
    expect(judge({ ...ROW, ...row }, bubbles)).toEqual(OTHER)
  })
})

describe('still being written', () => {
  test('without its chat it is waited for, and then nobody has seen it', () => {
    expect(judge(UNJOINED)).toEqual({ kind: 'wait', for: 'chat' })
    expect(judge(UNJOINED, [], 60_000)).toEqual(OTHER)
  })
  test('without its text as well', () => {
    const row = { ...ROW, text: '', hasContent: false }
    expect(judge(row)).toEqual({ kind: 'wait', for: 'text' })
    expect(judge(row, [], 60_000)).toEqual(OTHER)
  })
})

test('a long text of a hostile backend is compared in no time', () => {
  const long = `${'a-'.repeat(9_000)}.`
  const before = process.cpuUsage()
  expect(
    judge(
      ROW,
      Array.from({ length: 60 }, () => ours(long)),
    ),
  ).toEqual(BY_HAND)
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(5_000)
})
