import { decideForward, type Verdict } from '../core/decide-forward.ts'
import type { Filter } from '../core/filter.ts'
import type { MessageRow } from '../core/message.ts'
import type { ComposedNow, Outgoing } from './compose-message.ts'

/** What becomes of some messages, all by one rule and for one reason. */
export type Outcome = {
  readonly action: 'forward' | 'skip'
  /** Why they are skipped. */
  readonly reason?: string
  /** The rule of the filter that decided; absent where they did not come so far. */
  readonly rule?: string
  readonly count: number
  /** What was found in them that is not to leave: kind → how often. */
  readonly redacted: Readonly<Record<string, number>>
  /** The newest of them, the oldest first. */
  readonly samples: readonly Sample[]
}

export type Sample = {
  /** Unix milliseconds. */
  readonly atMs: number
  readonly threadId: string
  /** Absent where it was sent from this account. */
  readonly sender?: string
  readonly isGroup: boolean
  /** Of a forwarded message as it would leave, of a skipped one as it is. */
  readonly text: string
}

export type ReplayNeeds = {
  readonly filter: Filter
  readonly compose: (message: Outgoing) => ComposedNow
  /** Unix milliseconds. */
  readonly sinceMs: number
  /** The newest so many rows only. */
  readonly limit?: number | undefined
  /** How many of each outcome are kept. */
  readonly samples: number
  readonly onProgress: (done: number, of: number) => void
  /** Lets the rest of the program have its turn; rejects where it is to end. */
  readonly pause: () => Promise<void>
}

export type ReplaySource = {
  readonly rowsAfter: (rowid: number, limit: number) => MessageRow[]
  readonly lowestRowidSince: (sinceMs: number) => number | undefined
  readonly rowidOfNewest: (count: number) => number
  readonly highestRowid: () => number
}

/**
 * What the rules would have done with the history in chat.db: nothing is stored and nothing sent. How old a message is does
 * not count, and copies that cloud sync has made of it are counted as well. Most frequent outcomes first.
 */
export const replayHistory = async (db: ReplaySource, needs: ReplayNeeds): Promise<readonly Outcome[]> => {
  const outcomes = new Map<string, Outcome>()
  const first = db.lowestRowidSince(needs.sinceMs)
  if (first === undefined) return []
  const last = db.highestRowid()
  let rowid = Math.max(first, needs.limit === undefined ? 0 : db.rowidOfNewest(needs.limit)) - 1
  const begin = rowid
  for (;;) {
    const rows = db.rowsAfter(rowid, BATCH_ROWS)
    for (const row of rows) {
      if (row.dateMs === undefined || row.dateMs < needs.sinceMs || row.rowid > last) continue
      add(outcomes, judge(row, needs), needs.samples)
    }
    rowid = rows.at(-1)?.rowid ?? last
    needs.onProgress(Math.min(rowid, last) - begin, last - begin)
    if (rows.length < BATCH_ROWS || rowid >= last) break
    await needs.pause()
  }
  return [...outcomes.values()].toSorted((a, b) => b.count - a.count)
}

/** Few enough to be held in memory with the longest texts. */
const BATCH_ROWS = 100

type Judged = Omit<Outcome, 'count' | 'samples'> & { readonly sample?: Sample }

const judge = (row: MessageRow, { filter, compose }: ReplayNeeds): Judged => {
  const verdict = decideForward(row, {
    // Whatever its age, and however long it takes Messages to write it.
    rules: { maxAgeMs: Number.POSITIVE_INFINITY, filter },
    now: 0,
    firstStartMs: Number.NEGATIVE_INFINITY,
    waitedMs: Number.POSITIVE_INFINITY,
    marksFinished: true,
    isTwin: false,
    ownBubble: 'none',
  })
  const { chat, sender, dateMs = 0 } = row
  if (chat === undefined || (sender === undefined && !row.fromMe)) return outcomeOf(verdict)
  const { threadId, isGroup } = chat
  // Of what this account sent, `sender` is the other one.
  const from = row.fromMe || sender === undefined ? {} : { sender }
  const sample: Sample = { atMs: dateMs, threadId, ...from, isGroup, text: row.text }
  if (verdict.kind !== 'forward' || sender === undefined) return { ...outcomeOf(verdict), sample }
  const composed = compose({ threadId, sender, text: row.text })
  const { redacted } = composed
  if ('skip' in composed) return { action: 'skip', reason: composed.skip, rule: verdict.rule, redacted, sample }
  return { ...outcomeOf(verdict), redacted, sample: { ...sample, text: textOf(composed.body) } }
}

const outcomeOf = (verdict: Verdict): Omit<Judged, 'sample'> => {
  const redacted = {}
  if (verdict.kind === 'forward') return { action: 'forward', rule: verdict.rule, redacted }
  if (verdict.kind === 'wait') return { action: 'skip', reason: 'incomplete', redacted }
  return { action: 'skip', reason: verdict.reason, redacted, ...(verdict.rule !== undefined && { rule: verdict.rule }) }
}

const textOf = (body: string): string => JSON.parse(body).filtered_text

const add = (outcomes: Map<string, Outcome>, { sample, redacted, ...judged }: Judged, keep: number): void => {
  const key = `${judged.action} ${judged.reason} ${judged.rule}`
  const { count, samples, redacted: before } = outcomes.get(key) ?? { count: 0, samples: [], redacted: {} }
  const kept = sample === undefined || keep === 0 ? samples : [...samples, shorten(sample)].slice(-keep)
  outcomes.set(key, { ...judged, count: count + 1, redacted: addUp(before, redacted), samples: kept })
}

const addUp = (before: Outcome['redacted'], found: Outcome['redacted']): Outcome['redacted'] => {
  const sums = { ...before }
  for (const [kind, count] of Object.entries(found)) sums[kind] = (sums[kind] ?? 0) + count
  return sums
}

/** What is kept must not hold on to a long text. */
const shorten = (sample: Sample): Sample => ({ ...sample, text: Buffer.from(sample.text.slice(0, 500)).toString() })
