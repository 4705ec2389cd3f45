import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Audit } from '../../../src/agent/core/audit.ts'
import { sumUpAudit } from '../../../src/agent/core/sum-up-audit.ts'

const count = fc.integer({ min: 1, max: 50 })
const reason = fc.constantFrom(null, 'denied', 'rule:shops', 'http_503', 'state_lost')
const messages: fc.Arbitrary<Audit['messages']> = fc.array(
  fc
    .record({
      state: fc.constantFrom('queued', 'posting', 'waiting', 'answered', 'skipped', 'dead'),
      reason,
      rule: fc.constantFrom(null, 'default', 'rule:shops'),
      messages: count,
      posts: fc.nat(90),
      unconnected: fc.nat(90),
    })
    .map(row => ({ ...row, left: row.state === 'answered' || row.posts > row.unconnected })),
  { maxLength: 12 },
)
const bubbles: fc.Arbitrary<Audit['bubbles']> = fc.array(
  fc.record({
    kind: fc.constantFrom('answer', 'reflex', 'own', 'send_message_now'),
    state: fc.constantFrom('planned', 'sending', 'sent', 'confirmed', 'failed', 'unknown', 'parked'),
    reason: fc.constantFrom(null, 'no_row', 'exit_1'),
    bubbles: count,
  }),
  { maxLength: 12 },
)
const commands: fc.Arbitrary<Audit['commands']> = fc.array(
  fc.record({
    type: fc.constantFrom('send_message_now', 'x'),
    status: fc.constantFrom('received', 'completed', 'failed'),
    error: fc.constantFrom(null, 'rate_limited', 'unknown_thread'),
    detail: fc.constantFrom(null, 'sent', 'deduplicated'),
    commands: count,
  }),
  { maxLength: 12 },
)

const NOTHING: Audit = {
  sinceMs: 0,
  nowMs: 1,
  completeSinceMs: 0,
  storiesSinceMs: 0,
  messages: [],
  events: 0,
  posts: [],
  fields: [],
  redacted: [],
  bubbles: [],
  threads: 0,
  commands: [],
  acks: { delivered: 0, owed: 0, repeats: 0 },
  own: 0,
  older: { messages: {}, bubbles: {}, commands: {} },
}

const sum = (rows: readonly object[], field: string): number =>
  rows.reduce((all, row) => all + Number((row as Readonly<Record<string, unknown>>)[field]), 0)

test('whatever is counted, each message, bubble and command is in exactly one place', () => {
  fc.assert(
    fc.property(messages, bubbles, commands, (messages, bubbles, commands) => {
      const summary = sumUpAudit({ ...NOTHING, messages, bubbles, commands })
      const { total, left, kept, waiting, dead } = summary.messages
      expect(total).toBe(sum(messages, 'messages'))
      expect(left.total + kept.total + waiting.total + dead.total).toBe(total)
      expect(sum(left.byRule, 'messages')).toBe(left.total)
      expect(left.now.answered + left.now.underWay + left.now.dead + left.now.givenUp).toBe(left.total)
      for (const { total, byReason } of [kept, waiting, dead]) expect(sum(byReason, 'messages')).toBe(total)
      expect(summary.posts.total).toBe(sum(messages, 'posts'))

      const { byKind, notSent } = summary.bubbles
      expect(summary.bubbles.total).toBe(sum(bubbles, 'bubbles'))
      expect(sum(byKind, 'bubbles')).toBe(summary.bubbles.total)
      for (const { sent, failed, parked, waiting, bubbles } of byKind)
        expect(sent + failed + parked + waiting).toBe(bubbles)
      expect(summary.bubbles.sent + sum(notSent, 'bubbles')).toBe(summary.bubbles.total)

      const { sent, deduplicated, underWay, failed, byError } = summary.commands
      expect(sent + deduplicated + underWay + failed).toBe(sum(commands, 'commands'))
      expect(sum(byError, 'commands')).toBe(failed)
    }),
  )
})

test('a message that never came to a connection has not left, however often it was POSTed', () => {
  const row = { state: 'waiting', reason: 'network_ECONNREFUSED', rule: 'default', messages: 1, posts: 3 }
  const { messages, posts } = sumUpAudit({ ...NOTHING, messages: [{ ...row, left: false, unconnected: 3 }] })
  expect(messages.left.total).toBe(0)
  expect(messages.waiting).toEqual({
    total: 1,
    byReason: [expect.objectContaining({ name: 'network_ECONNREFUSED', messages: 1 })],
  })
  expect(posts).toMatchObject({ total: 3, withoutConnection: 3 })
})

test('what was taken out is told apart by whether its message left', () => {
  const redacted = [
    { kind: 'card', left: true, things: 3, messages: 2 },
    { kind: 'card', left: false, things: 1, messages: 1 },
  ]
  expect(sumUpAudit({ ...NOTHING, redacted }).redacted).toEqual([
    {
      kind: 'card',
      things: 4,
      messages: 3,
      inForwarded: { things: 3, messages: 2 },
      inKept: { things: 1, messages: 1 },
    },
  ])
})
