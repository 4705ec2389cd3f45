import type { Observation } from './observation.ts'
import { bubblesOf, type Scene } from './scenes.ts'

/** One line of a time line. */
export type Moment = {
  readonly moment: Observation['what'] | 'first-bubble-skipped'
  /** Milliseconds since the message was committed to chat.db. */
  readonly ms: number
  readonly seenBy: 'chat.db' | 'backend' | 'agent' | 'Messages' | 'demo'
  /** For a person to read. */
  readonly label: string
}

/** What was said in a scene, and when. */
export type Said = { readonly from: 'person' | 'assistant'; readonly text: string; readonly ms: number }

/** What happened in a scene, by time; empty where nothing was ever committed. */
export const tellTimeline = (scene: Scene, observations: readonly Observation[]): readonly Moment[] =>
  inOrder(observations).flatMap((observation, index, all) => describe(scene, observation, all.slice(0, index)))

/** The conversation of a scene, as a person sees it on the phone. */
export const tellConversation = (scene: Scene, observations: readonly Observation[]): readonly Said[] =>
  inOrder(observations).flatMap(({ ms, ...seen }): Said[] => {
    if (seen.what === 'committed') return [{ from: 'person', text: scene.asks, ms }]
    return seen.what === 'sent' ? [{ from: 'assistant', text: seen.text, ms }] : []
  })

type Timed = Observation & { readonly ms: number }

/**
 * The agent's log has whole milliseconds, so the other clocks are cut to them too. Within one of them the order is that
 * of cause and effect, which the readings of three processes need not keep; and the backend reads its clock once a reflex
 * is written, when the agent may have it already.
 */
const inOrder = (observations: readonly Observation[]): readonly Timed[] => {
  const committed = observations.find(({ what }) => what === 'committed')
  if (committed === undefined) return []
  const arrivals = observations.flatMap(({ what, at }) => (what === 'reflex-in' ? [at] : [])).sort((a, b) => a - b)
  return observations
    .map(seen => (seen.what === 'reflex-out' ? { ...seen, at: Math.min(seen.at, arrivals.shift() ?? seen.at) } : seen))
    .map(seen => ({ ...seen, ms: Math.floor(seen.at) - Math.floor(committed.at) }))
    .sort((a, b) => a.ms - b.ms || CAUSES.indexOf(a.what) - CAUSES.indexOf(b.what))
}

const CAUSES: readonly Observation['what'][] = [
  'committed',
  'posted',
  'no-websocket',
  'reflex-out',
  'reflex-in',
  'answer-in',
  'sent',
  'killed',
  'restarted',
]

const describe = (scene: Scene, seen: Timed, before: readonly Timed[]): readonly Moment[] => {
  const { ms, what } = seen
  const moment = (seenBy: Moment['seenBy'], label: string): Moment => ({ moment: what, ms, seenBy, label })
  switch (seen.what) {
    case 'committed':
      return [moment('chat.db', 'the message is saved')]
    case 'posted':
      return [moment('backend', `the POST arrives${describeRepetition(seen.key, before)}`)]
    case 'reflex-out':
      return [moment('backend', 'the reflex is sent over the WebSocket')]
    case 'no-websocket':
      return [moment('backend', 'no WebSocket: the reflex waits for the answer')]
    case 'reflex-in':
      return [moment('agent', 'the reflex arrives')]
    case 'answer-in':
      return [moment('agent', 'the answer arrives'), ...describeFirst(seen.rule, ms)]
    case 'sent':
      return [moment('Messages', describeSent(scene, seen.text))]
    case 'killed':
      return [moment('demo', 'the agent is killed (kill -9)')]
    case 'restarted':
      return [moment('demo', 'the agent is restarted')]
  }
}

const describeRepetition = (key: string | undefined, before: readonly Timed[]): string => {
  const earlier = before.flatMap(seen => (seen.what === 'posted' ? [seen.key] : []))
  if (earlier.length === 0) return ''
  return key !== undefined && earlier.includes(key) ? ' again, with the same key' : ' again, with ANOTHER key'
}

const describeFirst = (rule: string, ms: number): readonly Moment[] =>
  rule === 'A1'
    ? [
        {
          moment: 'first-bubble-skipped',
          ms,
          seenBy: 'agent',
          label: 'its first bubble is skipped: it was sent as the reflex',
        },
      ]
    : []

const describeSent = (scene: Scene, text: string): string => {
  const index = bubblesOf(scene).indexOf(text)
  if (index < 0) return 'a text is sent that is not from the backend'
  return index === 0 ? 'the reflex is sent: osascript handed it to Messages' : `bubble ${index + 1} is sent`
}
