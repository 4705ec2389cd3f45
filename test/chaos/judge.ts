import { findDelays } from '../support/check-promptness.ts'
import { type FirstBubble, PROMPT_MS } from './first-bubbles.ts'
import type { JournalEntry } from './journal.ts'
import { isStockLine, type PlannedMessage, STOCK_LINES } from './plan-message.ts'

/** All that is known after a run. */
export type Facts = {
  readonly written: readonly PlannedMessage[]
  readonly journal: readonly JournalEntry[]
  /** What people really got, in order. */
  readonly ledger: readonly { readonly threadId: string; readonly text: string; readonly attempt: string }[]
  /** The agent's own records. */
  readonly messages: readonly { readonly guid: string; readonly state: string; readonly reason: string | null }[]
  readonly bubbles: readonly AgentBubble[]
  /** When reflexes came, and answers. */
  readonly promptness: Parameters<typeof findDelays>[0]
  readonly firstBubbles: readonly FirstBubble[]
  readonly commands: readonly { readonly commandId: string; readonly status: string; readonly ackOwed: boolean }[]
}

export type AgentBubble = {
  readonly threadId: string
  readonly text: string
  readonly state: string
  readonly reason: string | null
}

export type Finding = {
  readonly kind:
    | 'unanswered'
    | 'lost'
    | 'doubled'
    | 'out of order'
    | 'given up'
    | 'unfinished'
    | 'unacked'
    | 'held back'
    | 'late'
  readonly evidence: string
}

/**
 * Holds the records against the truth, which is the ledger for what people got and the journal for what the backend
 * answered. `parked` and `failed` are the bubbles given up with good reason, because the plan had it so.
 */
export const judge = (
  facts: Facts,
): {
  readonly findings: readonly Finding[]
  readonly excused: readonly AgentBubble[]
  /** Reflexes that nobody saw, where nobody could tell whose they were. */
  readonly swallowed: number
} => {
  const answers = new Map(facts.journal.flatMap(entry => (entry.type === 'answer' ? [[entry.n, entry.bubbles]] : [])))
  const excused = facts.bubbles.filter(bubble => isExcused(bubble, facts.written))
  const heard = findHeard(facts)
  const unsure = findUnsure(facts)
  let swallowed = 0
  const threads = Map.groupBy(facts.written, ({ threadId }) => threadId)
  const findings = [
    ...findUnanswered(facts, answers),
    ...[...threads].flatMap(([threadId, messages]) => {
      const got = facts.ledger.filter(sent => sent.threadId === threadId)
      const said = messages.map(({ n, isSilent, bubbles }) =>
        isSilent && heard.has(n) ? bubbles.slice(0, 1) : (answers.get(n) ?? []),
      )
      const given = excused.filter(bubble => bubble.threadId === threadId)
      const quiet = messages
        .filter(({ n, isSilent }) => isSilent && unsure.has(n))
        .map(({ bubbles: [text = ''] }) => text)
      const counts = countTexts(threadId, got, said.flat(), given)
      swallowed += counts.reduce((sum, { missing, text }) => sum + Math.min(missing, countOf(quiet, text)), 0)
      return [...findMiscounted(counts, quiet), ...findDisordered(threadId, got, said)]
    }),
    ...findGivenUp(facts.bubbles, excused),
    ...findUnacked(facts),
    ...findHeldBack(facts),
    ...findLate(facts),
  ]
  return { findings, excused, swallowed }
}

/** The messages of which the agent has a reflex on record: a person is to see it, also where the answer has no bubbles. */
const findHeard = ({ journal, commands }: Facts): ReadonlySet<number> => {
  const known = new Set(commands.map(({ commandId }) => commandId))
  return new Set(journal.flatMap(entry => (entry.type === 'reflex' && known.has(entry.commandId) ? [entry.n] : [])))
}

/**
 * The messages of which nobody can tell whether a reflex is theirs: another one of the thread with the same first words lacks a
 * reflex, and was in flight at the same time or answered just before.
 */
