import type { Database } from 'better-sqlite3'
import { type Bond, type HeldReflex, OTHERS, type SentReflex } from '../core/bind-reflex.ts'
import type { Counters } from './counters.ts'

/** plain: takes no part in the dedupe; unmatched: sent, for no answer yet; bound: a message's; held: refused. */
export type CommandRole = 'plain' | 'unmatched' | 'bound' | 'held'

export type CommandOutcome = {
  readonly commandId: string
  readonly status: 'received' | 'completed' | 'failed'
  readonly error?: string
  readonly detail?: string
  readonly finishedMs?: number
}

export type NewCommand = {
  readonly commandId: string
  readonly commandType: string
  /** Hash of what the command asks for: the same id with another digest is a conflict. */
  readonly digest: string
  readonly threadId?: string
  readonly says?: string
  readonly role: CommandRole
  readonly rule?: string
  readonly messageId?: number
  readonly bubbleId?: number
  /** Held back, and perhaps another message's: then its text is kept. Or sent. */
  readonly bond?: Exclude<Bond, 'firm'> | typeof OTHERS
  readonly heldText?: string
  readonly nowMs: number
}

export const createCommands = (db: Database, counters: Counters) => {
  const insert = db.prepare(
    `INSERT INTO commands (command_id, command_type, digest, thread_id, says, role, rule, message_id, bubble_id,
       bond, held_text, received_seq, received_ms, status)
     VALUES (@commandId, @commandType, @digest, @threadId, @says, @role, @rule, @messageId, @bubbleId,
       @bond, @heldText, @seq, @nowMs, 'received')`,
  )
  const byId = db.prepare<[string], CommandRow>('SELECT * FROM commands WHERE command_id = ?')
  const byBubble = db
    .prepare<[{ id: number }], string>(
      'SELECT command_id FROM commands WHERE bubble_id = COALESCE((SELECT first_part FROM bubbles WHERE id = @id), @id)',
    )
    .pluck()
  const finish = db.prepare<[string, string | null, string | null, number, string]>(
    'UPDATE commands SET status = ?, error = ?, detail = ?, finished_ms = ?, ack_owed = 1 WHERE command_id = ?',
  )
  const bind = db.prepare<[number, string, string]>(
    "UPDATE commands SET role = 'bound', message_id = ?, rule = ?, bond = NULL, held_text = NULL WHERE command_id = ?",
  )
  const doubt = db.prepare<[string, string]>('UPDATE commands SET bond = ? WHERE command_id = ?')
  const held = db.prepare<[string, number], HeldRow>(
    `SELECT command_id, says, received_seq, message_id, bond FROM commands
     WHERE thread_id = ? AND received_seq > ? AND bond IS NOT NULL AND held_text IS NOT NULL ORDER BY received_seq`,
  )
  const heldText = db.prepare<[string], string | null>('SELECT held_text FROM commands WHERE command_id = ?').pluck()
  const attach = db.prepare<[number, string]>('UPDATE commands SET bubble_id = ? WHERE command_id = ?')
  // While a message that was POSTed before the reflex is in flight, its answer may still be the reflex's: then the
  // window does not end.
  const unmatched = db.prepare<[{ threadId: string; since: number }], ReflexRow>(
    `${REFLEX} WHERE c.role = 'unmatched' AND c.thread_id = @threadId AND (c.received_ms >= @since OR EXISTS (
       SELECT 1 FROM messages m WHERE m.thread_id = c.thread_id AND m.state IN ('queued', 'waiting', 'posting')
         AND m.first_post_seq < c.received_seq)) ORDER BY c.received_seq`,
  )
  const openReflexes = db
    .prepare<[string, number], string>(
      `SELECT c.command_id FROM commands c
       WHERE c.role = 'unmatched' AND c.thread_id = ? AND c.received_seq > ? AND EXISTS (
         SELECT 1 FROM bubbles b WHERE (b.id = c.bubble_id OR b.first_part = c.bubble_id)
           AND b.state IN ('planned', 'sending', 'unknown'))
       ORDER BY c.received_seq`,
    )
    .pluck()
  const named = db.prepare<[number], ReflexRow>(
    `${REFLEX} WHERE c.message_id = ? AND c.role = 'bound' AND c.bubble_id IS NOT NULL ORDER BY c.received_seq LIMIT 1`,
  )
  const owed = db.prepare<[number], CommandRow>(
    'SELECT * FROM commands WHERE ack_owed = 1 ORDER BY received_seq LIMIT ?',
  )
  const paid = db.prepare<[string, string]>('UPDATE commands SET ack_owed = 0 WHERE command_id = ? AND status = ?')
  const owe = db.prepare<[string]>(
    "UPDATE commands SET repeats = repeats + 1, ack_owed = (status <> 'received') WHERE command_id = ?",
  )
  const counts = db.prepare<[], { state: string; n: number }>(
    'SELECT status AS state, COUNT(*) AS n FROM commands GROUP BY status',
  )

  const boundSince = db
    .prepare<[number], number>(
      "SELECT COUNT(*) FROM commands WHERE status = 'completed' AND bubble_id IS NULL AND received_ms > ?",
    )
    .pluck()
  const oldRefused = db
    .prepare<[number], string>(
      `SELECT command_id FROM commands WHERE status = 'failed' AND bubble_id IS NULL
       ORDER BY received_seq DESC LIMIT -1 OFFSET ?`,
    )
    .pluck()
  const remove = db.prepare<[string]>('DELETE FROM commands WHERE command_id = ?')

  const sentReflexes = db
    .prepare<[], number>(
      `SELECT COUNT(*) FROM commands c JOIN bubbles b ON b.id = c.bubble_id
       WHERE c.role IN ('unmatched', 'bound') AND b.state IN ('sent', 'confirmed')`,
    )
    .pluck()

  return {
    find: (commandId: string): (CommandOutcome & { readonly digest: string }) | undefined => {
      const row = byId.get(commandId)
      return row && { ...toOutcome(row), digest: row.digest }
    },
    add: (command: NewCommand): void => {
      insert.run({
        threadId: null,
        says: null,
        rule: null,
        messageId: null,
        bubbleId: null,
        bond: null,
        heldText: null,
        ...command,
        seq: counters.nextSeq(),
      })
    },
    /** Records the final outcome; its ack is owed from now on. */
    finish: (
      commandId: string,
      status: 'completed' | 'failed',
      nowMs: number,
      error?: string,
      detail?: string,
    ): void => {
      finish.run(status, error ?? null, detail ?? null, nowMs, commandId)
    },
    /** The command that it is the bubble of, or a part of it. */
    ofBubble: (bubbleId: number): string | undefined => byBubble.get({ id: bubbleId }),
    /** Reflexes of the thread that were sent for no answer in particular yet, oldest first. */
    unmatched: (threadId: string, receivedSinceMs: number): SentReflex[] =>
      unmatched.all({ threadId, since: receivedSinceMs }).map(toReflex),
    /** Reflexes of the thread, received after that, that were held back for a message and may be another's; oldest first. */
    heldBack: (threadId: string, afterSeq: number): HeldReflex[] => held.all(threadId, afterSeq).map(toHeld),
    heldText: (commandId: string): string | undefined => heldText.get(commandId) ?? undefined,
    /** The reflex that was sent for this very message because it named it. */
    namedFor: (messageId: number): SentReflex | undefined => {
      const row = named.get(messageId)
      return row && toReflex(row)
    },
    /** A scheduled message, or a reflex that was held back, became this bubble. */
    attachBubble: (commandId: string, bubbleId: number): void => {
      attach.run(bubbleId, commandId)
    },
    /** Reflexes of the thread, received after that, that are for no answer yet and not sent yet. */
    openReflexes: (threadId: string, afterSeq: number): string[] => openReflexes.all(threadId, afterSeq),
    bind: (commandId: string, messageId: number, rule: string): void => {
      bind.run(messageId, rule, commandId)
    },
    /** It was sent, and may be that of a message that was answered otherwise. */
    doubt: (commandId: string): void => {
      doubt.run(OTHERS, commandId)
    },
    /** Outcomes that the backend is to hear of, the oldest first, at most a hundred. */
    acksOwed: (): CommandOutcome[] => owed.all(MAX_ACKS).map(toOutcome),
    /** The backend has this outcome; a later one is owed anew. */
    ackDelivered: (commandId: string, status: string): void => {
      paid.run(commandId, status)
    },
    /** The backend asked again: the recorded outcome is owed again. */
    oweAck: (commandId: string): void => {
      owe.run(commandId)
    },
    /** Commands received after `sinceMs` that were bound to what goes, or went, by the other channel. */
    boundSince: (sinceMs: number): number => boundSince.get(sinceMs) ?? 0,
    /** Of the refused ones keeps the latest, so that no flood fills the disk; the others stay counted. */
    forgetRefused: (keep: number): void => {
      for (const commandId of oldRefused.all(keep)) {
        remove.run(commandId)
        counters.count('retired.commands.failed')
      }
    },
    reflexesSent: (): number => (sentReflexes.get() ?? 0) + counters.read('retired.reflexes'),
    /** Commands by status, those included that retention has removed. */
    counts: (): Record<string, number> => counters.withRetired('commands', counts.all()),
  }
}

