/** Who or what keeps bubbles back: a person's `pause`, the owner writing by hand, or the breaker of loops. */
export type PauseCause = 'operator' | 'takeover' | 'loop'

export type Pause = {
  /** '' is everywhere. */
  readonly threadId: string
  readonly cause: PauseCause
  /** Unix milliseconds by the wall clock, as is `untilMs`; without that it lasts until somebody ends it. */
  readonly sinceMs: number
  readonly untilMs?: number
}

/** What an ack says of a command that waits. */
export type HeldDetail = 'held_paused' | 'held_takeover' | 'held_loop' | 'held_quiet_hours' | 'held_chat_db'

export type Hold = {
  /** The reason that counts first. */
  readonly detail: HeldDetail
  readonly all: readonly HeldDetail[]
  /** When nothing holds it any more, as far as is known: infinite where somebody has to end it. */
  readonly untilMs: number
}

/**
 * Why nothing is sent in a thread now; undefined where nothing holds it. Of several reasons the one that a person gave
 * comes first; all of them have to end. `quietUntilMs` is undefined outside of quiet hours.
 */
export const holdOf = (pauses: readonly Pause[], quietUntilMs: number | undefined, now: number): Hold | undefined => {
  const active = pauses.filter(({ untilMs }) => untilMs === undefined || untilMs > now)
  const all = CAUSES.filter(cause => active.some(pause => pause.cause === cause)).map(cause => DETAILS[cause])
  if (quietUntilMs !== undefined) all.push('held_quiet_hours')
  const [detail] = all
  if (detail === undefined) return undefined
  const ends = active.map(({ untilMs }) => untilMs ?? Number.POSITIVE_INFINITY)
  return { detail, all, untilMs: Math.max(...ends, quietUntilMs ?? now) }
}

/** Whether there is such a thread cannot be told while chat.db cannot be read. That is asked again soon. */
export const unreadableHold = (now: number): Hold => ({
  detail: 'held_chat_db',
  all: ['held_chat_db'],
  untilMs: now + UNREADABLE_LOOK_MS,
})

const UNREADABLE_LOOK_MS = 1_000

const CAUSES: readonly PauseCause[] = ['operator', 'takeover', 'loop']

const DETAILS: Readonly<Record<PauseCause, HeldDetail>> = {
  operator: 'held_paused',
  takeover: 'held_takeover',
  loop: 'held_loop',
}