const findUnsure = ({ written, journal, commands, promptness }: Facts): ReadonlySet<number> => {
  const known = new Set(commands.map(({ commandId }) => commandId))
  // A POST that never reached the backend counts: of that the agent cannot know.
  const postsOf = new Map(promptness.answers.map(({ guid, posts }) => [guid, posts]))
  const flights = new Map(
    written.flatMap(({ n, guid, threadId, bubbles: [first] }) => {
      const own = journal.filter(entry => 'n' in entry && entry.n === n)
      const [from, until] = [own[0]?.at, own.findLast(({ type }) => type !== 'reflex')?.at]
      if (from === undefined || until === undefined) return []
      const came = own.filter(entry => entry.type === 'reflex' && known.has(entry.commandId)).length
      return [
        [
          n,
          { place: `${threadId} ${first}`, from, until: until + LATE_MS, isLacking: came < (postsOf.get(guid) ?? 0) },
        ],
      ]
    }),
  )
  const all = [...flights]
  return new Set(
    all.flatMap(([n, { place, from, until }]) =>
      all.some(
        ([m, other]) => m !== n && other.place === place && other.isLacking && other.from < until && from < other.until,
      )
        ? [n]
        : [],
    ),
  )
}

/** Two seconds, and as long as a busy machine may take to tell. */
const LATE_MS = 3_000

const countOf = (texts: readonly string[], text: string): number => texts.filter(other => other === text).length

/** Ends that the plan has for a text: its outcome cannot be known, or Messages refuses to deliver it. */
const END_OF_MODE: Readonly<Record<string, string>> = {
  hang: 'parked',
  'no-row': 'parked',
  'error-row': 'failed',
  // It leaves no trace of how far it came; where the agent was killed meanwhile, nobody saw its exit code either.
  'exit-code': 'parked',
}

const isExcused = ({ text, state }: AgentBubble, written: readonly PlannedMessage[]): boolean =>
  written.some(({ sends }) => sends.some(send => send.text === text && END_OF_MODE[send.mode.mode] === state))

const findUnanswered = ({ written, messages }: Facts, answers: ReadonlyMap<number, unknown>): Finding[] => {
  const known = new Map(messages.map(message => [message.guid, message]))
  return written.flatMap(({ n, guid }) => {
    const { state = 'never seen', reason = null } = known.get(guid) ?? {}
    if (state === 'answered' && answers.has(n)) return []
    const backend = answers.has(n) ? 'answered' : 'not answered'
    return [{ kind: 'unanswered', evidence: `message ${n}: ${backend} by the backend, here ${state} (${reason})` }]
  })
}

/** How often each text is missing, but for those given up, and how often it came beyond what was said. */
const countTexts = (
  threadId: string,
  got: Facts['ledger'],
  said: readonly string[],
  given: readonly AgentBubble[],
): readonly { readonly text: string; readonly missing: number; readonly extra: number; readonly evidence: string }[] =>
  [...new Set([...said, ...got.map(({ text }) => text)])].map(text => {
    const wanted = countOf(said, text)
    const attempts = got.filter(sent => sent.text === text).map(({ attempt }) => attempt)
    const lost = wanted - attempts.length - given.filter(bubble => bubble.text === text).length
    const evidence = `${threadId} "${text}": ${wanted} times in answers, ${attempts.length} times sent (${attempts})`
    return { text, missing: Math.max(0, lost), extra: attempts.length - wanted, evidence }
  })

const findMiscounted = (counts: ReturnType<typeof countTexts>, quiet: readonly string[]): Finding[] =>
  counts.flatMap(({ text, missing, extra, evidence }): Finding[] => {
    if (extra > 0) return [{ kind: 'doubled', evidence }]
    return missing > countOf(quiet, text) ? [{ kind: 'lost', evidence }] : []
  })

