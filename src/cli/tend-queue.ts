import { holdOf, type Pause } from '../agent/core/hold.ts'
import { createCommandEnd } from '../agent/flows/end-command.ts'
import { createQueue } from '../agent/flows/tend-queue.ts'
import type { Store } from '../agent/store/open-store.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadStateDir } from '../config/load-config.ts'
import { askOrOpen } from './ask-or-open.ts'
import { zonedTime } from './local-time.ts'
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
  const said = verb === 'retry' ? 'will be tried again' : 'dropped'
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
    return [...held, 'nothing waits, nothing is parked or dead']
  }
  return [
    ...held,
    ...messages.map(({ id, state, threadId, reason, posts, seenMs, nextMs }) =>
      row(
        id,
        state,
        threadId ?? '',
        reason,
        `${posts} ${posts === 1 ? 'POST' : 'POSTs'}`,
        seenMs,
        state === 'waiting' ? nextMs : null,
      ),
    ),
    ...bubbles.map(({ id, state, threadId, reason, waitsFor, tries, plannedMs, nextMs }) =>
      row(
        id,
        state,
        threadId,
        waitsFor ?? reason,
        `${tries} ${tries === 1 ? 'try' : 'tries'}`,
        plannedMs,
        state === 'planned' ? nextMs : null,
      ),
    ),
    ...schedules.map(
      ({ id, state, threadId, reason, length, sendAtMs }) =>
        `${id.padEnd(6)} ${state.padEnd(8)} ${threadId.padEnd(18)} ${reason ?? '-'} (${length} characters, for ${zonedTime(sendAtMs)})`,
    ),
    '',
    'm… are messages on their way to the backend, b… bubbles on their way to a person, s… scheduled messages.',
    'edge-agent queue retry ID… tries dead, parked and failed ones again; queue drop ID… gives them up.',
  ]
}

/** What holds back bubbles: where, why and until when. */
export const describePause = (pause: Pause): string =>
  `${describeHeld(pause)}, until ${pause.untilMs === undefined ? '"edge-agent resume"' : time(pause.untilMs)}`

/** The same without its end. */
export const describeHeld = ({ threadId, cause }: Pause): string =>
  `${CAUSES[cause]}: ${threadId === '' ? 'everything' : threadId}`

const CAUSES: Readonly<Record<Pause['cause'], string>> = {
  operator: 'paused',
  takeover: 'held, as the owner writes there by hand',
  loop: 'held, as another machine answered without pause',
}

const row = (
  id: string,
  state: string,
  thread: string,
  reason: string | null,
  tries: string,
  sinceMs: number,
  nextMs: number | null,
): string => {
  const next = nextMs !== null && nextMs > Date.now() ? `, next at ${time(nextMs)}` : ''
  return `${id.padEnd(6)} ${state.padEnd(8)} ${thread.padEnd(18)} ${reason ?? '-'} (${tries}, since ${time(sinceMs)}${next})`
}

const time = zonedTime
