import type { Database } from 'better-sqlite3'
import type { BubbleState } from '../core/bubble.ts'
import type { ScheduleLoad } from '../core/schedule.ts'
import type { Counters } from './counters.ts'

/**
 * planned: its time came, a bubble has it; cancelled: by the backend; too_late: nobody was there in time; refused: its
 * thread may no longer be written to; dropped: a person gave it up.
 */
export type ScheduleState = 'waiting' | 'planned' | 'cancelled' | 'too_late' | 'refused' | 'dropped'

/** A message whose time has come. */
export type DueMessage = {
  readonly id: number
  readonly commandId: string
  readonly threadId: string
  readonly text: string
  readonly immediate: boolean
  /** Unix milliseconds. */
  readonly sendAtMs: number
}

export type FoundSchedule = {
  readonly id: number
  readonly scheduleId: string
  readonly commandId: string
  readonly state: ScheduleState
  /** The bubble that it became. */
  readonly bubble?: { readonly id: number; readonly state: BubbleState }
}

/** A message for later, as an operator sees it. Times are Unix milliseconds. */
export type ListedSchedule = {
  readonly id: number
  readonly threadId: string
  readonly scheduleId: string
  readonly commandId: string
  readonly state: ScheduleState
  readonly reason: string | null
  /** Of its text, in UTF-16 units. */
  readonly length: number
  readonly sendAtMs: number
  readonly createdMs: number
}

