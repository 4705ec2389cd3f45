import type { Database } from 'better-sqlite3'
import type { BubbleFacts, CommandFacts, MessageFacts, Step, Story, StoryAsked } from '../core/story.ts'

/**
 * Reads what became of a message. An id is the guid of a message or of a sent row, `m12`, `b34`, `s5`, or a command's; a bubble
 * or command that belongs to a message leads to that message's story. Statements are made when they are asked for: that is
 * seldom.
 */
export const createStories = (db: Database) => ({
  read: (asked: StoryAsked): Story | undefined => {
    const found = 'last' in asked ? findLast(db, asked.threads) : findById(db, asked.id)
    return found && readStory(db, found)
  },
})

type Found = { readonly messageId?: number | null; readonly bubbleId?: number; readonly commandId?: string }

const findLast = (db: Database, threads: readonly string[] | undefined): Found | undefined => {
  const id =
    threads === undefined
      ? db.prepare<[], number>('SELECT id FROM messages ORDER BY id DESC LIMIT 1').pluck().get()
      : db
          .prepare<[string], number>(
            `SELECT id FROM messages WHERE thread_id IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT 1`,
          )
          .pluck()
          .get(JSON.stringify(threads))
  return id === undefined ? undefined : { messageId: id }
}

const findById = (db: Database, id: string): Found | undefined => {
  const [, kind, number] = /^([mbs])(\d{1,15})$/.exec(id) ?? []
  const message = kind === 'm' ? messageBy(db, 'id', Number(number)) : messageBy(db, 'guid', id)
  if (message !== undefined) return { messageId: message }
  const bubble = (column: 'id' | 'row_guid' | 'echo_guid', value: string | number) =>
    db
      .prepare<[string | number], { bubbleId: number; messageId: number | null }>(
        `SELECT id AS bubbleId, message_id AS messageId FROM bubbles WHERE ${column} = ? AND ${column} IS NOT NULL`,
      )
      .get(value)
  return (
    (kind === 'b' ? bubble('id', Number(number)) : undefined) ??
    (kind === 's' ? commandOfSchedule(db, Number(number)) : undefined) ??
    db
      .prepare<[string], { commandId: string; messageId: number | null }>(
        'SELECT command_id AS commandId, message_id AS messageId FROM commands WHERE command_id = ?',
      )
      .get(id) ??
    bubble('row_guid', id) ??
    bubble('echo_guid', id)
  )
}

const commandOfSchedule = (db: Database, id: number) =>
  db
    .prepare<[number], { commandId: string; messageId: number | null }>(
      `SELECT c.command_id AS commandId, c.message_id AS messageId
       FROM schedules s JOIN commands c ON c.command_id = s.command_id WHERE s.id = ?`,
    )
    .get(id)

const messageBy = (db: Database, column: 'id' | 'guid', value: string | number): number | undefined =>
  db.prepare<[string | number], number>(`SELECT id FROM messages WHERE ${column} = ?`).pluck().get(value)

const readStory = (db: Database, { messageId, bubbleId, commandId }: Found): Story => {
  if (messageId != null) return storyOfMessage(db, messageId)
  const ofBubble = db.prepare<[number], CommandRow>(
    'SELECT * FROM commands WHERE bubble_id = (SELECT COALESCE(first_part, id) FROM bubbles WHERE id = ?)',
  )
  const command = commandId === undefined ? ofBubble.get(bubbleId ?? 0) : commandBy(db, commandId)
  if (command?.message_id != null) return storyOfMessage(db, command.message_id)
  const bubble = command?.bubble_id ?? bubbleId
  const rows = bubble === undefined ? [] : bubblesBy(db, bubble)
  return {
    commands: command === undefined ? [] : [toCommand(db, command)],
    bubbles: rows.map(row => toBubble(db, row)),
  }
}

const commandBy = (db: Database, id: string) =>
  db.prepare<[string], CommandRow>('SELECT * FROM commands WHERE command_id = ?').get(id)
