import { PHASE_MARK, SPAWN_MARK } from '../../src/agent/core/judge-send.ts'
import type { Chat, MessageRow } from '../../src/agent/core/message.ts'
import type { EngineChatDb } from '../../src/agent/engine.ts'
import type { InboxMessage } from '../../src/agent/store/inbox.ts'
import type { Bubble } from '../../src/agent/store/outbox.ts'
import { PLAIN_ROW } from '../support/plain-row.ts'
import { type Scenario, START_MS } from './scenario.ts'

/** Everything outside the agent, as plain data: what is on the Mac, on the wires, and in the backend. */
export type World = {
  /** Unix milliseconds. It moves only when the agent waits for a time. */
  now: number
  /** The agent runs. */
  up: boolean
  /** chat.db's message table, by row number from 1. */
  rows: Row[]
  /** It counts the changes of chat.db, and which of them the agent has looked at. */
  version: number
  looked: number
  /** POSTs of the agent that are under way. */
  posts: Post[]
  /** Per message, how many POSTs reached the backend. */
  heard: number[]
  /** Per message, the POST whose answer the agent has; 0: none yet. */
  answered: number[]
  /** Commands that the backend has written and the agent has not read. */
  frames: Reflex[]
  /** Commands that the agent has read. */
  read: Reflex[]
  /** The one that was read last, and not looked at yet; those that were not sent at once; those that were missing then (I9). */
  justRead?: Reflex | undefined
  delayed: string[]
  missing: string[]
  /** What the backend has written of a message for later, and what of that the agent has read. */
  schedule: { frames: ScheduleFrame[]; read: ScheduleFrame[]; written: ScheduleFrame[] }
  /** Whether the backend and the agent are connected, and the acks that are on their way. */
  connected: boolean
  /** When the agent sent the ping that is not answered yet. */
  pingedMs?: number | undefined
  /** The messages that had been answered by then. */
  pinged: number[]
  acks: Ack[]
  /** The last ack of each command that the backend has. */
  acked: Record<string, Ack['status']>
  /** A person's pause of everything. */
  pause: 'not yet' | 'lasts' | 'over'
  /** When the owner wrote by hand, and to whom. */
  byHand?: { readonly thread: string; readonly atMs: number }
  /** When sends were begun. */
  starts: { readonly thread: string; readonly atMs: number }[]
  /** osascripts that run; they outlive the agent. */
  processes: Process[]
  /** Attempts so far, and what the last ones left in their files. */
  attempts: number
  files: Record<string, string>
  /** What Messages has been told and is still to do. */
  pending: Pending[]
  /** What the persons saw, in order: the truth. */
  ledger: Shown[]
  /** What may still go wrong. */
  faults: number
  crashes: number
  /** The agent did something that it must never do. */
  wrong?: string | undefined
}

export type Row = {
  readonly guid: string
  readonly thread: string
  readonly text: string
  readonly fromMe: boolean
  readonly atMs: number
  readonly editedMs?: number
  /** Taken back. */
  readonly emptied?: boolean
}
export type ScheduleFrame = 'schedule' | 'cancel'
export type Ack = { readonly id: string; readonly status: 'completed' | 'failed' }
export type Shown = { readonly thread: string; readonly text: string }
export type Reflex = { readonly id: string; readonly message: number; readonly post: number }

export type Post = {
  readonly message: number
  /** The message as the flow has it in hand. */
  readonly record: InboxMessage
  /** With the backend; until then it may still be refused. */
  heard: boolean
}

export type Process = Shown & {
  readonly attempt: string
  readonly pid: number
  shown: boolean
  /** The bubble as the flow has it in hand. */
  readonly bubble: Bubble
  /** An earlier life of the agent started it. */
  leftover: boolean
}

/** An effect that comes after its osascript has ended, or a row that comes after its effect; `until` which time at most. */
export type Pending = Shown & { readonly what: 'effect' | 'row'; readonly attempt: string; readonly until?: number }

