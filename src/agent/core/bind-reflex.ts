/**
 * Whose reflex is it? A reflex command and the first bubble of an answer can be the same bubble, arriving by two
 * channels. These two functions are the tables R2 to R6 and A1 to A4 of docs/delivery-rules.md, as pure decisions over what
 * the store knows of one thread; R1 (a `command_id` seen before) is the primary key of the commands and needs none.
 * Order is told by sequence numbers, not by clocks.
 */

/** A message of the thread that was POSTed at least once. */
export type PostedMessage = {
  readonly id: number
  readonly posts: number
  readonly firstPostSeq: number
  /** In flight: from its first POST until its answer is stored, waiting for a retry included. */
  readonly answer?: PostedAnswer
  /** How many reflexes are bound to it, provisionally or for good. */
  readonly reflexes: number
  /** One of them named it, and was sent. */
  readonly hasOwn: boolean
  /** Some WebSocket was open while it was in flight: the backend had one to write a reflex to. */
  readonly hadSocket: boolean
  /** What a reflex of its own said that its answer does not begin with (A4). */
  readonly reflexSays?: string
  /** Its sender took it back: nobody is to be sent an answer to it. */
  readonly unsent?: boolean
}

export type PostedAnswer = {
  readonly atMs: number
  /** What its first bubble says; absent where the answer had none. */
  readonly firstSays?: string
  /** The first bubble itself is planned, under way or sent, and not replaced by a reflex. */
  readonly firstIsLive: boolean
  /** A reflex that was written before the answer may still be under way; see prove-reflexes.ts. */
  readonly lateReflex: boolean
}

/** A reflex that was sent, or is being sent, for nobody in particular yet. */
export type SentReflex = {
  readonly commandId: string
  readonly says: string
  readonly receivedSeq: number
  /** Its send provably never started, and will not be tried again. */
  readonly notStarted: boolean
  /** It may be that of a message that was answered otherwise. */
  readonly mayBeOthers: boolean
}

/** A reflex that was held back for a message, while it may have been another's. */
export type HeldReflex = {
  readonly commandId: string
  readonly says: string
  readonly receivedSeq: number
  readonly messageId: number
  /** There was reason to expect one for that message when it came: whose it is, nobody can tell. */
  readonly expected: boolean
}

export type Matching = {
  readonly match: 'text' | 'position'
  readonly windowMs: number
  readonly now: number
}

/** How sure a bond is: with `open` or `expected` the reflex may turn out to be another message's. */
export type Bond = 'firm' | 'open' | 'expected'

/** What stands for a bond where a reflex was sent: see `mayBeOthers`. */
export const OTHERS = 'others'

export type ReflexDecision =
  | { readonly rule: 'R2' | 'R3b' | 'R4'; readonly act: 'bind'; readonly messageId: number; readonly bond: Bond }
  | { readonly rule: 'R2'; readonly act: 'send'; readonly messageId: number }
  | { readonly rule: 'R3a' | 'R5'; readonly act: 'send'; readonly mayBeOthers: boolean }
  /** It answers a message that was unsent. */
  | { readonly rule: 'R6'; readonly act: 'refuse' }