/** With the other parts of its text. */
const bubblesBy = (db: Database, id: number) =>
  db
    .prepare<[{ id: number }], BubbleRow>(
      `${BUBBLE} WHERE id = @id OR first_part = (SELECT first_part FROM bubbles WHERE id = @id) ORDER BY id`,
    )
    .all({ id })

const storyOfMessage = (db: Database, id: number): Story => {
  const message = db.prepare<[number], MessageRow>(MESSAGE).get(id)
  if (message === undefined) return { commands: [], bubbles: [] }
  const bound = db.prepare<[number], CommandRow>('SELECT * FROM commands WHERE message_id = ?').all(id)
  // Those that came for this thread meanwhile, and may be this message's.
  const near =
    message.first_post_seq === null || message.thread_id === null
      ? []
      : db
          .prepare<[string, number, number], CommandRow>(
            `SELECT * FROM commands WHERE role = 'unmatched' AND thread_id = ? AND received_seq > ? AND received_ms <= ?
             ORDER BY received_seq LIMIT ${MOST}`,
          )
          .all(message.thread_id, message.first_post_seq, message.answered_ms ?? Number.MAX_SAFE_INTEGER)
  const commands = [...bound, ...near].sort((a, b) => a.received_seq - b.received_seq)
  const answers = db.prepare<[number], BubbleRow>(`${BUBBLE} WHERE message_id = ? ORDER BY position, id`).all(id)
  const sent = commands.flatMap(({ bubble_id }) => (bubble_id === null ? [] : bubblesBy(db, bubble_id)))
  const bubbles = [...answers, ...sent].sort((a, b) => a.id - b.id)
  return {
    message: toMessage(db, message),
    commands: commands.map(row => toCommand(db, row)),
    bubbles: bubbles.map(row => toBubble(db, row)),
  }
}

/** Of what may grow without end, so many are told. */
const MOST = 50

const MESSAGE = `
  SELECT m.*, t.service, t.is_group, COALESCE(m.text_length, LENGTH(CASE WHEN json_valid(m.body)
    THEN json_extract(m.body, '$.filtered_text') END)) AS length
  FROM messages m LEFT JOIN threads t ON t.thread_id = m.thread_id WHERE m.id = ?`
const BUBBLE = `
  SELECT id, thread_id, state, reason, tries, position, command_id, planned_ms, row_guid, wiped_ms,
    COALESCE(text_length, LENGTH(text)) AS length,
    (SELECT NULLIF(COUNT(*), 0) FROM bubbles p WHERE p.first_part = b.first_part AND p.id <= b.id) AS part,
    (SELECT NULLIF(COUNT(*), 0) FROM bubbles p WHERE p.first_part = b.first_part) AS parts
  FROM bubbles b`

type MessageRow = {
  id: number
  guid: string
  thread_id: string | null
  service: string | null
  is_group: number | null
  date_ms: number | null
  seen_ms: number
  state: string
  reason: string | null
  rule: string | null
  redacted: string | null
  posts: number
  unconnected: number
  posted_fields: string | null
  first_post_seq: number | null
  next_post_ms: number | null
  answered_ms: number | null
  bubbles: number | null
  event: 'edited' | 'unsent' | null
  about: string | null
  edited_ms: number | null
  withdrawn_ms: number | null
  answer_rule: string | null
  length: number | null
  wiped_ms: number | null
}

