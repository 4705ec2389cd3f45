import type { ChatSpec, IncomingSpec } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import type { OsascriptMode } from '../../src/lab/messages-simulator/osascript-modes.ts'
import { type BackendKind, STOCK_LINES_OF } from './backend-kinds.ts'
import { between, mulberry32, pick, pickWeighted, type Random } from './random.ts'

/** A message and all that will happen to it, up to its bubbles at the person's. */
export type PlannedMessage = {
  readonly n: number
  readonly guid: string
  readonly threadId: string
  readonly row: Omit<IncomingSpec, 'columns'>
  /** Waited after it, in ms; 0: the next one comes at once. */
  readonly pauseMs: number
  readonly thinkMs: number
  /** Whether the first bubble is sent ahead as a reflex. */
  readonly hasReflex: boolean
  readonly bubbles: readonly string[]
  /** The reflex is all there is: the answer has no bubbles. */
  readonly isSilent?: true
  /** What happens to its first, second, … POST at one life of the backend. */
  readonly posts: readonly (PostTrouble | undefined)[]
  readonly reflex: ReflexTrouble | undefined
  /** How osascript goes the first time that it gets this text. */
  readonly sends: readonly { readonly text: string; readonly mode: OsascriptMode }[]
}

export type PostTrouble =
  | 'late'
  | 'refused-500'
  | 'refused-503'
  | 'refused-429'
  | 'reset-before'
  | 'reset-after'
  | 'truncated'
  | 'html'

export type ReflexTrouble =
  | { readonly kind: 'dropped' }
  | { readonly kind: 'late'; readonly ms: number }
  | { readonly kind: 'after-answer'; readonly ms: number }
  | { readonly kind: 'twice' }

/**
 * The n-th message of a run. It depends on seed and number alone, so that each process works it out for itself.
 */
export const planMessage = (seed: number, n: number, kind: BackendKind): PlannedMessage => {
  const random = mulberry32(Math.imul(seed, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b))
  const lines = STOCK_LINES_OF[kind]
  return lines === undefined ? planTurmoil(random, n) : planTalk(random, n, lines)
}

const planTurmoil = (random: Random, n: number): PlannedMessage => {
  const { threadId, chat, from } = planThread(random)
  const isChatty = random() < 0.95
  const hasReflex = isChatty && random() < 0.85
  const bubbles = isChatty ? planBubbles(random, n) : []
  return {
    n,
    guid: guidOf(n),
    threadId,
    row: {
      chat,
      from,
      text: random() < 0.15 ? 'hi' : `message ${n}`,
      body: pick(random, ['attributedBody', 'text', 'both']),
      joinMs: random() < 0.15 ? between(random, 1, 800) : 0,
    },
    pauseMs: random() < 0.4 ? 0 : between(random, 200, 4_000),
    thinkMs: random() < 0.1 ? between(random, 500, 3_000) : between(random, 0, 300),
    hasReflex,
    bubbles,
    posts: [planPost(random), planPost(random)],
    reflex: planReflexTrouble(random),
    // Which of two bubbles with the same words is meant could not be told.
    sends: bubbles
      .filter(text => !isStockLine(text))
      .flatMap(text => {
        const mode = planSend(random)
        return mode === undefined ? [] : [{ text, mode }]
      }),
  }
}

/**
 * A message of one of many conversations that go on at human pace, over a Messages that works: what is wrong is a reflex that
 * the backend skipped, an answer that was lost, one without bubbles. Without stock lines each reflex has words of its own, and
 * takes its time.
 */
const planTalk = (random: Random, n: number, lines: number): PlannedMessage => {
  const threadId = `+1555100${String(between(random, 1, TALKERS)).padStart(4, '0')}`
  const line = lines === 0 ? undefined : STOCK_LINES[Math.floor(random() * lines)]
  const first = line ?? `${n}: let me think about that`
  const isSilent = random() < 0.15
  const [isSkipped, isLost] = [random() < 0.04, random() < 0.06]
  return {
    n,
    guid: guidOf(n),
    threadId,
    row: { chat: `any;-;${threadId}`, from: threadId, text: `message ${n}`, body: 'attributedBody' },
    pauseMs: between(random, 50, 600),
    thinkMs: between(random, 1_000, 2_500),
    hasReflex: !isSkipped,
    bubbles: isSilent || random() < 0.5 ? [first] : [first, `${n}: number 1`],
    ...(isSilent && { isSilent }),
    posts: [isLost ? pick(random, ['reset-after', 'truncated']) : undefined],
    reflex: line === undefined ? { kind: 'late', ms: between(random, 50, 250) } : undefined,
    sends: [],
  }
}

