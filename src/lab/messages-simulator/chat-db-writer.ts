import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { type BodyRun, encodeAttributedBody } from './encode-attributed-body.ts'
import { encodeLinkPayload, encodeSummary } from './encode-plist.ts'

export type ChatSpec = {
  /** `iMessage;-;+1…`, `any;-;a@b.c`, `SMS;-;…`, `any;+;chat…`: what is not given below follows from it. */
  readonly guid: string
  /** Addresses of the others; in a direct chat the one its guid names. */
  readonly participants?: readonly string[]
  /** The name that a group was given. */
  readonly name?: string
  /** chat.service_name; `iMessage` where the guid says `any`. */
  readonly service?: string
  /** The local account: its id, and its address as `E:me@example.com` or `P:+1…`. */
  readonly accountId?: string
  readonly accountLogin?: string
  /** chat.is_filtered: 1 is an unknown sender, 2 junk. */
  readonly isFiltered?: number | boolean
  /** In place of what Messages would write: a blocked sender, the address that was used last. */
  readonly columns?: Columns
}

export type ChatRow = {
  readonly rowid: number
  readonly guid: string
  /** chat.chat_identifier. */
  readonly identifier: string
  readonly isGroup: boolean
  readonly service: string
  readonly accountId: string
  readonly accountLogin: string
}

/** Columns of the message table by name. Dates are nanoseconds since 2001, as BigInt. */
export type Columns = Readonly<Record<string, string | number | bigint | Uint8Array | null>>

export type AttachmentSpec = {
  readonly name: string
  readonly mimeType?: string | undefined
  readonly bytes?: number | undefined
  readonly isSticker?: boolean | undefined
}

export type MessageSpec = {
  /** The chat, or its guid; it is made where it is missing. */
  readonly chat: string | ChatSpec
  readonly text?: string
  readonly subject?: string
  /** A voice message, and what Messages heard in it; the transcript may also come later, see `transcribe`. */
  readonly voice?: { readonly transcript?: string }
  /** The row is the preview of this link: that is its text, where no other one is given. */
  readonly balloon?: string
  /** Where the words go: `attributedBody` (the default; then text is NULL), `text`, or both. */
  readonly body?: 'attributedBody' | 'text' | 'both'
  readonly attachments?: readonly AttachmentSpec[]
  /** How long after the join to the chat the attachments are joined; at 0, the default, with it. */
  readonly attachMs?: number
  /** guid of the message that it is a reply to, in a thread. */
  readonly replyTo?: string
  /** In place of what Messages would write: a tapback, a group event, an old date, a guid, a ROWID. */
  readonly columns?: Columns
  /** What these columns say at first; an UPDATE brings their true values, `settleMs` after the join. */
  readonly atFirst?: Columns
  readonly settleMs?: number
  /** How long after the message its join to the chat is committed; it is a commit of its own even at 0, the default. */
  readonly joinMs?: number | 'never'
}

/** An incoming message; `from` is the sender's address. */
export type IncomingSpec = MessageSpec & { readonly from: string }

export type Committed = {
  readonly guid: string
  readonly rowid: number
  /** When the commit that completed the row had returned, in Unix milliseconds with fractions. */
  readonly committedAt: number
}

export type ChatDbWriter = ReturnType<typeof openChatDbWriter>

/**
 * Opens a chat.db as Messages does, to write to it; makes it where it is missing. Messages commits a row before the row's
 * join to a chat, and fills in some columns later still: so does this. Only columns that macOS 12 has are written
 * unless asked for.
 */
