import { expect, test } from 'vitest'
import { escapeControls } from '../../../src/agent/core/escape-controls.ts'

test('JSON means the same and does nothing to a terminal', () => {
  const value = { id: '\u001b[31m\u009b2J\u007f\u2028\u2029\u202e\u2066\u200f\u061c', ok: 'é 👨‍👩‍👧 "quoted"\n' }
  const json = escapeControls(JSON.stringify(value, null, 2))
  expect(JSON.parse(json)).toEqual(value)
  expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200f\u202e\u2066]/u)
  expect(json).toContain('👨‍👩‍👧')
})
