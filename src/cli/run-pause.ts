import { EdgeError, EXIT } from '../agent/core/errors.ts'
import type { Pause } from '../agent/core/hold.ts'
import { createCommandEnd } from '../agent/flows/end-command.ts'
import { createPausing, type PauseRequest, type ResumeRequest } from '../agent/flows/tend-pauses.ts'
import { createNormaliser } from '../agent/matching/normalise-address.ts'
import { parseDuration } from '../config/duration.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { countryOf, loadStateDir } from '../config/load-config.ts'
import { askOrOpen } from './ask-or-open.ts'
import { printResult } from './print-told.ts'
import { describeHeld, describePause } from './tend-queue.ts'
import { withoutControls } from './without-controls.ts'

type Shown = { readonly json: boolean }

/** Pauses a thread or everything, in the running agent or, where none runs, for its next start. */
export const runPause = async (
  input: ConfigInput,
  { thread, for: written, json }: Shown & { readonly thread: string | undefined; readonly for: string | undefined },
): Promise<void> => {
  const request: PauseRequest = { thread, forMs: written === undefined ? undefined : readDuration(written) }
  const { answer, isRunning } = await ask(input, 'pause', request, pausing => pausing.pause(request))
  const { pause, held } = answer
  if (json) return printResult({ running: isRunning, ...shownPause(pause), held })
  print([
    describePause(pause),
    `Incoming messages are still forwarded. Waiting to be sent: ${bubbles(held)}.`,
    ...(isRunning ? [] : [NOT_RUNNING]),
  ])
}

/** Ends pauses of a thread or of everything, in the running agent or in its state. */
export const runResume = async (input: ConfigInput, { json, ...request }: Shown & ResumeRequest): Promise<void> => {
  const { answer, isRunning } = await ask(input, 'resume', request, pausing => pausing.resume(request))
  const { thread, ended, dropped, still, waiting } = answer
  if (json) {
    const lists = { ended: ended.map(shownPause), still: still.map(shownPause) }
    return printResult({ running: isRunning, thread: thread === '' ? null : thread, ...lists, dropped, waiting })
  }
  print([
    ...(ended.length === 0
      ? [thread === '' ? 'nothing to end: there was no pause for everyone' : `${thread} was not on hold`]
      : []),
    ...ended.map(pause => `no longer ${describeHeld(pause)}`),
    ...(dropped > 0 ? [`dropped: ${bubbles(dropped)}`] : []),
    ...(request.drop && ended.length === 0
      ? ['Nothing was dropped: --drop only affects what a pause has put on hold.']
      : []),
    ...still.map(pause => `still ${describePause(pause)}`),
    ...(ended.length > 0 && waiting > 0
      ? [`These are sent now, unless something else holds them: ${bubbles(waiting)}.`]
      : []),
    ...(still.some(pause => pause.threadId !== '')
      ? ['To end these: edge-agent resume THREAD, or edge-agent resume --all.']
      : []),
    ...(isRunning ? [] : [NOT_RUNNING]),
  ])
}

const NOT_RUNNING = 'The agent is not running. This takes effect when it starts.'

/** The running agent answers; where none runs, its database does. */
const ask = async <T>(
  input: ConfigInput,
  name: 'pause' | 'resume',
  request: PauseRequest | ResumeRequest,
  offline: (pausing: ReturnType<typeof createPausing>) => T,
): Promise<{ readonly answer: T; readonly isRunning: boolean }> => {
  let isRunning = true
  const answer = await askOrOpen(loadStateDir(input), name, request, store => {
    isRunning = false
    const isThread = (threadId: string) =>
      store.recipients.isKnown(threadId) || store.cursor.chatOf(threadId) !== undefined
    const onEnd = createCommandEnd({ ...store, now: Date.now })
    const normalise = createNormaliser(countryOf(input))
    return offline(createPausing({ ...store, isThread, normalise, onEnd, now: Date.now }))
  })
  return { answer, isRunning }
}

const readDuration = (written: string): number => {
  // Whoever writes 5 may mean minutes.
  const ms = /[a-z]$/.test(written.trim()) ? parseDuration(written.trim()) : undefined
  if (ms !== undefined && ms >= 1_000 && ms <= LONGEST_MS) return ms
  throw new EdgeError('usage', `--for ${written} is not a valid duration (1s to 365d, with its unit)`, {
    exit: EXIT.usage,
    remedy: 'Examples: 30m, 2h, 1d. Without --for, the pause lasts until you run edge-agent resume.',
  })
}

const LONGEST_MS = 365 * 24 * 60 * 60_000

const shownPause = ({ threadId, cause, sinceMs, untilMs }: Pause) => ({
  thread: threadId === '' ? null : threadId,
  cause,
  since: new Date(sinceMs).toISOString(),
  until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
})

const bubbles = (n: number): string => `${n} ${n === 1 ? 'bubble' : 'bubbles'}`

const print = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.map(withoutControls).join('\n')}\n`)
}
