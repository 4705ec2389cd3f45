import { expect, test } from 'vitest'
import { maskPeople } from '../../../src/agent/core/mask-people.ts'

test.each([
  ['+15622924139', '…'],
  ['15622924139', '…'],
  ['+1 562 292 4139', '…'],
  ['call +1 (562) 292-4139 now', 'call … now'],
  ['562-292-4139', '…'],
  ['562.292.4139', '…'],
  ['(562) 292-4139', '…'],
  ['(562) 292 4139', '…'],
  ['562\u2011292\u20114139', '…'],
  ['+1\u00a0562\u202f292\u00a04139', '…'],
  ['292-4139', '…'],
  ['0044 20 7946 0958', '…'],
  ['015112345678', '…'],
  ['edge_13238407486', 'edge_…'],
  ['mum@example.co.uk wrote', '… wrote'],
  ['müller@mail.example', '…'],
  ['"ann.b+c@mail.example"', '"…"'],
  ['in “iMessage;-;+15622924139”.', 'in “…”.'],
  ['any;+;chat655312345678', '…'],
  ['any;+;3f2ac9d0e1b24c56', '…'],
  ['chat655333', '…'],
  ['chat655312345', '…'],
  // A unit, a word or a date before or behind it makes no number of a person into something else.
  ['5622924139 s', '… s'],
  ['rapid 5622924139', 'rapid …'],
  ['2026-02-14 562-292-4139', '2026-02-14 …'],
  ['2026-02-145622924139', '…'],
])('%j becomes %j', (text, masked) => {
  expect(maskPeople(text)).toBe(masked)
})

test.each([
  'since 2026-02-14T09:30:07.123Z, until 2026-03-01',
  '2026-02-14T09:30:07+01:00',
  '2026-02-14 09:30:07.123 +01:00',
  'state.db.damaged-2026-02-14T093007.123Z',
  'after 1234567 ms, 1234567.890 ms and 86400.000 s',
  'an answer of 1073741824 bytes, 1048576 KiB',
  'the agent (pid 4194304) of pid 54321',
  'message B373E262-AFC1-41F5-B802-123456789012, command 8bb7509b-ad82-4bd1-bbb2-000000000000',
  '127.0.0.1:54321 and 192.168.178.25',
  'macOS 26.0.1, Node 24.21.0, pid 54321, gui/501, exit code -1743',
  '/Users/ann/Library/LaunchAgents/com.edge-agent.plist',
  '4097 MB free, 12 of 31 rows',
  'file:///x/dist/agent.js:12345:678 chatter m12, b34, POST 2, status 503',
])('%j stays as it is', text => {
  expect(maskPeople(text)).toBe(text)
})

test.each(['\n', '\t', '"', '\\', '\u0007', '\u0000'])('behind the escape of %j in JSON it is masked too', before => {
  for (const person of ['+15622924139', '562-292-4139', 'ann@mail.example', 'chat655333', 'any;+;3f2ac9d0e1b24c56']) {
    expect(JSON.parse(maskPeople(JSON.stringify(`x${before}${person}${before}y`)))).toBe(`x${before}…${before}y`)
  }
})

test.each(['a', '1', '1 ', 'a.', 'a@', '@a.', 'a;', 'a;+;', '2026-02-1', '\\u000', '(1', 'chat1', '127.0.0.'])(
  'time is linear: %j again and again',
  unit => {
    const { user } = process.cpuUsage()
    maskPeople(unit.repeat(300_000 / unit.length))
    // What is quadratic takes minutes.
    expect((process.cpuUsage().user - user) / 1e6).toBeLessThan(2)
  },
)
