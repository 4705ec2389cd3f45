import { hash } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import type { BubbleState } from '../../src/agent/core/bubble.ts'
import type { ScheduleState } from '../../src/agent/store/schedules.ts'
import { QUIET_UNTIL_MS, type Scenario } from './scenario.ts'
import type { Stored } from './verdict.ts'
import type { World } from './world.ts'

/** What the store holds, as far as it matters. */
export const createStoreReader = (db: Database) => {
  const messages = db.prepare<[], MessageRow>(
    `SELECT guid, state, posts, first_says, first_post_seq, next_post_ms, had_socket, late_reflex, answered_ms, withdrawn_ms IS NOT NULL AS withdrawn, edits, words
     FROM messages ORDER BY id`,
  )
  const bubbles = db.prepare<[], BubbleRow>(
    `SELECT thread_id, message_id, position, command_id, says, state, row_guid, id, immediate, place, tries, next_send_ms,
       attempt, watermark, started_ms, ended_ms FROM bubbles ORDER BY id`,
  )
  const commands = db.prepare<[], CommandRow>(
    `SELECT command_id, role, rule, message_id, bond, bubble_id, status, received_seq, ack_owed FROM commands
     ORDER BY command_id`,
  )
  const lines = db.prepare<[], object>('SELECT hash, message_id, is_stock FROM lines ORDER BY hash')
  const pauses = db.prepare<[], PauseRow>('SELECT thread_id, cause, until_ms FROM pauses ORDER BY thread_id, cause')
  const schedules = db.prepare<[], ScheduleRow>('SELECT schedule_id, state, send_at_ms FROM schedules ORDER BY id')
  return {
    read: () => ({
      messages: messages.all(),
      bubbles: bubbles.all(),
      commands: commands.all(),
      lines: lines.all(),
      pauses: pauses.all(),
      schedules: schedules.all(),
    }),
  }
}

/** The same for the verdict. */
export const toStored = ({ messages, bubbles, commands, pauses, schedules }: StoreRows): Stored => ({
  messages: countBy(messages.map(({ state }) => state)),
  posts: Object.fromEntries(messages.map(({ guid, posts }) => [guid, posts])),
  bubbles: bubbles.map(({ thread_id, says, state }) => ({ threadId: thread_id, says, state })),
  sent: commands.flatMap(({ command_id, bubble_id }) => (bubble_id === null ? [] : [command_id])),
  commands: countBy(commands.map(({ status }) => status)),
  outcomes: Object.fromEntries(commands.map(({ command_id, status }) => [command_id, status])),
  takeovers: pauses.filter(({ cause }) => cause === 'takeover').length,
  schedule: schedules[0]?.state,
})

