import type { Database } from 'better-sqlite3'
import type { PostedMessage } from '../core/bind-reflex.ts'
import { neverConnected } from '../core/never-connected.ts'
import type { Counters } from './counters.ts'

/** A message on its way to the backend. */
export type InboxMessage = {
  readonly id: number
  readonly guid: string
  readonly threadId: string
  readonly chatGuid?: string
  /** The exact bytes of the POST, the same at every try. */
  readonly body: string
  readonly posts: number
  readonly invalidAnswers: number
  readonly firstPostMs?: number
  readonly seenMs: number
  readonly event?: MessageEvent
}

/** The backend is told what became of a message that it was told of before. */
export type MessageEvent = 'edited' | 'unsent'

/** What is on record of a message, for looking at it again. */
export type KnownMessage = {
  readonly id: number
  readonly guid: string
  readonly threadId?: string
  readonly state: MessageState
  readonly posts: number
  readonly seenMs: number
  readonly firstPostSeq?: number
  /** A hash of what it said when last looked at. */
  readonly words?: string
  readonly isWithdrawn: boolean
  /** How many more rows it is; of one of these, `about` has the guid of the first. */
  readonly parts: number
  /** It is queued, and its body is still being made. */
  readonly lacksBody: boolean
  readonly event?: MessageEvent
  /** guid of the message that an event is about, or that a row is a part of. */
  readonly about?: string
}

/** What a look at its row found. */
export type NewWords = { readonly words: string; readonly fingerprint?: string; readonly editedMs: number }

/** By the clock of POSTs; and how long the wait was when it began. */
export type Hold = { readonly dueMs: number; readonly waitMs: number }

export type NewMessage = {
  readonly guid: string
  readonly threadId?: string
  /** The chat that it came in. */
  readonly chatGuid?: string
  readonly fingerprint?: string
  readonly dateMs?: number
  readonly seenMs: number
  /** The rule of the filter that decided. */
  readonly rule?: string
  /** How often what kind of thing was taken out of its text. */
  readonly redacted?: Readonly<Record<string, number>>
  /** A hash of what it says, by which an edit is noticed. */
  readonly words?: string
  readonly editedMs?: number
  readonly event?: MessageEvent
  readonly about?: string
  /** It is not to be POSTed before that. */
  readonly hold?: Hold
} & (
  | { readonly body: string }
  /** Its body is made in the background. */
  | { readonly later: true }
  | { readonly skip: string }
  /** Kept for a person to decide: a dead letter from the start. */
  | { readonly body: string; readonly dead: string }
)

/** It was answered without all of its reflexes, at that time; `hasOwn`: one was sent for it. */
export type LateMessage = { readonly id: number; readonly answeredMs: number; readonly hasOwn: boolean }

/** The head of each thread's queue: what may be POSTed next, and when. */
export type DueMessage = { readonly id: number; readonly threadId: string; readonly dueMs: number }

export type MessageState = 'queued' | 'posting' | 'waiting' | 'answered' | 'skipped' | 'dead'

