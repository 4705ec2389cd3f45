/**
 * Whose reflex is it? A reflex command and the first bubble of an answer can be the same bubble, arriving by two
 * roads. These two functions are the tables R1 to R6 and A1 to A3 of docs/delivery-rules.md, as pure decisions over what
 * the store knows of one thread; R1 (a `command_id` seen before) is the primary key of the commands and needs none.
 * Order is told by sequence numbers, not by clocks.
 */

/** A message of the thread that was POSTed at least once. */
export type PostedMessage = {
  readonly id: number
  readonly posts: number
  /** In flight: from its first POST until its answer is stored, waiting for a retry included. */
  readonly answer?: PostedAnswer
  /** How many reflexes are bound to it. */
  readonly reflexes: number
  /** Its sender took it back: nobody is to be sent an answer to it. */
  readonly unsent?: boolean
}

export type PostedAnswer = {
  readonly atMs: number
  /** What its first bubble says; absent where the answer had none. */
  readonly firstSays?: string
  /** The first bubble itself is planned, under way or sent, and not replaced by a reflex. */
  readonly firstIsLive: boolean
}

/** A reflex that was sent, or is being sent, for nobody in particular yet. */
export type SentReflex = {
  readonly commandId: string
  readonly says: string
  readonly receivedSeq: number
  readonly receivedMs: number
  /** Its send provably never started, and will not be tried again. */
  readonly notStarted: boolean
}

export type Matching = {
  readonly match: 'text' | 'position'
  readonly windowMs: number
  readonly now: number
}

export type ReflexDecision =
  | { readonly rule: 'R2' | 'R3'; readonly act: 'bind'; readonly messageId: number }
  | { readonly rule: 'R2'; readonly act: 'send'; readonly messageId: number }
  | { readonly rule: 'R4'; readonly act: 'hold' }
  | { readonly rule: 'R5'; readonly act: 'send' }
  /** It answers a message that was unsent. */
  | { readonly rule: 'R6'; readonly act: 'refuse' }

/** A reflex arrives. `named` is the message its `in_reply_to` names; `messages` are those of its thread, oldest first. */
export const bindReflex = (
  reflex: { readonly says: string; readonly named?: PostedMessage },
  thread: { readonly messages: readonly PostedMessage[]; readonly unmatched: readonly SentReflex[] },
  matching: Matching,
): ReflexDecision => {
  const { named } = reflex
  if (named?.unsent) return UNSENT
  if (named !== undefined) {
    const taken = named.reflexes > 0 || named.answer?.firstIsLive === true
    return { rule: 'R2', act: taken ? 'bind' : 'send', messageId: named.id }
  }

  const sameWords = (other: string | undefined) =>
    other !== undefined && (matching.match === 'position' || other === reflex.says)
  const live = thread.messages.filter(({ unsent }) => !unsent)
  const answered = live.find(
    ({ answer, reflexes, posts }) =>
      answer !== undefined && isRecent(answer.atMs, matching) && sameWords(answer.firstSays) && reflexes < posts,
  )
  if (answered !== undefined) return { rule: 'R3', act: 'bind', messageId: answered.id }

  // An answer to another message begins with other words, and those in flight are all unsent.
  const inFlight = live.some(({ answer }) => answer === undefined)
  if (!inFlight && thread.messages.some(({ unsent, reflexes, posts }) => unsent && reflexes < posts)) return UNSENT

  const repeated = live.some(({ answer, posts }) => answer === undefined && posts > 1)
  if (repeated && thread.unmatched.some(sent => sameWords(sent.says))) return { rule: 'R4', act: 'hold' }
  return { rule: 'R5', act: 'send' }
}

const UNSENT: ReflexDecision = { rule: 'R6', act: 'refuse' }

export type AnswerDecision =
  /** The reflex is the first bubble: it is not sent again. */
  | { readonly rule: 'A1'; readonly reflex: string }
  /** The reflex was meant, but provably never started: the first bubble is sent. */
  | { readonly rule: 'A2'; readonly reflex: string }
  /** All bubbles are sent. `mismatch`: a reflex came for this thread meanwhile, and says something else. */
  | { readonly rule: 'A3'; readonly mismatch: boolean }

/** The answer for a message arrives; `firstSays` is absent where it has no bubbles. */
export const bindAnswer = (
  answer: {
    readonly firstSays?: string
    readonly firstPostSeq: number
    /** The reflex that was sent for this very message, by `in_reply_to`. */
    readonly named?: SentReflex
  },
  unmatched: readonly SentReflex[],
  match: Matching['match'],
): AnswerDecision => {
  const { firstSays, named } = answer
  if (firstSays === undefined) return { rule: 'A3', mismatch: false }
  const candidates = unmatched
    .filter(sent => sent.receivedSeq > answer.firstPostSeq)
    .sort((a, b) => a.receivedSeq - b.receivedSeq)
  const reflex = named ?? candidates.find(sent => match === 'position' || sent.says === firstSays)
  if (reflex === undefined) return { rule: 'A3', mismatch: candidates.length > 0 }
  return { rule: reflex.notStarted ? 'A2' : 'A1', reflex: reflex.commandId }
}

/** A time from before the window; a clock that was set back does not make anything old. */
const isRecent = (atMs: number, { now, windowMs }: Matching): boolean => now - atMs <= windowMs
