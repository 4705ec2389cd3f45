import { elapsed } from './elapsed.ts'
import {
  explainBinding,
  explainBubble,
  explainCommand,
  explainHold,
  explainPost,
  explainRule,
  explainSkip,
} from './explain-reason.ts'
import type { BubbleFacts, CommandFacts, MessageFacts, Step, Story } from './story.ts'

/** One dated line of a story. `of`: what it is about, as the queue names it. */
export type StoryLine = { readonly atMs: number; readonly of: string; readonly what: string }

/** What holds for all of it, by name. */
export type StoryFact = readonly [name: string, value: string]

/**
 * A story in sentences: first what holds for all of it, then what happened, in its order. `sinceMs` is the time from which
 * the rest is counted.
 */
export const tellStory = (
  story: Story,
): { readonly facts: readonly StoryFact[]; readonly sinceMs: number; readonly lines: readonly StoryLine[] } => {
  const { message, commands, bubbles } = story
  const ordered: readonly (StoryLine & { readonly seq: number })[] = [
    ...(message ? messageLines(message) : []),
    ...commands.flatMap(commandLines),
    ...bubbles.flatMap(bubble => bubbleLines(bubble, commands)),
  ]
  const order = orderOf(story)
  const lines = ordered.toSorted((a, b) => order(a.seq) - order(b.seq)).map(({ seq: _, ...line }) => line)
  return {
    facts: [
      ...(message ? messageFacts(message) : threadFacts(story)),
      ...commands.flatMap(commandFacts),
      ...holdFacts(bubbles),
    ],
    sinceMs: message?.seenMs ?? lines[0]?.atMs ?? 0,
    lines,
  }
}

/** A cause is told before what it brought: the store writes down an answer and a command after their bubbles. */
const orderOf = ({ message, commands, bubbles }: Story): ((seq: number) => number) => {
  const causes = [
    ...(message?.steps ?? []).filter(({ state }) => state === 'answered'),
    ...commands.flatMap(({ steps }) => steps.filter(({ state }) => state === 'received')),
  ]
  const effects = new Set([
    ...bubbles.flatMap(({ steps }) => steps[0]?.seq ?? []),
    ...commands.flatMap(({ steps }) => steps.filter(({ state }) => state === 'bound').map(({ seq }) => seq)),
  ])
  const before = new Map(
    causes.map(({ seq }) => {
      let first = seq
      while (effects.has(first - 1)) first--
      return [seq, first - 0.5]
    }),
  )
  return seq => before.get(seq) ?? seq
}

/** Where there is no message to say which. */
const threadFacts = ({ commands, bubbles }: Story): StoryFact[] => {
  const thread = commands[0]?.threadId ?? bubbles[0]?.threadId
  return thread === undefined ? [] : [['thread', thread]]
}

/** What is held back just now, by what holds it. */
const holdFacts = (bubbles: readonly BubbleFacts[]): StoryFact[] => {
  const reasons = [...new Set(bubbles.flatMap(({ waitsFor }) => waitsFor ?? []))]
  return reasons.map(reason => {
    const ids = bubbles.filter(({ waitsFor }) => waitsFor === reason).map(({ id }) => id)
    return ['on hold', `${ids.join(', ')}: ${withReason(reason, explainHold)}; to see until when: edge-agent queue`]
  })
}

/** Before and after all that is in the history. */
const FIRST = -1
const LAST = Number.MAX_SAFE_INTEGER

type Line = StoryLine & { readonly seq: number }

const messageFacts = (message: MessageFacts): StoryFact[] => {
  const { threadId, service, isGroup, length, redacted, posts, unconnected, postedFields = [] } = message
  const kind = isGroup === undefined ? [] : [isGroup ? 'a group' : 'one person']
  const where = [service, ...kind].filter(Boolean).join(', ')
  const taken = Object.entries(redacted).map(([what, n]) => `${n} ${what}`)
  const kept =
    posts === 0 ? 'nothing: it was never POSTed' : `nothing: POSTed ${times(posts)}, but never over a connection`
  return [
    ['message', `${message.guid} (${message.id})`],
    ...eventFacts(message),
    ['thread', threadId === undefined ? 'not known' : `${threadId}${where && ` (${where})`}`],
    ...(length === undefined
      ? []
      : [
          [
            'length',
            `${length} characters${taken.length === 0 ? '' : ', with placeholders for what was redacted'}`,
          ] as const,
        ]),
    ['decision', decision(message)],
    ['redacted', taken.length === 0 ? 'nothing' : taken.join(', ')],
    ['left this Mac', posts > unconnected ? `the fields ${postedFields.join(', ') || 'of its POST'}` : kept],
    ['now', now(message)],
  ]
}