/** More at once would take long to list at each command of a flood, and could fill the connection's buffer. */
const MAX_ACKS = 100

/** Of a text in parts none has started. */
const REFLEX = `
  SELECT c.command_id, c.says, c.received_seq, c.bond, COALESCE(b.state = 'failed' AND b.row_guid IS NULL AND NOT EXISTS (
    SELECT 1 FROM bubbles p WHERE p.first_part = b.id AND NOT (p.state = 'failed' AND p.row_guid IS NULL)), 0) AS not_started
  FROM commands c LEFT JOIN bubbles b ON b.id = c.bubble_id`

type ReflexRow = { command_id: string; says: string; received_seq: number; bond: string | null; not_started: number }
type HeldRow = { command_id: string; says: string; received_seq: number; message_id: number; bond: Bond }

const toReflex = (row: ReflexRow): SentReflex => ({
  commandId: row.command_id,
  says: row.says,
  receivedSeq: row.received_seq,
  notStarted: row.not_started === 1,
  mayBeOthers: row.bond === OTHERS,
})

const toHeld = (row: HeldRow): HeldReflex => ({
  commandId: row.command_id,
  says: row.says,
  receivedSeq: row.received_seq,
  messageId: row.message_id,
  expected: row.bond === 'expected',
})

type CommandRow = {
  command_id: string
  digest: string
  status: CommandOutcome['status']
  error: string | null
  detail: string | null
  finished_ms: number | null
}

const toOutcome = (row: CommandRow): CommandOutcome => ({
  commandId: row.command_id,
  status: row.status,
  ...(row.error !== null && { error: row.error }),
  ...(row.detail !== null && { detail: row.detail }),
  ...(row.finished_ms !== null && { finishedMs: row.finished_ms }),
})
