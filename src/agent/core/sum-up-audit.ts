import type { Audit } from './audit.ts'
import { explainBubble, explainCommand, explainPost, explainRule, explainSkip } from './explain-reason.ts'

export type AuditSummary = ReturnType<typeof sumUpAudit>

/**
 * An audit as a person wants it: each message in exactly one place, left or not, and each number with its words. What is
 * here adds up: `left` + `kept` + `waiting` + `dead` are `total`, and the parts of each are it.
 */
export const sumUpAudit = (audit: Audit) => {
  const { messages } = audit
  const left = messages.filter(row => row.left)
  const stayed = messages.filter(row => !row.left)
  const inState = (rows: Rows, ...states: readonly string[]) => rows.filter(({ state }) => states.includes(state))
  const posts = sum(messages, 'posts')
  const toldPosts = audit.posts.reduce((all, row) => all + (row.outcome === null ? 0 : row.posts), 0)
  return {
    from: iso(audit.sinceMs),
    to: iso(audit.nowMs),
    completeFrom: iso(audit.completeSinceMs),
    storiesFrom: iso(audit.storiesSinceMs),
    messages: {
      total: sum(messages, 'messages'),
      /** Of all of them, those that only tell of an edit or a withdrawal. */
      events: audit.events,
      left: {
        total: sum(left, 'messages'),
        byRule: by(left, ({ rule }) => rule ?? 'unknown', explainRule),
        now: {
          answered: sum(inState(left, 'answered'), 'messages'),
          underWay: sum(inState(left, 'queued', 'posting', 'waiting'), 'messages'),
          dead: sum(inState(left, 'dead'), 'messages'),
          givenUp: sum(inState(left, 'skipped'), 'messages'),
        },
      },
      kept: {
        total: sum(inState(stayed, 'skipped'), 'messages'),
        byReason: by(inState(stayed, 'skipped'), ({ reason }) => reason ?? 'unknown', explainSkip),
      },
      waiting: {
        total: sum(inState(stayed, 'queued', 'posting', 'waiting'), 'messages'),
        byReason: by(
          inState(stayed, 'queued', 'posting', 'waiting'),
          ({ reason }) => reason ?? 'first_post',
          explainPost,
        ),
      },
      dead: {
        total: sum(inState(stayed, 'dead'), 'messages'),
        byReason: by(inState(stayed, 'dead'), ({ reason }) => reason ?? 'unknown', explainPost),
      },
      own: { total: audit.own, since: 'first start' },
    },
    posts: {
      total: posts,
      withoutConnection: sum(messages, 'unconnected'),
      byOutcome: outcomes(audit.posts),
      /** Under way, or of those that are only counted. */
      notTold: Math.max(0, posts - toldPosts),
    },
    destinations: destinations(audit.posts),
    payloads: audit.fields.map(({ fields, messages }) => ({
      kind: fields === MINIMAL ? 'minimal' : 'extended',
      fields: fields.split(' '),
      messages,
    })),
    redacted: kinds(audit.redacted),
    bubbles: {
      total: audit.bubbles.reduce((all, row) => all + row.bubbles, 0),
      sent: countBubbles(audit.bubbles, SENT),
      threads: audit.threads,
      byKind: byKind(audit.bubbles),
      notSent: audit.bubbles
        .filter(({ state }) => !SENT.includes(state))
        .map(({ kind, state, reason, bubbles }) => ({
          kind,
          state,
          reason,
          words: reason === null ? (BUBBLE_STATES[state] ?? state) : explainBubble(reason),
          bubbles,
        })),
    },
    commands: {
      total: audit.commands.reduce((all, row) => all + row.commands, 0),
      sent: countCommands(audit, row => row.status === 'completed' && row.detail !== 'deduplicated'),
      deduplicated: countCommands(audit, row => row.status === 'completed' && row.detail === 'deduplicated'),
      underWay: countCommands(audit, row => row.status === 'received'),
      failed: countCommands(audit, row => row.status === 'failed'),
      byError: errors(audit.commands),
    },
    acks: audit.acks,
    older: audit.older,
  }
}

