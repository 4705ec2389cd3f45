import { MESSAGE_UNSENT } from '../core/bubble.ts'
import { decideForward, type ForwardRules } from '../core/decide-forward.ts'
import { judgeEdit, wordsOf } from '../core/judge-edit.ts'
import type { Log } from '../core/log.ts'
import type { Chat, MessageDetails, MessageRow } from '../core/message.ts'
import type { ChatDb } from '../imessage/chat-db.ts'
import type { KnownMessage } from '../store/inbox.ts'
import type { Store } from '../store/open-store.ts'
import { type Composed, type Outgoing, outgoingOf } from './compose-message.ts'
import type { Extended } from './extended-fields.ts'
import type { Gathering } from './gather-rows.ts'
import { fingerprintOf } from './receive-batch.ts'

/** What this flow reads of chat.db. */
export type EditSource = Pick<ChatDb, 'rowOf' | 'changedSince' | 'ownAmong'>

export type EditNeeds = {
  /** chat.db, while it is open. */
  readonly chatDb: () => EditSource | undefined
  readonly rules: ForwardRules
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
  /** The clock by which answers and reflexes are told apart; the one on the wall may be set. */
  readonly steadyNow: () => number
  readonly hash: (text: string) => string
  readonly transaction: <T>(work: () => T) => T
  readonly inbox: Pick<
    Store['inbox'],
    | 'add'
    | 'lookUp'
    | 'lookUpId'
    | 'editsOf'
    | 'newest'
    | 'recompose'
    | 'noteEdit'
    | 'noteWithdrawal'
    | 'skip'
    | 'posted'
  >
  readonly outbox: Pick<Store['outbox'], 'plannedFor' | 'park'>
  readonly commands: Pick<Store['commands'], 'openReflexes' | 'bind'>
  readonly gathering: Pick<Gathering, 'wholeOf'>
  readonly compose: (message: Outgoing, how?: { readonly atOnce: boolean }) => Composed
  /** Only with `payload = "extended"`: then the backend is told. */
  readonly details?: (row: MessageRow, chat: Chat) => MessageDetails
  /** A bubble came to its end. */
  readonly onEnd: (bubbleId: number, state: 'parked', reason: string) => void
  readonly log: Log
}

/**
 * People edit and unsend what they wrote: the row of the message changes. What has not left this Mac follows it; what has
 * is put on record, its answer held back where the message was unsent, and told to the backend where it is told so much.
 */
export const createEditWatch = (needs: EditNeeds) => {
  /** The latest messages, by guid, with when they were taken in: any may yet turn out to be this account's own. */
  const recent = new Map<string, number>()
  const turnedOwn = (db: EditSource, isFirst: boolean): readonly Change[] => {
    if (isFirst) for (const guid of needs.inbox.newest(MAX_RECENT)) recent.set(guid, needs.now())
    for (const [guid, seenMs] of recent) {
      if (needs.now() - seenMs > TURNS_OWN_MS || recent.size > MAX_RECENT) recent.delete(guid)
    }
    return db.ownAmong([...recent.keys()]).flatMap(guid => {
      recent.delete(guid)
      const [known, row] = [needs.inbox.lookUp(guid), db.rowOf(guid)]
      const change = known && row && changeOf(known, row, needs)
      return change ? [change] : []
    })
  }

  return {
    /** A message was taken in. */
    noteQueued: (guid: string): void => {
      recent.set(guid, needs.now())
    },

    /**
     * After a change of chat.db: looks at the newest messages. `isFirst`: what happened while nobody looked may concern more
     * of them. Throws what SQLite throws.
     */
    look: (db: EditSource, { isFirst }: { readonly isFirst: boolean }): void => {
      const rows = db.changedSince(needs.now() - LOOK_BACK_MS, isFirst ? FIRST_LOOK_ROWS : LOOK_ROWS)
      const edits = rows.flatMap(changed => {
        const [known, row] = wholeMessage(changed, needs)
        const change = known && row && changeOf(known, row, needs)
        return change ? [change] : []
      })
      const changes = [...edits, ...turnedOwn(db, isFirst)]
      if (changes.length === 0) return
      needs.transaction(() => {
        for (const change of changes) follow(change, needs)
      })
    },

    /**
     * Right before a POST. `ended`: it is not POSTed (again), as its sender took it back or the filter keeps back what it
     * says now. `wait`: whether that is so cannot be told, and nothing of it has left this Mac yet.
     */
    lookAgain: (id: number): 'go' | 'ended' | 'wait' => {
      const message = needs.inbox.lookUpId(id)
      if (message.event === 'unsent') return 'go'
      if (message.isWithdrawn) {
        needs.transaction(() => needs.inbox.skip(id, 'unsent'))
        return 'ended'
      }
      const change = changeSince(message, needs)
      // The backend may have it already: to hold back the retry would cost the answer and save nothing.
      if (change === 'unreadable') return message.posts === 0 ? 'wait' : 'go'
      if (change === undefined) return message.lacksBody ? 'wait' : 'go'
      needs.transaction(() => follow(change, needs))
      const { state, lacksBody } = needs.inbox.lookUpId(id)
      if (state === 'skipped') return 'ended'
      return lacksBody ? 'wait' : 'go'
    },
  }
}