/**
 * The bubbles of one answer come in order, and together but for reflexes: no later bubble of another answer in between.
 * Of reflexes with the same words as many must have come as answers that went on after theirs.
 */
const findDisordered = (threadId: string, got: Facts['ledger'], said: readonly (readonly string[])[]): Finding[] => {
  const firsts = new Set(said.map(([first]) => first))
  const texts = got.map(({ text }) => text)
  const findings = said.flatMap(([first = '', ...rest]): Finding[] => {
    const places = rest.map(text => texts.indexOf(text)).filter(place => place >= 0)
    const evidence = `${threadId}: "${rest.join('", "')}" at ${places}, "${first}" at ${texts.indexOf(first)}`
    const start = places[0]
    if (start === undefined) return []
    const isLate = !isStockLine(first) && texts.indexOf(first) > start
    const sorted = places.toSorted((a, b) => a - b)
    const between = texts.slice(start, places.at(-1)).filter(text => !firsts.has(text) && !rest.includes(text))
    const isWrong = isLate || between.length > 0 || places.some((place, index) => place !== sorted[index])
    return isWrong ? [{ kind: 'out of order', evidence }] : []
  })
  return [
    ...findings,
    ...STOCK_LINES.flatMap((line): Finding[] => {
      const early = findBeforeLine(texts, said, line)
      return early === undefined
        ? []
        : [{ kind: 'out of order', evidence: `${threadId}: "${early}" before its reflex` }]
    }),
  ]
}

/** What goes on after a stock line that had not come as often yet. */
const findBeforeLine = (
  texts: readonly string[],
  said: readonly (readonly string[])[],
  line: string,
): string | undefined => {
  let lead = 0
  return texts.find(text => {
    if (text === line) lead += 1
    else if (said.some(([first, second]) => first === line && second === text)) lead -= 1
    return lead < 0
  })
}

const findGivenUp = (bubbles: readonly AgentBubble[], excused: readonly AgentBubble[]): Finding[] =>
  bubbles
    .filter(bubble => bubble.state !== 'confirmed' && !excused.includes(bubble))
    .map(({ threadId, text, state, reason }) => ({
      kind: state === 'parked' || state === 'failed' ? 'given up' : 'unfinished',
      evidence: `${threadId} "${text}": ${state} (${reason})`,
    }))

/** A command that the agent has on record has a final outcome, and the backend has its ack. */
const findUnacked = ({ commands, journal }: Facts): Finding[] => {
  const acked = new Set(
    journal.flatMap(entry => (entry.type === 'ack' && entry.status !== 'received' ? [entry.commandId] : [])),
  )
  return commands
    .filter(({ commandId, status, ackOwed }) => status === 'received' || ackOwed || !acked.has(commandId))
    .map(({ commandId, status, ackOwed }) => ({
      kind: 'unacked',
      evidence: `command ${commandId}: ${status}${ackOwed ? ', ack owed' : ''}${acked.has(commandId) ? '' : ', no final ack came'}`,
    }))
}

/** I9, by which message the backend wrote each reflex for. */
const findHeldBack = ({ promptness, journal, written }: Facts): Finding[] => {
  const guids = new Map(written.map(({ n, guid }) => [n, guid]))
  const owners = new Map(
    journal.flatMap(entry => (entry.type === 'reflex' ? [[entry.commandId, guids.get(entry.n)]] : [])),
  )
  return findDelays(promptness, id => owners.get(id)).map(evidence => ({ kind: 'held back', evidence }))
}

/** By what the agent had of the time: the machine may be busy. What was held back is judged by I9. */
const findLate = ({ firstBubbles }: Facts): Finding[] =>
  firstBubbles.flatMap(({ n, threadId, shownMs, agentMs = 0 }) =>
    agentMs <= PROMPT_MS
      ? []
      : [
          {
            kind: 'late',
            evidence: `${threadId}, message ${n}: ${agentMs} ms in the agent, shown after ${shownMs} ms`,
          },
        ],
  )
