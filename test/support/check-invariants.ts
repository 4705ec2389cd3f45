import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentStatus } from '../../src/agent/agent.ts'
import { isBlank, says } from '../../src/agent/core/says.ts'
import type { MockBackendEvent } from '../../src/lab/mock-backend/event.ts'
import { commandAckData, fromIdempotencyKey, messageAnswer, sendMessageNow } from '../../src/protocol/wire.ts'
import { findDelays } from './check-promptness.ts'
import { type BubbleRecord, type MessageRecord, readIncoming, readRecords } from './read-records.ts'
import { type House, waitFor } from './start-house.ts'

/** What a run may leave behind: nothing, unless it is said here. `any` is for runs in which chance decides. */
export type Expected = {
  /** Why messages became dead letters: `http_400`. */
  readonly deadLetters?: readonly string[] | 'any'
  /** Why rows of chat.db were not forwarded: `stale`. */
  readonly skipped?: readonly string[] | 'any'
  /** Why messages still wait for their retry. */
  readonly waiting?: readonly string[]
  /** Texts that the backend wrote and no person got; each has to be reported as parked or failed. */
  readonly unsent?: readonly string[] | 'any'
  /** Texts of commands that were written into a connection on which nobody listened any more. */
  readonly unheard?: readonly string[] | 'any'
  /** The backend could not see a connection's end before the next one was there: it was frozen, or the road half-open. */
  readonly overlapping?: true
  /** Commands of a test's own that are reflexes: their ids, and the guids of the messages that they answer. */
  readonly reflexes?: ReadonlyMap<string, string>
  /** Messages that the owner wrote by hand. None of our own is to be taken for one. */
  readonly byHand?: number
  /** How long the run may take to come to its end. */
  readonly patienceMs?: number
}

/**
 * Checks I1 to I9 of the fault tables after a run, by what was really sent (the simulator's ledger), what the backend
 * saw and did, and what the agent says of itself. The agent has to run: it is asked, stopped, and its database read.
 */
export const checkInvariants = async (house: House, expected: Expected = {}): Promise<void> => {
  await waitForEnd(house, expected)
  const violations = findViolations(await readRun(house, expected), expected)
  if (violations.length > 0) throw new Error(`the run broke what has to hold:\n${violations.join('\n')}`)
}

export type Run = Awaited<ReturnType<typeof readRun>>

/** All that is known of a run. Stops the agent. */
export const readRun = async (house: House, { reflexes }: Expected = {}) => {
  const [status, queue] = [await house.status(), await house.queue()]
  const use = measureUse(status)
  const exitCode = await house.stopAgent()
  return {
    ...readRecords(house),
    incoming: readIncoming(house),
    ...readEvents(house.events, reflexes),
    events: house.events,
    problems: status.problems,
    byHand: status.held.byHand,
    queue,
    exitCode,
    log: house.log,
    use: { ...use, ...measureFiles(house.stateDir) },
    sent: house.simulator.readLedger().map(({ guid, text, attempt }) => {
      return { threadId: guid.split(';').at(-1) ?? '', text, attempt: attempt.replace(/-[cop]$/, '') }
    }),
  }
}

export const findViolations = (run: Run, expected: Expected = {}): string[] => {
  const reasons = (state: string) => run.messages.filter(row => row.state === state).map(({ reason }) => `${reason}`)
  return [
    ...checkMessages(run),
    ...checkPostOrder(run),
    ...unlike('I1 dead letters', reasons('dead'), expected.deadLetters),
    ...unlike('I1 not forwarded', reasons('skipped'), expected.skipped),
    ...unlike('I1 still waiting', reasons('waiting'), expected.waiting),
    ...checkDoubles(run),
    ...checkReports(run),
    ...unlike('I3 not sent', missing(run).map(toText), expected.unsent),
    ...checkOrder(run),
    ...(expected.overlapping ? [] : checkConnections(run)),
    ...checkProcess(run),
    ...checkAcks(run),
    ...unlike('I7 unheard commands', unheard(run).map(toText), expected.unheard),
    ...(run.byHand === (expected.byHand ?? 0) ? [] : [`${run.byHand} rows were taken for hand-written`]),
    ...checkUse(run),
    ...findDelays(run.promptness, id => run.reflexes.get(id)?.guid).map(delay => `I9 ${delay}`),
  ]
}

type Text = { readonly threadId: string; readonly text: string }