export const openChatDbWriter = (path: string) => {
  const db = new Database(path, { timeout: 60_000 })
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL')
  inTransaction(db, () => {
    const isNew = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'message'").get() === undefined
    if (isNew) db.exec(readFileSync(new URL('./schema.sql', import.meta.url), 'utf8'))
  })

  return {
    /** The chat as it is, or as it is from now on. */
    ensureChat: (spec: string | ChatSpec): ChatRow => inTransaction(db, () => ensureChat(db, spec)),

    findChat: (guid: string): ChatRow | undefined => findChat(db, 'guid = ?', guid),

    /** The one by that service, or of all of them. */
    findDirectChat: (identifier: string, service: string): ChatRow | undefined =>
      findChat(
        db,
        "style = 45 AND chat_identifier = ? AND (guid LIKE 'any;%' OR service_name = ?)",
        identifier,
        service,
      ),

    hasAccount: (id: string): boolean =>
      db.prepare('SELECT 1 FROM chat WHERE account_id = ? LIMIT 1').get(id) !== undefined,

    /** A message that someone sent to us. The row is there when this returns, the promise is for its completion. */
    writeIncoming: (spec: IncomingSpec): Promise<Committed> =>
      writeMessage(db, spec, chat => ({
        handle_id: ensureHandle(db, spec.from, chat.service),
        is_delivered: 1,
      })),

    /** A message of our own: sent, not yet delivered. */
    writeOutgoing: (spec: MessageSpec): Promise<Committed> =>
      writeMessage(db, spec, chat => ({
        handle_id: chat.isGroup ? 0 : ensureHandle(db, chat.identifier, chat.service),
        is_from_me: 1,
        is_sent: 1,
      })),

    /** What Messages leaves behind when it accepts a text for a group and sends nothing: empty, SMS, in no chat. */
    writeGhost: (chat: string): Promise<Committed> =>
      writeMessage(db, { chat, body: 'text', text: '', joinMs: 'never' }, ({ identifier }) => ({
        handle_id: ensureHandle(db, identifier, 'SMS'),
        service: 'SMS',
        is_from_me: 1,
      })),

    /** A delivery, a receipt, an error: an UPDATE of a row that is there. */
    updateMessage: (guid: string, columns: Columns): Committed => updateMessage(db, guid, columns),

    /** Its sender edits a message: the body has the newest text alone, the summary what was edited. Attachments stay. */
    editMessage: (guid: string, text: string): Committed => {
      const runs = toRuns(text, attachmentsOf(db, guid))
      const attributedBody = encodeAttributedBody(runs ?? '', { mutable: true })
      const edited = { date_edited: toAppleDate(now()), message_summary_info: encodeSummary('ep') }
      return updateMessage(db, guid, { ...edited, text: null, attributedBody })
    },

    /** Its sender takes a message back: an empty body, and not a word of it in any date but that of edits. */
    unsendMessage: (guid: string): Committed => {
      const withdrawn = { date_edited: toAppleDate(now()), message_summary_info: encodeSummary('rp') }
      return updateMessage(db, guid, { ...withdrawn, text: null, attributedBody: encodeAttributedBody('') })
    },

    /** Messages has listened to a voice message. */
    transcribe: (guid: string, transcript: string): Committed => {
      const [file] = attachmentsOf(db, guid)
      if (file === undefined) throw new Error(`${guid} is no voice message`)
      const runs: BodyRun[] = [{ text: '\uFFFC', part: 0, transferGuid: file.guid, transcript }]
      return updateMessage(db, guid, { attributedBody: encodeAttributedBody(runs) })
    },

    /** Moves the -wal's content into chat.db; TRUNCATE also empties the -wal. */
    checkpoint: (mode: 'PASSIVE' | 'FULL' | 'RESTART' | 'TRUNCATE' = 'TRUNCATE'): void => {
      db.pragma(`wal_checkpoint(${mode})`)
    },

    close: (): void => {
      db.close()
    },
  }
}

/** Nanoseconds since 2001-01-01 UTC, as chat.db counts time, for Unix milliseconds. */
export const toAppleDate = (unixMs: number): bigint => BigInt(Math.round((unixMs - APPLE_EPOCH_MS) * 1000)) * 1000n

const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1)

const now = (): number => performance.timeOrigin + performance.now()

const inTransaction = <Result>(db: Database.Database, work: () => Result): Result => db.transaction(work).immediate()