const toMessage = (db: Database, row: MessageRow): MessageFacts => ({
  id: `m${row.id}`,
  guid: row.guid,
  seenMs: row.seen_ms,
  state: row.state,
  redacted: JSON.parse(row.redacted ?? '{}') as Record<string, number>,
  posts: row.posts,
  unconnected: row.unconnected,
  ...(row.is_group !== null && { isGroup: row.is_group === 1 }),
  ...(row.posted_fields !== null && { postedFields: row.posted_fields.split(' ') }),
  ...(row.state === 'waiting' && row.next_post_ms !== null && { nextPostMs: row.next_post_ms }),
  ...present({
    threadId: row.thread_id,
    service: row.service,
    dateMs: row.date_ms,
    reason: row.reason,
    rule: row.rule,
    answeredMs: row.answered_ms,
    event: row.event,
    about: row.about,
    editedMs: row.edited_ms,
    withdrawnMs: row.withdrawn_ms,
    bubbles: row.bubbles,
    answerRule: row.answer_rule,
    length: row.length,
    wipedMs: row.wiped_ms,
  }),
  told: db
    .prepare<[string], MessageFacts['told'][number]>(
      "SELECT 'm' || id AS id, event, state FROM messages WHERE about = ? AND about IS NOT NULL ORDER BY id",
    )
    .all(row.guid),
  steps: stepsOf(db, 'message', row.id),
})

type CommandRow = {
  command_id: string
  command_type: string
  thread_id: string | null
  role: string
  rule: string | null
  message_id: number | null
  bubble_id: number | null
  received_seq: number
  received_ms: number
  status: string
  error: string | null
  detail: string | null
  ack_owed: number
  repeats: number
  wiped_ms: number | null
}

const toCommand = (db: Database, row: CommandRow): CommandFacts => ({
  id: row.command_id,
  type: row.command_type,
  role: row.role,
  receivedMs: row.received_ms,
  status: row.status,
  ackOwed: row.ack_owed === 1,
  repeats: row.repeats,
  ...(row.bubble_id !== null && { bubble: `b${row.bubble_id}` }),
  ...present({
    threadId: row.thread_id,
    rule: row.rule,
    error: row.error,
    detail: row.detail,
    wipedMs: row.wiped_ms,
  }),
  ...present({
    schedule:
      db
        .prepare<[string], NonNullable<CommandFacts['schedule']>>(
          `SELECT 's' || id AS id, schedule_id AS name, state, send_at_ms AS sendAtMs, length FROM schedules
           WHERE command_id = ?`,
        )
        .get(row.command_id) ?? null,
  }),
  steps: stepsOf(db, 'command', row.received_seq),
})

type BubbleRow = {
  id: number
  thread_id: string
  state: string
  reason: string | null
  tries: number
  position: number | null
  command_id: string | null
  planned_ms: number
  row_guid: string | null
  wiped_ms: number | null
  length: number
  part: number | null
  parts: number | null
}

const toBubble = (db: Database, row: BubbleRow): BubbleFacts => ({
  id: `b${row.id}`,
  threadId: row.thread_id,
  state: row.state,
  tries: row.tries,
  plannedMs: row.planned_ms,
  length: row.length,
  ...present({
    reason: row.reason,
    position: row.position,
    part: row.part,
    parts: row.parts,
    commandId: row.command_id,
    rowGuid: row.row_guid,
    wipedMs: row.wiped_ms,
  }),
  steps: stepsOf(db, 'bubble', row.id),
})

type StepRow = {
  id: number
  at_ms: number
  state: string
  reason: string | null
  n: number | null
  wait_ms: number | null
  asked: number | null
}

const stepsOf = (db: Database, kind: 'message' | 'bubble' | 'command', subject: number): Step[] =>
  db
    .prepare<[string, number], StepRow>(
      `SELECT id, at_ms, state, reason, n, wait_ms, asked FROM history WHERE kind = ? AND subject = ? ORDER BY id LIMIT 1000`,
    )
    .all(kind, subject)
    .map(({ id, at_ms, state, reason, n, wait_ms, asked }) => ({
      seq: id,
      atMs: at_ms,
      state,
      ...(asked === 1 && { asked: true }),
      ...present({ reason, n, waitMs: wait_ms }),
    }))

type Present<T> = { readonly [K in keyof T]?: NonNullable<T[K]> }

/** Without what is NULL. */
const present = <T extends Readonly<Record<string, unknown>>>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Present<T>
