import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { MIGRATIONS } from '../../src/agent/store/migrations.ts'
import { ANNA, BERT } from './conversation.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Said by two messages that were answered. */
export const STOCK = 'okie lemme see'
/** Said by one. */
export const UNCOMMON = 'three eggs, that is all'

/**
 * The state database as an agent of version 8, killed amid its work, left it: by the steps that there were then, and with each
 * state that a row can be in. Messages are called by what became of them; m6 to m8 are still on their way.
 */
export const writeVersion8 = (
  stateDir: string,
  {
    nowMs,
    onTheWay = ['waiting', 'posting', 'queued'].map(guid => ({ guid, text: guid })),
    cursor = { file: '1:2', rowid: 8, guid: 'queued' },
  }: {
    readonly nowMs: number
    /** Anna's message that waits for its retry, and Bert's two. */
    readonly onTheWay?: readonly { readonly guid: string; readonly text: string }[]
    readonly cursor?: { readonly file: string; readonly rowid: number; readonly guid: string }
  },
): void => {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const firstStartMs = nowMs - 9 * DAY
  writeFileSync(join(stateDir, 'first-start'), `${new Date(firstStartMs).toISOString()}\n`)
  const db = new Database(join(stateDir, 'state.db'))
  db.pragma('journal_mode = WAL')
  for (const step of MIGRATIONS.slice(0, 8)) db.exec(step)
  db.pragma('user_version = 8')

  const insert = (table: string, rows: readonly Readonly<Record<string, string | number | Buffer>>[]): void => {
    for (const row of rows) {
      const [names, marks] = [Object.keys(row), Object.keys(row).map(() => '?')]
      db.prepare(`INSERT INTO ${table} (${names}) VALUES (${marks})`).run(...Object.values(row))
    }
  }
  insert('installation', [{ name: 'text_key', value: Buffer.alloc(32, 7) }])
  insert('cursor', [
    {
      id: 1,
      file: cursor.file,
      rowid_seen: cursor.rowid,
      guid: cursor.guid,
      newest_ms: nowMs - MINUTE,
      first_start_ms: firstStartMs,
    },
  ])
  insert(
    'threads',
    [ANNA, BERT].map(who => ({
      thread_id: who,
      chat_guid: `any;-;${who}`,
      is_group: 0,
      service: 'iMessage',
      account_id: 'account',
    })),
  )

  const textOf = new Map(onTheWay.map(({ guid, text }) => [guid, text]))
  const message = (
    guid: string,
    who: string,
    state: string,
    agoMs: number,
    more: Readonly<Record<string, string | number>>,
  ) => {
    const body = JSON.stringify({ thread_id: who, sender: who, filtered_text: textOf.get(guid) ?? guid })
    return {
      guid,
      thread_id: who,
      fingerprint: `of ${guid}`,
      date_ms: nowMs - agoMs,
      seen_ms: nowMs - agoMs,
      state,
      body,
      ...more,
    }
  }
  const posted = (agoMs: number, seq: number, posts = 1) => ({
    posts,
    first_post_seq: seq,
    first_post_ms: nowMs - agoMs,
  })
  const answered = (agoMs: number, says: string, bubbles: number) => ({
    answered_ms: nowMs - agoMs,
    first_says: says,
    bubbles,
  })
  const [waiting = '', posting = '', queued = ''] = textOf.keys()
  insert('messages', [
    message('long-ago', ANNA, 'answered', 2 * DAY, {
      ...posted(2 * DAY, 1),
      ...answered(2 * DAY, STOCK, 1),
      answer_rule: 'A1',
    }),
    // Its reflex never came.
    message('lacking', ANNA, 'answered', 9 * MINUTE, {
      ...posted(9 * MINUTE, 3),
      ...answered(8 * MINUTE, STOCK, 1),
      answer_rule: 'A3',
    }),
    message('uncommon', ANNA, 'answered', 5 * MINUTE, {
      ...posted(5 * MINUTE, 4),
      ...answered(4 * MINUTE, UNCOMMON, 3),
      answer_rule: 'A1',
    }),
    { guid: 'skipped', thread_id: ANNA, seen_ms: nowMs - DAY, state: 'skipped', reason: 'tapback' },
    message('dead', BERT, 'dead', DAY, { ...posted(DAY, 6, 3), reason: 'http_422', detail: 'no' }),
    message(waiting, ANNA, 'waiting', MINUTE, {
      ...posted(MINUTE, 7),
      reason: 'network_ECONNRESET',
      next_post_ms: nowMs,
      wait_ms: 1_000,
    }),
    message(posting, BERT, 'posting', MINUTE, posted(MINUTE, 9)),
    message(queued, BERT, 'queued', MINUTE, {}),
  ])
  // What was answered longer ago than texts are kept.
  insert('messages', [
    {
      guid: 'wiped',
      thread_id: ANNA,
      seen_ms: nowMs - 3 * DAY,
      state: 'answered',
      ...posted(3 * DAY, 1),
      answered_ms: nowMs - 3 * DAY,
      bubbles: 1,
      text_hash: 'h',
      text_length: 9,
      wiped_ms: nowMs - 2 * DAY,
    },
  ])

  const bubble = (
    id: number,
    who: string,
    text: string,
    state: string,
    more: Readonly<Record<string, string | number>> = {},
  ) => {
    const at = nowMs - 5 * MINUTE
    const begun =
      state === 'planned' ? {} : { tries: 1, attempt: `attempt-${id}`, watermark: 0, started_ms: at, ended_ms: at }
    const shown = state === 'confirmed' ? { row_guid: `row-${id}`, confirmed_ms: at } : {}
    return { id, thread_id: who, text, says: text, state, planned_ms: at, ...begun, ...shown, ...more }
  }
  insert('bubbles', [
    bubble(1, ANNA, STOCK, 'confirmed', { command_id: 'bound', immediate: 1 }),
    bubble(2, ANNA, STOCK, 'confirmed', { message_id: 2, position: 0 }),
    bubble(3, ANNA, UNCOMMON, 'confirmed', { message_id: 3, position: 0 }),
    bubble(4, ANNA, 'still to be sent', 'planned', { message_id: 3, position: 1 }),
    bubble(5, ANNA, 'on it', 'confirmed', { command_id: 'unmatched', immediate: 1 }),
    bubble(6, BERT, 'in doubt', 'parked', { reason: 'no_row', command_id: 'parked' }),
    bubble(7, ANNA, 'refused by Messages', 'failed', { reason: 'error_22', message_id: 3, position: 2 }),
  ])

  const command = (
    id: string,
    who: string,
    says: string,
    role: string,
    seq: number,
    more: Readonly<Record<string, string | number>>,
  ) => ({
    command_id: id,
    command_type: 'send_message_now',
    digest: `of ${id}`,
    thread_id: who,
    says,
    role,
    received_seq: seq,
    received_ms: nowMs - MINUTE,
    status: 'completed',
    finished_ms: nowMs - MINUTE,
    ...more,
  })
  insert('commands', [
    command('bound', ANNA, STOCK, 'bound', 2, { rule: 'A1', message_id: 1, bubble_id: 1 }),
    command('deduplicated', ANNA, UNCOMMON, 'bound', 5, { rule: 'R3', message_id: 3, detail: 'deduplicated' }),
    command('unmatched', ANNA, 'on it', 'unmatched', 8, { rule: 'R5', bubble_id: 5, ack_owed: 1 }),
    command('parked', BERT, 'in doubt', 'plain', 10, { status: 'failed', error: 'outcome_unknown', bubble_id: 6 }),
    command('refused', BERT, 'too much', 'plain', 11, { status: 'failed', error: 'rate_limited' }),
  ])
  insert('schedules', [
    {
      schedule_id: 'later',
      command_id: 'later',
      thread_id: ANNA,
      text: 'for tomorrow',
      length: 12,
      immediate: 0,
      send_at_ms: nowMs + DAY,
      created_ms: nowMs,
      state: 'waiting',
    },
  ])
  insert('pauses', [{ thread_id: 'somebody', cause: 'operator', since_ms: nowMs }])
  insert('counters', [
    { name: 'seq', value: 11 },
    { name: 'skipped.tapback', value: 1 },
  ])
  db.close()
}
