import type { Database, Statement } from 'better-sqlite3'
import type { BubbleState } from '../core/bubble.ts'
import type { SentBubble } from '../core/find-echo.ts'
import type { StartedBubble } from '../core/judge-own-row.ts'
import { says } from '../core/says.ts'
import type { Counters } from './counters.ts'

/** A bubble that may leave this Mac. */
export type Bubble = {
  readonly id: number
  readonly threadId: string
  readonly text: string
  readonly says: string
  readonly state: BubbleState
  readonly tries: number
  readonly commandId?: string
  readonly messageId?: number
  /** Where it goes; missing: wherever its thread does. */
  readonly chatGuid?: string
  /** It is a part of a text that was too long: the id of the first one. */
  readonly firstPart?: number
  /** Name of the running or last attempt; its evidence is a file of that name. */
  readonly attempt?: string
  /** Highest ROWID of chat.db before the attempt: the row that proves it comes later. */
  readonly watermark: number
  readonly startedMs?: number
  readonly endedMs?: number
  readonly rowGuid?: string
}

export type BubbleHead = { readonly bubble: Bubble; readonly dueMs: number; readonly isCommand: boolean }

export const createOutbox = (db: Database, counters: Counters) => {
  const plan = db.prepare(
    `INSERT INTO bubbles (thread_id, message_id, position, command_id, immediate, text, says, state, reason, planned_ms,
       next_send_ms, place, chat_guid)
     VALUES (@threadId, @messageId, @position, @commandId, @immediate, @text, @says, @state, @reason, @now, @dueMs,
       COALESCE(@place, (SELECT COALESCE(MAX(id), 0) + 1 FROM bubbles)),
       (SELECT chat_guid FROM messages WHERE id = COALESCE(@messageId, @answers)))`,
  )
  // Ahead of answers that have not begun, of messages that came later.
  const placeOf = db
    .prepare<[string, number], number | null>(
      `SELECT MIN(b.place) FROM bubbles b
       WHERE b.state = 'planned' AND b.thread_id = ? AND b.immediate = 0 AND b.message_id > ? AND NOT EXISTS (
         SELECT 1 FROM bubbles o WHERE o.message_id = b.message_id AND o.started_ms IS NOT NULL)`,
    )
    .pluck()
  const joinParts = db.prepare<[number, number]>('UPDATE bubbles SET first_part = ? WHERE id = ?')
  const partsOf = db.prepare<[number], { state: BubbleState; reason: string | null }>(
    'SELECT state, reason FROM bubbles WHERE first_part = (SELECT first_part FROM bubbles WHERE id = ?) ORDER BY id',
  )
  const goTogether = db.prepare<[number]>(`UPDATE bubbles SET immediate = ${ALREADY_BEGUN} WHERE first_part = ?`)
  const head = db.prepare<[string], BubbleRow>(
    "SELECT * FROM bubbles WHERE thread_id = ? AND state = 'planned' ORDER BY immediate DESC, place, message_id, id LIMIT 1",
  )
  const threads = db.prepare<[], string>("SELECT DISTINCT thread_id FROM bubbles WHERE state = 'planned'").pluck()
  const busy = db
    .prepare<[string], number>("SELECT 1 FROM bubbles WHERE thread_id = ? AND state IN ('sending', 'unknown') LIMIT 1")
    .pluck()
  const byId = db.prepare<[number], BubbleRow>('SELECT * FROM bubbles WHERE id = ?')
  const reason = db.prepare<[number], string | null>('SELECT reason FROM bubbles WHERE id = ?').pluck()
  const start = db.prepare<[string, number, number, string | null, number]>(
    `UPDATE bubbles SET state = 'sending', attempt = ?, watermark = ?, started_ms = ?, ended_ms = NULL, reason = ?,
       tries = tries + 1 WHERE id = ? AND state = 'planned'`,
  )
  const move = db.prepare<[BubbleState, string | null, number, number, number]>(
    'UPDATE bubbles SET state = ?, reason = ?, ended_ms = ?, next_send_ms = ? WHERE id = ?',
  )
  const refund = db.prepare<[number]>('UPDATE bubbles SET tries = tries - 1 WHERE id = ?')
  const hurry = db.prepare<[number]>(
    // All parts of a text: one that is being sent may have to be sent again.
    `UPDATE bubbles SET immediate = MAX(immediate, 1)
     WHERE message_id = ? AND position = 0 AND (state = 'planned' OR first_part IS NOT NULL)`,
  )
  const plannedFor = db
    .prepare<[{ messageId: number }], number>(
      `SELECT id FROM bubbles WHERE state = 'planned' AND (message_id = @messageId OR
         COALESCE(first_part, id) IN (SELECT bubble_id FROM commands WHERE message_id = @messageId)) ORDER BY id`,
    )
    .pluck()
  // Not `ended_ms`: what was never tried has no row that is to be looked for.
  const park = db.prepare<[string, number]>(
    "UPDATE bubbles SET state = 'parked', reason = ? WHERE id = ? AND state = 'planned'",
  )
  const forUnsent = db
    .prepare<[number], number>(
      `SELECT 1 FROM bubbles b WHERE b.id = ? AND EXISTS (
         SELECT 1 FROM messages m WHERE m.withdrawn_ms IS NOT NULL AND
           (m.id = b.message_id OR
             m.id = (SELECT c.message_id FROM commands c WHERE c.bubble_id = COALESCE(b.first_part, b.id))))`,
    )
    .pluck()
  const inState = db.prepare<[BubbleState], BubbleRow>('SELECT * FROM bubbles WHERE state = ? ORDER BY id')
  const awaiting = db.prepare<[number], BubbleRow>(
    `SELECT * FROM bubbles WHERE state IN ('sent', 'unknown', 'parked')
       AND (state <> 'parked' OR (ended_ms >= ? AND row_guid IS NULL))
     ORDER BY (state = 'parked'), started_ms, id`,
  )
  const claimed = db
    .prepare<[{ guid: string }], number>(
      'SELECT 1 FROM bubbles WHERE row_guid = @guid UNION ALL SELECT 1 FROM bubble_rows WHERE row_guid = @guid',
    )
    .pluck()
  const claimPart = db.prepare<[string, number]>('INSERT OR IGNORE INTO bubble_rows VALUES (?, ?)')
  const claim = db.prepare<[BubbleState, string | null, string, number, number]>(
    'UPDATE bubbles SET state = ?, reason = ?, row_guid = ?, confirmed_ms = ? WHERE id = ?',
  )
  const confirmedBy = db.prepare<[{ guid: string }], BubbleRow>(
    `SELECT * FROM bubbles WHERE state = 'confirmed' AND (row_guid = @guid
       OR id = (SELECT bubble_id FROM bubble_rows WHERE row_guid = @guid))`,
  )
  const watermark = db.prepare<[number, number]>('UPDATE bubbles SET watermark = MIN(watermark, ?) WHERE id = ?')
  const nthStart = db
    .prepare<[number, number], number>(
      'SELECT started_ms FROM bubbles WHERE started_ms > ? ORDER BY started_ms DESC LIMIT 1 OFFSET ?',
    )
    .pluck()
  const nthStartIn = db
    .prepare<[string, number, number], number>(
      'SELECT started_ms FROM bubbles WHERE thread_id = ? AND started_ms > ? ORDER BY started_ms DESC LIMIT 1 OFFSET ?',
    )
    .pluck()
  const plannedCommands = db
    .prepare<[string], string>(
      "SELECT command_id FROM bubbles WHERE state = 'planned' AND thread_id = ? AND command_id IS NOT NULL",
    )
    .pluck()
  const noteHeld = db.prepare<[{ threadId: string; reason: string }]>(
    `INSERT INTO history (kind, subject, state, reason)
     SELECT 'bubble', b.id, 'held', @reason FROM bubbles b WHERE b.state = 'planned' AND b.thread_id = @threadId
       AND @reason IS NOT (SELECT CASE state WHEN 'held' THEN reason END FROM history
                           WHERE kind = 'bubble' AND subject = b.id ORDER BY id DESC LIMIT 1)`,
  )
  const planned = db
    .prepare<[string], number>("SELECT id FROM bubbles WHERE state = 'planned' AND thread_id = ?")
    .pluck()
  const commandsIn = db
    .prepare<[{ threadId: string | null }], number>(
      `SELECT COUNT(*) FROM bubbles
       WHERE state = 'planned' AND command_id IS NOT NULL AND (@threadId IS NULL OR thread_id = @threadId)`,
    )
    .pluck()
  const startedIn = db.prepare<[string, number], StartedRow>(
    `${STARTED} WHERE thread_id = ? AND started_ms > ? ORDER BY started_ms DESC LIMIT 200`,
  )
  const underWay = db.prepare<[number, string], StartedRow>(
    `${STARTED} WHERE started_ms > ? AND thread_id <> ? AND row_guid IS NULL`,
  )
  const withoutEcho = (where: string, order: string): EchoQuery =>
    db.prepare(
      `SELECT id, thread_id, says, state, started_ms, ended_ms FROM bubbles
       WHERE ${where} started_ms >= @since AND echo_guid IS NULL AND state <> 'failed' ORDER BY ${order} LIMIT 1000`,
    )
  const withoutEchoIn = withoutEcho('thread_id = @threadId AND', 'id')
  const withoutEchoAnywhere = withoutEcho('', 'started_ms')
  const echo = db.prepare<[string, number]>('UPDATE bubbles SET echo_guid = ? WHERE id = ?')
  const rebaseWaits = db.prepare<[{ latest: number }]>(
    "UPDATE bubbles SET next_send_ms = @latest WHERE state = 'planned' AND next_send_ms > @latest",
  )
  const renewDoubt = db.prepare<[{ now: number }]>(
    "UPDATE bubbles SET ended_ms = @now WHERE state IN ('sent', 'unknown')",
  )
  const rebaseStarts = db.prepare<[{ now: number }]>('UPDATE bubbles SET started_ms = @now WHERE started_ms > @now')
  const counts = db.prepare<[], { state: BubbleState; n: number }>(
    'SELECT state, COUNT(*) AS n FROM bubbles GROUP BY state',
  )

  const waiting = db.prepare<[], WaitingBubble>(
    `SELECT id, thread_id AS threadId, message_id AS messageId, command_id AS commandId, position, state, reason, tries,
       COALESCE(text_length, LENGTH(text)) AS length, planned_ms AS plannedMs, next_send_ms AS nextMs
     FROM bubbles WHERE state IN ('planned', 'sending', 'unknown', 'parked', 'failed')
       AND (reason IS NULL OR reason NOT IN ('dropped', 'cancelled')) ORDER BY id`,
  )
  const retry = db.prepare<[number]>(
    `UPDATE bubbles SET state = 'planned', reason = NULL, tries = 0, next_send_ms = 0, row_guid = NULL
     WHERE id = ? AND state IN ('parked', 'failed') AND text_hash IS NULL`,
  )
  const wiped = db.prepare<[number], number>('SELECT 1 FROM bubbles WHERE id = ? AND text_hash IS NOT NULL').pluck()
  const drop = db.prepare<[number]>(
    "UPDATE bubbles SET state = 'failed', reason = 'dropped' WHERE id = ? AND state IN ('planned', 'parked', 'failed')",
  )

  const cancel = db.prepare<[{ id: number }]>(
    `UPDATE bubbles SET state = 'failed', reason = 'cancelled' WHERE (id = @id OR first_part = @id) AND NOT EXISTS (
       SELECT 1 FROM bubbles b WHERE (b.id = @id OR b.first_part = @id)
         AND NOT (b.state = 'planned' OR (b.state = 'failed' AND b.row_guid IS NULL)))`,
  )

  const add = (
    row: Partial<Record<'messageId' | 'position' | 'commandId' | 'answers' | 'reason' | 'place' | 'dueMs', unknown>> & {
      threadId: string
      immediate: number
      text: string
      says: string
      state: BubbleState
      now: number
    },
  ): number =>
    Number(
      plan.run({
        messageId: null,
        position: null,
        commandId: null,
        answers: null,
        reason: null,
        place: null,
        dueMs: 0,
        ...row,
      }).lastInsertRowid,
    )

  /** The text, or each of its parts as a bubble of its own; the id of the first. */
  const addParts = (parts: readonly string[], row: Parameters<typeof add>[0]): number => {
    if (parts.length === 0 || parts[0] === row.text) return add(row)
    const ids = parts.map(text => add({ ...row, text, says: says(text) }))
    const [first = 0] = ids
    if (ids.length > 1) for (const id of ids) joinParts.run(first, id)
    return first
  }

  return {
    /**
     * A bubble of an answer; those of one are sent in the order of the calls, and answers in that of their messages, where none
     * of a later one has begun.
     */
    planAnswer: (bubble: {
      readonly threadId: string
      readonly messageId: number
      readonly position: number
      readonly text: string
      readonly says: string
      /** What goes in its place, where it is too long for one bubble. */
      readonly parts?: readonly string[]
      readonly failed?: string | undefined
      /** Why it is not to be sent before a person says so. */
      readonly parked?: string | undefined
      /** Not before that. */
      readonly dueMs?: number
      readonly now: number
    }): number => {
      const { failed, parked, parts = [], ...row } = bubble
      const place = placeOf.get(row.threadId, row.messageId)
      const state = failed ? 'failed' : parked ? 'parked' : 'planned'
      return addParts(parts, { ...row, place, immediate: 0, state, reason: failed ?? parked ?? null })
    },
    planCommand: (bubble: {
      readonly threadId: string
      /** Missing where it is our own: a line of a self-test. */
      readonly commandId?: string
      readonly text: string
      readonly says: string
      readonly parts?: readonly string[]
      /** A message: it goes to the chat in which that came. */
      readonly answers?: number
      readonly immediate: boolean
      readonly now: number
    }): number => {
      const { parts = [], ...row } = bubble
      return addParts(parts, { ...row, immediate: bubble.immediate ? 1 : 0, state: 'planned' })
    },
    /** All parts of a text of which this is one, in order; none where it is whole. */
    partsOf: (id: number): { readonly state: BubbleState; readonly reason: string | null }[] => partsOf.all(id),
    /** A part has left: nothing goes in between, not even a reflex. */
    goTogether: (firstPart: number): void => {
      goTogether.run(firstPart)
    },
    /** Bubble 0 of a message's answer, where it still waits, goes next in its thread. */
    hurryFirst: (messageId: number): void => {
      hurry.run(messageId)
    },
    /** What is planned of a message's answer, its reflexes included. */
    plannedFor: (messageId: number): number[] => plannedFor.all({ messageId }),
    /** A planned bubble is not sent before a person says so. */
    park: (id: number, reason: string): void => {
      park.run(reason, id)
    },
    /** It answers a message that its sender took back. */
    answersUnsent: (id: number): boolean => forUnsent.get(id) !== undefined,
    threadsWithPlanned: (): string[] => threads.all(),
    /** A send runs in this thread, or its outcome is not known yet. */
    isBusy: (threadId: string): boolean => busy.get(threadId) !== undefined,
    head: (threadId: string): BubbleHead | undefined => {
      const row = head.get(threadId)
      return row && { bubble: toBubble(row), dueMs: row.next_send_ms, isCommand: row.command_id !== null }
    },
    byId: (id: number): Bubble => {
      const row = byId.get(id)
      if (row === undefined) throw new Error(`the outbox has no bubble ${id}`)
      return toBubble(row)
    },
    /** The intent, before anything is started; `note` is for its story. */
    startSending: (id: number, attempt: string, highestRowid: number, nowMs: number, note?: string): void => {
      start.run(attempt, highestRowid, nowMs, note ?? null, id)
    },
    move: (id: number, state: BubbleState, reason: string | undefined, nowMs: number, nextSendMs = 0): void => {
      move.run(state, reason ?? null, nowMs, nextSendMs, id)
    },
    /** The try just made does not count. */
    refundTry: (id: number): void => {
      refund.run(id)
    },
    inState: (state: BubbleState): Bubble[] => inState.all(state).map(toBubble),
    /** Bubbles whose row in chat.db is still looked for: the surest first, parked ones last. */
    awaitingRow: (parkedSinceMs: number): Bubble[] => awaiting.all(parkedSinceMs).map(toBubble),
    isClaimed: (rowGuid: string): boolean => claimed.get({ guid: rowGuid }) !== undefined,
    /** The row belongs to this bubble alone; `others`: the bubble was stored as several. */
    claimRow: (
      id: number,
      state: 'confirmed' | 'failed',
      reason: string | undefined,
      rowGuid: string,
      nowMs: number,
      others: readonly string[] = [],
    ): void => {
      claim.run(state, reason ?? null, rowGuid, nowMs, id)
      for (const other of others) claimPart.run(other, id)
    },
    /** The bubble that this row of chat.db confirmed. */
    confirmedBy: (rowGuid: string): Bubble | undefined => {
      const row = confirmedBy.get({ guid: rowGuid })
      return row && toBubble(row)
    },
    reasonOf: (id: number): string | undefined => reason.get(id) ?? undefined,
    /** Its row may come earlier than thought. */
    lowerWatermark: (id: number, rowid: number): void => {
      watermark.run(rowid, id)
    },
    /** When the nth of the latest sends began, if that was after `sinceMs`; in one thread or in all. */
    nthLatestStart: (n: number, sinceMs: number, threadId?: string): number | undefined =>
      threadId === undefined ? nthStart.get(sinceMs, n - 1) : nthStartIn.get(threadId, sinceMs, n - 1),
    /** Ids of the bubbles that wait for their send in a thread. */
    plannedIn: (threadId: string): number[] => planned.all(threadId),
    /** The commands that wait for their send in a thread. */
    commandsPlannedIn: (threadId: string): string[] => plannedCommands.all(threadId),
    /** Puts on record why all that is planned in a thread is held back, once until something else happens to it. */
    noteHeld: (threadId: string, reason: string): void => {
      noteHeld.run({ threadId, reason })
    },
    /** What was sent in a thread after `sinceMs`, the latest 200, and whatever in others has no row yet after `recentMs`. */
    startedFor: (threadId: string, sinceMs: number, recentMs: number): StartedBubble[] =>
      [...startedIn.all(threadId, sinceMs), ...underWay.all(recentMs, threadId)].map(toStarted),
    /** Commands that wait for their send, in one thread or in all. */
    commandsPlanned: (threadId?: string): number => commandsIn.get({ threadId: threadId ?? null }) ?? 0,
    /** What was sent since then, in this thread or in any, oldest first, and has not been seen to come back. */
    startedIn: (threadId: string | undefined, sinceMs: number): SentBubble[] =>
      (threadId === undefined ? withoutEchoAnywhere : withoutEchoIn).all({ threadId, since: sinceMs }).map(row => ({
        id: row.id,
        threadId: row.thread_id,
        says: row.says,
        open: row.state !== 'confirmed',
        startedMs: row.started_ms,
        ...(row.ended_ms !== null && { endedMs: row.ended_ms }),
      })),
    claimEcho: (id: number, guid: string): void => {
      echo.run(guid, id)
    },
    /**
     * The clock may have been set between two lives: nothing is in the future, no wait for a try becomes longer, and who
     * waits for a row has the whole time once more, as it counts only while somebody looks.
     */
    recover: (nowMs: number, longestWaitMs: number): void => {
      rebaseWaits.run({ latest: nowMs + longestWaitMs })
      renewDoubt.run({ now: nowMs })
      rebaseStarts.run({ now: nowMs })
    },
    /** Bubbles by state, those included that retention has removed. */
    counts: (): Partial<Record<BubbleState, number>> => counters.withRetired('bubbles', counts.all()),
    /** What is not yet sent, or was not, oldest first, without words. */
    waiting: (): WaitingBubble[] => waiting.all(),
    /** Has a parked or failed bubble sent anew; false where there is no such bubble. */
    retry: (id: number): boolean => retry.run(id).changes === 1,
    /** Its words were removed: it cannot be sent any more. */
    isWiped: (id: number): boolean => wiped.get(id) !== undefined,
    /** Gives up a bubble whose send does not run; false where there is no such bubble. */
    drop: (id: number): boolean => drop.run(id).changes === 1,
    /** Takes back a text, by its first bubble, of which nothing was sent; false where it was, is being, or may have been sent. */
    cancel: (id: number): boolean => cancel.run({ id }).changes > 0,
  }
}

