import { expect, test } from 'vitest'
import { toPlainText } from '../../../src/agent/core/plain-text.ts'

test('the marks of attachments and app payloads are not words', () => {
  expect(toPlainText('\uFFFClook \uFFFCat this\uFFFD')).toBe('look at this')
  expect(toPlainText('\uFFFC\uFFFD')).toBe('')
})

test('everything else is left as it is', () => {
  const text = ' \uFEFF👩‍👩‍👧 naïve\u200B\r\n\t“quoted”️ '
  expect(toPlainText(text)).toBe(text)
})
