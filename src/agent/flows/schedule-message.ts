import type { ParsedFrame } from '../../protocol/parse-frame.ts'
import { unsendable } from '../core/bubble.ts'
import { isBlank } from '../core/says.ts'
import { refuseSchedule, type ScheduleLimits } from '../core/schedule.ts'
import type { Store } from '../store/open-store.ts'
import type { FoundSchedule } from '../store/schedules.ts'

type ScheduleCommand = Extract<ParsedFrame, { kind: 'schedule' }>
type CancelCommand = Extract<ParsedFrame, { kind: 'cancel' }>

export type SchedulingNeeds = {
  readonly schedules: Pick<Store['schedules'], 'add' | 'isWaiting' | 'load' | 'ofCommand' | 'named' | 'end'>
  /** Takes back a bubble of which nothing was sent; false where it was, is being, or may have been sent. */
  readonly cancelBubble: (bubbleId: number) => boolean
  /** Why nothing may ever be sent there, as far as is known now; undefined where it may. */
  readonly refuse: (threadId: string, text: string) => string | undefined
  readonly isGroup: (threadId: string) => boolean | undefined
  /** The wall clock, in Unix milliseconds: by it the backend says when. */
  readonly clock: () => number
  readonly limits: ScheduleLimits
}

type Refusal = { readonly error: string; readonly detail?: string }

/** Keeps a message until its time, in the caller's transaction; or says why not. */
export const scheduleMessage = (
  { command, schedule }: ScheduleCommand,
  needs: SchedulingNeeds,
): Refusal | undefined => {
  const { schedules, clock, limits } = needs
  const { threadId, text, scheduleId, sendAtMs } = schedule
  const bad = isBlank(text) ? 'text_is_blank' : unsendable(text)
  if (bad !== undefined) return { error: 'invalid_payload', detail: bad }
  const refusal = needs.refuse(threadId, text)
  if (refusal !== undefined) return { error: refusal }
  const isGroup = needs.isGroup(threadId)
  if (schedule.isGroup !== undefined && isGroup !== undefined && schedule.isGroup !== isGroup) {
    return { error: 'invalid_payload', detail: `is_group: the thread is ${isGroup ? 'a' : 'no'} group` }
  }
  const nowMs = clock()
  const misfit = refuseSchedule({ sendAtMs, length: text.length }, schedules.load(threadId), limits, nowMs)
  if (misfit !== undefined) return misfit
  if (schedules.isWaiting(scheduleId))
    return { error: 'conflict', detail: 'a message of this schedule_id waits already' }
  schedules.add({
    scheduleId,
    commandId: command.command_id,
    threadId,
    text,
    immediate: command.priority === 'immediate',
    sendAtMs,
    nowMs,
  })
  return undefined
}

/**
 * Sees to it that a message is not sent, in the caller's transaction; or says why that cannot be. `endedCommand` is that of
 * a message that would have been: it has to be told.
 */
export const cancelScheduled = (
  { cancel }: CancelCommand,
  needs: SchedulingNeeds,
): Refusal | { readonly endedCommand?: string } => {
  const { schedules } = needs
  const found = find(cancel, schedules)
  if (found === undefined) return { error: 'unknown_schedule' }
  const { id, bubble, state, commandId } = found
  if (state === 'waiting') {
    schedules.end(id, 'cancelled', needs.clock())
    return { endedCommand: commandId }
  }
  if (state !== 'planned' || bubble === undefined) return {} // it is not sent, however that came
  if (!needs.cancelBubble(bubble.id)) return { error: 'already_sent', detail: bubble.state }
  schedules.end(id, 'cancelled', needs.clock())
  return { endedCommand: commandId }
}

const find = (
  { scheduleId, commandId }: CancelCommand['cancel'],
  schedules: SchedulingNeeds['schedules'],
): FoundSchedule | undefined => {
  if (commandId === undefined) return scheduleId === undefined ? undefined : schedules.named(scheduleId)
  const found = schedules.ofCommand(commandId)
  return scheduleId === undefined || found?.scheduleId === scheduleId ? found : undefined
}
