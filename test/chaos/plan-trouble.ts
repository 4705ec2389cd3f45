import { type BackendKind, STOCK_LINES_OF } from './backend-kinds.ts'
import { between, pick, pickWeighted, type Random } from './random.ts'

/** Something that happens in the world, whoever's doing it is. */
export type Moment = 'connected' | 'posted' | 'answer' | 'sent'

/** What is done to the agent and its world, and for how many ms. */
export type Trouble =
  /** `delayMs` after the next such moment, or at once. */
  | { readonly kind: 'kill-agent'; readonly at: Moment | 'once'; readonly delayMs: number; readonly downMs: number }
  | { readonly kind: 'kill-backend' | 'restart-agent'; readonly downMs: number }
  | { readonly kind: 'freeze-agent' | 'freeze-backend' | 'freeze-osascript' | 'half-open'; readonly ms: number }
  | { readonly kind: 'disk-full'; readonly ms: number }
  | { readonly kind: 'reset' | 'replace-chat-db' }
  | { readonly kind: 'close-socket'; readonly code: number }
  | { readonly kind: 'step-clock'; readonly offsetMs: number }
  | { readonly kind: 'checkpoint'; readonly mode: 'PASSIVE' | 'RESTART' | 'TRUNCATE' }

export type PlannedTrouble = {
  /** Waited before it. */
  readonly afterMs: number
  readonly trouble: Trouble
}

export const planTrouble = (random: Random, kind: BackendKind): PlannedTrouble =>
  STOCK_LINES_OF[kind] === undefined ? planTurmoil(random) : planTalkTrouble(random)

/** Conversations are not to be drowned: kills and lost connections, with time to talk in between. */
const planTalkTrouble = (random: Random): PlannedTrouble => ({
  afterMs: between(random, 1_500, 6_000),
  trouble: pickWeighted<Trouble>(random, [
    [35, () => planKill(random)],
    [40, () => planClose(random)],
    [25, () => ({ kind: 'reset' })],
  ]),
})

const planTurmoil = (random: Random): PlannedTrouble => ({
  // Mostly in quick succession, so that one hits the recovery from another; at times a breath, so that work gets done.
  afterMs: random() < 0.85 ? between(random, 10, 500) : between(random, 1_000, 4_000),
  trouble: pickWeighted<Trouble>(random, [
    [60, () => planKill(random)],
    [7, () => ({ kind: 'kill-backend', downMs: random() < 0.7 ? 0 : between(random, 100, 4_000) })],
    [3, () => ({ kind: 'restart-agent', downMs: 0 })],
    [4, () => ({ kind: 'freeze-agent', ms: between(random, 100, 6_000) })],
    [4, () => ({ kind: 'freeze-backend', ms: between(random, 100, 6_000) })],
    [5, () => ({ kind: 'freeze-osascript', ms: between(random, 100, 2_000) })],
    [5, () => ({ kind: 'reset' })],
    [3, () => ({ kind: 'half-open', ms: random() < 0.8 ? between(random, 100, 4_000) : 20_000 })],
    [5, () => planClose(random)],
    [4, () => ({ kind: 'step-clock', offsetMs: pick(random, CLOCK_OFFSETS_MS) })],
    [3, () => ({ kind: 'disk-full', ms: between(random, 100, 3_000) })],
    [2, () => ({ kind: 'replace-chat-db' })],
    [4, () => ({ kind: 'checkpoint', mode: pick(random, ['PASSIVE', 'RESTART', 'TRUNCATE']) })],
  ]),
})

const planClose = (random: Random): Trouble => ({
  kind: 'close-socket',
  code: pick(random, [1000, 1001, 1006, 1011, 1012]),
})

/** Moments rather than times: on a slow machine as on a fast one each life comes to do something. */
const planKill = (random: Random): Trouble => ({
  kind: 'kill-agent',
  at: pick(random, ['once', 'connected', 'posted', 'posted', 'answer', 'answer', 'sent', 'sent']),
  delayMs: random() < 0.5 ? 0 : between(random, 1, 400),
  downMs: random() < 0.9 ? 0 : between(random, 100, 3_000),
})

const MINUTE_MS = 60_000
const CLOCK_OFFSETS_MS = [0, -1_000, 5_000, -MINUTE_MS, 5 * MINUTE_MS, -60 * MINUTE_MS, 60 * MINUTE_MS] as const