/** Messages for later, until their time has come; from then on bubbles have them. */
export const createSchedules = (db: Database, counters: Counters) => {
  const insert = db.prepare(
    `INSERT INTO schedules (schedule_id, command_id, thread_id, text, length, immediate, send_at_ms, created_ms, state)
     VALUES (@scheduleId, @commandId, @threadId, @text, @length, @immediate, @sendAtMs, @nowMs, 'waiting')`,
  )
  const isTaken = db
    .prepare<[string], number>("SELECT 1 FROM schedules WHERE schedule_id = ? AND state = 'waiting'")
    .pluck()
  const loadOfAll = db.prepare<[], { n: number; characters: number }>(
    `SELECT COUNT(*) + (SELECT COUNT(*) FROM bubbles WHERE state = 'planned' AND command_id IS NOT NULL) AS n,
       TOTAL(length) AS characters FROM schedules WHERE state = 'waiting'`,
  )
  const loadOfThread = db
    .prepare<[{ threadId: string }], number>(
      `SELECT COUNT(*) + (SELECT COUNT(*) FROM bubbles
         WHERE state = 'planned' AND thread_id = @threadId AND command_id IS NOT NULL)
       FROM schedules WHERE thread_id = @threadId AND state = 'waiting'`,
    )
    .pluck()
  const bySchedule = db.prepare<[string], FoundRow>(
    `${FOUND} WHERE s.schedule_id = ? ORDER BY s.state = 'waiting' DESC, s.id DESC LIMIT 1`,
  )
  const byCommand = db.prepare<[string], FoundRow>(`${FOUND} WHERE s.command_id = ?`)
  const next = db.prepare<[], number>("SELECT MIN(send_at_ms) FROM schedules WHERE state = 'waiting'").pluck()
  const due = db.prepare<[number, number], DueRow>(
    `SELECT id, command_id, thread_id, text, immediate, send_at_ms FROM schedules
     WHERE state = 'waiting' AND send_at_ms <= ? ORDER BY send_at_ms, id LIMIT ?`,
  )
  const end = db.prepare<[ScheduleState, string | null, number, number]>(
    "UPDATE schedules SET state = ?, reason = ?, ended_ms = ?, text = '' WHERE id = ?",
  )
  const stateOf = db.prepare<[number], { state: ScheduleState; commandId: string }>(
    'SELECT state, command_id AS commandId FROM schedules WHERE id = ?',
  )
  const listed = db.prepare<[], ListedSchedule>(
    `SELECT id, thread_id AS threadId, schedule_id AS scheduleId, command_id AS commandId, state, reason, length,
       send_at_ms AS sendAtMs, created_ms AS createdMs
     FROM schedules WHERE state IN ('waiting', 'too_late', 'refused') ORDER BY send_at_ms, id`,
  )
  const counts = db.prepare<[], { state: ScheduleState; n: number }>(
    'SELECT state, COUNT(*) AS n FROM schedules GROUP BY state',
  )

  return {
    add: (schedule: {
      readonly scheduleId: string
      readonly commandId: string
      readonly threadId: string
      readonly text: string
      readonly immediate: boolean
      readonly sendAtMs: number
      readonly nowMs: number
    }): void => {
      insert.run({ ...schedule, length: schedule.text.length, immediate: schedule.immediate ? 1 : 0 })
    },
    /** One of this name waits. */
    isWaiting: (scheduleId: string): boolean => isTaken.get(scheduleId) !== undefined,
    /** Those that wait for their time, and what commands have planned and is not sent yet: due messages do not pile up. */
    load: (threadId: string): ScheduleLoad => {
      const { n = 0, characters = 0 } = loadOfAll.get() ?? {}
      return { inAll: n, inThread: loadOfThread.get({ threadId }) ?? 0, characters }
    },
    ofCommand: (commandId: string): (FoundSchedule & { readonly sendAtMs: number }) | undefined => {
      const row = byCommand.get(commandId)
      return row && { ...toFound(row), sendAtMs: row.send_at_ms }
    },
    /** The one of this name that waits, or else the latest that had it. */
    named: (scheduleId: string): FoundSchedule | undefined => {
      const row = bySchedule.get(scheduleId)
      return row && toFound(row)
    },
    /** When the next one is due; undefined where none waits. */
    nextMs: (): number | undefined => next.get() ?? undefined,
    /** Those whose time has come, in the order of their times, then of their arrival. */
    due: (nowMs: number, limit: number): DueMessage[] => due.all(nowMs, limit).map(toDue),
    /** It waits no more, and its text is not kept: a bubble has it, or nobody needs it. */
    end: (id: number, state: Exclude<ScheduleState, 'waiting'>, nowMs: number, reason?: string): void => {
      end.run(state, reason ?? null, nowMs, id)
    },
    /** Takes it off the list; its command where it waited until now, undefined where it is not on the list. */
    drop: (id: number, nowMs: number): { readonly endedCommand?: string } | undefined => {
      const found = stateOf.get(id)
      if (found === undefined || !['waiting', 'too_late', 'refused'].includes(found.state)) return undefined
      end.run('dropped', found.state === 'waiting' ? null : found.state, nowMs, id)
      return found.state === 'waiting' ? { endedCommand: found.commandId } : {}
    },
    /** Those that wait, and those that ended unsent for a person to hear of, in the order of their times. */
    listed: (): ListedSchedule[] => listed.all(),
    /** By state, those included that retention has removed. */
    counts: (): Partial<Record<ScheduleState, number>> => counters.withRetired('schedules', counts.all()),
  }
}

const FOUND = `
  SELECT s.id, s.schedule_id, s.command_id, s.state, s.send_at_ms, b.id AS bubble_id, b.state AS bubble_state
  FROM schedules s JOIN commands c ON c.command_id = s.command_id LEFT JOIN bubbles b ON b.id = c.bubble_id`

type FoundRow = {
  id: number
  schedule_id: string
  command_id: string
  state: ScheduleState
  send_at_ms: number
  bubble_id: number | null
  bubble_state: BubbleState | null
}

const toFound = (row: FoundRow): FoundSchedule => ({
  id: row.id,
  scheduleId: row.schedule_id,
  commandId: row.command_id,
  state: row.state,
  ...(row.bubble_id !== null &&
    row.bubble_state !== null && { bubble: { id: row.bubble_id, state: row.bubble_state } }),
})

type DueRow = {
  id: number
  command_id: string
  thread_id: string
  text: string
  immediate: number
  send_at_ms: number
}

const toDue = (row: DueRow): DueMessage => ({
  id: row.id,
  commandId: row.command_id,
  threadId: row.thread_id,
  text: row.text,
  immediate: row.immediate === 1,
  sendAtMs: row.send_at_ms,
})