export const createInbox = (db: Database, counters: Counters) => {
  const insert = db.prepare(
    `INSERT INTO messages (guid, thread_id, fingerprint, date_ms, seen_ms, state, reason, body, rule, redacted,
       words, edited_ms, event, about, next_post_ms, wait_ms, withdrawn_ms, chat_guid)
     VALUES (@guid, @threadId, @fingerprint, @dateMs, @seenMs, @state, @reason, @body, @rule, @redacted,
       @words, @editedMs, @event, @about, @dueMs, @waitMs, CASE @event WHEN 'unsent' THEN @seenMs END,
       COALESCE(@chatGuid, (SELECT chat_guid FROM messages WHERE guid = @about)))
     ON CONFLICT (guid) DO NOTHING`,
  )
  const known = db.prepare<[string], number>('SELECT 1 FROM messages WHERE guid = ?').pluck()
  const twin = db
    .prepare<[string, string], number>('SELECT 1 FROM messages WHERE fingerprint = ? AND guid <> ? LIMIT 1')
    .pluck()
  // Of an edited or withdrawn message the words differ from its twin's; no two of a thread are of the same moment.
  const twinAt = db
    .prepare<[string, number, string, number], number>(
      `SELECT 1 FROM messages WHERE thread_id = ? AND date_ms = ? AND guid <> ? AND event IS NULL
         AND (? OR edited_ms IS NOT NULL OR withdrawn_ms IS NOT NULL OR reason = 'unsent') LIMIT 1`,
    )
    .pluck()
  const byGuid = db.prepare<[string], MessageRecord>('SELECT * FROM messages WHERE guid = ?')
  const edits = db.prepare<[string], MessageRecord>(
    "SELECT * FROM messages WHERE about = ? AND event = 'edited' ORDER BY id",
  )
  const recompose = db.prepare<[Recomposed]>(
    `UPDATE messages SET body = @body, rule = @rule, redacted = @redacted, words = COALESCE(@words, words),
       fingerprint = COALESCE(@fingerprint, fingerprint), edited_ms = @editedMs
     WHERE id = @id AND posts = 0 AND state IN ('queued', 'dead')`,
  )
  const lastQueued = db.prepare<[string], MessageRecord>(
    "SELECT * FROM messages WHERE thread_id = ? AND state IN ('queued', 'waiting') ORDER BY id DESC LIMIT 1",
  )
  const parts = db
    .prepare<[string], string>('SELECT guid FROM messages WHERE about = ? AND event IS NULL ORDER BY id')
    .pluck()
  const holding = db
    .prepare<[], string>("SELECT DISTINCT thread_id FROM messages WHERE state = 'queued' AND wait_ms IS NOT NULL")
    .pluck()
  const held = db
    .prepare<[number, number], number>("SELECT 1 FROM messages WHERE id = ? AND state = 'queued' AND next_post_ms > ?")
    .pluck()
  const extend = db.prepare<[Extension]>(
    `UPDATE messages SET body = @body, redacted = @redacted, words = @words, parts = parts + 1, next_post_ms = @dueMs,
       wait_ms = @waitMs WHERE id = @id AND posts = 0 AND state = 'queued'`,
  )
  const newest = db
    .prepare<[number], string>(
      "SELECT guid FROM messages WHERE state IN ('queued', 'posting', 'waiting', 'answered') ORDER BY id DESC LIMIT ?",
    )
    .pluck()
  const withoutBody = db
    .prepare<[], number | null>("SELECT MIN(id) FROM messages WHERE state = 'queued' AND body IS NULL")
    .pluck()
  const giveBody = db.prepare<[string, string | null, number]>(
    "UPDATE messages SET body = ?, redacted = ? WHERE id = ? AND state = 'queued' AND body IS NULL",
  )
  const noteEdit = db
    .prepare<[{ id: number; words: string; fingerprint: string | null; editedMs: number }], number>(
      `UPDATE messages SET words = @words, fingerprint = COALESCE(@fingerprint, fingerprint), edited_ms = @editedMs,
         edits = edits + 1 WHERE id = @id RETURNING edits`,
    )
    .pluck()
  const withdraw = db.prepare<[number, number]>('UPDATE messages SET withdrawn_ms = ? WHERE id = ?')
  const skip = db.prepare<[string, string | null, string | null, number]>(
    `UPDATE messages SET state = 'skipped', reason = ?, rule = COALESCE(?, rule), redacted = COALESCE(?, redacted),
       detail = NULL, body = NULL
     WHERE id = ? AND state IN ('queued', 'waiting', 'dead')`,
  )
  // From thread to thread by the index messages_due: a backlog in few threads costs as little as none.
  const heads = db.prepare<[], { id: number; thread_id: string; next_post_ms: number | null }>(
    `WITH RECURSIVE threads (thread_id) AS (
       SELECT MIN(thread_id) FROM messages INDEXED BY messages_due WHERE state IN ('queued', 'waiting')
       UNION ALL
       SELECT (SELECT MIN(m.thread_id) FROM messages m INDEXED BY messages_due
               WHERE m.state IN ('queued', 'waiting') AND m.thread_id > threads.thread_id)
       FROM threads WHERE thread_id IS NOT NULL)
     SELECT id, thread_id, next_post_ms FROM messages WHERE id IN
       (SELECT (SELECT MIN(m.id) FROM messages m INDEXED BY messages_due
                WHERE m.state IN ('queued', 'waiting') AND m.thread_id = threads.thread_id)
        FROM threads)
     ORDER BY id`,
  )
  const byId = db.prepare<[number], MessageRecord>('SELECT * FROM messages WHERE id = ?')
  const idOf = db.prepare<[string], number>('SELECT id FROM messages WHERE guid = ?').pluck()
  const start = db.prepare<[Start]>(
    `UPDATE messages SET state = 'posting', posts = posts + 1, first_post_seq = COALESCE(first_post_seq, @seq),
       first_post_ms = COALESCE(first_post_ms, @now), had_socket = had_socket OR @socket, posted_to = COALESCE(@to, posted_to), posted_fields = COALESCE(
         posted_fields, (SELECT group_concat(key, ' ') FROM json_each(CASE WHEN json_valid(body) THEN body ELSE '{}' END)))
     WHERE id = @id`,
  )
  const wait = db.prepare<[Wait]>(
    `UPDATE messages SET state = 'waiting', reason = @reason, detail = @detail, next_post_ms = @now + @wait, wait_ms = @wait,
       wait_asked = @asked, invalid_answers = invalid_answers + @invalid, unconnected = unconnected + @unconnected
     WHERE id = @id AND state = 'posting'`,
  )
  const bury = db.prepare<[string, string | null, number, number]>(
    "UPDATE messages SET state = 'dead', reason = ?, detail = ?, unconnected = unconnected + ? WHERE id = ?",
  )
  const answer = db.prepare<[number, string | null, number, string | null, number, number]>(
    `UPDATE messages SET state = 'answered', reason = NULL, detail = NULL, next_post_ms = NULL, answered_ms = ?,
       first_says = ?, bubbles = ?, answer_rule = ?, late_reflex = ? WHERE id = ?`,
  )
  const meetSocket = db.prepare<[]>(
    "UPDATE messages SET had_socket = 1 WHERE state IN ('queued', 'waiting', 'posting') AND posts > 0 AND had_socket = 0",
  )
  const expectLate = db.prepare<[number]>('UPDATE messages SET had_socket = 1, late_reflex = 1 WHERE id = ?')
  // With a range SQLite takes the index messages_late.
  const late = db.prepare<[], { id: number; answeredMs: number; hasOwn: number }>(
    `SELECT id, answered_ms AS answeredMs, EXISTS (
       SELECT 1 FROM commands c WHERE c.message_id = m.id AND c.bubble_id IS NOT NULL) AS hasOwn
     FROM messages m WHERE late_reflex = 1 AND answered_ms > 0 ORDER BY answered_ms`,
  )
  const endLate = db.prepare<[]>('UPDATE messages SET late_reflex = 0 WHERE late_reflex = 1 AND answered_ms > 0')
  const endLateOf = db.prepare<[number]>('UPDATE messages SET late_reflex = 0 WHERE id = ?')
  const recover = db.prepare<[number]>(
    "UPDATE messages SET state = 'waiting', reason = 'interrupted', next_post_ms = ? WHERE state = 'posting'",
  )
  const rebase = db.prepare<[{ now: number }]>(
    "UPDATE messages SET next_post_ms = MIN(next_post_ms, @now + COALESCE(wait_ms, 0)) WHERE state IN ('waiting', 'queued')",
  )
  const hasten = db.prepare<[number]>(
    "UPDATE messages SET next_post_ms = ? WHERE state = 'waiting' AND reason LIKE 'network\\_%' ESCAPE '\\'",
  )
  const posted = db.prepare<[{ threadId: string; since: number }], PostedRow>(
    `${POSTED} WHERE m.thread_id = @threadId AND m.posts > 0
       AND (m.state IN ('queued', 'waiting', 'posting') OR (m.state = 'answered' AND m.answered_ms >= @since)) ORDER BY m.id`,
  )
  const unsent = db.prepare<[{ threadId: string; since: number }], PostedRow>(
    `${POSTED} WHERE m.thread_id = @threadId AND m.withdrawn_ms >= @since AND m.posts > 0 AND +m.state = 'skipped'
     ORDER BY m.id`,
  )
  const postedById = db.prepare<[number], PostedRow>(`${POSTED} WHERE m.id = ?`)
  const counts = db.prepare<[], { state: MessageState; n: number }>(
    'SELECT state, COUNT(*) AS n FROM messages GROUP BY state',
  )
  const waiting = db.prepare<[], WaitingMessage>(
    `SELECT id, guid, thread_id AS threadId, state, reason, detail, posts, seen_ms AS seenMs, next_post_ms AS nextMs
     FROM messages WHERE state IN ('queued', 'posting', 'waiting', 'dead') ORDER BY id`,
  )
  const retry = db.prepare<[number]>(
    `UPDATE messages SET state = 'queued', reason = NULL, detail = NULL, next_post_ms = NULL, first_post_ms = NULL,
       invalid_answers = 0 WHERE id = ? AND state IN ('dead', 'waiting') AND body IS NOT NULL`,
  )
  const drop = db.prepare<[number]>(
    "UPDATE messages SET state = 'skipped', reason = 'dropped' WHERE id = ? AND state IN ('dead', 'waiting', 'queued')",
  )
  const wiped = db.prepare<[number], number>('SELECT 1 FROM messages WHERE id = ? AND text_hash IS NOT NULL').pluck()
  const last = db.prepare<[], { seen_ms: number; state: MessageState }>(
    "SELECT seen_ms, state FROM messages WHERE state <> 'skipped' ORDER BY id DESC LIMIT 1",
  )

  return {
    /** Stores a row's message for good: its id; undefined where its guid is known. Skipped ones are counted by reason. */
    add: (message: NewMessage): number | undefined => {
      const { changes, lastInsertRowid } = insert.run({
        guid: message.guid,
        threadId: message.threadId ?? null,
        fingerprint: message.fingerprint ?? null,
        dateMs: message.dateMs ?? null,
        seenMs: message.seenMs,
        state: 'dead' in message ? 'dead' : 'skip' in message ? 'skipped' : 'queued',
        reason: 'dead' in message ? message.dead : 'skip' in message ? message.skip : null,
        body: 'body' in message ? message.body : null,
        rule: message.rule ?? null,
        redacted: toJson(message.redacted),
        words: message.words ?? null,
        editedMs: message.editedMs ?? null,
        event: message.event ?? null,
        about: message.about ?? null,
        chatGuid: message.chatGuid ?? null,
        dueMs: message.hold?.dueMs ?? null,
        waitMs: message.hold?.waitMs ?? null,
      })
      if (changes === 0) return undefined
      if ('skip' in message) counters.count(`skipped.${message.skip}`)
      return Number(lastInsertRowid)
    },
    isKnown: (guid: string): boolean => known.get(guid) !== undefined,
    hasTwin: (fingerprint: string, guid: string): boolean => twin.get(fingerprint, guid) !== undefined,
    /** A message of the same thread and moment is known under another guid, and one of the two was edited or withdrawn. */
    hasTwinAt: (threadId: string, dateMs: number, guid: string, isEdited: boolean): boolean =>
      twinAt.get(threadId, dateMs, guid, isEdited ? 1 : 0) !== undefined,
    lookUp: (guid: string): KnownMessage | undefined => {
      const row = byGuid.get(guid)
      return row && toKnown(row)
    },
    lookUpId: (id: number): KnownMessage => toKnown(must(byId.get(id))),
    /** What the backend was, or is to be, told of its edits; oldest first. */
    editsOf: (guid: string): KnownMessage[] => edits.all(guid).map(toKnown),
    /** The last message of a thread that waits for its first POST, with how long it waits for more rows, where it does. */
    lastQueued: (threadId: string): QueuedMessage | undefined => {
      const row = lastQueued.get(threadId)
      if (row === undefined || row.state !== 'queued' || row.posts > 0 || row.body === null) return undefined
      const { id, guid, wait_ms } = row
      const { sender } = JSON.parse(row.body) as { readonly sender: string }
      return { id, guid, sender, ...(wait_ms !== null && { waitMs: wait_ms }) }
    },
    /** The guids of the other rows of a message, in the order in which they came. */
    partsOf: (guid: string): string[] => parts.all(guid),
    /** The threads in which a message waits for more rows. */
    holding: (): string[] => holding.all(),
    /** It waits for more rows. */
    isHeld: (id: number, nowMs: number): boolean => held.get(id, nowMs) !== undefined,
    /** One more row of a message that waits for its first POST. */
    extend: (
      id: number,
      message: {
        readonly body: string
        readonly redacted: Readonly<Record<string, number>>
        readonly words: string
      } & Hold,
    ): void => {
      const { body, redacted, words, dueMs, waitMs } = message
      extend.run({ id, body, words, dueMs, waitMs, redacted: toJson(redacted) })
    },
    /** The guids of the latest messages that the backend is, or was, told of. */
    newest: (count: number): string[] => newest.all(count),
    /** Another body for a message that was never POSTed. */
    recompose: (
      id: number,
      {
        editedMs,
        ...message
      }: {
        /** Missing: it is made in the background. */
        readonly body?: string
        readonly rule?: string
        readonly redacted?: Readonly<Record<string, number>>
        readonly words?: string
        readonly fingerprint?: string
        readonly editedMs: number
      },
    ): void => {
      recompose.run({
        id,
        body: message.body ?? null,
        rule: message.rule ?? null,
        redacted: toJson(message.redacted),
        words: message.words ?? null,
        fingerprint: message.fingerprint ?? null,
        editedMs,
      })
    },
    /** Its words are others now; how many edits were noticed so far. */
    noteEdit: (id: number, { words, fingerprint, editedMs }: NewWords): number =>
      noteEdit.get({ id, words, fingerprint: fingerprint ?? null, editedMs }) ?? 0,
    /** Its sender took it back. Whether it is POSTed again is another question: see `skip`. */
    noteWithdrawal: (id: number, nowMs: number): void => {
      withdraw.run(nowMs, id)
    },
    /** The oldest that waits for its body. */
    oldestWithoutBody: (): number | undefined => withoutBody.get() ?? undefined,
    giveBody: (id: number, body: string, redacted: Readonly<Record<string, number>>): void => {
      giveBody.run(body, toJson(redacted), id)
    },
    isWithdrawn: (id: number): boolean => byId.get(id)?.withdrawn_ms !== null,
    /** A message that waits for a POST, or is dead, ends as skipped; false where it is in no such state. */
    skip: (
      id: number,
      reason: string,
      { rule, redacted }: { readonly rule?: string; readonly redacted?: Readonly<Record<string, number>> } = {},
    ): boolean => {
      const isSkipped = skip.run(reason, rule ?? null, toJson(redacted), id).changes === 1
      if (isSkipped) counters.count(`skipped.${reason}`)
      return isSkipped
    },
    /** Per thread the oldest message that waits for its POST; oldest thread first. */
    heads: (): DueMessage[] =>
      heads.all().map(({ id, thread_id, next_post_ms }) => ({ id, threadId: thread_id, dueMs: next_post_ms ?? 0 })),
    /** Counts a POST before it is made, with where `to`: whoever comes after a crash knows that it may have happened. */
    startPost: (id: number, nowMs: number, to?: string, isConnected = false): InboxMessage => {
      start.run({ id, now: nowMs, seq: counters.nextSeq(), to: to ?? null, socket: isConnected ? 1 : 0 })
      return toMessage(must(byId.get(id)))
    },
    /**
     * Only what is being POSTed can wait: what was answered meanwhile stays answered. `asked`: the backend asked for this
     * wait.
     */
    waitForRetry: (
      id: number,
      reason: string,
      detail: string | undefined,
      now: number,
      waitMs: number,
      invalidAnswer: boolean,
      asked = false,
    ): void => {
      const invalid = invalidAnswer ? 1 : 0
      const unconnected = neverConnected(reason) ? 1 : 0
      wait.run({ id, reason, detail: detail ?? null, now, wait: waitMs, invalid, unconnected, asked: asked ? 1 : 0 })
    },
    deadLetter: (id: number, reason: string, detail: string | undefined): void => {
      bury.run(reason, detail ?? null, neverConnected(reason) ? 1 : 0, id)
    },
    /**
     * `rule`: that of the A table by which its first bubble met a reflex, or none. `lateReflex`: one that was written before
     * may still be under way.
     */
    markAnswered: (
      id: number,
      nowMs: number,
      firstSays: string | undefined,
      bubbles: number,
      rule?: string,
      lateReflex = false,
    ): void => {
      answer.run(nowMs, firstSays ?? null, bubbles, rule ?? null, lateReflex ? 1 : 0, id)
    },
    /** A WebSocket opened: the backend has one to write the reflexes of all that is in flight to. */
    meetSocket: (): void => {
      meetSocket.run()
    },
    /** The backend had a WebSocket before that answer after all: a reflex may be under way on it. */
    expectLate: (id: number): void => {
      expectLate.run(id)
    },
    /** The messages that were answered, and of which a reflex may still be under way. */
    late: (): LateMessage[] => late.all().map(message => ({ ...message, hasOwn: message.hasOwn === 1 })),
    /** No reflex of any of them is under way any more. */
    endLate: (): void => {
      endLate.run()
    },
    endLateOf: (id: number): void => {
      endLateOf.run(id)
    },
    /** What the last life of the agent was POSTing is tried again; a clock that was set back makes no wait longer. */
    recover: (nowMs: number): void => {
      recover.run(nowMs)
      rebase.run({ now: nowMs })
    },
    /** The network is back: those that wait for it alone need not wait longer. */
    hastenRetries: (nowMs: number): void => {
      hasten.run(nowMs)
    },
    idOf: (guid: string): number | undefined => idOf.get(guid),
    threadIdOf: (id: number): string | undefined => byId.get(id)?.thread_id ?? undefined,
    /** The messages of a thread that a reflex may belong to: in flight, or answered or unsent since. */
    posted: (threadId: string, sinceMs: number): PostedMessage[] =>
      [...posted.all({ threadId, since: sinceMs }), ...unsent.all({ threadId, since: sinceMs })].map(toPosted),
    postedById: (id: number): PostedMessage | undefined => {
      const row = postedById.get(id)
      return row && row.posts > 0 ? toPosted(row) : undefined
    },
    /** The other messages of a thread that are in flight. */
    othersInFlight: (threadId: string, id: number): PostedMessage[] =>
      posted
        .all({ threadId, since: Number.POSITIVE_INFINITY })
        .filter(row => row.id !== id)
        .map(toPosted),
    firstPostSeq: (id: number): number => byId.get(id)?.first_post_seq ?? 0,
    /** Messages by state, those included that retention has removed. */
    counts: (): Partial<Record<MessageState, number>> => counters.withRetired('messages', counts.all()),
    /** What waits or is dead, oldest first, without words. */
    waiting: (): WaitingMessage[] => waiting.all(),
    /** Has a dead or waiting message POSTed now, whatever it waited for; false where there is no such message. */
    retry: (id: number): boolean => retry.run(id).changes === 1,
    /** Its words were removed: it cannot be POSTed any more. */
    isWiped: (id: number): boolean => wiped.get(id) !== undefined,
    /** Gives a message up for good: it stays on record as skipped. */
    drop: (id: number): boolean => drop.run(id).changes === 1,
    last: (): { readonly seenMs: number; readonly state: MessageState } | undefined => {
      const row = last.get()
      return row && { seenMs: row.seen_ms, state: row.state }
    },
  }
}

