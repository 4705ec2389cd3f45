import { expect, test } from 'vitest'
import { isBlank, says } from '../../../src/agent/core/says.ts'

test('a text says the same without the marks that no row of chat.db keeps', () => {
  expect(says('a\uFFFC b\uFFFD')).toBe(says('a b'))
  expect(isBlank('\uFFFC')).toBe(true)
})
