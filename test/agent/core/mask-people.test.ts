import { expect, test } from 'vitest'
import { maskPeople } from '../../../src/agent/core/mask-people.ts'

test.each([
  ['+15622924139', '…'],
  ['call +1 (562) 292-4139 now', 'call … now'],
  ['562-292-4139', '…'],
  ['562.292.4139', '…'],
  ['(562) 292 4139', '…'],
  ['0044 20 7946 0958', '…'],
  ['015112345678', '…'],
  ['edge_13238407486', 'edge_…'],
  ['mum@example.co.uk wrote', '… wrote'],
  ['in “iMessage;-;+15622924139”.', 'in “…”.'],
  ['any;+;chat655312345678', '…'],
  ['any;+;3f2ac9d0e1b24c56', '…'],
  ['chat655312345', '…'],
])('%j becomes %j', (text, redacted) => {
  expect(maskPeople(text)).toBe(redacted)
})

test.each([
  'since 2026-02-14T09:30:07.123Z, until 2026-03-01',
  'state.db.damaged-2026-02-14T093007.123Z',
  '127.0.0.1:54321 and 192.168.178.25',
  'macOS 26.0.1, Node 24.21.0, pid 54321, gui/501, exit code -1743',
  '/Users/ann/Library/LaunchAgents/com.edge-agent.plist',
  '4097 MB free, 12 of 31 rows',
])('%j stays as it is', text => {
  expect(maskPeople(text)).toBe(text)
})
