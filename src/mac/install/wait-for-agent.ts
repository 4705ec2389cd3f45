import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { askAgent } from '../../agent/control/ask-agent.ts'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import { shellQuote } from '../../agent/core/shell-quote.ts'
import { explainExit } from '../launchd/explain-exit.ts'
import type { Launchctl, ServiceState } from '../launchd/launchctl.ts'

/** Of the agent's status; it may be of another version, which says less. */
const statusReply = z.object({
  agent: z.object({
    pid: z.number(),
    version: z.string(),
    label: z.string().optional(),
    execPath: z.string().optional(),
    startedAt: z.string().optional(),
  }),
})

export type RunningAgent = z.output<typeof statusReply>['agent']

/** The agent that answers at a socket; undefined where none does. */
export const findAgent = async (socket: string | undefined): Promise<RunningAgent | undefined> => {
  if (socket === undefined) return undefined
  try {
    return statusReply.parse(await askAgent(socket, 'status', undefined, 3_000)).agent
  } catch {
    return undefined
  }
}

/** What to tell of an agent that is frozen, or very busy: it listens at a socket and does not answer. Undefined else. */
export const silentAgent = async (socket: string): Promise<EdgeError | undefined> => {
  try {
    await askAgent(socket, 'status', undefined, 3_000)
    return undefined
  } catch (error) {
    if (!(error instanceof EdgeError) || error.code !== 'not_answering') return undefined
    return new EdgeError(
      'not_answering',
      `an agent listens at ${socket} but does not answer, so it cannot be stopped`,
      {
        remedy: `It may be frozen, or suspended with Ctrl-Z in its terminal. To kill it: kill -9 "$(lsof -t ${shellQuote(socket)})"`,
        cause: error,
      },
    )
  }
}

/** Whether an agent is the one that launchd started for this job: by its pid, or by its own word. */
export const isOfService = (
  { pid, label, execPath }: RunningAgent,
  job: { readonly seen: ServiceState; readonly label: string; readonly binary: string | undefined },
): boolean => {
  const { seen } = job
  if (seen.kind !== 'loaded' && seen.kind !== 'unclear') return false
  // Without a state launchctl has told nothing; with one and no pid the job does not run.
  const isMaybe = seen.kind === 'loaded' && seen.state === undefined && seen.pid === undefined
  if (isMaybe || (seen.kind === 'loaded' && seen.pid === pid)) return true
  return label === job.label || (execPath !== undefined && execPath === job.binary)
}

/** How the start of the service went. */
export type Start =
  | { readonly kind: 'runs'; readonly agent: RunningAgent }
  /** It ended before it said a word, or as often as it was started. */
  | { readonly kind: 'exited'; readonly code: number; readonly seen: ServiceState }
  | { readonly kind: 'silent'; readonly seen: ServiceState }

/** Waits for the service's own word that it runs. `before`: its last life, where it was started anew within launchd. */
export const waitForAgent = async (needs: {
  readonly launchctl: Launchctl
  readonly label: string
  readonly socket: string
  readonly signal: AbortSignal
  readonly before?: { readonly pid: number | undefined; readonly runs: number | undefined }
  readonly timeoutMs?: number
}): Promise<Start> => {
  const { launchctl, label, socket, signal, before, timeoutMs = TIMEOUT_MS } = needs
  const deadline = performance.now() + timeoutMs
  const begunMs = Date.now()
  const runsBefore = before === undefined ? 0 : (before.runs ?? Number.POSITIVE_INFINITY)
  for (;;) {
    signal.throwIfAborted()
    const seen = await launchctl.print(label)
    const pid = seen.kind === 'loaded' ? seen.pid : undefined
    const agent = await findAgent(socket)
    if (agent !== undefined && agent.pid !== before?.pid) {
      // Where launchd names another pid, that of a wrapper say, one that has just started is meant.
      const isNew = Date.parse(agent.startedAt ?? '') > begunMs - JUST_MS
      const isMeant = pid === undefined ? seen.kind !== 'loaded' || isNew : agent.pid === pid || isNew
      if (isMeant) return { kind: 'runs', agent }
    }
    const code = endOf(seen, runsBefore)
    if (code !== undefined) return { kind: 'exited', code, seen }
    if (performance.now() > deadline) return { kind: 'silent', seen }
    await sleep(LOOK_MS, undefined, { signal })
  }
}

/** macOS checks a new binary before it runs for the first time. */
const TIMEOUT_MS = 60_000
const LOOK_MS = 250
const JUST_MS = 5_000

/** The exit code of a start that failed, once more tries are no use or have been made. */
const endOf = (seen: ServiceState, runsBefore: number): number | undefined => {
  if (seen.kind !== 'loaded' || seen.pid !== undefined || seen.lastExitCode === undefined) return undefined
  const runs = (seen.runs ?? 1) - runsBefore
  const isFinal = FINAL.has(seen.lastExitCode)
  return runs >= (isFinal ? 1 : 2) ? seen.lastExitCode : undefined
}

/** The next start ends the same way, until a person has done something. */
const FINAL: ReadonlySet<number> = new Set([EXIT.ok, EXIT.usage, EXIT.permission, EXIT.config, EXIT.alreadyRunning])

/** What to tell a person of a service that does not come up: launchd's facts, what they mean, the last lines of its log. */
export const explainStart = (start: Exclude<Start, { kind: 'runs' }>, logFile: string, logFrom: number): EdgeError => {
  const { seen } = start
  const facts =
    seen.kind === 'loaded'
      ? [
          `state = ${seen.state ?? 'unknown'}`,
          `runs = ${seen.runs ?? 'unknown'}`,
          `last exit code = ${seen.lastExitCode ?? 'none yet'}`,
        ].join(', ')
      : seen.kind === 'unclear'
        ? seen.said
        : seen.kind.replaceAll('-', ' ')
  const code = start.kind === 'exited' ? start.code : seen.kind === 'loaded' ? seen.lastExitCode : undefined
  const explained = code === undefined ? undefined : explainExit(code)
  const tail = readTail(logFile, logFrom)
  const home = userInfo().homedir
  return new EdgeError(
    'service_not_up',
    [
      start.kind === 'silent'
        ? 'the service is loaded, but its agent does not answer'
        : `the service does not stay up: it exited with ${start.code}, meaning that ${explained?.meaning}`,
      `launchd says: ${facts}`,
      ...(start.kind === 'silent' && home !== homedir()
        ? [`HOME is ${homedir()} here, but launchd starts the agent with ${home}, where it may find other settings`]
        : []),
      ...(tail.length === 0 ? [`${logFile} has no new lines`] : [`The last lines of ${logFile}:`, ...tail.map(indent)]),
    ].join('\n'),
    { remedy: explained?.remedy ?? 'For more: edge-agent doctor.' },
  )
}

/** Where a log ends now, so that old lines are not taken for new ones. */
export const endOfLog = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

const indent = (line: string): string => `  ${line}`

const readTail = (file: string, from: number): readonly string[] => {
  try {
    const size = statSync(file).size
    const start = Math.max(from > size ? 0 : from, size - MAX_TAIL_BYTES)
    const buffer = Buffer.alloc(size - start)
    const fd = openSync(file, 'r')
    try {
      readSync(fd, buffer, 0, buffer.length, start)
    } finally {
      closeSync(fd)
    }
    return buffer.toString('utf8').trimEnd().split('\n').filter(Boolean).slice(-MAX_TAIL_LINES)
  } catch {
    return []
  }
}

const MAX_TAIL_BYTES = 16 * 1024
const MAX_TAIL_LINES = 8
