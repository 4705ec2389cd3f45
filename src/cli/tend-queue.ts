import { explainBubble, explainCommand, explainHold, explainPost } from '../agent/core/explain-reason.ts'
import { holdOf, type Pause } from '../agent/core/hold.ts'
import { createCommandEnd } from '../agent/flows/end-command.ts'
import { createQueue } from '../agent/flows/tend-queue.ts'
import type { Store } from '../agent/store/open-store.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadStateDir } from '../config/load-config.ts'
import { askOrOpen } from './ask-or-open.ts'
import { zonedTime } from './local-time.ts'
import { showState } from './show-state.ts'
import { toJson } from './to-json.ts'
import { withoutControls } from './without-controls.ts'

type Listing = ReturnType<ReturnType<typeof queueOf>['list']>

export const printQueue = async (input: ConfigInput, { json }: { readonly json: boolean }): Promise<void> => {
  const listing = await askOrOpen<Listing>(loadStateDir(input), 'queue', [], store => queueOf(store).list())
  process.stdout.write(json ? `${toJson(listing, 2)}\n` : `${describe(listing).map(withoutControls).join('\n')}\n`)
}

export const changeQueue = async (
  input: ConfigInput,
  verb: 'retry' | 'drop',
  ids: readonly string[],
  { json }: { readonly json: boolean },
): Promise<void> => {
  const result = await askOrOpen(loadStateDir(input), `queue-${verb}`, ids, store => queueOf(store)[verb](ids))
  const said = verb === 'retry' ? 'will be retried' : 'dropped'
  process.stdout.write(json ? `${toJson(result)}\n` : `${said}: ${result.done.join(', ')}\n`)
}

const queueOf = (store: Store) => {
  const onEnd = createCommandEnd({ ...store, now: Date.now })
  const pauses = () => store.pauses.list(Date.now())
  const waitsFor = (threadId: string) => holdOf(store.pauses.of(threadId, Date.now()), undefined, Date.now())?.detail
  return createQueue({ ...store, onEnd, pauses, waitsFor, now: Date.now })
}

const describe = ({ messages, bubbles, schedules, pauses }: Listing): string[] => {
  const held = pauses.map(describePause)
  if (messages.length + bubbles.length + schedules.length === 0) {
    return [...held, 'the queue is empty']
  }
  return [
    ...held,
    ...messages.flatMap(({ id, state, threadId, reason, posts, seenMs, nextMs }) => [
      row(id, state, threadId ?? '', since(posts, 'POST', seenMs, state === 'waiting' ? nextMs : null)),
      ...because(reason, explainPost),
    ]),
    ...bubbles.flatMap(({ id, state, threadId, reason, waitsFor, tries, plannedMs, nextMs }) => [
      row(
        id,
        waitsFor === undefined ? showState(state) : 'on hold',
        threadId,
        since(tries, 'try', plannedMs, state === 'planned' ? nextMs : null),
      ),
      ...(waitsFor === undefined ? because(reason, explainBubble) : because(waitsFor, explainHold)),
    ]),
    ...schedules.flatMap(({ id, state, threadId, reason, length, sendAtMs }) => [
      row(id, state, threadId, `${length} characters, for ${zonedTime(sendAtMs)}`),
      ...because(reason, explainCommand),
    ]),
    '',
    'm… are messages to the backend, b… bubbles to a person, s… scheduled messages.',
    'To try dead, uncertain or failed ones again: edge-agent queue retry ID…',
    'To drop them: edge-agent queue drop ID…',
  ]
}

/** What holds back bubbles: where, why and until when. */
export const describePause = (pause: Pause): string =>
  `${describeHeld(pause)}, until ${pause.untilMs === undefined ? 'you run edge-agent resume' : zonedTime(pause.untilMs)}`

/** The same without its end. */
export const describeHeld = ({ threadId, cause }: Pause): string =>
  `${CAUSES[cause]}: ${threadId === '' ? 'everyone' : threadId}`

const CAUSES: Readonly<Record<Pause['cause'], string>> = {
  operator: 'paused',
  takeover: 'on hold, because the owner is writing there by hand',
  loop: 'on hold, because of a reply loop with another bot',
}

const row = (id: string, state: string, thread: string, what: string): string =>
  `${id.padEnd(6)} ${state.padEnd(9)} ${thread.padEnd(18)} ${what}`

/** In words, and by its name for whoever looks it up. */
const because = (reason: string | null | undefined, explain: (reason: string) => string): string[] =>
  reason == null ? [] : [`${' '.repeat(7)}${explain(reason)} [${reason}]`]

const since = (n: number, what: 'POST' | 'try', sinceMs: number, nextMs: number | null): string => {
  const next = nextMs !== null && nextMs > Date.now() ? `, next at ${zonedTime(nextMs)}` : ''
  const times = n === 1 ? `1 ${what}` : `${n} ${what === 'try' ? 'tries' : 'POSTs'}`
  return `${times}, since ${zonedTime(sinceMs)}${next}`
}