const eventFacts = ({ event, about, told }: MessageFacts): StoryFact[] => [
  ...(event === undefined
    ? []
    : [['an event', `reports to the backend that message ${about} was ${EVENTS[event]}`] as const]),
  ...told.map(
    ({ id, event, state }) => ['an event', `message ${id} reports that it was ${EVENTS[event]} (${state})`] as const,
  ),
]

const EVENTS = { edited: 'edited by its sender', unsent: 'unsent by its sender' } as const

const decision = ({ state, reason, rule, posts }: MessageFacts): string => {
  const by = rule === undefined ? '' : `, by rule "${rule}": ${explainRule(rule)}`
  if (state !== 'skipped' || reason === 'dropped' || posts > 0) return `to be forwarded${by}`
  const why = `not forwarded: ${withReason(reason, explainSkip)}`
  if (reason?.startsWith('redact:')) return `${why}${rule === undefined ? '' : `; the filter had allowed it${by}`}`
  return `${why}${rule === undefined || rule === reason ? '' : by}`
}

const now = (message: MessageFacts): string => {
  const isGone = message.withdrawnMs !== undefined && message.event === undefined && message.reason !== 'unsent'
  return `${nowItself(message)}${isGone ? '; its sender unsent it in the meantime' : ''}`
}

const nowItself = ({ state, reason, bubbles, answerRule }: MessageFacts): string => {
  switch (state) {
    case 'answered': {
      const met = answerRule === undefined ? '' : `; ${answerRule}: ${explainBinding(answerRule)}`
      return bubbles === 0 ? 'answered: there is no reply' : `answered with ${plural(bubbles ?? 0, 'bubble')}${met}`
    }
    case 'dead':
      return `dead letter: ${withReason(reason, explainPost)}; you decide (edge-agent queue)`
    case 'waiting':
      return `waiting for its next POST: ${withReason(reason, explainPost)}`
    case 'skipped':
      return `finished: ${withReason(reason, explainSkip)}`
    case 'posting':
      return 'its POST is in progress'
    case 'queued':
      return 'waiting for its first POST'
    default:
      return state
  }
}

const messageLines = (message: MessageFacts): Line[] => {
  const { id, dateMs, seenMs, wipedMs, steps, posts, state, reason } = message
  const line = (seq: number, atMs: number, what: string): Line => ({ seq, atMs, of: id, what })
  const told = steps.reduce((most, { n = 0 }) => Math.max(most, n), 0)
  let begun: Step | undefined
  const lines = steps.flatMap((step, index) => {
    const tookMs = begun === undefined || step.state in EVENTS ? undefined : step.atMs - begun.atMs
    // What its sender does meanwhile does not end its POST.
    if (!(step.state in EVENTS)) begun = step.state === 'posting' ? step : undefined
    return index === 0 && step.state === 'queued' ? [] : [line(step.seq, step.atMs, messageStep(step, tookMs, message))]
  })
  const first = state === 'skipped' && steps.length === 0 ? `, and not forwarded (${reason})` : ''
  return [
    ...(dateMs === undefined ? [] : [line(FIRST, dateMs, "sent, by the clock of the sender's device")]),
    line(FIRST, seenMs, `seen in chat.db${first}`),
    ...lines,
    ...(posts > told && steps.length > 0
      ? [line(LAST, steps.at(-1)?.atMs ?? seenMs, `${posts - told} more POSTs were counted, but are not listed`)]
      : []),
    ...(wipedMs === undefined ? [] : [line(LAST, wipedMs, WIPED)]),
  ]
}

const WIPED = 'its text was removed from the state database; a hash remains'

const messageStep = (step: Step, tookMs: number | undefined, { bubbles = 0 }: MessageFacts): string => {
  const { state, reason, n, waitMs, asked } = step
  const end = tookMs === undefined ? '' : `POST ${n} ended after ${elapsed(tookMs)}: `
  const wait = waitMs === undefined || waitMs < 1 ? '' : `; next POST after ${elapsed(waitMs)}`
  switch (state) {
    case 'queued':
      return 'POSTed again by hand (edge-agent queue retry)'
    case 'posting':
      return `POST ${n} starts${reason === undefined ? '' : `, to ${reason}`}`
    case 'waiting':
      return `${end}${withReason(reason, explainPost)}${wait}${asked ? ', as the backend asked' : ''}`
    case 'answered':
      return `${end}the backend answered, ${bubbles === 0 ? 'and there is no reply' : `with ${plural(bubbles, 'bubble')}`}`
    case 'dead':
      return `${end}${withReason(reason, explainPost)}; no more retries, kept as a dead letter`
    case 'edited':
      return 'its sender edited it'
    case 'unsent':
      return 'its sender unsent it'
    case 'skipped':
      return `no longer forwarded: ${withReason(reason, explainSkip)}`
    default:
      return `${state}${reason === undefined ? '' : ` (${reason})`}`
  }
}