const toJson = (counts: object | undefined): string | null =>
  counts !== undefined && Object.keys(counts).length > 0 ? JSON.stringify(counts) : null

/** A message that has not found its end, as an operator sees it. Times are Unix milliseconds. */
export type WaitingMessage = {
  readonly id: number
  readonly guid: string
  readonly threadId: string | null
  readonly state: MessageState
  readonly reason: string | null
  readonly detail: string | null
  readonly posts: number
  readonly seenMs: number
  readonly nextMs: number | null
}

const POSTED = `
  SELECT m.id, m.posts, m.first_post_seq, m.state, m.answered_ms, m.first_says, m.withdrawn_ms IS NOT NULL AS unsent,
    m.had_socket, m.late_reflex,
    (SELECT COUNT(*) FROM commands c WHERE c.message_id = m.id AND c.role = 'bound') AS reflexes,
    EXISTS (SELECT 1 FROM commands c WHERE c.message_id = m.id AND c.bubble_id IS NOT NULL) AS has_own,
    (SELECT c.says FROM commands c WHERE c.message_id = m.id AND c.rule = 'A4' LIMIT 1) AS reflex_says,
    EXISTS (SELECT 1 FROM bubbles b WHERE b.message_id = m.id AND b.position = 0 AND b.state <> 'failed') AS first_is_live
  FROM messages m`