export const newWorld = ({ threads, faults, crashes }: Scenario): World => ({
  now: START_MS,
  up: true,
  rows: [],
  version: 0,
  looked: 0,
  posts: [],
  heard: threads.map(() => 0),
  answered: threads.map(() => 0),
  frames: [],
  read: [],
  delayed: [],
  missing: [],
  schedule: { frames: [], read: [], written: [] },
  connected: true,
  acks: [],
  acked: {},
  pause: 'not yet',
  starts: [],
  processes: [],
  attempts: 0,
  files: {},
  pending: [],
  ledger: [],
  pinged: [],
  faults,
  crashes,
})

export const guidOf = (message: number): string => `m${message}`
/** The messages of which the agent has the answer. */
export const answeredIn = ({ answered }: World): number[] =>
  answered.flatMap((post, index) => (post === 0 ? [] : [index + 1]))
export const messageOf = (guid: string): number => Number(guid.slice(1))

/** What an osascript writes, and the error number it ends with. */
export const output = (phases: readonly ('resolve' | 'send' | 'done')[], error?: number): string =>
  [SPAWN_MARK, ...phases.map(phase => `${PHASE_MARK} ${phase}`), error === undefined ? '' : `error (${error})`].join(
    '\n',
  )

/** The world's chat.db as the engine reads it. */
export const chatDbOf = (world: World): EngineChatDb => {
  const after = (rowid: number) => world.rows.map(toMessageRow).slice(rowid)
  return {
    snapshot: <T>(read: () => T): T => read(),
    file: '1:1',
    dataVersion: () => world.version,
    highestRowid: () => world.rows.length,
    guidAt: (rowid: number) => world.rows[rowid - 1]?.guid,
    datesAfter: (rowid: number, limit: number) => after(rowid).slice(0, limit),
    incomingSince: () => [],
    rowsAfter: (rowid: number, limit: number) => {
      world.looked = world.version
      return after(rowid).slice(0, limit)
    },
    row: (rowid: number) => after(rowid - 1)[0],
    rowOf: (guid: string) => after(0).find(row => row.guid === guid),
    rowidsSince: () => [],
    highestRowidBefore: () => 0,
    marksFinished: () => true,
    changedSince: () => after(0).filter(row => row.editedMs !== undefined && !row.fromMe),
    outgoingAfter: (rowid: number) => after(rowid).filter(({ fromMe }) => fromMe),
    failedSince: () => [],
    hasChat: () => true,
    latestChat: () => undefined,
    chatOf: (threadId: string) => (world.rows.some(({ thread }) => thread === threadId) ? chatOf(threadId) : undefined),
    chatsOf: (threadId: string) => [chatOf(threadId)],
    ownAddresses: () => [],
    earlierIn: (_, rowid: number, limit: number) =>
      after(0)
        .slice(0, rowid - 1)
        .slice(-limit)
        .toReversed(),
    rowsOf: (guids: readonly string[]) => guids.flatMap(guid => after(0).find(row => row.guid === guid) ?? []),
    ownAmong: (guids: readonly string[]) =>
      after(0).flatMap(({ guid, fromMe }) => (fromMe && guids.includes(guid) ? [guid] : [])),
    detailsOf: () => ({ participants: [], attachments: [] }),
    attachmentsOf: () => undefined,
  }
}

const toMessageRow = (
  { guid, thread, text, fromMe, atMs, editedMs, emptied = false }: Row,
  index: number,
): MessageRow => ({
  ...PLAIN_ROW,
  rowid: index + 1,
  guid,
  chat: chatOf(thread),
  sender: thread,
  text,
  date: BigInt(index + 1),
  dateMs: atMs + index, // no two are of the same moment
  fromMe,
  emptied,
  ...(editedMs !== undefined && { editedMs }),
  hasContent: !emptied,
})

const chatOf = (threadId: string): Chat => ({
  guid: `any;-;${threadId}`,
  threadId,
  isGroup: false,
  service: 'iMessage',
  accountId: '',
})