/** A reflex arrives. `named` is the message its `in_reply_to` names; `messages` are those of its thread, oldest first. */
export const bindReflex = (
  reflex: {
    readonly says: string
    readonly named?: PostedMessage
    /** Whether two or more messages, of any thread, had these words already. */
    readonly isStock: () => boolean
  },
  thread: { readonly messages: readonly PostedMessage[]; readonly unmatched: readonly SentReflex[] },
  matching: Matching,
): ReflexDecision => {
  const { named } = reflex
  if (named?.unsent) return UNSENT
  if (named !== undefined) {
    const taken = named.reflexes > 0 || named.answer?.firstIsLive === true
    return taken
      ? { rule: 'R2', act: 'bind', messageId: named.id, bond: 'firm' }
      : { rule: 'R2', act: 'send', messageId: named.id }
  }

  const isSame = sameWords(matching.match)
  const live = thread.messages.filter(({ unsent }) => !unsent)
  const inFlight = live.filter(({ answer }) => answer === undefined)
  const isAwaited = awaitsReflex(inFlight, thread.unmatched)
  // Answered otherwise a moment ago: no answer will show any more whose reflex this was.
  const otherwise = live.filter(
    message => message.answer?.lateReflex && lacksReflex(message) && !isSame(message.answer.firstSays, reflex.says),
  )
  const silent = otherwise.filter(({ answer }) => answer?.firstSays === undefined)
  const had = live.filter(
    ({ answer, reflexes, posts, hadSocket, reflexSays }) =>
      answer !== undefined &&
      isRecent(answer.atMs, matching) &&
      (isSame(answer.firstSays, reflex.says) || reflexSays === reflex.says) &&
      reflexes < posts &&
      hadSocket,
  )
  const late = had.find(({ answer }) => answer?.lateReflex) ?? had[0]
  const canCome = late?.answer?.lateReflex === true
  const isNext =
    late !== undefined &&
    !canCome &&
    ((isAwaited && (matching.match === 'position' || reflex.isStock())) ||
      (!isAwaited && awaitsReflex(silent, thread.unmatched)))
  if (late !== undefined && !isNext) {
    return {
      rule: 'R3b',
      act: 'bind',
      messageId: late.id,
      bond: !inFlight.some(lacksReflex) ? 'firm' : canCome ? 'expected' : 'open',
    }
  }

  // An answer to another message begins with other words, and those in flight are all unsent.
  if (inFlight.length === 0 && thread.messages.some(message => message.unsent && lacksReflex(message))) return UNSENT

  const open = [...inFlight, ...otherwise]
  const shown = thread.unmatched.filter(({ says }) => isSame(says, reflex.says))
  const repeated = open.find(
    ({ posts, reflexes, firstPostSeq }) =>
      posts - reflexes > 1 && shown.some(({ receivedSeq }) => receivedSeq > firstPostSeq),
  )
  if (repeated !== undefined && canBeOf(shown.length, heldFor(inFlight), open)) {
    return { rule: 'R4', act: 'bind', messageId: repeated.id, bond: isAwaited ? 'expected' : 'firm' }
  }
  return { rule: isNext ? 'R3a' : 'R5', act: 'send', mayBeOthers: otherwise.length > 0 }
}

const UNSENT: ReflexDecision = { rule: 'R6', act: 'refuse' }

const lacksReflex = ({ reflexes, posts }: PostedMessage): boolean => reflexes < posts

/** With this one, all reflexes that say so can be those of as many messages as were shown one. */
const canBeOf = (shown: number, held: number, messages: readonly PostedMessage[]): boolean => {
  const most = messages.map(({ posts }) => posts).sort((a, b) => b - a)
  return most.slice(0, shown).reduce((sum, posts) => sum + posts, 0) >= shown + held + 1
}

const heldFor = (inFlight: readonly PostedMessage[]): number =>
  inFlight.reduce((sum, { reflexes, hasOwn }) => sum + reflexes - (hasOwn ? 1 : 0), 0)

/** Some message in flight has had no reflex: those that were sent since are fewer than such messages. */
const awaitsReflex = (inFlight: readonly PostedMessage[], unmatched: readonly SentReflex[]): boolean => {
  const without = inFlight.filter(({ hasOwn }) => !hasOwn)
  const since = Math.min(...without.map(({ firstPostSeq }) => firstPostSeq))
  return unmatched.filter(({ receivedSeq }) => receivedSeq > since).length < without.length
}

export type AnswerDecision = {
  /** Reflexes that turn out to be this message's own though its answer begins otherwise (A4), shown ones and held ones. */
  readonly own: readonly OwnReflex[]
  /** Reflexes that were sent and may be this message's own: no other's answer shows that they are that one's. */
  readonly perhaps: readonly string[]
} & (
  | { /** The reflex is the first bubble: it is not sent again. */ readonly rule: 'A1'; readonly reflex: string }
  /** A reflex that was held back for another message was this one's: the first bubble is sent. */
  | { readonly rule: 'A1b'; readonly reflex: string; readonly takenFor: number }
  /** The reflex was meant, but provably never started: the first bubble is sent. */
  | { readonly rule: 'A2'; readonly reflex: string }
  /** All bubbles are sent. `mismatch`: a reflex came for this thread meanwhile, and says something else. */
  | { readonly rule: 'A3'; readonly mismatch: boolean }
)