type Wait = {
  readonly id: number
  readonly reason: string
  readonly detail: string | null
  readonly now: number
  readonly wait: number
  readonly invalid: number
  readonly unconnected: number
  readonly asked: number
}

type Start = {
  readonly id: number
  readonly now: number
  readonly seq: number
  readonly to: string | null
  readonly socket: number
}

type PostedRow = {
  id: number
  posts: number
  first_post_seq: number
  state: MessageState
  answered_ms: number | null
  first_says: string | null
  reflexes: number
  has_own: number
  reflex_says: string | null
  had_socket: number
  late_reflex: number
  first_is_live: number
  unsent: number
}

const toPosted = (row: PostedRow): PostedMessage => ({
  id: row.id,
  posts: row.posts,
  firstPostSeq: row.first_post_seq,
  reflexes: row.reflexes,
  hasOwn: row.has_own === 1,
  hadSocket: row.had_socket === 1,
  ...(row.reflex_says !== null && { reflexSays: row.reflex_says }),
  ...(row.unsent === 1 && { unsent: true }),
  ...(row.answered_ms !== null && {
    answer: {
      atMs: row.answered_ms,
      firstIsLive: row.first_is_live === 1,
      lateReflex: row.late_reflex === 1,
      ...(row.first_says !== null && { firstSays: row.first_says }),
    },
  }),
})

