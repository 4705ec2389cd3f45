import type { Log } from '../core/log.ts'
import { says } from '../core/says.ts'
import { isTooLate, type ScheduleLimits } from '../core/schedule.ts'
import { splitText } from '../core/split-text.ts'
import type { Clock, Timers } from '../core/timers.ts'
import type { Store } from '../store/open-store.ts'
import type { DueMessage } from '../store/schedules.ts'
import { createPump } from './pump.ts'

export type ScheduledNeeds = {
  readonly transaction: <T>(work: () => T) => T
  readonly schedules: Pick<Store['schedules'], 'nextMs' | 'due' | 'end'>
  readonly commands: Pick<Store['commands'], 'finish' | 'attachBubble'>
  readonly outbox: Pick<Store['outbox'], 'planCommand'>
  /** Why the backend may not write there now; undefined where it may. */
  readonly refuse: (threadId: string) => string | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly limits: Pick<ScheduleLimits, 'maxLateMs'> & { readonly maxLength: number }
  readonly onError: (error: unknown) => void
  readonly log: Log
}

/**
 * Messages for later → bubbles, when their time has come by the wall clock. That is looked at every second while one waits:
 * a clock that is set, and a machine that slept, are followed within that. What comes too late is ended and told.
 */
export const createScheduled = (needs: ScheduledNeeds) => {
  const { schedules, clock, limits } = needs

  const look = (): number | undefined => {
    const nextMs = schedules.nextMs()
    if (nextMs === undefined) return undefined
    const nowMs = clock.wall()
    if (nowMs < nextMs) return Math.min(nextMs - nowMs, LOOK_MS)
    const ended = needs.transaction(() => schedules.due(nowMs, BATCH).map(message => end(message, nowMs)))
    for (const { id, lateMs, bubble, reason } of ended) {
      const fields = { schedule: id, lateMs, bubble, reason }
      if (reason === undefined) needs.log.info(fields, 'scheduled message is due')
      else needs.log.warn(fields, 'scheduled message not sent')
    }
    return 0 // there may be more
  }

  /** Its command, too, in the caller's transaction, where it is not sent. */
  const end = ({ id, commandId, threadId, text, immediate, sendAtMs }: DueMessage, nowMs: number) => {
    const lateMs = nowMs - sendAtMs
    const isLate = isTooLate(sendAtMs, nowMs, limits.maxLateMs)
    const reason = isLate ? 'too_late' : needs.refuse(threadId)
    if (reason !== undefined) {
      schedules.end(id, isLate ? 'too_late' : 'refused', nowMs, isLate ? undefined : reason)
      needs.commands.finish(commandId, 'failed', nowMs, reason)
      return { id, lateMs, reason }
    }
    const bubble = needs.outbox.planCommand({
      threadId,
      commandId,
      text,
      says: says(text),
      parts: splitText(text, limits.maxLength),
      immediate,
      now: clock.now(),
    })
    schedules.end(id, 'planned', nowMs)
    needs.commands.attachBubble(commandId, bubble)
    return { id, lateMs, bubble }
  }

  return createPump(look, needs)
}

/** Longer than that no change of the clock stays unseen. */
const LOOK_MS = 1_000
/** One commit for so many. */
const BATCH = 100
