import { expect, test } from 'vitest'
import { linkOfPayload } from '../../../src/agent/imessage/link-of-payload.ts'
import { encodeLinkPayload } from '../../../src/lab/messages-simulator/encode-plist.ts'

test.each(['http://a.b', 'https://example.com/a', `https://example.com/${'long/'.repeat(80)}`])(
  'the link of %s',
  link => {
    expect(linkOfPayload(encodeLinkPayload(link))).toBe(link)
  },
)

test.each([
  ['nothing', null],
  ['no property list', Buffer.from('http is no link')],
  ['one that is cut off', encodeLinkPayload('https://example.com/a/b/c').subarray(0, 20)],
])('none in %s', (_, payload) => {
  expect(linkOfPayload(payload)).toBe('')
})