/** Messages may mark a row as this account's own a moment after it wrote it. */
const TURNS_OWN_MS = 60_000
const MAX_RECENT = 100
/** The newest messages are looked at, of a day: iMessage lets people unsend for 2 and edit for 15 minutes, devices sleep. */
const LOOK_ROWS = 200
const FIRST_LOOK_ROWS = 2_000
const LOOK_BACK_MS = 24 * 60 * 60_000

/** What became of a message, or of that which an event is about. A row that its owner deleted takes nothing back. */
const changeSince = (message: KnownMessage, needs: EditNeeds): Change | 'unreadable' | undefined => {
  const known = message.about === undefined ? message : needs.inbox.lookUp(message.about)
  try {
    const db = needs.chatDb()
    if (db === undefined) return 'unreadable'
    const row = known && rowOf(known, db, needs)
    return row && changeOf(known, row, needs)
  } catch {
    return 'unreadable' // whoever follows chat.db tells why
  }
}

const rowOf = (known: KnownMessage, db: Pick<EditSource, 'rowOf'>, { gathering }: EditNeeds): MessageRow | undefined =>
  known.parts > 0 ? gathering.wholeOf(known) : db.rowOf(known.guid)

/** A row may be a part of a message only: that it is which changes. */
const wholeMessage = (
  row: MessageRow,
  { inbox, gathering }: EditNeeds,
): readonly [KnownMessage | undefined, MessageRow | undefined] => {
  const found = inbox.lookUp(row.guid)
  const isPart = found?.state === 'skipped' && found.about !== undefined && found.event === undefined
  const known = isPart ? inbox.lookUp(found.about ?? '') : found
  return [known, known !== undefined && known.parts > 0 ? gathering.wholeOf(known) : row]
}

type Change = {
  readonly known: KnownMessage
  readonly row: MessageRow
  readonly what: 'edited' | 'unsent' | 'own'
  /** Where the backend is told so much. */
  readonly details?: MessageDetails
}

/** What was never to be told of needs no following. All that is read of chat.db is read here, outside of any transaction. */
const changeOf = (known: KnownMessage, row: MessageRow, { hash, details }: EditNeeds): Change | undefined => {
  const what = known.state === 'skipped' ? 'same' : row.fromMe ? 'own' : judgeEdit(known, row, hash(wordsOf(row)))
  if (what === 'same') return undefined
  return { known, row, what, ...(details && row.chat && { details: details(row, row.chat) }) }
}

/** Part of the caller's transaction. */
const follow = (change: Change, needs: EditNeeds): void => {
  if (change.what === 'edited') followEdit(change, needs)
  else followUnsent(change, needs)
}

const followUnsent = (change: Change, needs: EditNeeds): void => {
  const { known } = change
  const { inbox } = needs
  const now = needs.steadyNow()
  const parts = [known, ...inbox.editsOf(known.guid)]
  for (const part of parts) {
    inbox.noteWithdrawal(part.id, now)
    // A dead letter that the backend has seen stays for a person to see; retried it would not be POSTed.
    if (part.state !== 'dead' || part.posts === 0) inbox.skip(part.id, change.what)
  }
  const held = parts.flatMap(part => holdBack(part, needs))
  const about = { guid: known.guid, posts: known.posts, held: held.length }
  if (change.what === 'own') needs.log.info(about, 'message is our own')
  else needs.log.info(about, 'message unsent')
  if (known.posts > 0 && change.what === 'unsent') tellUnsent(change, needs)
}

