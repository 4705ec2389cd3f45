import { createAssembly } from '../core/assemble-rows.ts'
import type { BubbleState } from '../core/bubble.ts'
import { EdgeError } from '../core/errors.ts'
import { fitOf, isWhole } from '../core/fit-of-row.ts'
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
    // What is to be settled may have some of its rows.
    const isDue = awaiting.some(bubble => bubble.state !== 'parked' && settlesAt(bubble, needs) <= needs.now())
    const isOld = !isDue && seen.length === lastSeen.length && seen.every((each, index) => each === lastSeen[index])
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
  const isDue = (bubble: Bubble): boolean => settlesAt(bubble, needs) <= now
  const { ends: whole, begun } = matchRows(db, awaiting, needs)
  const ends = [...whole, ...begun.filter(({ bubble }) => isDue(bubble)), ...lateErrors(db, now, outbox)]
  const claimed = new Set(ends.map(({ bubble }) => bubble.id))
  const waiting = awaiting.filter(({ id, state }) => state !== 'parked' && !claimed.has(id))
  const settled = waiting.filter(isDue)

  if (ends.length > 0 || settled.length > 0) {
    needs.transaction(() => {
      for (const end of ends) claim(end, now, needs)
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

type End = { readonly bubble: Bubble; readonly rows: readonly MessageRow[] }

/**
 * Each row belongs to one bubble: the first that was waiting for these words in this thread since before the row. A bubble
 * that was stored as several rows ends with the last of them, or where that does not come when its doubt ends.
 */
const matchRows = (
  db: ConfirmSource,
  awaiting: readonly Bubble[],
  { outbox }: ConfirmNeeds,
): { readonly ends: readonly End[]; readonly begun: readonly End[] } => {
  if (awaiting.length === 0) return { ends: [], begun: [] }
  const sending = outbox.inState('sending')
  const open = [...awaiting]
  const ends: End[] = []
  const assembly = createAssembly()
  const isWholeIn = (row: MessageRow) => (bubble: Bubble) => isWhole(fitOf(bubble, row))
  for (const row of db.outgoingAfter(Math.min(...awaiting.map(({ watermark }) => watermark)))) {
    if (outbox.isClaimed(row.guid)) continue
    // A new row belongs to a send under way rather than to one that was given up.
    const isTaken = ({ state }: Bubble) => state === 'parked' && sending.some(isWholeIn(row))
    const mayBe = (bubble: Bubble) => bubble.watermark < row.rowid && !isTaken(bubble)
    const take = (fits: (bubble: Bubble) => boolean): Bubble | undefined => {
      const index = open.findIndex(bubble => mayBe(bubble) && fits(bubble))
      return index < 0 ? undefined : open.splice(index, 1)[0]
    }
    const whole = take(bubble => fitOf(bubble, row) === 'same') ?? take(isWholeIn(row))
    if (whole !== undefined) {
      ends.push({ bubble: whole, rows: [row] })
      continue
    }
    const begun = open.find(bubble => mayBe(bubble) && assembly.takes(bubble, row))
    if (begun === undefined || !assembly.isComplete(begun)) continue
    open.splice(open.indexOf(begun), 1)
    ends.push({ bubble: begun, rows: assembly.rowsOf(begun) })
  }
  const begun = open.filter(assembly.hasWords).map(bubble => ({ bubble, rows: assembly.rowsOf(bubble) }))
  return { ends, begun }
}

const lateErrors = (db: ConfirmSource, now: number, { confirmedBy }: ConfirmNeeds['outbox']): End[] =>
  db.failedSince(now - LATE_ERROR_MS).flatMap(row => {
    const bubble = confirmedBy(row.guid)
    return bubble === undefined ? [] : [{ bubble, rows: [row] }]
  })

const claim = ({ bubble, rows: [first, ...others] }: End, now: number, needs: ConfirmNeeds): void => {
  if (first === undefined) return
  const { error = 0 } = [first, ...others].find(row => row.error !== 0) ?? {}
  const state = error === 0 ? 'confirmed' : 'failed'
  const reason = error === 0 ? undefined : `messages_row_error_${error}`
  const guids = others.map(({ guid }) => guid)
  needs.outbox.claimRow(bubble.id, state, reason, first.guid, now, guids)
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
