import { decideForward, type ForwardRules, type Verdict } from '../core/decide-forward.ts'
import { findEcho } from '../core/find-echo.ts'
import { isWhole } from '../core/fit-of-row.ts'
import { inOrderOfDates } from '../core/in-order-of-dates.ts'
import { wordsOf } from '../core/judge-edit.ts'
import { judgeOwnRow, type StartedBubble } from '../core/judge-own-row.ts'
import type { Chat, MessageDetails, MessageRow } from '../core/message.ts'
import { type IsOwnAddress, isFromOwner } from '../core/own-addresses.ts'
import { says } from '../core/says.ts'
import type { ChatDb } from '../imessage/chat-db.ts'
import type { CursorPosition, PendingRow } from '../store/cursor.ts'
import type { Store } from '../store/open-store.ts'
import { anchor, firstStartFor, newest, STATE_LOST } from './anchor-cursor.ts'
import { type Composed, type Outgoing, outgoingOf } from './compose-message.ts'
import type { Gathering } from './gather-rows.ts'
import type { OwnAddresses } from './learn-own-addresses.ts'
import type { ReadAhead } from './read-ahead.ts'
import type { Relation } from './relate-row.ts'

/** A row that was seen before, and what for it was kept in mind. */
type Seen = PendingRow

/** What this flow reads of chat.db. */
export type ReceiveSource = Pick<
  ChatDb,
  | 'snapshot'
  | 'file'
  | 'highestRowid'
  | 'guidAt'
  | 'rowsAfter'
  | 'datesAfter'
  | 'row'
  | 'rowidsSince'
  | 'highestRowidBefore'
  | 'marksFinished'
>

export type ReceiveNeeds = {
  readonly rules: ForwardRules
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
  /** When what is about to be read was committed, Unix milliseconds. */
  readonly commitMs: number
  /** False where nobody has looked for a while by the wall clock: the machine slept, or the clock was set. */
  readonly attended: boolean
  readonly hash: (text: string) => string
  readonly transaction: <T>(work: () => T) => T
  readonly cursor: Pick<
    ReadAhead,
    | 'read'
    | 'move'
    | 'pass'
    | 'pendingRows'
    | 'awaitRow'
    | 'renewGrace'
    | 'forgetRow'
    | 'forgetAllRows'
    | 'rememberChat'
  >
  readonly inbox: Pick<Store['inbox'], 'add' | 'isKnown' | 'hasTwin' | 'hasTwinAt'>
  readonly outbox: Pick<Store['outbox'], 'startedIn' | 'isClaimed' | 'claimEcho' | 'awaitingRow' | 'lowerWatermark'>
  readonly own: Pick<OwnAddresses, 'has' | 'learn' | 'cameBack'>
  /** What a row is beside those before it. */
  readonly relate: (row: MessageRow) => Relation | undefined
  /** What of several rows is one message. */
  readonly gathering: Pick<Gathering, 'hold' | 'join'>
  /** What of it leaves this Mac. */
  readonly compose: (message: Outgoing, how: { readonly atOnce: boolean }) => Composed
  /** With `payload = "extended"`: what else is told of a row. `isWhole`: all attachments are there that its text has a place for. */
  readonly details?: (row: MessageRow, chat: Chat) => MessageDetails
  readonly isWhole?: (row: MessageRow) => boolean
  readonly count: (name: string) => void
  /** What was known is lost, after a first start at that time: what may have been left unanswered is kept for a person. */
  readonly startedOver?: { readonly firstStartMs: number } | undefined
  /** When this agent first started, though it may not have been able to read chat.db then; Unix milliseconds. */
  readonly firstStartMs?: number
  readonly onReanchored?: (file: string) => void
  /** Makes the first POSTs of what was just read part of the transaction; what it returns makes them. */
  readonly intendPosts?: (isFresh: (id: number) => boolean) => () => void
  /** A message is queued for the backend; in the transaction that stores it. */
  readonly onQueued?: (message: {
    readonly guid: string
    readonly threadId: string
    readonly sender: string
    readonly says: string
    readonly isGroup: boolean
  }) => void
  /** What happens where the owner writes by hand; absent where that means nothing. */
  readonly takeover?: Takeover | undefined
}

