import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadStateDir } from '../config/load-config.ts'
import { askAgent } from '../control/ask-agent.ts'
import { controlSocketPath } from '../control/socket-path.ts'
import { EdgeError } from '../core/errors.ts'
import { holdOf, type Pause } from '../core/hold.ts'
import { createCommandEnd } from '../flows/end-command.ts'
import { createQueue } from '../flows/tend-queue.ts'
import { openStore } from '../store/open-store.ts'
import { zonedTime } from './local-time.ts'
import { toJson } from './to-json.ts'
import { withoutControls } from './without-controls.ts'

type Queue = ReturnType<typeof openQueue>['queue']
type Listing = ReturnType<Queue['list']>

export const printQueue = async (input: ConfigInput, { json }: { readonly json: boolean }): Promise<void> => {
  // Both ends are this very program, of one version: the agent answers with its own type.
  const listing = (await ask(loadStateDir(input), 'queue', [])) as Listing
  process.stdout.write(json ? `${toJson(listing, 2)}\n` : `${describe(listing).map(withoutControls).join('\n')}\n`)
}

export const changeQueue = async (
  input: ConfigInput,
  verb: 'retry' | 'drop',
  ids: readonly string[],
  { json }: { readonly json: boolean },
): Promise<void> => {
  const result = (await ask(loadStateDir(input), `queue-${verb}`, ids)) as { done: string[] }
  const said = verb === 'retry' ? 'will be tried again' : 'dropped'
  process.stdout.write(json ? `${toJson(result)}\n` : `${said}: ${result.done.join(', ')}\n`)
}

/** The running agent answers; where none runs, its database is opened instead. */
const ask = async (stateDir: string, request: string, ids: readonly string[]): Promise<unknown> => {
  try {
    return await askAgent(controlSocketPath(stateDir), request, ids)
  } catch (error) {
    const isDown = error instanceof EdgeError && error.code === 'not_running'
    if (!isDown || !existsSync(join(stateDir, 'state.db'))) throw error
  }
  const { queue, close } = openQueue(stateDir)
  try {
    if (request === 'queue') return queue.list()
    return request === 'queue-retry' ? queue.retry(ids) : queue.drop(ids)
  } finally {
    close()
  }
}

const openQueue = (stateDir: string) => {
  const { close, ...store } = openStore(stateDir)
  const onEnd = createCommandEnd(store.commands)
  const pauses = () => store.pauses.list(Date.now())
  const waitsFor = (threadId: string) => holdOf(store.pauses.of(threadId, Date.now()), undefined, Date.now())?.detail
  return { queue: createQueue({ ...store, onEnd, pauses, waitsFor }), close }
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