const writeMessage = async (
  db: Database.Database,
  {
    chat: chatSpec,
    text: words,
    subject,
    voice,
    balloon,
    body = 'attributedBody',
    attachments: given = [],
    columns,
    atFirst,
    attachMs = 0,
    replyTo,
    joinMs = 0,
    settleMs = 0,
  }: MessageSpec,
  ownColumns: (chat: ChatRow) => Columns,
): Promise<Committed> => {
  const attachments: readonly AttachmentSpec[] = voice === undefined ? given : [RECORDING]
  const files = attachments.map(attachment => ({ ...attachment, guid: `at_${randomUUID().toUpperCase()}` }))
  const runs = toRuns(words ?? balloon, files)?.map(run =>
    run.transferGuid !== undefined && voice?.transcript !== undefined ? { ...run, transcript: voice.transcript } : run,
  )
  const text = runs?.map(run => run.text).join('')
  const { chat, row, rowid } = inTransaction(db, () => {
    const chat = ensureChat(db, chatSpec)
    const row = {
      guid: randomUUID().toUpperCase(),
      text: text === undefined || body === 'attributedBody' ? null : text,
      attributedBody: runs === undefined || body === 'text' ? null : encodeAttributedBody(runs),
      version: 10,
      service: chat.service,
      account: chat.accountLogin,
      account_guid: chat.accountId,
      destination_caller_id: chat.accountLogin.slice(2),
      date: toAppleDate(now()),
      date_read: 0,
      date_delivered: 0,
      is_finished: 1,
      ...(subject !== undefined && { subject }),
      ...(voice && { is_audio_message: 1 }),
      ...(balloon !== undefined && { balloon_bundle_id: LINK_BALLOON, payload_data: encodeLinkPayload(balloon) }),
      ...(replyTo !== undefined && { thread_originator_guid: replyTo, thread_originator_part: '0:0:1' }),
      ...ownColumns(chat),
      ...columns,
    } satisfies Columns
    return { chat, row: row as typeof row & Columns, rowid: insert(db, 'message', { ...row, ...atFirst }) }
  })

  if (joinMs !== 'never') {
    if (joinMs > 0) await sleep(joinMs)
    inTransaction(db, () => {
      insert(db, 'chat_message_join', { chat_id: chat.rowid, message_id: rowid, message_date: row.date })
      if (attachMs === 0) for (const file of files) attach(db, rowid, file)
    })
    if (attachMs > 0) {
      await sleep(attachMs)
      inTransaction(db, () => {
        for (const file of files) attach(db, rowid, file)
      })
    }
  }
  if (atFirst) {
    if (settleMs > 0) await sleep(settleMs)
    // A column that nobody gives a value has its default.
    const settled = Object.fromEntries(Object.keys(atFirst).map(name => [name, 0]))
    inTransaction(db, () => update(db, rowid, { ...settled, ...pick(row, Object.keys(atFirst)) }))
  }
  return { guid: row.guid, rowid, committedAt: now() }
}

const RECORDING: AttachmentSpec = { name: 'Audio Message.caf', mimeType: 'audio/x-caf' }
const LINK_BALLOON = 'com.apple.messages.URLBalloonProvider'

const updateMessage = (db: Database.Database, guid: string, columns: Columns): Committed => {
  const row = db.prepare('SELECT ROWID AS rowid FROM message WHERE guid = ?').get(guid) as { rowid: number } | undefined
  if (!row) throw new Error(`chat.db has no message ${guid}`)
  inTransaction(db, () => update(db, row.rowid, columns))
  return { guid, rowid: row.rowid, committedAt: now() }
}

const attachmentsOf = (db: Database.Database, guid: string): readonly { readonly guid: string }[] =>
  db
    .prepare<[string], { guid: string }>(
      `SELECT a.guid FROM message m JOIN message_attachment_join j ON j.message_id = m.ROWID
       JOIN attachment a ON a.ROWID = j.attachment_id WHERE m.guid = ? ORDER BY a.ROWID`,
    )
    .all(guid)

const pick = (row: Columns, names: readonly string[]): Columns =>
  Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)))

/** Each attachment is a part of its own before the words; nothing at all is no body, which is not an empty one. */
const toRuns = (
  text: string | undefined,
  files: readonly { readonly guid: string }[],
): readonly BodyRun[] | undefined => {
  if (text === undefined && files.length === 0) return undefined
  const runs: BodyRun[] = files.map((file, part) => ({ text: '\uFFFC', part, transferGuid: file.guid }))
  return text ? [...runs, { text, part: files.length }] : runs
}