export type Takeover = {
  readonly pauseMs: number
  /** Rows before that may be our own, as we do not remember; Unix milliseconds. */
  readonly knownSinceMs: number
  readonly isOwnAddress: IsOwnAddress
  readonly started: (threadId: string) => readonly StartedBubble[]
  /**
   * The owner wrote there, at that time (Unix milliseconds), to a person who has these other addresses; in the transaction
   * that moves the cursor.
   */
  readonly begin: (threadId: string, atMs: number, aliases: readonly string[]) => void
}

export type Received = {
  /** How many messages are queued for the backend. */
  readonly queued: number
  /** Rows that Messages is still writing: call again soon, even if chat.db does not change. */
  readonly pending: number
  /** Whether there are rows behind those: call again at once. */
  readonly more: boolean
}

/**
 * Rows of chat.db → inbox. Each row ends stored (queued or skipped with its reason) or remembered as still being
 * written, in the one transaction that moves the cursor over it.
 */
export const receiveBatch = (db: ReceiveSource, needs: ReceiveNeeds): Received => {
  let position = anchor(db, needs)
  // A row is given up after it has been looked at for so long, not after so long a sleep.
  if (!needs.attended && needs.cursor.pendingRows().length > 0) {
    needs.transaction(() => needs.cursor.renewGrace(needs.now()))
  }

  position = noteDisorder(db, position, needs)
  const marksFinished = db.marksFinished()
  let queued = 0
  for (let batches = 1; ; batches++) {
    const after = position
    const { pending, rows } = db.snapshot(() => ({
      pending: needs.cursor.pendingRows().map(seen => ({ ...seen, row: db.row(seen.rowid) })),
      rows: db.rowsAfter(after.rowid, BATCH_ROWS),
    }))
    if (pending.length === 0 && rows.length > 0 && rows.every(row => isJustWritten(row, needs.now()))) {
      return { queued, pending: rows.length, more: false }
    }
    const last = rows.at(-1)
    if (last !== undefined) {
      position = { ...after, file: db.file, rowid: last.rowid, guid: last.guid, newestMs: newest(rows, after, needs) }
    }
    const fresh = new Set<number>()
    const take = (row: MessageRow, seen?: Seen): void => {
      const id = receiveRow(row, seen, marksFinished, firstStartFor(seen, after, needs), needs)
      if (id !== undefined) fresh.add(id)
    }
    const seenBefore = new Map<number, Seen>(pending.map(({ row: _, ...seen }) => [seen.rowid, seen]))
    const there = inOrderOfDates([...pending.flatMap(({ row }) => row ?? []), ...rows], needs.now())
    if (pending.length === 0 && rows.length > 0 && rows.every(row => isPassed(row, needs))) {
      needs.cursor.pass(position, rows.length)
    } else if (pending.length > 0 || rows.length > 0) {
      const begin = needs.transaction(() => {
        for (const { row, rowid } of pending) if (row === undefined) needs.cursor.forgetRow(rowid)
        for (const row of there) take(row, seenBefore.get(row.rowid))
        needs.cursor.move(position)
        return fresh.size > 0 ? needs.intendPosts?.(id => fresh.has(id)) : undefined
      })
      queued += fresh.size
      begin?.()
    }
    const more = rows.length === BATCH_ROWS
    if (!more || batches === MAX_BATCHES) return { queued, pending: needs.cursor.pendingRows().length, more }
  }
}

/** Few enough to be held in memory with the longest texts. */
const BATCH_ROWS = 50
/** After so many the rest of the program has its turn. */
const MAX_BATCHES = 4
/** Messages commits a row right before its join to a chat: within this time it is not worth a note that it is unfinished. */
const JUST_WRITTEN_MS = 250
/** How far back an identical bubble of ours is looked for. */
const ECHO_WINDOW_MS = 10 * 60_000

const isJustWritten = ({ chat, dateMs = 0 }: MessageRow, now: number): boolean =>
  chat === undefined && Math.abs(now - dateMs) < JUST_WRITTEN_MS

/**
 * Rows that came in at once, more than fit into a batch, and in another order than that in which they were written: they are
 * noted all together, and then taken in by date.
 */