/** Ahead of what is immediate (1), and of what is not. */
const ALREADY_BEGUN = 2

const STARTED = `SELECT thread_id, says, tries, started_ms, state, reason, row_guid, confirmed_ms FROM bubbles`

type EchoQuery = Statement<[{ threadId: string | undefined; since: number }], EchoRow>
type EchoRow = {
  id: number
  thread_id: string
  says: string
  state: BubbleState
  started_ms: number
  ended_ms: number | null
}

type StartedRow = {
  thread_id: string
  says: string
  tries: number
  started_ms: number
  state: BubbleState
  reason: string | null
  row_guid: string | null
  confirmed_ms: number | null
}

const toStarted = (row: StartedRow): StartedBubble => ({
  threadId: row.thread_id,
  says: row.says,
  tries: row.tries,
  startedMs: row.started_ms,
  // What a person gave up may have been sent all the same.
  failed: row.state === 'failed' && row.reason !== 'dropped',
  ...(row.row_guid !== null && { rowGuid: row.row_guid }),
  ...(row.confirmed_ms !== null && { confirmedMs: row.confirmed_ms }),
})

/** A bubble that has not found a good end, as an operator sees it. Times are Unix milliseconds. */
export type WaitingBubble = {
  readonly id: number
  readonly threadId: string
  readonly messageId: number | null
  readonly commandId: string | null
  readonly position: number | null
  readonly state: BubbleState
  readonly reason: string | null
  readonly tries: number
  /** Of its text, in characters. */
  readonly length: number
  readonly plannedMs: number
  readonly nextMs: number
}

type BubbleRow = {
  id: number
  thread_id: string
  message_id: number | null
  first_part: number | null
  chat_guid: string | null
  command_id: string | null
  text: string
  says: string
  state: BubbleState
  tries: number
  next_send_ms: number
  attempt: string | null
  watermark: number | null
  started_ms: number | null
  ended_ms: number | null
  row_guid: string | null
}

const toBubble = (row: BubbleRow): Bubble => ({
  id: row.id,
  threadId: row.thread_id,
  text: row.text,
  says: row.says,
  state: row.state,
  tries: row.tries,
  watermark: row.watermark ?? 0,
  ...(row.command_id !== null && { commandId: row.command_id }),
  ...(row.message_id !== null && { messageId: row.message_id }),
  ...(row.chat_guid !== null && { chatGuid: row.chat_guid }),
  ...(row.first_part !== null && { firstPart: row.first_part }),
  ...(row.attempt !== null && { attempt: row.attempt }),
  ...(row.started_ms !== null && { startedMs: row.started_ms }),
  ...(row.ended_ms !== null && { endedMs: row.ended_ms }),
  ...(row.row_guid !== null && { rowGuid: row.row_guid }),
})
