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
}

/** They are answered with the same first bubble. */
export const TWO_MESSAGES: Scenario = { ...ONE_MESSAGE, threads: ['anna', 'anna'], words: 'same' }

/**
 * own: each message has a reflex of its own; same: they all have the same one; different: a reflex says something else
 * than the answer's first bubble; fresh: a retry is answered in other words than the first try.
 */
export type Words = 'own' | 'same' | 'different' | 'fresh'

/** What the backend says to a message, counted from 1, at its n-th POST. */
export const think = (
  { words, idempotent, bubbles }: Scenario,
  message: number,
  post: number,
): { readonly reflex: string; readonly answer: readonly string[] } => {
  const version = words === 'fresh' && !idempotent ? `${message}.${post}` : `${message}`
  const first = words === 'same' ? 'ok' : `ok ${version}`
  const others = Array.from({ length: bubbles - 1 }, (_, index) => `answer ${version}, part ${index + 2}`)
  return { reflex: words === 'different' ? `hm ${version}` : first, answer: [first, ...others] }
}

export const SETTLE_MS = 10_000
