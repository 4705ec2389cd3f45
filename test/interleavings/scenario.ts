import { splitText } from '../../src/agent/core/split-text.ts'
import type { EngineSettings } from '../../src/agent/engine.ts'

/** What is explored: who writes, what the backend is like, and how much may go wrong. */
export type Scenario = {
  /** The thread of each message, in the order in which they are written. */
  readonly threads: readonly string[]
  readonly words: Words
  /** The backend names the message that a reflex answers (`in_reply_to`). */
  readonly named: boolean
  /** The backend knows `Idempotency-Key`: a retry gets the stored answer, and no second reflex. */
  readonly idempotent: boolean
  /** How many bubbles an answer has, the reflex included. */
  readonly bubbles: number
  readonly unknown: 'park' | 'resend'
  /** How often a bubble is tried that provably did not start. */
  readonly maxTries: number
  /** How much may go wrong in one order, all kinds of faults together, and how often the agent may be killed. */
  readonly faults: number
  readonly crashes: number
  /** What holds back bubbles: nothing, a person's pause, the owner who writes by hand, quiet hours, or a limit. */
  readonly guard: 'none' | 'pause' | 'takeover' | 'quiet' | 'limit'
  /** What its sender may do to the last message. */
  readonly change: 'none' | 'edit' | 'unsend'
  /** The backend has one message sent later, and may take that back. */
  readonly schedule: boolean
  /** The connection may be lost, and opens again. */
  readonly sockets: boolean
  /** Messages, counted from 1, to which the answer is empty: what they get is their reflex alone. */
  readonly silent: readonly number[]
  /** The backend's lines were in use before. */
  readonly stock: boolean
  /** A person waits for the answer, and some seconds more, before writing again. */
  readonly paced: boolean
  /** Reflexes and first bubbles are too long, and go in two parts. */
  readonly long: boolean
  /** The backend hears what became of its commands, over connections that are lost. */
  readonly acks: boolean
}

/** A backend that knows correlation.md and nothing else answers one message in two bubbles. */
export const ONE_MESSAGE: Scenario = {
  threads: ['anna'],
  words: 'own',
  named: false,
  idempotent: false,
  bubbles: 2,
  unknown: 'park',
  maxTries: 2,
  faults: 2,
  crashes: 1,
  guard: 'none',
  change: 'none',
  schedule: false,
  sockets: false,
  silent: [],
  stock: false,
  paced: false,
  long: false,
  acks: false,
}

/** They are answered with the same first bubble. */
export const TWO_MESSAGES: Scenario = { ...ONE_MESSAGE, threads: ['anna', 'anna'], words: 'same' }

/** The second message waits while the first waits for its retry, and is edited meanwhile. */
export const SECOND_CHANGES: Scenario = {
  ...ONE_MESSAGE,
  threads: ['anna', 'anna'],
  bubbles: 1,
  idempotent: true,
  named: true,
  faults: 1,
  crashes: 0,
  change: 'edit',
}

/** They are answered with the same line, and the connection may be lost. */
export const STOCK_LINES: Scenario = { ...TWO_MESSAGES, bubbles: 1, sockets: true, stock: true }

/**
 * own: each message has a reflex of its own; same: they all have the same one; lines: two lines in turn; different: a reflex says something else
 * than the answer's first bubble; fresh: a retry is answered in other words than the first try.
 */
export type Words = 'own' | 'same' | 'lines' | 'different' | 'fresh'

/** What the backend says to a message, counted from 1, at its n-th POST. */
export const think = (
  { words, idempotent, bubbles, silent, long }: Scenario,
  message: number,
  post: number,
): { readonly reflex: string; readonly answer: readonly string[] } => {
  const version = words === 'fresh' && !idempotent ? `${message}.${post}` : `${message}`
  const only = words === 'same' ? LINES[0] : words === 'lines' ? LINES[message % 2 === 1 ? 0 : 1] : `ok ${version}`
  const inFull = (line: string) => (long ? `${line}, I see. Will do ${line}.` : line)
  const first = inFull(only)
  const others = Array.from({ length: bubbles - 1 }, (_, index) => `answer ${version}, part ${index + 2}`)
  return {
    reflex: words === 'different' ? inFull(`hm ${version}`) : first,
    answer: silent.includes(message) ? [] : [first, ...others],
  }
}

/** The bubbles that a text becomes. */
export const partsOf = (scenario: Scenario, text: string): readonly string[] =>
  splitText(text, settingsOf(scenario).send.maxLength)

export const LINES = ['ok', 'on it'] as const

/** What the agent is told to do. Who can write a longer list of what may be said finds it in docs/settings.md. */
export const settingsOf = ({ unknown, maxTries, guard, long }: Scenario): EngineSettings => ({
  backendUrl: 'https://backend.example',
  maxMessageAgeMs: WINDOW_MS,
  payload: 'minimal',
  ownAddresses: [],
  gatherMs: 0,
  // Whose names are no addresses is let through by name.
  forward: { allow: ['anna', 'bert'], deny: [], groups: 'none', names: [], startWords: [], rules: [] },
  people: {},
  country: 'US',
  redact: { ...NOTHING_REDACTED, patterns: [] },
  dedupe: { match: 'text', windowMs: WINDOW_MS },
  send: {
    allow: 'known',
    timeoutMs: 0,
    warm: 'off',
    settleMs: SETTLE_MS,
    unknown,
    retries: maxTries - 1,
    maxPerMinute: 300,
    maxPerMinutePerThread: guard === 'limit' ? MOST_A_MINUTE : 60,
    maxLength: long ? 18 : 20_000,
    maxNewPerDay: 10,
    maxPerDay: 5_000,
    maxPerDayPerThread: 500,
    quietHours: guard === 'quiet' ? [QUIET_HOURS] : [],
    quiet: 'hold',
    loopRounds: 0,
    loopGapMs: 0,
    loopPauseMs: 0,
  },
  takeover: { pauseMs: guard === 'takeover' ? TAKEOVER_MS : 0 },
  schedule: { maxLateMs: WINDOW_MS, maxAheadMs: WINDOW_MS, maxWaiting: 10 },
  retry: { maxAgeMs: WINDOW_MS, concurrency: 16 },
})

/** Nothing that is explored takes this long. */
const WINDOW_MS = 10 * 60_000
const NOTHING_REDACTED = {
  card: 'off',
  iban: 'off',
  ssn: 'off',
  password: 'off',
  code: 'off',
  email: 'off',
  phone: 'off',
} as const

export const SETTLE_MS = 10_000
export const TAKEOVER_MS = 60_000
/** In one thread. */
export const MOST_A_MINUTE = 1
/** By the clock of the machine that explores. Everything begins in the first moment of them. */
const QUIET_HOURS = '22:00-22:01'
export const START_MS = new Date(2023, 10, 14, 22, 0).getTime()
export const QUIET_UNTIL_MS = START_MS + 60_000
/** A message for later is due then. */
export const SEND_AT_MS = START_MS + 2_500
/** What it says. */
export const LATER = 'a word for later'