/** Until nothing is on its way any more, and the backend knows how every command ended. */
const waitForEnd = async (house: House, { waiting = [], patienceMs = 120_000 }: Expected): Promise<void> => {
  let open: Readonly<Record<string, number>> = {}
  const isOver = async (): Promise<boolean> => {
    const { messages, bubbles, commands } = await house.status()
    const { queued = 0, posting = 0 } = messages
    const unseen = Math.max(0, readIncoming(house).length - sum(messages))
    const { planned = 0, sending = 0, sent = 0, unknown = 0 } = bubbles
    const unacked = Math.max(0, sum(commands) - finalAcks(house.events).size)
    const retrying = (messages.waiting ?? 0) - waiting.length
    open = { unseen, queued, posting, retrying, planned, sending, sent, unknown, unacked }
    return Object.values(open).every(n => n === 0)
  }
  try {
    await waitFor('the end of the run', isOver, patienceMs)
  } catch (cause) {
    throw new Error(`the run does not come to its end: ${JSON.stringify(open)}`, { cause })
  }
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((all, n) => all + n, 0)

/** What the backend heard and wrote: by the guid of the message, or by the id of the command. */
const readEvents = (events: readonly MockBackendEvent[], ownReflexes: Expected['reflexes'] = new Map()) => {
  const posts = new Map<string, string[]>()
  const answers = new Map<string, readonly string[]>()
  const reflexes = new Map<string, Text & { readonly guid: string }>()
  const commands = new Map<string, Text>()
  for (const event of events) {
    if (event.type === 'posted') {
      const guid = fromIdempotencyKey(event.message.key ?? '')
      posts.set(guid, [...(posts.get(guid) ?? []), event.message.body])
    } else if (event.type === 'answered' && event.status === 200) {
      const { should_respond, reply_bubbles } = messageAnswer.parse(JSON.parse(event.answer))
      const bubbles = should_respond ? (reply_bubbles ?? []).filter(text => !isBlank(text)) : []
      answers.set(fromIdempotencyKey(event.key ?? ''), bubbles)
    } else if (event.type === 'reflex-sent') {
      const guid = fromIdempotencyKey(event.key ?? '')
      reflexes.set(event.command_id, { guid, threadId: event.thread_id, text: event.text })
    } else if (event.type === 'command-sent') {
      const { data } = sendMessageNow.safeParse(event.command.payload)
      if (data === undefined || commands.has(event.command_id)) continue
      const text = { threadId: data.thread_id, text: data.text }
      const guid = ownReflexes.get(event.command_id)
      if (guid === undefined) commands.set(event.command_id, text)
      else reflexes.set(event.command_id, { guid, ...text })
    }
  }
  return { posts, answers, reflexes, commands, acked: finalAcks(events) }
}

/** The commands that were acked with their end. A backend that knows no acks takes them for other frames. */
const finalAcks = (events: readonly MockBackendEvent[]): ReadonlySet<string> => {
  const acks = events.flatMap(event => {
    if (event.type === 'ack') return [event.ack]
    if (event.type !== 'frame') return []
    const { data } = commandAckData.safeParse((JSON.parse(event.text) as { data?: unknown }).data)
    return data ? [data] : []
  })
  return new Set(acks.filter(({ status }) => status !== 'received').map(({ command_id }) => command_id))
}

/** I1: each row that a person wrote is on record, went out under its key with the same bytes, and has the answer it got. */
const checkMessages = ({ incoming, messages, posts, answers }: Run): string[] => {
  const recorded = new Set(messages.map(({ guid }) => guid))
  const check = ({ guid, state, reason, bubbles }: MessageRecord): string[] => {
    const bodies = posts.get(guid) ?? []
    // Its sender may take it back while it waits for its retry.
    if (state === 'skipped')
      return bodies.length > 0 && reason !== 'unsent' ? [`I1 ${guid} was POSTed, and skipped`] : []
    const written = answers.get(guid)?.length
    const misread = state === 'answered' && bubbles !== written
    return [
      ...(bodies.length === 0 ? [`I1 ${guid} was never POSTed`] : []),
      ...(new Set(bodies).size > 1 ? [`I1 ${guid} was POSTed with different bytes`] : []),
      ...(misread ? [`I1 ${guid} is on record with ${bubbles} bubbles, the backend wrote ${written}`] : []),
    ]
  }
  const lost = incoming.filter(guid => !recorded.has(guid))
  return [...lost.map(guid => `I1 ${guid} is not on record`), ...messages.flatMap(check)]
}

const checkPostOrder = ({ messages }: Run): string[] =>
  [...Map.groupBy(messages, ({ threadId }) => threadId).values()].flatMap(thread => {
    const order = thread.flatMap(({ firstPostSeq }) => firstPostSeq ?? [])
    return order.some((seq, n) => seq < (order[n - 1] ?? 0)) ? [`I1 POSTs of ${thread[0]?.threadId} out of order`] : []
  })

/**
 * All that people should have got, once each: the bubbles of the stored answers, the reflexes that say something else
 * than the first of these (a repeated one counts once), and the commands that were not refused.
 */
const wanted = ({ messages, bubbles, commandRecords, answers, reflexes, commands }: Run): Text[] => {
  const answered = messages.filter(({ state }) => state === 'answered')
  const first = new Map(answered.map(({ guid }) => [guid, says(answers.get(guid)?.[0] ?? '')]))
  const heard = new Set(commandRecords.map(({ commandId }) => commandId))
  const others = [...reflexes].filter(([id, { guid, text }]) => heard.has(id) && first.get(guid) !== says(text))
  const accepted = new Set(bubbles.map(({ commandId }) => commandId))
  return [
    ...answered.flatMap(({ guid, threadId }) => (answers.get(guid) ?? []).map(text => ({ threadId, text }))),
    ...new Map(others.map(([, reflex]) => [`${reflex.guid} ${says(reflex.text)}`, reflex])).values(),
    ...[...commands].filter(([id]) => accepted.has(id)).map(([, command]) => command),
  ]
}

/** What is left of `texts` when each of `others` has taken one that says the same in its thread. */
const without = <T extends Text>(texts: readonly T[], others: readonly Text[]): T[] => {
  const taken = new Map<string, number>()
  for (const other of others) taken.set(toText(other), (taken.get(toText(other)) ?? 0) + 1)
  return texts.filter(text => {
    const left = taken.get(toText(text)) ?? 0
    taken.set(toText(text), left - 1)
    return left <= 0
  })
}

const toText = ({ threadId, text }: Text): string => `${threadId}: ${says(text)}`

const missing = (run: Run): Text[] => without(wanted(run), run.sent)

/** I2: nothing was sent more often than the backend asked for, and nothing that the agent took for not sent. */
const checkDoubles = (run: Run): string[] => {
  const attempts = new Set(run.bubbles.map(({ attempt }) => attempt))
  return [
    ...without(run.sent, wanted(run)).map(sent => `I2 sent twice, or without being asked for: ${toText(sent)}`),
    ...run.sent
      .filter(({ attempt }) => !attempts.has(attempt))
      .map(sent => `I2 sent by an attempt that was given up: ${toText(sent)}`),
  ]
}

/** I3: what was not sent is parked or failed and listed by `edge-agent queue`, or was given up there; what counts as confirmed was sent. */
const checkReports = (run: Run): string[] => {
  const listed = new Set(run.queue.bubbles.map(({ id }) => id))
  const reported = run.bubbles
    .filter(({ id, state, reason }) => isReported(state) && (listed.has(`b${id}`) || reason === 'dropped'))
    .map(({ threadId, says: text }) => ({ threadId, text }))
  const attempts = new Set(run.sent.map(({ attempt }) => attempt))
  const invented = run.bubbles.filter(({ state, attempt }) => state === 'confirmed' && !attempts.has(attempt ?? ''))
  return [
    ...without(missing(run), reported).map(text => `I3 neither sent nor reported: ${toText(text)}`),
    ...invented.map(({ threadId, says: text }) => `I3 confirmed and never sent: ${toText({ threadId, text })}`),
  ]
}

const isReported = (state: string): boolean => state === 'parked' || state === 'failed'

/** I4: the bubbles of an answer came in order, after its reflex, with no other answer's bubble in between. */
const checkOrder = ({ sent, messages, bubbles, commandRecords }: Run): string[] => {
  const byAttempt = new Map(bubbles.map(bubble => [bubble.attempt, bubble]))
  const reflexOf = new Map(commandRecords.map(({ commandId, messageId }) => [commandId, messageId]))
  const owner = (bubble: BubbleRecord) => bubble.messageId ?? reflexOf.get(bubble.commandId ?? '') ?? undefined
  return messages.flatMap(({ id, guid, threadId }) => {
    const thread = sent
      .filter(text => text.threadId === threadId)
      .flatMap(({ attempt }) => byAttempt.get(attempt) ?? [])
    const own = thread.filter(bubble => owner(bubble) === id)
    const positions = own.map(({ position }) => position ?? -1)
    const answer = own.filter(({ immediate }) => immediate === 0)
    const [from, to] = [thread.indexOf(answer.at(0) as BubbleRecord), thread.indexOf(answer.at(-1) as BubbleRecord)]
    const strangers = thread.slice(from, to + 1).filter(bubble => bubble.immediate === 0 && owner(bubble) !== id)
    return [
      ...(positions.some((at, n) => n > 0 && at <= (positions[n - 1] ?? 0))
        ? [`I4 ${guid}: sent as ${positions}`]
        : []),
      ...(answer.length > 0 && strangers.length > 0 ? [`I4 ${guid}: other bubbles in between`] : []),
    ]
  })
}

/** I5: of each agent there is one connection or one dial at a time. */
const checkConnections = ({ events }: Run): string[] =>
  events.flatMap((dial, n) => {
    if (dial.type !== 'dialled') return []
    const isOf = (event: MockBackendEvent) => 'agentId' in event && event.agentId === dial.agentId
    const dials = events.slice(0, n).filter(event => event.type === 'dialled' && isOf(event)).length
    const ends = events.filter(
      event =>
        (event.type === 'disconnected' || event.type === 'dial-ended') && isOf(event) && event.at <= dial.at + LATE_MS,
    ).length
    return dials > ends ? [`I5 ${dial.agentId} dialled while it was connected`] : []
  })

/** A backend that has much to do may hear of the new dial first, and of the old connection's end right after. */
const LATE_MS = 500

/** I6: no unhandled error. Node would print it, and it would be no line of the log. */
const checkProcess = ({ log, problems, exitCode }: Run): string[] => [
  ...log
    .split('\n')
    .filter(line => line !== '' && !/^\{"level":"(debug|info|warn)".*\}$/.test(line))
    .map(line => `I6 printed: ${line}`),
  ...problems.filter(({ code }) => code === 'unexpected').map(({ message }) => `I6 unexpected: ${message}`),
  ...(exitCode === 0 ? [] : [`I6 the agent ended with ${exitCode}`]),
]

/** I7: whatever the agent heard, it told the end of. */
const checkAcks = ({ commandRecords, acked }: Run): string[] =>
  commandRecords
    .filter(({ commandId, status }) => status === 'received' || !acked.has(commandId))
    .map(({ commandId, status }) => `I7 command ${commandId}, ${status}, was never acked with its end`)

const unheard = ({ commandRecords, reflexes, commands, acked }: Run): Text[] => {
  const heard = new Set([...commandRecords.map(({ commandId }) => commandId), ...acked])
  return [...reflexes, ...commands].flatMap(([id, text]) => (heard.has(id) ? [] : [text]))
}

/** What the process uses: the most memory there ever was and the open files, where /proc tells. */
const measureUse = ({ agent }: AgentStatus): { readonly bytes: number; readonly files: number } => {
  const proc = `/proc/${agent.pid}`
  if (!existsSync(proc)) return { bytes: agent.rssBytes, files: 0 }
  const peakKb = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`${proc}/status`, 'utf8'))?.[1]
  return { bytes: Number(peakKb) * 1024, files: readdirSync(`${proc}/fd`).length }
}

const measureFiles = (stateDir: string) => ({
  attempts: readdirSync(join(stateDir, 'attempts')).length,
  walBytes: statSync(join(stateDir, 'state.db-wal'), { throwIfNoEntry: false })?.size ?? 0,
})

const MAX_BYTES = 300e6
const MAX_FILES = 100
const MAX_WAL_BYTES = 20e6

/** I8: memory, open files, and what is left on the disk. */
const checkUse = ({ use: { bytes, files, attempts, walBytes } }: Run): string[] => [
  ...(bytes < MAX_BYTES ? [] : [`I8 ${bytes} bytes of memory`]),
  ...(files < MAX_FILES ? [] : [`I8 ${files} open files`]),
  ...(walBytes < MAX_WAL_BYTES ? [] : [`I8 ${walBytes} bytes of state.db-wal`]),
  ...(attempts === 0 ? [] : [`I8 files of ${attempts} ended attempts`]),
]

const unlike = (what: string, found: readonly string[], expected: readonly string[] | 'any' = []): string[] =>
  expected === 'any' || found.toSorted().join('\n') === expected.toSorted().join('\n')
    ? []
    : [`${what}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`]