/** Nobody is to get an answer to words that were taken back: what of it has not left yet waits for a person. */
const holdBack = ({ id, threadId, firstPostSeq }: KnownMessage, needs: EditNeeds): readonly number[] => {
  const { commands, inbox, outbox } = needs
  if (threadId !== undefined && firstPostSeq !== undefined) {
    // A reflex that names nobody is this one's where no other message of the thread is in flight.
    const isAlone = inbox
      .posted(threadId, needs.steadyNow())
      .every(({ unsent, answer }) => unsent || answer !== undefined)
    for (const reflex of isAlone ? commands.openReflexes(threadId, firstPostSeq) : []) commands.bind(reflex, id, 'R6')
  }
  const planned = outbox.plannedFor(id)
  for (const bubble of planned) {
    outbox.park(bubble, MESSAGE_UNSENT)
    needs.onEnd(bubble, 'parked', MESSAGE_UNSENT)
  }
  return planned
}

const tellUnsent = (change: Change, needs: EditNeeds): void => {
  const { known, row, details } = change
  const { chat, sender } = row
  if (details === undefined || chat === undefined || sender === undefined) return
  const seenMs = needs.now()
  const event = { kind: 'unsent', atMs: row.editedMs ?? seenMs } as const
  const { threadId } = chat
  needs.inbox.add({
    ...needs.compose({ threadId, sender, text: '', extended: { messageId: known.guid, row, details, event } }),
    guid: `${known.guid}:unsent`,
    threadId,
    seenMs,
    rule: 'unsent',
    event: 'unsent',
    about: known.guid,
  })
}

const followEdit = (change: Change, needs: EditNeeds): void => {
  const { inbox } = needs
  const { known, row, details } = change
  const editedMs = row.editedMs ?? needs.now()
  const fingerprint = fingerprintOf(row, needs.hash)
  const words = { words: needs.hash(wordsOf(row)), editedMs, ...(fingerprint !== undefined && { fingerprint }) }
  needs.log.info({ guid: known.guid, posts: known.posts }, 'message edited')
  if (known.posts === 0) {
    replaceBody(known, composeAnew(change, needs), words, needs)
    return
  }
  const edits = inbox.noteEdit(known.id, words)
  const { threadId } = known
  if (details === undefined || known.state === 'dead' || threadId === undefined) return
  const event = { kind: 'edited', atMs: editedMs } as const
  const anew = composeAnew(change, needs, event)
  // Of several edits the backend gets the last, where it has none of them yet.
  const waiting = inbox.editsOf(known.guid).find(({ posts, state }) => posts === 0 && state === 'queued')
  if (waiting !== undefined) {
    replaceBody(waiting, anew, { editedMs }, needs)
    return
  }
  const guid = `${known.guid}:edited:${edits}`
  inbox.add({ ...anew, guid, threadId, seenMs: needs.now(), event: 'edited', about: known.guid })
}

type Anew = (Composed | { readonly skip: string }) & { readonly rule?: string }

const replaceBody = (
  { id }: KnownMessage,
  anew: Anew,
  words: { readonly words?: string; readonly fingerprint?: string; readonly editedMs: number },
  { inbox }: EditNeeds,
): void => {
  if ('skip' in anew) inbox.skip(id, anew.skip, anew)
  else inbox.recompose(id, { ...anew, ...words })
}

/** The filter decides by the new words, as of the moment in which the message came in. */
const composeAnew = (change: Change, needs: EditNeeds, event?: Extended['event']): Anew => {
  const { known, row, details } = change
  const { chat, sender } = row
  const verdict = decideForward(row, {
    rules: needs.rules,
    now: known.seenMs,
    firstStartMs: 0,
    waitedMs: Number.POSITIVE_INFINITY,
    marksFinished: false,
    isTwin: false,
    ownBubble: 'none',
  })
  if (verdict.kind === 'skip')
    return { skip: verdict.reason, ...(verdict.rule !== undefined && { rule: verdict.rule }) }
  if (verdict.kind === 'wait' || chat === undefined || sender === undefined) return { skip: 'incomplete' }
  const outgoing = outgoingOf(row, chat, sender, { messageId: known.guid, details, ...(event && { event }) })
  // What is told of an edit is made here and now, and so is what waits for a person.
  const atOnce = event !== undefined || known.state === 'dead' || row.isVoice === true
  return { ...needs.compose(outgoing, { atOnce }), rule: verdict.rule }
}
