import type { Database } from 'better-sqlite3'
import type { JournalEntry } from './journal.ts'

/** A reflex by the agent's own records; Unix milliseconds. Without `handedMs` it was held back for another's. */
export type HandledReflex = {
  readonly commandId: string
  readonly threadId: string
  readonly receivedMs: number
  /** Its text went to osascript. */
  readonly handedMs?: number
  readonly attempt?: string
}

/** A send by the agent's own records, from osascript's start until the thread was free again. */
export type Send = { readonly threadId: string; readonly fromMs: number; readonly untilMs: number }

export type FirstBubble = {
  readonly n: number
  readonly threadId: string
  /** From its POST until the person had it; absent where it was held back for another's. */
  readonly shownMs?: number
  /** What the agent had of that: from the reflex's commit, or the end of the send before it, to osascript. */
  readonly agentMs?: number
}

/** Where a WebSocket was open and the agent alive, its first bubble is to be there that soon after each POST. */
export const PROMPT_MS = 500

/**
 * How soon the first bubble of each message was there, wherever it could be: the backend wrote its reflex, the agent had it, and
 * for `PROMPT_MS` from the POST nobody killed the agent or ended its connection.
 */
export const timeFirstBubbles = ({
  journal,
  ledger,
  reflexes,
  sends,
  lives,
}: {
  readonly journal: readonly JournalEntry[]
  readonly ledger: readonly { readonly at: number; readonly attempt: string }[]
  readonly reflexes: readonly HandledReflex[]
  readonly sends: readonly Send[]
  readonly lives: readonly { readonly startedMs: number; readonly endedMs?: number }[]
}): FirstBubble[] => {
  const heard = new Map(reflexes.map(reflex => [reflex.commandId, reflex]))
  const shownAt = new Map(ledger.map(({ attempt, at }) => [attempt.replace(/-[cp]$/, ''), at]))
  const posts = new Map<number, number>()
  const written = new Map<number, { readonly postedMs: number; readonly reflex: HandledReflex | undefined }>()
  for (const entry of journal) {
    if (entry.type === 'posted') posts.set(entry.n, entry.at)
    const postedMs = entry.type === 'reflex' && !written.has(entry.n) ? posts.get(entry.n) : undefined
    if (entry.type === 'reflex' && postedMs !== undefined)
      written.set(entry.n, { postedMs, reflex: heard.get(entry.commandId) })
  }
  const ends = [
    ...journal.flatMap(({ type, at }) => (type === 'disconnected' ? [at] : [])),
    ...lives.flatMap(({ endedMs }) => endedMs ?? []),
  ]
  return [...written].flatMap(([n, { postedMs, reflex }]): FirstBubble[] => {
    const untilMs = postedMs + PROMPT_MS
    if (reflex === undefined || ends.some(at => at >= postedMs && at <= untilMs)) return []
    const { threadId, receivedMs, handedMs, attempt = '' } = reflex
    if (handedMs === undefined) return [{ n, threadId }]
    const before = sends.filter(send => send.threadId === threadId && send.fromMs < handedMs)
    const freeMs = Math.max(receivedMs, ...before.map(send => send.untilMs).filter(at => at <= handedMs))
    const shown = shownAt.get(attempt)
    return [{ n, threadId, agentMs: handedMs - freeMs, ...(shown !== undefined && { shownMs: shown - postedMs }) }]
  })
}

/** What the agent, which must have stopped, has on record of its sends. */
export const readSends = (state: Database): { reflexes: HandledReflex[]; sends: Send[] } => ({
  reflexes: state
    .prepare<[], { commandId: string; threadId: string; receivedMs: number; handedMs: number | null; attempt: string }>(
      `SELECT c.command_id AS commandId, c.thread_id AS threadId, b.attempt,
         (SELECT at_ms FROM history h WHERE h.kind = 'command' AND h.subject = c.received_seq ORDER BY id LIMIT 1) AS receivedMs,
         (SELECT at_ms FROM history h WHERE h.kind = 'bubble' AND h.subject = b.id AND h.state = 'sending' ORDER BY id LIMIT 1)
           AS handedMs
       FROM commands c LEFT JOIN bubbles b ON b.id = c.bubble_id WHERE c.role IN ('unmatched', 'bound')`,
    )
    .all()
    .map(({ handedMs, ...reflex }) => ({ ...reflex, ...(handedMs !== null && { handedMs }) })),
  sends: state
    .prepare<[], Send>(
      `SELECT b.thread_id AS threadId, h.at_ms AS fromMs, (
         SELECT COALESCE(MIN(e.at_ms), 9e15) FROM history e WHERE e.kind = 'bubble' AND e.subject = b.id AND e.id > h.id
           AND e.state NOT IN ('sending', 'unknown')) AS untilMs
       FROM bubbles b JOIN history h ON h.kind = 'bubble' AND h.subject = b.id AND h.state = 'sending'`,
    )
    .all(),
})
