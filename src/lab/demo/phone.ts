import { says } from '../../agent/core/says.ts'
import type { JournalItem } from '../mock-backend/console/journal-items.ts'
import { parseJson } from '../mock-backend/parse-json.ts'
import { PERSON } from './scenes.ts'

/** How many entries the phone shows, the newest. */
const MAX_ENTRIES = 300

/** A bubble of the person, one that the assistant really sent, or a note about what happened. Times are Unix ms. */
export type Entry = {
  readonly id: number
  readonly from: 'person' | 'assistant' | 'note'
  readonly text: string
  readonly at: number
  /** Of the person's: whether its row is in chat.db. */
  readonly isDelivered?: boolean
}

export type AgentState = 'starting' | 'running' | 'killed'

export type Phone = ReturnType<typeof createPhone>

/** What a person sees on the phone: what they write, and what was really sent to them, by the simulator's ledger. */
export const createPhone = () => {
  let changed = (): void => {}
  let entries: readonly Entry[] = []
  let agent: AgentState = 'starting'
  let lastId = 0
  /** Of all that was sent, also what is no longer shown. */
  const sent: string[] = []

  const add = (entry: Omit<Entry, 'id'>): void => {
    lastId += 1
    entries = [...entries, { id: lastId, ...entry }].slice(-MAX_ENTRIES)
    changed()
  }

  return {
    write: (text: string): void => add({ from: 'person', text, at: Date.now(), isDelivered: false }),
    /** Rows are committed in the order in which they were written. */
    onCommitted: (at: number): void => {
      const first = entries.find(({ isDelivered }) => isDelivered === false)
      entries = entries.map(entry => (entry === first ? { ...entry, isDelivered: true, at } : entry))
      changed()
    },
    onSent: (text: string, at: number): void => {
      sent.push(text)
      if (sent.length > MAX_ENTRIES) sent.shift()
      add({ from: 'assistant', text, at })
    },
    note: (text: string): void => add({ from: 'note', text, at: Date.now() }),
    setAgent: (state: AgentState): void => {
      agent = state
      changed()
    },
    onChange: (listener: () => void): void => {
      changed = listener
    },
    state: (items: readonly JournalItem[]) => {
      const mine = items.filter(({ thread }) => thread === PERSON)
      return { person: PERSON, entries, agent, ...compare(mine.flatMap(wordsOf), sent) }
    },
  }
}

/** Counts what the backend said and the person has not, and what the person has more often than it was said. */
const compare = (said: readonly string[], seen: readonly string[]) => {
  const open = new Map<string, number>()
  for (const text of said) open.set(says(text), (open.get(says(text)) ?? 0) + 1)
  let doubled = 0
  for (const text of seen) {
    const left = open.get(says(text)) ?? 0
    if (left > 0) open.set(says(text), left - 1)
    else doubled += 1
  }
  const missing = [...open.values()].reduce((sum, left) => sum + left, 0)
  return { said: said.length, seen: seen.length, missing, doubled }
}

/** What the person has to see of a message or a command: the reflex, and the bubbles unless the first is that reflex. */
const wordsOf = ({ answer, frames, kind, text, state }: JournalItem): readonly string[] => {
  if (kind === 'command') return state === 'failed' ? [] : [text]
  const bubbles = bubblesOf(answer)
  const reflexes = frames.flatMap(({ direction, text }) => (direction === 'out' ? reflexOf(text) : []))
  const [reflex] = reflexes
  return reflex === undefined || says(reflex) === says(bubbles[0] ?? '') ? bubbles : [reflex, ...bubbles]
}

const bubblesOf = (answer: string | undefined): readonly string[] => {
  const parsed = parseJson(answer ?? '') as { reply_bubbles?: readonly string[] } | undefined
  return (parsed?.reply_bubbles ?? []).filter(bubble => says(bubble) !== '')
}

const reflexOf = (frame: string): readonly string[] => {
  const parsed = parseJson(frame) as { data?: { payload?: { text?: string } } } | undefined
  const text = parsed?.data?.payload?.text
  return text === undefined || says(text) === '' ? [] : [text]
}
