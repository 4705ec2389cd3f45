import { closeSync, openSync, readSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { type CategoryMarks, isKnownValue, MARK_COLUMNS } from '../core/category.ts'
import { EdgeError, EXIT } from '../core/errors.ts'
import type { Chat, MessageRow } from '../core/message.ts'
import { columnsOf } from './columns-of.ts'
import { asOurs, createDetails } from './read-details.ts'
import {
  fromUnixMs,
  LINK_BALLOON,
  type RawChat,
  type RawRow,
  toChat,
  toMessageRow,
  toUnixMs,
  withoutKind,
} from './row-to-message.ts'

export type ChatDb = ReturnType<typeof openChatDb>

/**
 * Opens Messages' database, read-only and never `immutable` (that would miss what is in the -wal).
 *
 * Every statement is short and read to its end: an open cursor would keep Messages from checkpointing. While this is
 * open nothing in the process may open chat.db or chat.db-shm by other means: closing them drops SQLite's locks.
 *
 * @throws ChatDbProblem
 */
export const openChatDb = (path: string) => {
  let db: Database.Database | undefined
  try {
    const file = identityOf(path)
    db = new Database(path, { readonly: true, fileMustExist: true, timeout: 50 })
    return { ...statements(db), file, close: () => db?.close() }
  } catch (cause) {
    db?.close()
    throw explainChatDbError(cause, path)
  }
}

const statements = (db: Database.Database) => {
  const columns = columnsOf(db, 'message')
  const chatColumns = columnsOf(db, 'chat')
  const handleColumns = columnsOf(db, 'handle')
  // Which columns exist depends on the version of macOS that made or upgraded the file.
  const list = (prefix: string, has: ReadonlySet<string>, names: readonly string[]) =>
    names.map(name => (has.has(name) ? `${prefix}.${name}` : `NULL AS ${name}`)).join(', ')
  const chatList = `c.guid AS chat_guid, c.chat_identifier, ${list('c', chatColumns, ['style', 'service_name', 'account_id'])}`
  const select = `
    SELECT m.ROWID AS rowid, m.guid, h.id AS sender, ${list('m', columns, MESSAGE_COLUMNS)}, ${chatList},
      ${list('c', chatColumns, CHAT_COLUMNS)}, ${list('h', handleColumns, ['person_centric_id'])},
      ${columns.has('message_summary_info') ? 'm.message_summary_info IS NOT NULL' : '0'} AS has_summary,
      ${columns.has('payload_data') && columns.has('balloon_bundle_id') ? `CASE m.balloon_bundle_id WHEN '${LINK_BALLOON}' THEN m.payload_data END` : 'NULL'} AS link_payload,
      ${columns.has('subject') ? 'CAST(m.subject AS TEXT)' : 'NULL'} AS subject,
      CAST(m.text AS TEXT) AS text -- a blob stays one in any column, and one odd row must not stop the reading
    FROM message m
    LEFT JOIN handle h ON h.ROWID = m.handle_id
    LEFT JOIN chat c ON c.ROWID = (SELECT MIN(j.chat_id) FROM chat_message_join j WHERE j.message_id = m.ROWID)`
  const query = <P extends unknown[]>(tail: string) => db.prepare<P, RawRow>(`${select} ${tail}`).safeIntegers()

  const after = query<[number, number]>('WHERE m.ROWID > ? ORDER BY m.ROWID LIMIT ?')
  const byRowid = query<[number]>('WHERE m.ROWID = ?')
  const byGuid = query<[string]>('WHERE m.guid = ?')
  // What an edit leaves, or a withdrawal; of the newest alone: older ones cannot be changed any more.
  const marks = EDIT_MARKS.filter(name => columns.has(name)).map(name => `COALESCE(n.${name}, 0) <> 0`)
  const changed = query<[bigint, number]>(`WHERE m.ROWID IN (
    SELECT n.ROWID FROM (SELECT ROWID FROM message WHERE date >= ? AND +is_from_me = 0 ORDER BY date DESC LIMIT ?) r
    JOIN message n ON n.ROWID = r.ROWID
    WHERE ${[...marks, '(n.attributedBody IS NULL AND n.text IS NULL)'].join(' OR ')}) ORDER BY m.ROWID`)
  const outgoing = query<[number]>('WHERE m.ROWID > ? AND m.is_from_me = 1 ORDER BY m.ROWID')
  // By Messages' own index of failures: those of all time are few, the messages of an hour may be many.
  const failures = ['<', '>'].map(
    sign => `SELECT ROWID FROM message WHERE is_finished IN (0, 1) AND is_from_me = 1 AND error ${sign} 0`,
  )
  const failed = query<[bigint]>(`WHERE m.ROWID IN (${failures.join(' UNION ALL ')}) AND +m.date >= ? ORDER BY +m.date`)
  // By an index of those handles that have one.
  const handlesOf = handleColumns.has('person_centric_id')
    ? db.prepare<[string], string>('SELECT DISTINCT id FROM handle WHERE person_centric_id = ?').pluck()
    : undefined
  /** Rows with the other addresses of their senders, which are looked up once for each person. */
  const withAliases = (raws: readonly RawRow[]): readonly RawRow[] => {
    const known = new Map<string, readonly string[]>()
    return raws.map(raw => {
      const { sender, person_centric_id: person } = raw
      if (!person || handlesOf === undefined) return raw
      const handles = known.get(person) ?? handlesOf.all(person)
      known.set(person, handles)
      return { ...raw, senderAliases: handles.filter(handle => handle !== sender) }
    })
  }
  const version = db.prepare<[], number>('PRAGMA data_version').pluck()
  const highest = db.prepare<[], number>('SELECT COALESCE(MAX(ROWID), 0) FROM message').pluck()
  const sequence = db.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'message'").pluck()
  const guid = db.prepare<[number], string>('SELECT guid FROM message WHERE ROWID = ?').pluck()
  const since = db
    .prepare<[bigint, number], number>('SELECT ROWID FROM message WHERE date >= ? AND ROWID <= ? ORDER BY ROWID')
    .pluck()
  const dates = db.prepare<[number, number], Pick<RawRow, 'rowid' | 'date'>>(
    'SELECT ROWID AS rowid, date FROM message WHERE ROWID > ? ORDER BY ROWID LIMIT ?',
  )
  const incoming = db.prepare<[bigint, number, number], { rowid: number; guid: string }>(
    `SELECT ROWID AS rowid, guid FROM message WHERE date >= ? AND +is_from_me = 0 AND ROWID <= ?
     ORDER BY date DESC LIMIT ?`,
  )
  const lowestSince = db.prepare<[bigint], number | null>('SELECT MIN(ROWID) FROM message WHERE date >= ?').pluck()
  const newestRowids = db
    .prepare<[number], number>('SELECT ROWID FROM message ORDER BY ROWID DESC LIMIT 1 OFFSET ?')
    .pluck()
  const before = db.prepare<[bigint], number>('SELECT COALESCE(MAX(ROWID), 0) FROM message WHERE date < ?').pluck()
  const finished = db
    .prepare<[], number>('SELECT EXISTS (SELECT 1 FROM message WHERE is_from_me = 0 AND is_finished = 1)')
    .pluck()
  const chat = db.prepare<[string], number>('SELECT 1 FROM chat WHERE guid = ?').pluck()
  const latestChat = db
    .prepare<[], string>(
      'SELECT c.guid FROM chat_message_join j JOIN chat c ON c.ROWID = j.chat_id ORDER BY j.message_id DESC LIMIT 1',
    )
    .pluck()
  // What some take for the other person's address counts where it is not theirs.
  const ownAddresses = db
    .prepare<[number], string | null>(
      `WITH own (address) AS (
         SELECT account_login FROM (SELECT ${list('c', chatColumns, ['account_login'])} FROM chat c)
         UNION SELECT last_addressed_handle FROM
           (SELECT ${list('c', chatColumns, ['last_addressed_handle'])}, c.chat_identifier FROM chat c)
           WHERE last_addressed_handle <> chat_identifier
         UNION SELECT m.destination_caller_id FROM (
           SELECT n.ROWID AS rowid, n.handle_id, ${list('n', columns, ['destination_caller_id', 'is_from_me'])}
           FROM message n ORDER BY n.ROWID DESC LIMIT ?) m
           LEFT JOIN handle h ON h.ROWID = m.handle_id
           WHERE m.destination_caller_id IS NOT h.id AND (m.is_from_me = 0 OR NOT EXISTS (
             SELECT 1 FROM chat_message_join j JOIN chat c ON c.ROWID = j.chat_id
             WHERE j.message_id = m.rowid AND c.chat_identifier = m.destination_caller_id)))
       SELECT CAST(address AS TEXT) FROM own WHERE address <> ''`,
    )
    .pluck()
  const earlier = query<[string, number, number]>(`WHERE m.ROWID IN (
    SELECT j.message_id FROM chat_message_join j JOIN chat k ON k.ROWID = j.chat_id
    WHERE k.guid = ? AND j.message_id < ? ORDER BY j.message_id DESC LIMIT ?) ORDER BY m.ROWID DESC`)
  const own = db.prepare<[string], number>('SELECT 1 FROM message WHERE guid = ? AND is_from_me = 1').pluck()
  const marksThere = (Object.keys(MARK_COLUMNS) as (keyof CategoryMarks)[]).flatMap(mark => {
    const [table, column] = MARK_COLUMNS[mark]
    if (!(table === 'chat' ? chatColumns : columns).has(column)) return []
    const among = table === 'chat' ? 'chat' : `(SELECT ${column} FROM message ORDER BY ROWID DESC LIMIT ${AMONG_ROWS})`
    const values = db.prepare<[], number | null>(`SELECT DISTINCT ${column} FROM ${among}`).pluck()
    return [{ mark, name: `${table}.${column}`, values }]
  })
  const newestIncoming = query<[]>('WHERE +m.is_from_me = 0 ORDER BY m.date DESC LIMIT 1')
  const chats = db
    .prepare<[{ threadId: string; writtenTo: number; limit: number }], RawChat>(
      `SELECT ${chatList} FROM chat c WHERE c.chat_identifier = @threadId AND (@writtenTo = 0 OR EXISTS (
         SELECT 1 FROM chat_message_join j JOIN message m ON m.ROWID = j.message_id
         WHERE j.chat_id = c.ROWID AND m.is_from_me = 0))
       ORDER BY (SELECT MAX(j.message_id) FROM chat_message_join j WHERE j.chat_id = c.ROWID) DESC LIMIT @limit`,
    )
    .safeIntegers()

  return {
    /** All that is read in `read` is of one moment: a row that was incomplete is not overtaken by the one behind it. */
    snapshot: <T>(read: () => T): T => db.transaction(read).deferred(),
    /** Changes when another connection has committed; comparable with itself only. */
    dataVersion: (): number => version.get() ?? 0,
    /** Highest ROWID ever given in this database, rows deleted since included. */
    highestRowid: (): number => Math.max(highest.get() ?? 0, sequence.get() ?? 0),
    guidAt: (rowid: number): string | undefined => guid.get(rowid),
    rowsAfter: (rowid: number, limit: number): MessageRow[] => withAliases(after.all(rowid, limit)).map(toMessageRow),
    row: (rowid: number): MessageRow | undefined => withAliases(byRowid.all(rowid)).map(toMessageRow)[0],
    /** The row with that guid, by its number. */
    rowOf: (guid: string): MessageRow | undefined => withAliases(byGuid.all(guid)).map(toMessageRow)[0],
    /** Of the newest `among` incoming rows dated `sinceMs` (Unix milliseconds) or later those that may have been edited or withdrawn. */
    changedSince: (sinceMs: number, among: number): MessageRow[] =>
      withAliases(changed.all(fromUnixMs(sinceMs), among)).map(toMessageRow),
    ...createDetails(db),
    /** Rows sent by this account after `rowid`. */
    outgoingAfter: (rowid: number): MessageRow[] => outgoing.all(rowid).map(toMessageRow),
    /** Rows sent by this account, dated `sinceMs` (Unix milliseconds) or later, that Messages put an error on. */
    failedSince: (sinceMs: number): MessageRow[] => failed.all(fromUnixMs(sinceMs)).map(toMessageRow),
    /** ROWIDs up to `upTo` whose date is `sinceMs` (Unix milliseconds) or later. */
    rowidsSince: (sinceMs: number, upTo: number): number[] => since.all(fromUnixMs(sinceMs), upTo),
    /** Of the next rows the numbers and dates (Unix milliseconds) alone. */
    datesAfter: (rowid: number, limit: number): { readonly rowid: number; readonly dateMs?: number }[] =>
      dates
        .safeIntegers()
        .all(rowid, limit)
        .map(({ rowid, date }) => {
          const dateMs = toUnixMs(date)
          return { rowid: Number(rowid), ...(dateMs !== undefined && { dateMs }) }
        }),
    /** Of the incoming rows up to `upTo`, dated `sinceMs` (Unix milliseconds) or later, the newest. */
    incomingSince: (
      sinceMs: number,
      upTo: number,
      limit: number,
    ): { readonly rowid: number; readonly guid: string }[] => incoming.all(fromUnixMs(sinceMs), upTo, limit),
    highestRowidBefore: (ms: number): number => before.get(fromUnixMs(ms)) ?? 0,
    /** The lowest ROWID of a message of `sinceMs` (Unix milliseconds) or later; undefined where there is none. */
    lowestRowidSince: (sinceMs: number): number | undefined => lowestSince.get(fromUnixMs(sinceMs)) ?? undefined,
    /** Where the newest `count` rows begin; 0 where there are fewer. */
    rowidOfNewest: (count: number): number => newestRowids.get(count - 1) ?? 0,
    /** The guid of the chat that was used last. */
    latestChat: (): string | undefined => latestChat.get(),
    hasChat: (chatGuid: string): boolean => chat.get(chatGuid) !== undefined,
    /** The addresses of this Mac's owner, as far as chats and the newest messages tell them. */
    ownAddresses: (): string[] =>
      ownAddresses.all(AMONG_ROWS).flatMap(address => (address ? [withoutKind(address)] : [])),
    /** What was written in a chat before that row, by whomever; the newest first. */
    earlierIn: (chatGuid: string, rowid: number, limit: number): MessageRow[] =>
      asOurs(() => earlier.all(chatGuid, rowid, limit).map(toMessageRow)),
    /** The rows of the same guids, as far as they are still there. */
    rowsOf: (guids: readonly string[]): MessageRow[] =>
      asOurs(() => guids.flatMap(each => withAliases(byGuid.all(each)).map(toMessageRow))),
    /** Values of today's chats and messages whose meaning nobody here knows: `chat.is_filtered = 9`. */
    unknownValues: (): string[] =>
      marksThere.flatMap(({ mark, name, values }) =>
        values
          .all()
          .filter(value => value !== null && !isKnownValue(mark, value))
          .map(value => `${name} = ${value}`),
      ),
    /** The guids among these of which the row is this account's own. */
    ownAmong: (guids: readonly string[]): string[] => guids.filter(each => own.get(each) !== undefined),
    /** When the newest incoming message was sent, Unix milliseconds. */
    newestIncomingMs: (): number | undefined => {
      const raw = newestIncoming.get()
      return raw && toMessageRow(raw).dateMs
    },
    /** Whether incoming rows are marked as finished here; every macOS does, other writers may not. */
    marksFinished: (): boolean => finished.get() === 1,
    /** The chat of a thread, where there are several the one last used; `writtenTo`: somebody has written to us in it. */
    chatOf: (threadId: string, { writtenTo }: { readonly writtenTo: boolean }): Chat | undefined => {
      const raw = chats.get({ threadId, writtenTo: writtenTo ? 1 : 0, limit: 1 })
      return raw && toChat(raw)
    },
    /** All chats of a thread, the one with the newest rows first. */
    chatsOf: (threadId: string): Chat[] =>
      chats.all({ threadId, writtenTo: 0, limit: MOST_CHATS }).flatMap(raw => toChat(raw) ?? []),
  }
}

/** Of one identifier: a few services, in the old and the new form. */
const MOST_CHATS = 20
/** What the owner's addresses are today, the newest messages tell. */
const AMONG_ROWS = 1_000

const EDIT_MARKS = ['date_edited', 'date_retracted', 'is_empty'] as const

const CHAT_COLUMNS = ['is_filtered', 'is_blackholed', 'is_pending_review', 'account_login'] as const

const MESSAGE_COLUMNS = [
  'attributedBody',
  'date',
  'is_from_me',
  'is_finished',
  'is_empty',
  'is_system_message',
  'item_type',
  'associated_message_type',
  'schedule_type',
  'error',
  'cache_has_attachments',
  'is_audio_message',
  'is_spam',
  'filter_action',
  'account',
  'balloon_bundle_id',
  'destination_caller_id',
  'date_edited',
  'date_retracted',
  'thread_originator_guid',
  'service',
] as const

/** Which file a path names. `stat` opens nothing, so it is safe beside an open connection. */
export const identityOf = (path: string): string => {
  const { dev, ino } = statSync(path, { bigint: true })
  return `${dev}:${ino}`
}

export const CHAT_DB_CODES = [
  'chat_db_missing',
  'chat_db_forbidden',
  'chat_db_damaged',
  'chat_db_busy',
  'chat_db_unreadable',
] as const
export type ChatDbCode = (typeof CHAT_DB_CODES)[number]

/** Why chat.db cannot be read now. */
export class ChatDbProblem extends EdgeError {
  override readonly name = 'ChatDbProblem'

  constructor(code: ChatDbCode, message: string, remedy: string, cause: unknown) {
    const exit = code === 'chat_db_forbidden' ? EXIT.permission : code === 'chat_db_busy' ? EXIT.failure : EXIT.config
    super(code, message, { remedy, exit, cause })
  }
}

/** To be called when no connection is open: it may open the file itself to see what is wrong. */
export const explainChatDbError = (cause: unknown, path: string): ChatDbProblem => {
  if (cause instanceof ChatDbProblem) return cause
  const code = (cause as { code?: string }).code ?? ''
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new ChatDbProblem(
      'chat_db_busy',
      `${path} is locked by another program`,
      'Nothing to do: the agent keeps retrying.',
      cause,
    )
  }
  const seen = probe(path)
  if (seen === 'ENOENT') {
    return new ChatDbProblem(
      'chat_db_missing',
      `there is no Messages database at ${path}`,
      'Sign in to Messages once, so that it creates one, or set --chat-db to its path.',
      cause,
    )
  }
  if (seen === 'EPERM' || seen === 'EACCES') {
    return new ChatDbProblem(
      'chat_db_forbidden',
      `macOS does not let this program read ${path} (${seen})`,
      `Grant Full Disk Access to ${process.execPath}: System Settings > Privacy & Security > Full Disk Access. The agent then continues automatically.`,
      cause,
    )
  }
  if (
    seen === NO_DATABASE ||
    code === 'SQLITE_NOTADB' ||
    code.startsWith('SQLITE_CORRUPT') ||
    code === 'SQLITE_ERROR'
  ) {
    return new ChatDbProblem(
      'chat_db_damaged',
      `${path} is not a Messages database: ${String((cause as Error).message)}`,
      'Check that --chat-db is the chat.db of Messages. If it is, open Messages and check that it works.',
      cause,
    )
  }
  return new ChatDbProblem(
    'chat_db_unreadable',
    `${path} cannot be read: ${seen ?? String((cause as Error).message)}`,
    'The agent keeps retrying. If this persists, restart the Mac.',
    cause,
  )
}

const NO_DATABASE = 'no database'

/** macOS may allow open() and refuse read(): do both. */
const probe = (path: string): string | undefined => {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const head = Buffer.alloc(16)
    const length = readSync(fd, head, 0, 16, 0)
    return length === 16 && head.toString('latin1') === 'SQLite format 3\0' ? undefined : NO_DATABASE
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EISDIR' ? NO_DATABASE : code
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
