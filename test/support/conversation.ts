import type { MockBackendOptions } from '../../src/lab/mock-backend/start-mock-backend.ts'

export const ANNA = '+15622924139'
export const BERT = 'bert@example.com'
/** As many others as a test needs. */
export const phone = (n: number) => `+1555000${String(n).padStart(4, '0')}`

/** Each message has a reflex and bubbles of its own: nothing can be mistaken for something else. */
export const personal: MockBackendOptions = {
  inReplyTo: false,
  thinkMs: 150,
  reflex: ({ filtered_text }) => `reflex to ${filtered_text}`,
  replies: ({ filtered_text }) => [`second to ${filtered_text}`, `third to ${filtered_text}`],
}
export const repliesTo = (text: string) => [`reflex to ${text}`, `second to ${text}`, `third to ${text}`]
