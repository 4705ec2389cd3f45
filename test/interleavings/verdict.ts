import type { BubbleState } from '../../src/agent/core/bubble.ts'
import type { ScheduleState } from '../../src/agent/store/schedules.ts'
import { wrongInPromptness } from './promptness.ts'
import { LATER, partsOf, type Scenario, think } from './scenario.ts'
import { guidOf, type World } from './world.ts'

/** What the store holds: messages and commands by their state, and all bubbles. */
export type Stored = {
  readonly messages: Readonly<Record<string, number>>
  /** How often each message was POSTed, by its guid. */
  readonly posts: Readonly<Record<string, number>>
  readonly bubbles: readonly Bubble[]
  /** Commands that became bubbles. */
  readonly sent: readonly string[]
  readonly commands: Readonly<Record<string, number>>
  /** The outcome of each command by its id. */
  readonly outcomes: Readonly<Record<string, string>>
  /** Threads in which the owner is taken to write by hand. */
  readonly takeovers: number
  /** What became of the message for later. */
  readonly schedule: ScheduleState | undefined
}

type Bubble = { readonly threadId: string; readonly says: string; readonly state: BubbleState }

/**
 * What is wrong with a state, in words; undefined where nothing is. The promises that hold at any moment: no bubble is
 * shown twice (I2), none before those that it follows (I4), no reflex is held back without need (I9).
 */
export const wrongSoFar = (world: World, stored: Stored, scenario: Scenario): string | undefined => {
  const due = duty(world, stored, scenario)
  const shown = countBy(world.ledger.map(({ thread, text }) => due.word(thread, text)))
  for (const [word, count] of shown) {
    const most = due.most.get(word) ?? 0
    if (count > most) return `${word} is shown ${count} times instead of ${most} (I2)`
  }
  for (const thread of new Set(scenario.threads)) {
    const leaving = world.posts.filter(({ message, heard }) => !heard && scenario.threads[message - 1] === thread)
    if (leaving.length > 1) return `messages ${leaving.map(({ message }) => message)} may overtake one another (rule 4)`
  }
  if (stored.takeovers > 0 && world.byHand === undefined) return 'a bubble of ours is taken for hand-written (takeover)'
  if (stored.schedule === 'cancelled' && shown.has(wordOf(scenario.threads[0] ?? '', LATER))) {
    return 'a scheduled message is shown, and the backend was told that it was cancelled (schedule)'
  }
  return outOfOrder(world, stored, scenario) ?? tornApart(world, scenario) ?? wrongInPromptness(world)
}

/** The promises that hold when all is done: nothing is lost (I1, I3), the store tells the truth, all is acked (I7). */
export const wrongAtLast = (world: World, stored: Stored, scenario: Scenario): string | undefined => {
  const { answered = 0, skipped = 0, ...others } = stored.messages
  const takenBack = world.rows.filter(({ emptied }) => emptied).length
  if (answered + Math.min(skipped, takenBack) < scenario.threads.length) {
    return `answered: ${answered} messages, skipped: ${skipped}, others: ${print(others)} (I1)`
  }

  const due = duty(world, stored, scenario)
  const word = ({ threadId, says }: Bubble) => due.word(threadId, says)
  const shown = countBy(world.ledger.map(({ thread, text }) => due.word(thread, text)))
  const reported = countBy(stored.bubbles.filter(isReported).map(word))
  for (const [expected, least] of due.least) {
    const count = (shown.get(expected) ?? 0) + (reported.get(expected) ?? 0)
    if (count < least) return `${expected} is shown or reported ${count} times instead of ${least} (I3)`
  }
  const confirmed = countBy(stored.bubbles.filter(({ state }) => state === 'confirmed').map(word))
  for (const stated of new Set([...shown.keys(), ...confirmed.keys()])) {
    const [real, claimed] = [shown.get(stated) ?? 0, confirmed.get(stated) ?? 0]
    if (real !== claimed) return `${stated} is shown ${real} times, and the store says ${claimed} times (I3)`
  }
  if (stored.schedule === 'waiting') return 'a scheduled message still waits (schedule)'
  if (stored.commands['received']) return `${stored.commands['received']} commands have no final ack (I7)`
  const unheard = Object.keys(stored.outcomes).find(id => scenario.acks && world.acked[id] !== stored.outcomes[id])
  return (
    unheard && `the backend believes ${unheard} is ${world.acked[unheard]}, and it is ${stored.outcomes[unheard]} (I7)`
  )
}

const print = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')

const isReported = ({ state }: Bubble): boolean => state === 'failed' || state === 'parked'

/**
 * How often each word must and may be shown. A reflex and the first bubble that say the same, or that belong together
 * because the reflex names its message, are one word; so are the reflexes of a message's POSTs that say the same.
 */
