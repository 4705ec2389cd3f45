/** What is permitted of scheduled messages; times in milliseconds. */
export type ScheduleLimits = {
  /** So late it is still sent. */
  readonly maxLateMs: number
  /** So far ahead it may be. */
  readonly maxAheadMs: number
  /** So many may wait. */
  readonly maxWaiting: number
}

/** What waits already, for its time or for its turn; `characters` of the former. */
export type ScheduleLoad = { readonly inAll: number; readonly inThread: number; readonly characters: number }

/** In one thread, lest a backend that runs away in it takes the room of all others. */
const MAX_WAITING_IN_THREAD = 250
/** Of all texts that wait, in UTF-16 units. */
const MAX_CHARACTERS = 2_000_000

/** Why one more cannot be kept until its time; undefined where it can. */
export const refuseSchedule = (
  { sendAtMs, length }: { readonly sendAtMs: number; readonly length: number },
  load: ScheduleLoad,
  limits: ScheduleLimits,
  nowMs: number,
): { readonly error: string; readonly detail?: string } | undefined => {
  if (isTooLate(sendAtMs, nowMs, limits.maxLateMs)) return { error: 'too_late' }
  if (sendAtMs - nowMs > limits.maxAheadMs) return { error: 'too_far' }
  const tooMany = (detail: string) => ({ error: 'too_many_scheduled', detail })
  if (load.inAll >= limits.maxWaiting) return tooMany('in_all')
  if (load.inThread >= MAX_WAITING_IN_THREAD) return tooMany('in_thread')
  if (load.characters + length > MAX_CHARACTERS) return tooMany('characters')
  return undefined
}

/** Whoever was to get it expects it no more. */
export const isTooLate = (sendAtMs: number, nowMs: number, maxLateMs: number): boolean => nowMs - sendAtMs > maxLateMs