const countBy = (states: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

/** Two states of one name have the same future. */
export const stateName = (rows: StoreRows, world: World, scenario: Scenario, timersDueMs: readonly number[]): string =>
  hash(
    'sha1',
    JSON.stringify([storeOf(rows, world), guardOf(rows, world, scenario), worldOf(rows, world, timersDueMs)]),
  )

/** What holds back, or takes back. */
const guardOf = (
  { messages, bubbles, commands, pauses, schedules }: StoreRows,
  world: World,
  { guard, change, acks }: Scenario,
) => [
  pauses.map(({ thread_id, cause, until_ms }) => [thread_id, cause, wait(until_ms, world)]),
  schedules.map(({ schedule_id, state, send_at_ms }) => [schedule_id, state, wait(send_at_ms, world)]),
  change === 'none' ? [] : messages.map(({ withdrawn, edits, words }) => [withdrawn, edits, words]),
  acks ? commands.map(({ ack_owed }) => ack_owed) : [],
  // When sends were begun counts in limits, and where a row may be the owner's.
  guard === 'limit' || guard === 'takeover'
    ? bubbles.map(({ started_ms }) => (started_ms === null ? null : Math.min(FORGOTTEN_MS, world.now - started_ms)))
    : [],
  guard === 'limit'
    ? world.starts.slice(-1).map(({ thread, atMs }) => [thread, Math.min(FORGOTTEN_MS, world.now - atMs)])
    : [],
  guard === 'quiet' ? world.now < QUIET_UNTIL_MS && world.now : [],
]
const FORGOTTEN_MS = 120_000

/** Times become waits, sequence numbers ranks, and what no decision will ask for again is left out. */
const storeOf = ({ messages, bubbles, commands, lines }: StoreRows, world: World) => {
  const openMessages = messages.filter(({ state }) => state !== 'answered')
  const sequence = [
    ...openMessages.map(({ first_post_seq }) => first_post_seq ?? 0),
    ...commands.filter(isLoose).map(({ received_seq }) => received_seq),
  ].sort((a, b) => a - b)
  const unclaimed = unclaimedRows(bubbles, world)
  const inTurn = bubbles
    .filter(isOpen)
    .sort((a, b) => a.place - b.place || (a.message_id ?? 0) - (b.message_id ?? 0) || a.id - b.id)
  return [
    messages.map(({ guid, state, posts, first_says, first_post_seq, next_post_ms, had_socket, ...message }) => {
      if (state === 'answered') return [guid, posts, first_says, had_socket, lateness(message, world)]
      return [guid, state, posts, had_socket, sequence.indexOf(first_post_seq ?? 0), wait(next_post_ms, world)]
    }),
    bubbles
      .filter(isOpen)
      .map(bubble => [
        ...whose(bubble),
        bubble.immediate,
        inTurn.indexOf(bubble),
        bubble.tries,
        wait(bubble.next_send_ms, world),
        bubble.ended_ms === null ? null : Math.max(-FORGOTTEN_MS, bubble.ended_ms - world.now),
        unclaimed.filter(({ rowid }) => rowid > (bubble.watermark ?? 0)).length,
      ]),
    bubbles
      .filter(bubble => !isOpen(bubble))
      .map(bubble => JSON.stringify([...whose(bubble), bubble.row_guid !== null]))
      .sort(),
    commands.map(command => [
      ...[
        command.command_id,
        command.role,
        command.message_id,
        command.status,
        command.bond,
        command.bubble_id !== null,
      ],
      command.rule === 'A4',
      isLoose(command) ? sequence.indexOf(command.received_seq) : null,
    ]),
    lines,
  ]
}

/** It is for nobody in particular, or may turn out to be another's. */
const isLoose = ({ role, bond }: CommandRow): boolean => role === 'unmatched' || bond !== null

/** A reflex may come late: when the agent asks whether it can, at the latest. Whether it has asked is in the world. */
const lateness = (
  { late_reflex, answered_ms }: Pick<MessageRow, 'late_reflex' | 'answered_ms'>,
  { now }: World,
): unknown => (late_reflex === 0 ? null : Math.max(0, (answered_ms ?? 0) + WRITING_MS - now))
const WRITING_MS = 2_000

const worldOf = ({ bubbles }: StoreRows, world: World, timersDueMs: readonly number[]) => {
  const open = bubbles.filter(isOpen)
  const sender = (attempt: string) => open.findIndex(bubble => bubble.attempt === attempt)
  return [
    [
      world.up,
      world.heard,
      world.answered,
      world.faults,
      world.crashes,
      world.ledger.map(({ thread, text }) => [thread, text]),
    ],
    world.rows.filter(({ fromMe }) => !fromMe).length,
    unclaimedRows(bubbles, world).map(({ thread, text }) => [thread, text]),
    world.posts.map(({ message, heard }) => `${message} ${heard}`).sort(),
    world.frames.map(({ id }) => id).sort(),
    [...new Set(world.read.map(({ id }) => id))].sort(),
    world.processes.map(({ attempt, text, shown, leftover }) => [sender(attempt), text, shown, leftover]),
    Object.entries(world.files).map(([attempt, file]) => [sender(attempt), file]),
    world.pending.map(({ what, thread, text, attempt, until }) => [
      what,
      thread,
      text,
      sender(attempt),
      wait(until, world),
    ]),
    timersDueMs.map(dueMs => wait(dueMs, world)),
    [world.delayed.length, world.missing.toSorted(), world.pingedMs !== undefined, world.pinged],
    [world.schedule, world.connected, world.acks, world.acked, world.pause, world.looked === world.version],
    world.byHand && Math.min(FORGOTTEN_MS, world.now - world.byHand.atMs),
    world.rows.flatMap(({ editedMs, emptied }) => (editedMs === undefined ? [] : [emptied === true])),
  ]
}

/** Outgoing rows that no bubble has yet. */
const unclaimedRows = (bubbles: readonly BubbleRow[], { rows }: World) => {
  const claimed = new Set(bubbles.map(({ row_guid }) => row_guid))
  return rows
    .map((row, index) => ({ ...row, rowid: index + 1 }))
    .filter(({ fromMe, guid }) => fromMe && !claimed.has(guid))
}

const whose = ({ thread_id, message_id, position, command_id, says, state }: BubbleRow) => [
  ...[thread_id, message_id, position, command_id, says, state],
]

/** A parked bubble may still be confirmed. */
const isOpen = ({ state }: BubbleRow): boolean => state !== 'confirmed' && state !== 'failed'

const wait = (untilMs: number | null | undefined, { now }: World): number | null =>
  untilMs === null || untilMs === undefined ? null : Math.max(0, untilMs - now)

export type StoreRows = ReturnType<ReturnType<typeof createStoreReader>['read']>

type MessageRow = {
  guid: string
  state: string
  posts: number
  first_says: string | null
  first_post_seq: number | null
  next_post_ms: number | null
  had_socket: number
  late_reflex: number
  answered_ms: number | null
  withdrawn: number
  edits: number
  words: string | null
}
type PauseRow = { thread_id: string; cause: string; until_ms: number | null }
type ScheduleRow = { schedule_id: string; state: ScheduleState; send_at_ms: number }
type BubbleRow = {
  thread_id: string
  message_id: number | null
  position: number | null
  command_id: string | null
  says: string
  state: BubbleState
  row_guid: string | null
  id: number
  immediate: number
  place: number
  tries: number
  next_send_ms: number
  attempt: string | null
  watermark: number | null
  started_ms: number | null
  ended_ms: number | null
}
type CommandRow = {
  command_id: string
  role: string
  rule: string | null
  bond: string | null
  bubble_id: number | null
  message_id: number | null
  status: string
  received_seq: number
  ack_owed: number
}