const noteDisorder = (db: ReceiveSource, position: CursorPosition, needs: ReceiveNeeds): CursorPosition => {
  if (db.highestRowid() - position.rowid <= BATCH_ROWS) return position
  const next = db.datesAfter(position.rowid, BATCH_ROWS * MAX_BATCHES)
  const last = next.at(-1)
  const isInOrder = inOrderOfDates(next, needs.now()).every((row, index) => row === next[index])
  if (last === undefined || next.length <= BATCH_ROWS || isInOrder) return position
  const { guid: _, ...rest } = position
  const guid = db.guidAt(last.rowid)
  const newestMs = newest(next, position, needs)
  const moved = { ...rest, file: db.file, rowid: last.rowid, newestMs, ...(guid !== undefined && { guid }) }
  needs.transaction(() => {
    for (const { rowid } of next) needs.cursor.awaitRow(rowid, needs.now(), 'disorder')
    needs.cursor.move(moved)
  })
  return moved
}

/** Judges and stores one row: its id in the inbox, where it is queued there. Part of the caller's transaction. */
const receiveRow = (
  row: MessageRow,
  seen: Seen | undefined,
  marksFinished: boolean,
  firstStartMs: number,
  needs: ReceiveNeeds,
): number | undefined => {
  const { cursor, inbox, outbox } = needs
  const now = needs.now()
  const settled = (): undefined => {
    if (seen !== undefined) cursor.forgetRow(row.rowid)
  }
  if (inbox.isKnown(row.guid)) return settled()
  needs.own.learn(row.ownAddresses ?? [])
  if (row.fromMe) {
    const waitsFor = receiveOwnRow(row, seen, needs)
    if (waitsFor !== undefined) {
      if (seen === undefined) cursor.awaitRow(row.rowid, now, waitsFor)
      return undefined
    }
    needs.count('skipped.own')
    return settled()
  }

  const { chat, sender } = row
  const fingerprint = fingerprintOf(row, needs.hash)
  const isOwners = isFromOwner(row, needs.own.has)
  const sent = chat && outbox.startedIn(isOwners ? undefined : chat.threadId, now - ECHO_WINDOW_MS)
  const echo = sent && findEcho(row, sent, isOwners)
  const relation = needs.relate(row)
  const verdict: Verdict = decideForward(row, {
    rules: needs.rules,
    now,
    firstStartMs,
    waitedMs: seen === undefined ? 0 : now - seen.firstSeenMs,
    marksFinished,
    isTwin: isTwin(row, fingerprint, inbox),
    lacksAttachments: needs.isWhole?.(row) === false,
    ownBubble: echo === undefined ? 'none' : echo.bubble.open ? 'open' : 'sent',
    comesBack: isOwners || echo?.isPrompt === true,
    relation: toReason(relation, needs),
  })

  if (verdict.kind === 'wait') {
    if (seen === undefined) cursor.awaitRow(row.rowid, now, verdict.for)
    return undefined
  }
  const record = {
    guid: row.guid,
    seenMs: needs.commitMs,
    ...(chat && { threadId: chat.threadId, chatGuid: chat.guid }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(row.dateMs !== undefined && { dateMs: row.dateMs }),
  }
  if (verdict.kind === 'skip' || chat === undefined || sender === undefined) {
    const reason = verdict.kind === 'skip' ? verdict.reason : 'incomplete'
    inbox.add({ ...record, skip: reason, ...(verdict.kind === 'skip' && verdict.rule && { rule: verdict.rule }) })
    if (reason === 'own_echo' && echo) {
      // Of one that comes back as several rows each is looked for in all of it.
      if (isWhole(echo.fit)) outbox.claimEcho(echo.bubble.id, row.guid)
      if (echo.isPrompt && sender !== undefined) needs.own.cameBack(sender)
    }
    return settled()
  }
  cursor.rememberChat(chat)
  const isLost = seen?.waitingFor === STATE_LOST
  const edit = relation?.kind === 'edit' ? relation : undefined
  if (!isLost && edit === undefined && needs.gathering.join(row, record)) return settled()
  const details = needs.details?.(row, chat)
  const event = edit && ({ kind: 'edited', atMs: row.dateMs ?? now } as const)
  const continues = relation?.kind === 'continues' && { continues: relation.of }
  const told = { messageId: edit?.of ?? row.guid, details, ...continues, ...(event && { event }) }
  const outgoing = { ...outgoingOf(row, chat, sender, told), ...(edit && { text: edit.text }) }
  const hold = isLost || edit !== undefined ? undefined : needs.gathering.hold(row)
  // In the background nothing is known but its row.
  const atOnce = isLost || relation !== undefined || hold !== undefined || row.isVoice === true
  const composed = needs.compose(outgoing, { atOnce })
  const words = needs.hash(wordsOf(row))
  const edited = row.editedMs !== undefined && { editedMs: row.editedMs }
  const message = {
    ...record,
    ...composed,
    rule: verdict.rule,
    words,
    ...edited,
    ...(hold && { hold }),
    ...(edit && ({ event: 'edited', about: edit.of } as const)),
  }
  const id = inbox.add('body' in message && isLost ? { ...message, dead: STATE_LOST } : message)
  settled()
  if ('skip' in message || isLost) return undefined
  needs.onQueued?.({ guid: row.guid, threadId: chat.threadId, sender, says: says(row.text), isGroup: chat.isGroup })
  return 'body' in message ? id : undefined // what is composed in the background is POSTed then
}

/** Where the backend is told of edits, it is told of this one; else nothing of it is for it. */
const toReason = (relation: Relation | undefined, { details }: ReceiveNeeds) => {
  if (relation?.kind === 'edit') return details === undefined ? 'edit_notice' : undefined
  return relation?.kind === 'continues' ? undefined : relation?.kind
}

/** What this account sent: where its owner did so by hand, that holds us back. Returns what the row still lacks. */
const receiveOwnRow = (row: MessageRow, seen: Seen | undefined, needs: ReceiveNeeds): string | undefined => {
  const verdict = judgeOwn(row, seen, needs)
  if (verdict?.kind === 'wait') return verdict.for
  if (verdict?.kind === 'by_hand') {
    needs.takeover?.begin(verdict.threadId, verdict.atMs, (row.chat?.isGroup === false && row.senderAliases) || [])
    needs.count('guard.by_hand')
  }
  return undefined
}

/** Undefined where it means nothing who wrote it. */
const judgeOwn = (row: MessageRow, seen: Seen | undefined, { takeover, outbox, now }: ReceiveNeeds) => {
  if (takeover === undefined || (row.dateMs ?? 0) < takeover.knownSinceMs) return undefined
  if (outbox.isClaimed(row.guid)) return undefined // by a bubble of ours, however long ago
  const at = now()
  return judgeOwnRow(row, { ...takeover, now: at, waitedMs: seen === undefined ? 0 : at - seen.firstSeenMs })
}

/** A row of ours of which nothing is to be kept. */
const isPassed = (row: MessageRow, needs: ReceiveNeeds): boolean => {
  if (!row.fromMe || needs.inbox.isKnown(row.guid) || row.ownAddresses?.every(needs.own.has) === false) return false
  const kind = judgeOwn(row, undefined, needs)?.kind
  return kind !== 'wait' && kind !== 'by_hand'
}

/**
 * What a copy of a message has in common with it, whatever guid and ROWID it is given: cloud sync inserts old messages
 * again. Without a date nothing tells a copy from a person who says the same twice.
 */
export const fingerprintOf = (row: MessageRow, hash: (text: string) => string): string | undefined =>
  row.chat === undefined || row.dateMs === undefined || row.text === ''
    ? undefined
    : hash([row.chat.threadId, row.sender ?? '', row.date, row.text].join('\0'))

/** Where one of the two was edited or withdrawn since, they do not say the same. */
const isTwin = (row: MessageRow, fingerprint: string | undefined, inbox: ReceiveNeeds['inbox']): boolean =>
  (fingerprint !== undefined && inbox.hasTwin(fingerprint, row.guid)) ||
  (row.chat !== undefined &&
    row.dateMs !== undefined &&
    inbox.hasTwinAt(row.chat.threadId, row.dateMs, row.guid, row.editedMs !== undefined))