const duty = (world: World, stored: Stored, scenario: Scenario) => {
  const { named, words, threads } = scenario
  const owners = new Map<string, string>()
  const most = new Map<string, number>()
  const least = new Map<string, number>()
  const add = (counts: Map<string, number>, said: ReadonlySet<string>) => {
    for (const word of said) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  for (const [index, thread] of threads.entries()) {
    const message = index + 1
    const firstOf = (text: string) =>
      partsOf(scenario, text).map((part, index) =>
        named && words !== 'same' && words !== 'lines'
          ? `the first bubble for message ${message}${index > 0 ? `, part ${index + 1}` : ''}`
          : wordOf(thread, part),
      )
    const may = new Set<string>()
    for (let post = 1; post <= (world.heard[index] ?? 0); post += 1) {
      const { reflex, answer } = think(scenario, message, post)
      for (const text of [reflex, ...answer.slice(0, 1)]) {
        const first = firstOf(text)
        for (const [index, part] of partsOf(scenario, text).entries()) {
          owners.set(wordOf(thread, part), first[index] ?? '')
          may.add(first[index] ?? '')
        }
      }
      for (const text of answer.slice(1)) may.add(wordOf(thread, text))
    }
    add(most, may)

    if (isTakenBack(world, message)) continue // whatever was not sent before need not be
    const answer = world.answered[index] ? think(scenario, message, world.answered[index]).answer : []
    const reflexes = world.read.filter(read => read.message === message && stored.outcomes[read.id] !== 'failed')
    add(
      least,
      new Set([
        ...answer.flatMap((text, position) => (position === 0 ? firstOf(text) : [wordOf(thread, text)])),
        ...reflexes.flatMap(({ post }) => firstOf(think(scenario, message, post).reflex)),
      ]),
    )
  }
  if (world.schedule.read.includes('schedule')) {
    const later = wordOf(threads[0] ?? '', LATER)
    most.set(later, 1)
    if (stored.schedule === 'planned') least.set(later, 1)
  }
  const word = (thread: string, text: string) => owners.get(wordOf(thread, text)) ?? wordOf(thread, text)
  return { word, most, least }
}

const wordOf = (thread: string, text: string): string => `"${text}" to ${thread}`

const isTakenBack = ({ rows }: World, message: number): boolean =>
  rows.some(({ guid, emptied }) => guid === guidOf(message) && emptied)

/** Bubbles of an answer in order and together, and no second bubble before a first one; reflexes go ahead of all. */
const outOfOrder = (world: World, stored: Stored, scenario: Scenario): string | undefined => {
  const due = duty(world, stored, scenario)
  const answers = scenario.threads.flatMap((thread, index) => {
    const post = world.answered[index]
    return post ? [{ thread, answer: think(scenario, index + 1, post).answer }] : []
  })
  for (const { thread, answer } of answers) {
    const seen = world.ledger.filter(shown => shown.thread === thread).map(({ text }) => text)
    const rest = answer.slice(1)
    const isRest = (text: string) => answers.some(other => other.answer.indexOf(text) > 0)
    const places = rest.map(text => seen.filter(isRest).indexOf(text)).filter(place => place >= 0)
    if (places.some((place, index) => index > 0 && place < (places[index - 1] ?? 0))) {
      return `an answer to ${thread} is out of order (I4)`
    }
    const last = places.at(-1)
    const isTogether = last === undefined || last - (places[0] ?? 0) < rest.length
    if (!isTogether) return `an answer to ${thread} is torn apart (I4)`

    const start = seen.findIndex(text => rest.includes(text))
    if (start < 0) continue
    const first = due.word(thread, partsOf(scenario, answer[0] ?? '').at(-1) ?? '')
    const before = seen.slice(0, start).filter(text => due.word(thread, text) === first).length
    const given = stored.bubbles.filter(b => isReported(b) && due.word(b.threadId, b.says) === first).length
    const needed = answers.filter(
      other =>
        other.thread === thread &&
        due.word(thread, partsOf(scenario, other.answer[0] ?? '').at(-1) ?? '') === first &&
        seen.slice(0, start + 1).some(text => other.answer.indexOf(text) > 0),
    ).length
    if (before + given < needed) return `"${seen[start]}" is shown before ${first} (I4)`
  }
  return undefined
}

/** The parts of a text that is too long come one right after the other. What the agent could not send, or gave up, is missing. */
const tornApart = ({ ledger }: World, scenario: Scenario): string | undefined => {
  // Which of several that say the same a part belongs to nobody can tell.
  if (!scenario.long || scenario.words === 'same' || scenario.words === 'lines') return undefined
  for (const thread of new Set(scenario.threads)) {
    const seen = ledger.filter(shown => shown.thread === thread).map(({ text }) => text)
    const texts = scenario.threads.flatMap((_, index) => {
      const { reflex, answer } = think(scenario, index + 1, 1)
      return [reflex, ...answer].map(text => partsOf(scenario, text)).filter(parts => parts.length > 1)
    })
    for (const [first = '', second = ''] of texts) {
      const [one, other] = [seen.indexOf(first), seen.indexOf(second)]
      if (other >= 0 && other < one) return `"${second}" is shown before "${first}" (I4)`
      if (one >= 0 && other > one + 1) return `"${seen[one + 1]}" is shown between "${first}" and its rest (I4)`
    }
  }
  return undefined
}

const countBy = (words: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}