const TALKERS = 24

const GUID = 'CHAOS-'
const guidOf = (n: number): string => `${GUID}${n}`

/** The number of a message by its guid; undefined where it is none of ours. */
export const numberOf = (guid: string): number | undefined =>
  guid.startsWith(GUID) ? Number(guid.slice(GUID.length)) : undefined

/** Said first in many answers, so that reflexes of one thread can be mistaken for each other. */
export const COMMON_REFLEX = 'okie lemme see'
export const STOCK_LINES: readonly string[] = [COMMON_REFLEX, 'on it', 'one sec']
export const isStockLine = (text: string): boolean => STOCK_LINES.includes(text)

const PEOPLE = ['+15550000001', '+15550000002', '+15550000003', '+15550000004', 'dora@example.com'] as const
const GROUPS: readonly [ChatSpec, ChatSpec] = [
  { guid: 'any;+;chat700001', participants: PEOPLE.slice(0, 3) },
  { guid: 'any;+;chat700002', participants: PEOPLE.slice(2) },
]

const planThread = (random: Random) => {
  const from = pick(random, PEOPLE)
  if (random() < 0.75) return { threadId: from, from, chat: `any;-;${from}` }
  const chat = pick(random, GROUPS)
  return { threadId: chat.guid.slice('any;+;'.length), from, chat }
}

const planBubbles = (random: Random, n: number): string[] => {
  const first = random() < 0.3 ? COMMON_REFLEX : `${n}: first`
  const others = Array.from({ length: between(random, 0, 3) }, (_, index) =>
    random() < 0.1 ? `${n}: it's "number ${index + 1}"` : `${n}: number ${index + 1}`,
  )
  return [first, ...others]
}

const planPost = (random: Random): PostTrouble | undefined =>
  random() < 0.8
    ? undefined
    : pickWeighted<PostTrouble>(random, [
        [3, () => 'late'],
        [1, () => 'refused-500'],
        [2, () => 'refused-503'],
        [1, () => 'refused-429'],
        [2, () => 'reset-before'],
        [3, () => 'reset-after'],
        [2, () => 'truncated'],
        [1, () => 'html'],
      ])

const planReflexTrouble = (random: Random): ReflexTrouble | undefined =>
  pickWeighted<ReflexTrouble | undefined>(random, [
    [70, () => undefined],
    [8, () => ({ kind: 'dropped' })],
    [10, () => ({ kind: 'late', ms: between(random, 50, 2_000) })],
    [6, () => ({ kind: 'after-answer', ms: between(random, 0, 500) })],
    [6, () => ({ kind: 'twice' })],
  ])

const planSend = (random: Random): OsascriptMode | undefined =>
  pickWeighted<OsascriptMode | undefined>(random, [
    [820, () => undefined],
    [40, () => ({ mode: 'slow', ms: between(random, 300, 2_500) })],
    [35, () => ({ mode: 'send-then-fail', number: pick(random, [-1712, -609]) })],
    [10, () => ({ mode: 'send-then-fail' })],
    [30, () => ({ mode: 'fail-before', number: pick(random, [-600, -1728, -1719]) })],
    [25, () => ({ mode: 'row-late', ms: between(random, 200, 8_000) })],
    [10, () => ({ mode: 'hang-then-send-late', ms: between(random, 500, 5_000) })],
    [10, () => ({ mode: 'ok', rewrite: 'smart-quotes' })],
    [5, () => ({ mode: 'exit-code', code: 127 })],
    [4, () => ({ mode: 'noisy', bytes: 1_000_000 })],
    [4, () => ({ mode: 'hang' })],
    [3, () => ({ mode: 'no-row' })],
    [3, () => ({ mode: 'error-row', error: 22, afterMs: pick(random, [0, 1_000]) })],
    [1, () => ({ mode: 'fail-before', number: -1743 })],
  ])