export type OwnReflex = { readonly reflex: string; readonly says: string; readonly act: 'bind' | 'send' }

/** The answer for a message arrives; `firstSays` is absent where it has no bubbles. */
export const bindAnswer = (
  answer: {
    readonly firstSays?: string
    readonly firstPostSeq: number
    /** How many reflexes it lacks. */
    readonly lacks: number
    /** The reflex that was sent for this very message, by `in_reply_to`. */
    readonly named?: SentReflex
  },
  thread: {
    readonly unmatched: readonly SentReflex[]
    readonly held: readonly HeldReflex[]
    /** The other messages in flight. */
    readonly others: readonly PostedMessage[]
  },
  match: Matching['match'],
): AnswerDecision => {
  const { firstSays, named } = answer
  const isSame = sameWords(match)
  const since = <R extends { readonly receivedSeq: number }>(reflexes: readonly R[]): readonly R[] =>
    reflexes
      .filter(({ receivedSeq }) => receivedSeq > answer.firstPostSeq)
      .sort((a, b) => a.receivedSeq - b.receivedSeq)
  const unmatched = since(thread.unmatched)
  const held = since(thread.held)
  const reflex = firstSays === undefined ? undefined : (named ?? unmatched.find(({ says }) => isSame(firstSays, says)))
  const moved = held.find(({ says }) => isSame(firstSays, says))
  const room = named === undefined ? answer.lacks - ((reflex ?? moved) ? 1 : 0) : 0
  const own =
    room > 0
      ? findOwn(
          unmatched.filter(({ says }) => !isSame(firstSays, says)),
          held.filter(({ says }) => !isSame(firstSays, says)),
          thread.others.filter(({ unsent }) => !unsent),
          isSame,
        ).slice(0, room)
      : []
  const perhaps =
    room > own.length
      ? unmatched
          .filter(({ says, commandId }) => !isSame(firstSays, says) && !own.some(one => one.reflex === commandId))
          .map(({ commandId }) => commandId)
      : []
  if (reflex !== undefined) return { own, perhaps, rule: reflex.notStarted ? 'A2' : 'A1', reflex: reflex.commandId }
  if (moved !== undefined) return { own, perhaps, rule: 'A1b', reflex: moved.commandId, takenFor: moved.messageId }
  return { own, perhaps, rule: 'A3', mismatch: firstSays !== undefined && unmatched.length > 0 }
}

/** Of the reflexes that say the same, where more came than the other messages account for, one was this message's own. */
const findOwn = (
  unmatched: readonly SentReflex[],
  held: readonly HeldReflex[],
  others: readonly PostedMessage[],
  isSame: (one: string | undefined, other: string) => boolean,
): OwnReflex[] => {
  const room = others.reduce((sum, { posts, reflexes }) => sum + Math.max(0, posts - reflexes), 0)
  // Those that were expected for another message, or may be that of one that was answered, are accounted for by it.
  const loose = [
    ...unmatched
      .filter(({ mayBeOthers }) => !mayBeOthers)
      .map(({ commandId: reflex, says }): OwnReflex => ({ reflex, says, act: 'bind' })),
    ...held
      .filter(({ expected }) => !expected)
      .map(({ commandId: reflex, says }): OwnReflex => ({ reflex, says, act: 'send' })),
  ]
  const first = loose.filter((one, index) => loose.findIndex(other => isSame(other.says, one.says)) === index)
  return first.filter(({ says }) => loose.filter(other => isSame(other.says, says)).length > room)
}

const sameWords =
  (match: Matching['match']) =>
  (one: string | undefined, other: string): boolean =>
    one !== undefined && (match === 'position' || one === other)

/** A time from before the window; a clock that was set back does not make anything old. */
const isRecent = (atMs: number, { now, windowMs }: Matching): boolean => now - atMs <= windowMs