type Rows = Audit['messages']

const SENT: readonly string[] = ['sent', 'confirmed']
const MINIMAL = 'thread_id sender filtered_text'

/** What a bubble without a reason is. */
const BUBBLE_STATES: Readonly<Record<string, string>> = {
  planned: 'waiting for its turn, or on hold (see edge-agent queue)',
  sending: 'being handed to Messages',
  failed: 'it was not sent',
  parked: 'it is not known whether it was sent: you decide (edge-agent queue)',
  unknown: 'it is not yet certain whether it was sent',
}

const iso = (ms: number): string => new Date(ms).toISOString()

const sum = <K extends string>(rows: readonly Readonly<Record<K, number>>[], field: K): number =>
  rows.reduce((all, row) => all + row[field], 0)

type Count = { readonly messages: number; readonly posts: number }

const by = (rows: Rows, key: (row: Rows[number]) => string, explain: (key: string) => string) => {
  const counts = new Map<string, Count>()
  for (const row of rows) {
    const { messages = 0, posts = 0 } = counts.get(key(row)) ?? {}
    counts.set(key(row), { messages: messages + row.messages, posts: posts + row.posts })
  }
  return [...counts].map(([name, count]) => ({ name, words: explain(name), ...count })).toSorted(mostMessages)
}

const mostMessages = (a: Count, b: Count): number => b.messages - a.messages

const outcomes = (rows: Audit['posts']) => {
  const counts = new Map<string, number>()
  for (const { outcome, posts } of rows) {
    if (outcome !== null) counts.set(outcome, (counts.get(outcome) ?? 0) + posts)
  }
  return [...counts].map(([outcome, posts]) => ({ outcome, words: explainPost(outcome), posts }))
}

/** A message that went to two backends counts for each of them. */
const destinations = (rows: Audit['posts']) => {
  const counts = new Map<string, number>()
  for (const { to, posts } of rows) counts.set(to ?? 'unknown', (counts.get(to ?? 'unknown') ?? 0) + posts)
  return [...counts].map(([backend, posts]) => ({ backend, posts }))
}

const kinds = (rows: Audit['redacted']) => {
  const names = [...new Set(rows.map(({ kind }) => kind))]
  return names.map(kind => {
    const of = rows.filter(row => row.kind === kind)
    const count = (field: 'things' | 'messages', left: boolean) =>
      sum(
        of.filter(row => row.left === left),
        field,
      )
    return {
      kind,
      things: sum(of, 'things'),
      messages: sum(of, 'messages'),
      /** Replaced in messages that left, or found in messages that did not. */
      inForwarded: { things: count('things', true), messages: count('messages', true) },
      inKept: { things: count('things', false), messages: count('messages', false) },
    }
  })
}

const countBubbles = (rows: Audit['bubbles'], states: readonly string[]): number =>
  rows.reduce((all, { state, bubbles }) => all + (states.includes(state) ? bubbles : 0), 0)

const byKind = (rows: Audit['bubbles']) =>
  [...new Set(rows.map(({ kind }) => kind))].map(kind => {
    const of = rows.filter(row => row.kind === kind)
    const count = (...states: readonly string[]) => countBubbles(of, states)
    return {
      kind,
      bubbles: of.reduce((all, { bubbles }) => all + bubbles, 0),
      sent: count(...SENT),
      failed: count('failed'),
      parked: count('parked', 'unknown'),
      waiting: count('planned', 'sending'),
    }
  })

const countCommands = ({ commands }: Audit, fits: (row: Audit['commands'][number]) => boolean): number =>
  commands.reduce((all, row) => all + (fits(row) ? row.commands : 0), 0)

const errors = (rows: Audit['commands']) => {
  const counts = new Map<string, number>()
  for (const { status, error, commands } of rows) {
    if (status === 'failed') counts.set(error ?? 'unknown', (counts.get(error ?? 'unknown') ?? 0) + commands)
  }
  return [...counts].map(([error, commands]) => ({ error, words: explainCommand(error), commands }))
}
