import type { BubbleState } from '../core/bubble.ts'
import { EdgeError } from '../core/errors.ts'
import { fitOf } from '../core/fit-of-row.ts'
import type { Log } from '../core/log.ts'
import type { MessageRow } from '../core/message.ts'
import type { Timers } from '../core/timers.ts'
import type { ChatDb } from '../imessage/chat-db.ts'
import type { Store } from '../store/open-store.ts'
import type { Bubble } from '../store/outbox.ts'
import { createPump, type Pump } from './pump.ts'

/** What this flow reads of chat.db. */
export type ConfirmSource = Pick<ChatDb, 'outgoingAfter' | 'failedSince'>

export type ConfirmNeeds = {
  readonly transaction: <T>(work: () => T) => T
  readonly outbox: Pick<
    Store['outbox'],
    'awaitingRow' | 'inState' | 'isClaimed' | 'claimRow' | 'move' | 'answersUnsent' | 'confirmedBy'
  >
  readonly now: () => number
  readonly settings: { readonly settleMs: number; readonly unknown: 'park' | 'resend' }
  readonly onEnd: (bubbleId: number, state: BubbleState, reason: string | undefined) => void
  readonly log: Log
}

/** Follows what was sent, as long as chat.db can be read. */
export const createConfirming = (
  needs: ConfirmNeeds & {
    readonly chatDb: () => (ConfirmSource & Pick<ChatDb, 'dataVersion'>) | undefined
    readonly timers: Timers
    /** The store could not take it. */
    readonly onError: (error: unknown) => void
  },
): Pump => {
  const { outbox, chatDb, timers, onError } = needs
  let lastSeen: readonly unknown[] = []
  const look = (): number | undefined => {
    const db = chatDb()
    if (db === undefined) return undefined // its return wakes us
    const awaiting = outbox.awaitingRow(needs.now() - PARKED_LOOKBACK_MS)
    const stands = [...awaiting, ...outbox.inState('sending')].map(
      ({ id, state, watermark }) => `${id} ${state} ${watermark}`,
    )
    const seen = [db, db.dataVersion(), ...stands]
    const isOld = seen.length === lastSeen.length && seen.every((each, index) => each === lastSeen[index])
    const nextMs = confirmSent(isOld ? NO_NEWS : db, needs, awaiting)
    lastSeen = seen
    return nextMs
  }
  return createPump(look, {
    timers,
    onError: error => {
      if (error instanceof EdgeError) onError(error)
      else needs.log.debug({ error: String(error) }, 'outgoing rows cannot be read now') // who follows chat.db tells why
    },
  })
}

/** Neither chat.db nor what is waited for has changed: no row of it can be news. */
const NO_NEWS: ConfirmSource = { outgoingAfter: () => [], failedSince: () => [] }

/**
 * Outgoing rows of chat.db → confirmed or failed; then settles what has waited long enough: an `unknown` bubble without
 * a row was not sent as far as anyone can tell, a `sent` one without a row is no proof of anything.
 *
 * Returns in how many milliseconds something is to be settled, undefined where nothing waits.
 */
export const confirmSent = (
  db: ConfirmSource,
  needs: ConfirmNeeds,
  awaiting: readonly Bubble[] = needs.outbox.awaitingRow(needs.now() - PARKED_LOOKBACK_MS),
): number | undefined => {
  const { outbox } = needs
  const now = needs.now()
  const ends = [...matchRows(db, awaiting, needs), ...lateErrors(db, now, outbox)]
  const claimed = new Set(ends.map(({ bubble }) => bubble.id))
  const waiting = awaiting.filter(({ id, state }) => state !== 'parked' && !claimed.has(id))
  const settled = waiting.filter(bubble => settlesAt(bubble, needs) <= now)

  if (ends.length > 0 || settled.length > 0) {
    needs.transaction(() => {
      for (const { bubble, row } of ends) claim(bubble, row, now, needs)
      for (const bubble of settled) settle(bubble, now, needs)
    })
  }
  const dueMs = waiting.filter(bubble => !settled.includes(bubble)).map(bubble => settlesAt(bubble, needs) - now)
  return dueMs.length === 0 ? undefined : Math.min(...dueMs)
}

/** A row can come a minute after osascript said that all went well. */
const NO_ROW_AFTER_MS = 120_000
/** A parked bubble whose row comes after all is confirmed after all. */
const PARKED_LOOKBACK_MS = 60 * 60_000
/** Messages puts an error on a row a second or two after it made it; minutes after, where the network comes and goes. */
const LATE_ERROR_MS = 60 * 60_000

type End = { readonly bubble: Bubble; readonly row: MessageRow }

/** Each row belongs to one bubble: the first that was waiting for these words in this thread since before the row. */
const matchRows = (db: ConfirmSource, awaiting: readonly Bubble[], { outbox }: ConfirmNeeds): End[] => {
  if (awaiting.length === 0) return []
  const sending = outbox.inState('sending')
  const open = [...awaiting]
  const ends: End[] = []
  for (const row of db.outgoingAfter(Math.min(...awaiting.map(({ watermark }) => watermark)))) {
    if (outbox.isClaimed(row.guid)) continue
    const fits = (bubble: Bubble): boolean => fitOf(bubble, row) === 'same'
    // A new row belongs to a send under way rather than to one that was given up.
    const isTaken = ({ state }: Bubble) => state === 'parked' && sending.some(fits)
    const index = open.findIndex(bubble => fits(bubble) && bubble.watermark < row.rowid && !isTaken(bubble))
    const [bubble] = index < 0 ? [] : open.splice(index, 1)
    if (bubble !== undefined) ends.push({ bubble, row })
  }
  return ends
}

const lateErrors = (db: ConfirmSource, now: number, { confirmedBy }: ConfirmNeeds['outbox']): End[] =>
  db.failedSince(now - LATE_ERROR_MS).flatMap(row => {
    const bubble = confirmedBy(row.guid)
    return bubble === undefined ? [] : [{ bubble, row }]
  })

const claim = (bubble: Bubble, row: MessageRow, now: number, needs: ConfirmNeeds): void => {
  const state = row.error === 0 ? 'confirmed' : 'failed'
  const reason = row.error === 0 ? undefined : `messages_row_error_${row.error}`
  needs.outbox.claimRow(bubble.id, state, reason, row.guid, now)
  needs.onEnd(bubble.id, state, reason)
  if (state === 'failed') needs.log.warn({ bubble: bubble.id, reason }, 'Messages could not deliver a bubble')
  else needs.log.debug({ bubble: bubble.id }, 'bubble confirmed')
}

/** When doubt ends. */
const settlesAt = ({ state, endedMs = 0 }: Bubble, { settings }: ConfirmNeeds): number =>
  endedMs + (state === 'unknown' ? settings.settleMs : NO_ROW_AFTER_MS)

const settle = (bubble: Bubble, now: number, needs: ConfirmNeeds): void => {
  const resend =
    bubble.state === 'unknown' && needs.settings.unknown === 'resend' && !needs.outbox.answersUnsent(bubble.id)
  const reason = bubble.state === 'unknown' ? 'outcome_unknown' : 'no_row'
  needs.outbox.move(bubble.id, resend ? 'planned' : 'parked', reason, now)
  if (!resend) needs.onEnd(bubble.id, 'parked', reason)
  needs.log.warn({ bubble: bubble.id, reason, resend }, 'bubble without a row in chat.db')
}
