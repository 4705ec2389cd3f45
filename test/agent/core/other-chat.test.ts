import { expect, test } from 'vitest'
import type { Chat } from '../../../src/agent/core/message.ts'
import { otherChat } from '../../../src/agent/core/other-chat.ts'

const chat = (guid: string, service = guid.startsWith('any') ? 'iMessage' : (guid.split(';')[0] ?? '')): Chat => ({
  guid,
  threadId: guid.split(';')[2] ?? '',
  isGroup: guid.includes(';+;'),
  service,
  accountId: '',
})

test.each<[what: string, lost: string, chats: readonly string[], other: string | undefined]>([
  [
    'a group goes on in the one with the newest rows, by whatever service',
    'iMessage;+;c',
    ['SMS;+;c', 'any;+;c'],
    'SMS;+;c',
  ],
  ['never in the one that is lost', 'any;+;c', ['any;+;c'], undefined],
  ['one person by the same service', 'SMS;-;+1', ['iMessage;-;+1', 'SMS;-;+1', 'sms;-;+1'], 'sms;-;+1'],
  ['or by a chat of all services', 'SMS;-;+1', ['iMessage;-;+1', 'any;-;+1'], 'any;-;+1'],
  ['RCS is not iMessage', 'RCS;-;+1', ['iMessage;-;+1', 'SMS;-;+1'], undefined],
  ['and a person is no group', 'iMessage;-;c', ['iMessage;+;c'], undefined],
])('%s', (_what, lost, chats, other) => {
  expect(
    otherChat(
      chat(lost),
      chats.map(guid => chat(guid)),
      () => false,
    )?.guid,
  ).toBe(other)
})

test('one that was not found either is passed over', () => {
  const chats = [chat('SMS;+;c'), chat('any;+;c')]
  expect(otherChat(chat('iMessage;+;c'), chats, ({ guid }) => guid === 'SMS;+;c')?.guid).toBe('any;+;c')
})
