import { styleText } from 'node:util'
import { elapsed } from '../agent/core/elapsed.ts'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { holdOf } from '../agent/core/hold.ts'
import type { Story, StoryAsked } from '../agent/core/story.ts'
import { tellStory } from '../agent/core/tell-story.ts'
import { findStory, type RowWithoutStory, type StoryFound } from '../agent/flows/find-story.ts'
import { threadsOf } from '../agent/flows/known-chats.ts'
import { createNormaliser } from '../agent/matching/normalise-address.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { countryOf, loadStateDir } from '../config/load-config.ts'
import { fromIdempotencyKey } from '../protocol/wire.ts'
import { askOrOpen } from './ask-or-open.ts'
import { localDay, localTime, timeOfDay, zonedTime } from './local-time.ts'
import { toJson } from './to-json.ts'
import { withoutControls } from './without-controls.ts'

type Asked = {
  readonly id: string | undefined
  readonly last: boolean
  readonly thread: string | undefined
  readonly json: boolean
}

/** Throws EdgeError `usage` (64), `not_known` (1). */
export const printStory = async (input: ConfigInput, asked: Asked): Promise<void> => {
  const query = toQuery(asked, input)
  const stateDir = loadStateDir(input)
  const found = await askOrOpen<StoryFound>(stateDir, 'explain', query, ({ stories, pauses, cursor }) => {
    const now = Date.now()
    const waitsFor = (threadId: string) => holdOf(pauses.of(threadId, now), undefined, now)?.detail
    return findStory(query, { read: stories.read, rowOf: () => undefined, waitsFor, cursor })
  })
  if (found.story === undefined) throw notKnown(query, asked, found.row)
  process.stdout.write(asked.json ? storyAsJson(found.story) : `${toLines(found.story, query).join('\n')}\n`)
}

const toQuery = ({ id, last, thread }: Asked, input: ConfigInput): StoryAsked => {
  if (last === (id !== undefined) || (thread !== undefined && !last)) {
    throw new EdgeError('usage', 'give the id of a message, or use --last (with --thread THREAD if you like)', {
      exit: EXIT.usage,
      remedy:
        'To find ids: edge-agent queue, edge-agent audit --list, edge-agent logs. For examples: edge-agent explain --help.',
    })
  }
  if (id !== undefined) return { id: fromIdempotencyKey(id.trim()) }
  if (thread === undefined) return { last: true }
  return { last: true, threads: threadsOf(thread.trim(), createNormaliser(countryOf(input))) }
}

const notKnown = (query: StoryAsked, { thread }: Asked, row: RowWithoutStory | undefined): EdgeError => {
  if ('last' in query) {
    const where = thread === undefined ? '' : ` in ${withoutControls(thread)}`
    return new EdgeError('not_known', `no message has been seen${where} yet`, {
      remedy: 'To list messages with their threads: edge-agent audit --list.',
    })
  }
  const told = withoutControls(query.id)
  if (row === undefined) {
    return new EdgeError('not_known', `no message, bubble or command has the id ${told}`, {
      remedy:
        'Your own messages, and messages that ended more than 30 days ago, are only counted. History from before the\n' +
        'first start is never read. To list known messages: edge-agent audit --list.',
    })
  }
  return new EdgeError('not_known', `${told} is in chat.db, but there is nothing to explain: ${whyNot(row)}`, {
    remedy: 'The agent has sent no part of it to the backend.',
  })
}

const whyNot = ({ fromMe, standing, waitingFor, dateMs }: RowWithoutStory): string => {
  if (fromMe) return 'it was sent from this account; such messages are only counted, never forwarded'
  if (standing === 'awaited') return `Messages is still writing it; still missing: ${waitingFor}`
  if (standing === 'ahead') return 'the agent has not reached it yet'
  const date = dateMs === undefined ? '' : ` (its date is ${localTime(dateMs)})`
  return `it is older than the agent's first start, or ended more than 30 days ago${date}`
}

const storyAsJson = (story: Story): string => {
  const { sinceMs, lines } = tellStory(story)
  const told = lines.map(({ atMs, of, what }) => ({
    at: new Date(atMs).toISOString(),
    sinceSeenMs: Math.round(atMs - sinceMs),
    of,
    what,
  }))
  return `${toJson({ ...story, lines: told }, 2)}\n`
}

const toLines = (story: Story, query: StoryAsked): string[] => {
  const { facts, sinceMs, lines } = tellStory(story)
  const { nextPostMs } = story.message ?? {}
  const dim = (text: string) => styleText('dim', text, { stream: process.stdout })
  const all = lines.flatMap(({ atMs, of, what }, index) => {
    const before = lines[index - 1]
    const day = before === undefined || localDay(before.atMs) !== localDay(atMs) ? [localDay(atMs)] : []
    const since = atMs - sinceMs
    const offset = since < 0 ? elapsed(since) : `+${elapsed(since)}`
    return [
      ...day,
      `  ${timeOfDay(atMs)}  ${dim(offset.padStart(13))}  ${withoutControls(of).slice(0, 8).padEnd(8)}  ${withoutControls(what)}`,
    ]
  })
  const { message } = story
  const isPart = message !== undefined && 'id' in query && ![message.id, message.guid].includes(query.id)
  return [
    ...(isPart ? [`${'asked for'.padEnd(13)}  ${withoutControls(query.id)}, which belongs to this message`] : []),
    ...facts.map(([name, value]) => `${name.padEnd(13)}  ${withoutControls(value)}`),
    ...(nextPostMs === undefined ? [] : [`${'next POST'.padEnd(13)}  ${localTime(nextPostMs)}`]),
    ...story.commands.flatMap(({ schedule }) => (schedule === undefined ? [] : [describeSchedule(schedule)])),
    '',
    ...shortened(all),
  ]
}

type Schedule = NonNullable<Story['commands'][number]['schedule']>

const describeSchedule = ({ id, name, state, sendAtMs, length }: Schedule): string =>
  `${'scheduled'.padEnd(13)}  for ${zonedTime(sendAtMs)}, ${length} characters; ${SCHEDULES[state] ?? state} (${id}, "${withoutControls(name)}")`

const SCHEDULES: Readonly<Record<string, string>> = {
  waiting: 'waiting for its time',
  planned: 'it came due and became a bubble',
  cancelled: 'cancelled by the backend',
  too_late: 'not sent: the agent could not run in time',
  refused: 'not sent: it was no longer allowed when its time came',
  dropped: 'dropped (edge-agent queue drop)',
}

/** A message that is tried for days has a long story; its ends are what matters. */
const shortened = (lines: readonly string[]): readonly string[] =>
  lines.length <= MOST_LINES
    ? lines
    : [
        ...lines.slice(0, MOST_LINES / 2),
        `  … ${lines.length - MOST_LINES} lines left out; --json has them …`,
        ...lines.slice(-MOST_LINES / 2),
      ]

const MOST_LINES = 80