const attach = (db: Database.Database, message: number, file: AttachmentSpec & { readonly guid: string }): void => {
  const attachment = insert(db, 'attachment', {
    guid: file.guid,
    original_guid: file.guid,
    filename: `~/Library/Messages/Attachments/00/${file.name}`,
    transfer_name: file.name,
    mime_type: file.mimeType ?? 'image/jpeg',
    total_bytes: file.bytes ?? 1024,
    transfer_state: 5,
    is_sticker: file.isSticker ? 1 : 0,
  })
  insert(db, 'message_attachment_join', { message_id: message, attachment_id: attachment })
}

const ensureChat = (db: Database.Database, spec: string | ChatSpec): ChatRow => {
  const { guid, ...given }: ChatSpec = typeof spec === 'string' ? { guid: spec } : spec
  const [prefix, sign, identifier] = guid.split(';', 3)
  if (!prefix || !identifier || (sign !== '-' && sign !== '+')) throw new Error(`not a chat's guid: ${guid}`)
  const isGroup = sign === '+'
  const known = findChat(db, 'guid = ?', guid)
  const service = known?.service ?? given.service ?? (prefix === 'any' ? 'iMessage' : prefix)
  const rowid =
    known?.rowid ??
    insert(db, 'chat', {
      guid,
      style: isGroup ? 43 : 45,
      state: 3,
      account_id: given.accountId ?? ACCOUNT_ID,
      account_login: given.accountLogin ?? ACCOUNT_LOGIN,
      chat_identifier: identifier,
      service_name: service,
      room_name: isGroup ? identifier : null,
      group_id: randomUUID().toUpperCase(),
      is_filtered: Number(given.isFiltered ?? 0),
      ...given.columns,
    })
  if (given.name !== undefined) db.prepare('UPDATE chat SET display_name = ? WHERE ROWID = ?').run(given.name, rowid)
  for (const participant of given.participants ?? (isGroup ? [] : [identifier])) {
    const join = db.prepare('INSERT OR IGNORE INTO chat_handle_join (chat_id, handle_id) VALUES (?, ?)')
    join.run(rowid, ensureHandle(db, participant, service))
  }
  return known ?? (findChat(db, 'guid = ?', guid) as ChatRow)
}

const ACCOUNT_ID = '5B1C0DE5-0000-4000-8000-00000000CAFE'
const ACCOUNT_LOGIN = 'E:assistant@example.com'

const findChat = (db: Database.Database, condition: string, ...values: readonly string[]): ChatRow | undefined => {
  const row = db
    .prepare(
      `SELECT ROWID AS rowid, guid, chat_identifier AS identifier, style = 43 AS isGroup, service_name AS service,
         account_id AS accountId, account_login AS accountLogin
       FROM chat WHERE ${condition} ORDER BY ROWID LIMIT 1`,
    )
    .get(...values) as (Omit<ChatRow, 'isGroup'> & { readonly isGroup: number }) | undefined
  return row && { ...row, isGroup: row.isGroup === 1 }
}

/** One address has a handle per service. */
const ensureHandle = (db: Database.Database, id: string, service: string): number => {
  const known = db.prepare('SELECT ROWID AS rowid FROM handle WHERE id = ? AND service = ?').get(id, service)
  return (
    (known as { rowid: number } | undefined)?.rowid ?? insert(db, 'handle', { id, service, uncanonicalized_id: id })
  )
}

const insert = (db: Database.Database, table: string, row: Columns): number => {
  const names = Object.keys(row)
  const places = names.map(() => '?').join(', ')
  const statement = db.prepare(`INSERT INTO ${table} (${names.map(quote).join(', ')}) VALUES (${places})`)
  return Number(statement.run(...Object.values(row)).lastInsertRowid)
}

const update = (db: Database.Database, rowid: number, columns: Columns): void => {
  const assignments = Object.keys(columns).map(name => `${quote(name)} = ?`)
  db.prepare(`UPDATE message SET ${assignments.join(', ')} WHERE ROWID = ?`).run(...Object.values(columns), rowid)
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
