import type { Database } from 'better-sqlite3'
import type { Audit, AuditedMessage } from '../core/audit.ts'
import type { Counters } from './counters.ts'

/**
 * Counts what left this Mac and what did not, over what was seen, planned or received since `sinceMs`. Statements are made
 * when they are asked for: that is seldom.
 */
export const createAudits = (db: Database, counters: Counters) => ({
  read: (sinceMs: number, nowMs: number): Audit => {
    const all = <T>(sql: string): T[] => db.prepare<[{ since: number }], T>(sql).all({ since: sinceMs })
    return {
      sinceMs,
      nowMs,
      ...record(db, counters, nowMs),
      messages: all<Audit['messages'][number]>(MESSAGES).map(row => ({ ...row, left: Boolean(row.left) })),
      events: db.prepare<[number], number>(EVENTS).pluck().get(sinceMs) ?? 0,
      posts: all<Audit['posts'][number]>(POSTS),
      fields: all<Audit['fields'][number]>(FIELDS),
      redacted: all<Audit['redacted'][number]>(REDACTED).map(row => ({ ...row, left: Boolean(row.left) })),
      bubbles: all<Audit['bubbles'][number]>(BUBBLES),
      threads: db.prepare<[number], number>(THREADS).pluck().get(sinceMs) ?? 0,
      commands: all<Audit['commands'][number]>(COMMANDS),
      acks: db.prepare<[number], Audit['acks']>(ACKS).get(sinceMs) ?? { delivered: 0, owed: 0, repeats: 0 },
      own: counters.read('skipped.own'),
      older: {
        messages: counters.under('retired.messages'),
        bubbles: counters.under('retired.bubbles'),
        commands: counters.under('retired.commands'),
      },
    }
  },
  /** The latest messages, the newest last. */
  list: (sinceMs: number, limit: number): AuditedMessage[] =>
    db
      .prepare<[number, number], AuditedRow>(LIST)
      .all(sinceMs, limit)
      .map(row => ({ ...row, redacted: JSON.parse(row.redacted ?? '{}') as Record<string, number> }))
      .reverse(),
})

type AuditedRow = Omit<AuditedMessage, 'redacted'> & { readonly redacted: string | null }

/** From when on the record has each single row: rows that ended are removed after 30 days. */
const record = (db: Database, counters: Counters, nowMs: number): Pick<Audit, 'completeSinceMs' | 'storiesSinceMs'> => {
  const retired = Object.values(counters.under('retired.messages')).some(n => n > 0)
  const storiesSinceMs = db
    .prepare<[], number>("SELECT value FROM installation WHERE name = 'history_since_ms'")
    .pluck()
    .get()
  const oldest = db.prepare<[], number>('SELECT seen_ms FROM messages ORDER BY id LIMIT 1').pluck()
  const firstMs = Math.min(storiesSinceMs ?? nowMs, oldest.get() ?? nowMs)
  return {
    storiesSinceMs: storiesSinceMs ?? nowMs,
    completeSinceMs: retired ? Math.max(firstMs, nowMs - KEEP_MS) : firstMs,
  }
}

/** As long as src/flows/retire-finished.ts keeps what ended. */
const KEEP_MS = 30 * 24 * 60 * 60_000

const LEFT = "(posts > unconnected OR state = 'answered')"

const MESSAGES = `
  SELECT ${LEFT} AS "left", state, CASE WHEN state IN ('skipped', 'dead', 'waiting') THEN reason END AS reason, rule,
    COUNT(*) AS messages, SUM(posts) AS posts, SUM(unconnected) AS unconnected
  FROM messages WHERE seen_ms >= @since GROUP BY 1, 2, 3, 4 ORDER BY messages DESC`

const EVENTS = 'SELECT COUNT(*) FROM messages WHERE seen_ms >= ? AND event IS NOT NULL'

/** Each POST and what came right after it. */
const POSTS = `
  SELECT reason AS "to", CASE next WHEN 'answered' THEN 'answered' ELSE next_reason END AS outcome, COUNT(*) AS posts,
    COUNT(DISTINCT subject) AS messages
  FROM (SELECT h.subject, h.state, h.reason, LEAD(h.state) OVER w AS next, LEAD(h.reason) OVER w AS next_reason
        FROM history h JOIN messages m ON m.id = h.subject WHERE h.kind = 'message' AND m.seen_ms >= @since
          AND h.state NOT IN ('edited', 'unsent') -- what its sender does meanwhile ends no POST
        WINDOW w AS (PARTITION BY h.subject ORDER BY h.id))
  WHERE state = 'posting' GROUP BY 1, 2 ORDER BY posts DESC`

const FIELDS = `
  SELECT posted_fields AS fields, COUNT(*) AS messages FROM messages
  WHERE seen_ms >= @since AND ${LEFT} AND posted_fields IS NOT NULL GROUP BY 1 ORDER BY messages DESC`

const REDACTED = `
  SELECT r.key AS kind, ${LEFT} AS "left", SUM(r.value) AS things, COUNT(*) AS messages
  FROM messages m, json_each(m.redacted) r WHERE m.seen_ms >= @since AND m.redacted IS NOT NULL
  GROUP BY 1, 2 ORDER BY things DESC`

const BUBBLES = `
  SELECT CASE WHEN b.message_id IS NOT NULL THEN 'answer' WHEN b.command_id IS NULL THEN 'own'
      WHEN c.role IS NOT NULL AND c.role <> 'plain' THEN 'reflex' ELSE COALESCE(c.command_type, 'command') END AS kind,
    b.state, CASE WHEN b.state IN ('failed', 'unknown', 'parked', 'planned') THEN b.reason END AS reason,
    COUNT(*) AS bubbles
  FROM bubbles b LEFT JOIN commands c ON c.command_id = b.command_id
  WHERE b.planned_ms >= @since GROUP BY 1, 2, 3 ORDER BY bubbles DESC`

const THREADS = `
  SELECT COUNT(DISTINCT thread_id) FROM bubbles WHERE planned_ms >= ? AND state IN ('sent', 'confirmed')`

const COMMANDS = `
  SELECT command_type AS type, status, error, detail, COUNT(*) AS commands FROM commands
  WHERE received_ms >= @since GROUP BY 1, 2, 3, CASE status WHEN 'completed' THEN detail END ORDER BY commands DESC`

const ACKS = `
  SELECT COALESCE(SUM(status <> 'received' AND ack_owed = 0), 0) AS delivered, COALESCE(SUM(ack_owed), 0) AS owed,
    COALESCE(SUM(repeats), 0) AS repeats
  FROM commands WHERE received_ms >= ?`

const LIST = `
  SELECT id, guid, thread_id AS threadId, seen_ms AS seenMs, state, reason, rule, redacted, posts, unconnected
  FROM messages WHERE seen_ms >= ? ORDER BY id DESC LIMIT ?`