const isReflex = ({ role }: CommandFacts): boolean => role !== 'plain'

const commandFacts = (command: CommandFacts): StoryFact[] => {
  const { id, type, rule, role, status, error, detail, repeats, ackOwed } = command
  const kind = isReflex(command) ? 'a reflex' : type || 'a command without a type'
  const end = error ?? detail
  const result = end === undefined ? status : `${status}: ${withReason(end, explainCommand)}`
  return [
    ['command', `${id}, ${kind}; ${result}${ackOwed ? '; its ack has not been delivered yet' : ''}`],
    ...(rule === undefined ? [] : [['  rule', `${rule}: ${explainBinding(rule)}`] as const]),
    ...(role === 'unmatched' ? [['  answer', 'it belongs to no answer yet'] as const] : []),
    ...(repeats === 0 ? [] : [['  repeated', `${times(repeats)}; R1: ${explainBinding('R1')}`] as const]),
  ]
}

const commandLines = (command: CommandFacts): Line[] => {
  const line = (seq: number, atMs: number, what: string): Line => ({ seq, atMs, of: command.id, what })
  return [
    ...command.steps.map(step => line(step.seq, step.atMs, commandStep(step, command))),
    ...(command.wipedMs === undefined ? [] : [line(LAST, command.wipedMs, WIPED)]),
  ]
}

const commandStep = ({ state, reason }: Step, command: CommandFacts): string => {
  switch (state) {
    case 'received':
      return `${isReflex(command) ? 'a reflex' : 'a command'} comes from the backend${reason === undefined ? '' : `; ${reason}: ${explainBinding(reason)}`}`
    case 'bound':
      return `bound to the answer of this message by ${reason}: ${explainBinding(reason ?? '')}`
    case 'completed':
    case 'failed':
      return `${state}: ${withReason(reason, explainCommand)}`
    case 'acked':
      return `the backend has the ack "${reason}"`
    default:
      return `${state}${reason === undefined ? '' : ` (${reason})`}`
  }
}

const bubbleLines = (bubble: BubbleFacts, commands: readonly CommandFacts[]): Line[] => {
  const line = (seq: number, atMs: number, what: string): Line => ({ seq, atMs, of: bubble.id, what })
  const command = commands.find(({ id }) => id === bubble.commandId)
  const what =
    bubble.position !== undefined
      ? `bubble ${bubble.position + 1} of the answer`
      : command === undefined
        ? 'a line from the agent itself'
        : `the bubble of the ${isReflex(command) ? 'reflex' : 'command'}`
  let begun: Step | undefined
  return [
    ...bubble.steps.map((step, index) => {
      const tookMs = begun === undefined ? undefined : step.atMs - begun.atMs
      begun = step.state === 'sending' ? step : undefined
      const part = bubble.part === undefined ? '' : `, part ${bubble.part} of ${bubble.parts}`
      const first = index === 0 ? `${what}${part}, ${plural(bubble.length ?? 0, 'character')}: ` : ''
      return line(step.seq, step.atMs, `${first}${bubbleStep(step, tookMs, bubble, index === 0)}`)
    }),
    ...(bubble.wipedMs === undefined ? [] : [line(LAST, bubble.wipedMs, WIPED)]),
  ]
}

const bubbleStep = (step: Step, tookMs: number | undefined, { id }: BubbleFacts, isFirst: boolean): string => {
  const { state, reason, n, waitMs } = step
  const after = tookMs === undefined ? '' : ` after ${elapsed(tookMs)}`
  const because = withReason(reason, explainBubble)
  const wait = waitMs === undefined || waitMs < 1 ? '' : `; next try after ${elapsed(waitMs)}`
  switch (state) {
    case 'planned':
      if (isFirst) return 'planned'
      return reason === undefined ? 'sent again by hand (edge-agent queue retry)' : `not sent: ${because}${wait}`
    case 'held':
      return `on hold: ${withReason(reason, explainHold)}`
    case 'sending':
      return `try ${n}: handed to Messages by an osascript ${reason === undefined ? 'started for it' : 'that stood ready'}`
    case 'sent':
      return `Messages accepted it${after}${reason === undefined ? '' : `, ${explainBubble(reason)}`}`
    case 'confirmed':
      return 'its row is in chat.db: it was sent'
    case 'failed':
      return `failed${after}: ${because}`
    case 'unknown':
      return `checking${after}: ${because}; chat.db will tell`
    case 'parked':
      return `uncertain: ${because}; you decide (edge-agent queue retry ${id}, or drop)`
    default:
      return `${state}${reason === undefined ? '' : ` (${reason})`}`
  }
}

const withReason = (reason: string | undefined, explain: (reason: string) => string): string =>
  reason === undefined ? 'reason unknown' : `${explain(reason)} [${reason}]`

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
const times = (n: number): string => (n === 1 ? 'once' : `${n} times`)
