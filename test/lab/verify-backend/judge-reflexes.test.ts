import { expect, test } from 'vitest'
import { judgeOrder } from '../../../src/lab/verify-backend/judge-reflexes.ts'

/** Answers after `tookMs`, each with a reflex `leadMs` before it. */
const judge = (tookMs: number, leadMs: number) =>
  judgeOrder({
    talks: Array.from({ length: 5 }, () => ({
      trial: 'some',
      own: [{ at: tookMs - leadMs }],
      answer: { bubbles: ['okie', 'bubble 2'] },
      exchange: { sentAt: 0, endedAt: tookMs },
    })),
  } as never).answer

test.each([
  [2_000, 1_500, 'yes', 'well before the answer'],
  [60, 5, 'yes', 'before an answer that comes at once'],
  [60, -2, 'unclear', 'at the same time, where little is thought'],
  [2_000, 2, 'unclear', 'kept until the answer is made, and written just before it'],
  [2_000, -2, 'no', 'kept until the answer is written'],
  [2_000, -300, 'no', 'after a long answer'],
  [60, -300, 'no', 'after a short one'],
])('an answer after %d ms, the reflex %d ms before it: %s, %s', (tookMs, leadMs, verdict) => {
  expect(judge(tookMs, leadMs)).toBe(verdict)
})
