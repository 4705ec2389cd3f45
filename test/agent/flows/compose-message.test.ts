import { expect, test } from 'vitest'
import type { MessageRow } from '../../../src/agent/core/message.ts'
import { composeMessage, type Outgoing } from '../../../src/agent/flows/compose-message.ts'
import { extendedFields } from '../../../src/agent/flows/extended-fields.ts'
import { messageRequest } from '../../../src/protocol/wire.ts'
import { PLAIN_ROW } from '../../support/plain-row.ts'

const ANNA = '+15622924139'
const row: MessageRow = {
  ...PLAIN_ROW,
  rowid: 1,
  guid: 'g',
  chat: { guid: 'any;+;chat1', threadId: 'chat1', isGroup: true, service: 'iMessage', accountId: '' },
  sender: ANNA,
  text: '',
  dateMs: Date.UTC(2026, 0, 2),
}
const nobody = { participants: [], attachments: [] }

const fields = (change: Partial<MessageRow>, details = {}, event?: { kind: 'edited' | 'unsent'; atMs: number }) =>
  extendedFields(
    { messageId: 'g', row: { ...row, ...change }, details: { ...nobody, ...details }, ...(event && { event }) },
    words => words.replaceAll('4111', '[card]'),
  )

const bodyOf = (message: Outgoing): string => {
  const composed = composeMessage(message, text => ({ text, found: {} }))
  return 'body' in composed ? composed.body : composed.skip
}

test('the minimal body has three fields, to the letter', () => {
  expect(bodyOf({ threadId: ANNA, sender: ANNA, text: 'hi' })).toBe(
    `{"thread_id":"${ANNA}","sender":"${ANNA}","filtered_text":"hi"}`,
  )
})

test('the extended one also where there are no words, and fits the wire', () => {
  const extended = { messageId: 'g', row, details: { ...nobody, attachments: [{ name: 'a.jpg', isSticker: false }] } }
  const body = bodyOf({ threadId: 'chat1', sender: ANNA, text: '', extended })
  expect(messageRequest.parse(JSON.parse(body))).toEqual({
    thread_id: 'chat1',
    sender: ANNA,
    filtered_text: '',
    message_id: 'g',
    timestamp: '2026-01-02T00:00:00.000Z',
    is_group: true,
    service: 'iMessage',
    participants: [],
    attachments: [{ name: 'a.jpg', is_sticker: false }],
  })
})

test('names are redacted before they are cut, and cut between two characters', () => {
  const name = `4111 ${'👋'.repeat(200)}`
  const { group_name, attachments } = fields({}, { groupName: name, attachments: [{ name, isSticker: false }] })
  expect(group_name).toMatch(/^\[card\] (👋)+$/u)
  expect(group_name?.length).toBeLessThanOrEqual(200)
  expect(attachments).toEqual([{ name: group_name, is_sticker: false }])
})

test('whatever a row says, what comes out is well-formed JSON of a sane size', () => {
  const wild = '\uD800\0"'.repeat(10_000)
  const details = {
    groupName: wild,
    participants: Array.from({ length: 64 }, () => wild),
    attachments: Array.from({ length: 32 }, () => ({ name: wild, mimeType: wild, bytes: 2 ** 53, isSticker: true })),
  }
  const change = { replyTo: wild, dateMs: 1e15, editedMs: -1e15, service: wild }
  const body = bodyOf({
    threadId: 'chat1',
    sender: ANNA,
    text: '',
    extended: { messageId: 'g', row: { ...row, ...change }, details },
  })
  expect(body.length).toBeLessThan(200_000)
  expect(messageRequest.parse(JSON.parse(body))).toMatchObject({
    timestamp: '9999-12-31T00:00:00.000Z',
    edited_at: '1970-01-01T00:00:00.000Z',
  })
})

test('a withdrawal tells of no attachments, and when it was', () => {
  const event = { kind: 'unsent', atMs: Date.UTC(2026, 0, 3) } as const
  const told = fields({ editedMs: event.atMs }, { attachments: [{ name: 'a.jpg', isSticker: false }] }, event)
  expect(told).toMatchObject({ event: 'unsent', attachments: [], unsent_at: '2026-01-03T00:00:00.000Z' })
  expect(told).not.toHaveProperty('edited_at')
})

test('a secret in the text keeps the message back, one in a name is masked; both are counted', () => {
  const redact = (text: string) => ({
    text: text.replaceAll('4821', '[code]'),
    found: text.includes('4821') ? { code: 1 } : {},
    ...(text.includes('4821') && { skip: 'code' }),
  })
  const details = { ...nobody, groupName: 'Code 4821', attachments: [{ name: '4821.txt', isSticker: false }] }
  const extended = { messageId: 'g', row, details }
  const message = { threadId: 'chat1', sender: ANNA, extended }
  expect(composeMessage({ ...message, text: 'it is 4821' }, redact)).toEqual({
    skip: 'redact:code',
    redacted: { code: 1 },
  })
  const composed = composeMessage({ ...message, text: 'hi' }, redact)
  expect(composed.redacted).toEqual({ code: 2 })
  expect(composed).toHaveProperty('body', expect.stringContaining('"group_name":"Code [code]"'))
  expect(composed).toHaveProperty('body', expect.not.stringContaining('4821'))
})