type MessageRecord = {
  id: number
  guid: string
  thread_id: string | null
  chat_guid: string | null
  body: string | null
  posts: number
  invalid_answers: number
  first_post_seq: number | null
  first_post_ms: number | null
  seen_ms: number
  state: MessageState
  words: string | null
  withdrawn_ms: number | null
  wait_ms: number | null
  parts: number
  event: MessageEvent | null
  about: string | null
}

type QueuedMessage = { readonly id: number; readonly guid: string; readonly sender: string; readonly waitMs?: number }

type Extension = Hold & {
  readonly id: number
  readonly body: string
  readonly redacted: string | null
  readonly words: string
}

type Recomposed = {
  readonly id: number
  readonly body: string | null
  readonly rule: string | null
  readonly redacted: string | null
  readonly words: string | null
  readonly fingerprint: string | null
  readonly editedMs: number
}

const toKnown = (row: MessageRecord): KnownMessage => ({
  id: row.id,
  guid: row.guid,
  state: row.state,
  posts: row.posts,
  seenMs: row.seen_ms,
  isWithdrawn: row.withdrawn_ms !== null,
  parts: row.parts,
  lacksBody: row.state === 'queued' && row.body === null,
  ...(row.thread_id !== null && { threadId: row.thread_id }),
  ...(row.first_post_seq !== null && { firstPostSeq: row.first_post_seq }),
  ...(row.words !== null && { words: row.words }),
  ...(row.event !== null && { event: row.event }),
  ...(row.about !== null && { about: row.about }),
})

const toMessage = (row: MessageRecord): InboxMessage => ({
  id: row.id,
  guid: row.guid,
  threadId: must(row.thread_id),
  body: must(row.body),
  posts: row.posts,
  invalidAnswers: row.invalid_answers,
  seenMs: row.seen_ms,
  ...(row.first_post_ms !== null && { firstPostMs: row.first_post_ms }),
  ...(row.chat_guid !== null && { chatGuid: row.chat_guid }),
  ...(row.event !== null && { event: row.event }),
})

const must = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error('the inbox lacks a message that it should have')
  return value
}
