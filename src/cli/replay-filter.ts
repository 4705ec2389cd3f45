import { setImmediate as nextTurn } from 'node:timers/promises'
import { styleText } from 'node:util'
import { z } from 'zod'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { type Outcome, replayHistory, type Sample } from '../agent/flows/replay-history.ts'
import { ChatDbProblem, explainChatDbError, openChatDb } from '../agent/imessage/chat-db.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadConfigHere } from '../config/load-config.ts'
import { createComposeHere } from './create-compose-here.ts'
import { createFilterHere } from './create-filter-here.ts'
import { localTime } from './local-time.ts'
import { onOneLine } from './on-one-line.ts'
import { sinceOption } from './since-option.ts'
import { abortedByCtrlC } from './this-mac.ts'
import { toJson } from './to-json.ts'

/**
 * Prints what the rules would have done with the history.
 *
 * @throws EdgeError `usage`, `cancelled`; ConfigError; ChatDbProblem
 */
export const replayFilter = async (input: ConfigInput, rawOptions: unknown): Promise<void> => {
  const { sinceMs, limit, samples, json } = parseOptions(rawOptions)
  const config = loadConfigHere(input)
  const stop = abortedByCtrlC()
  const db = openHere(config.chatDb)
  let outcomes: readonly Outcome[]
  try {
    outcomes = await replayHistory(db, {
      filter: createFilterHere(config),
      compose: createComposeHere(config),
      sinceMs,
      limit,
      samples: samples ? SAMPLES : 0,
      onProgress: tellProgress,
      pause: async () => {
        await nextTurn()
        if (stop.aborted) throw new EdgeError('cancelled', 'stopped; nothing was changed', { exit: EXIT.cancelled })
      },
    })
  } catch (error) {
    throw error instanceof EdgeError ? error : explainChatDbError(error, config.chatDb)
  } finally {
    wipeProgress()
    db.close()
  }
  if (json) process.stdout.write(`${toJson(replayed(outcomes, sinceMs, samples), 2)}\n`)
  else process.stdout.write(`${describe(outcomes, { sinceMs, samples, payload: config.payload }).join('\n')}\n`)
}

/** Of each outcome. */
const SAMPLES = 3

const parseOptions = (raw: unknown) => {
  const parsed = optionsSchema.safeParse(raw)
  if (!parsed.success) {
    throw new EdgeError('usage', `Invalid option value:\n${z.prettifyError(parsed.error)}`, {
      remedy: 'See edge-agent filter replay --help.',
      exit: EXIT.usage,
    })
  }
  const { since: sinceMs, limit, samples, json } = parsed.data
  return { sinceMs, limit, json, samples: samples ?? !json }
}

const optionsSchema = z.object({
  since: sinceOption,
  limit: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'Expected a number of messages, such as 1000')
    .transform(Number)
    .optional(),
  samples: z.boolean().optional(),
  json: z.boolean().default(false),
})

/** What helps the agent against macOS's refusal does not help a terminal. */
const openHere = (path: string) => {
  try {
    return openChatDb(path)
  } catch (error) {
    if (!(error instanceof ChatDbProblem) || error.exit !== EXIT.permission) throw error
    throw new EdgeError(error.code, error.message, {
      remedy:
        'Grant Full Disk Access to your terminal app (System Settings > Privacy & Security > Full Disk Access),\nthen run this again in a new window. The agent has its own, separate permission.',
      exit: EXIT.permission,
      cause: error,
    })
  }
}

const tellProgress = (done: number, of: number): void => {
  if (!process.stderr.isTTY || of <= 0) return
  process.stderr.write(`\r\u001b[K  … ${Math.floor((100 * done) / of)} % of ${of} rows`)
}

const wipeProgress = (): void => {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}

const replayed = (outcomes: readonly Outcome[], sinceMs: number, samples: boolean) => ({
  since: new Date(sinceMs).toISOString(),
  messages: total(outcomes),
  forwarded: total(outcomes.filter(({ action }) => action === 'forward')),
  outcomes: outcomes.map(({ samples: found, ...outcome }) => ({
    ...outcome,
    ...(samples && {
      samples: found.map(({ atMs, ...sample }) => ({ at: new Date(atMs).toISOString(), ...sample })),
    }),
  })),
})

const total = (outcomes: readonly Outcome[]): number => outcomes.reduce((sum, { count }) => sum + count, 0)

type Shown = { readonly sinceMs: number; readonly samples: boolean; readonly payload: 'minimal' | 'extended' }

const describe = (outcomes: readonly Outcome[], { sinceMs, samples, payload }: Shown): string[] => {
  const since = minute(sinceMs)
  if (outcomes.length === 0) return [`no messages since ${since}`]
  const forwarded = outcomes.filter(({ action }) => action === 'forward')
  const skipped = outcomes.filter(({ action }) => action === 'skip')
  return [
    `${total(outcomes)} messages since ${since}: ${total(forwarded)} would be forwarded, ${total(skipped)} skipped. Nothing was sent.`,
    ...section('forwarded', forwarded, samples),
    ...section('skipped', skipped, samples),
    ...(payload === 'extended' ? ['', EXTENDED] : []),
  ]
}

/** By the clock of this Mac. */
const minute = (ms: number): string => localTime(ms).slice(0, 16)

const EXTENDED =
  'This looks at texts only. With payload = "extended", names of groups and files are redacted too when they leave.'

const section = (name: 'forwarded' | 'skipped', outcomes: readonly Outcome[], samples: boolean): string[] => {
  if (outcomes.length === 0) return []
  const heading = styleText(name === 'forwarded' ? 'green' : 'yellow', name, { stream: process.stdout })
  return [
    '',
    heading,
    ...outcomes.flatMap(outcome => [
      `${String(outcome.count).padStart(8)}  ${nameOf(outcome)}${foundIn(outcome)}`,
      ...(samples
        ? outcome.samples.map(sample => styleText('dim', describeSample(sample), { stream: process.stdout }))
        : []),
    ]),
  ]
}

const nameOf = ({ rule, reason }: Outcome): string => {
  if (reason === undefined || reason === rule) return rule ?? ''
  return rule === undefined ? reason : `${reason} (${rule})`
}

const foundIn = ({ action, redacted }: Outcome): string => {
  const kinds = Object.entries(redacted).map(([kind, count]) => `${count} ${kind}`)
  return kinds.length === 0 ? '' : `; ${action === 'forward' ? 'redacted' : 'found'}: ${kinds.join(', ')}`
}

const describeSample = ({ atMs, threadId, sender, text }: Sample): string => {
  const who = threadId === sender ? sender : `${sender ?? 'you'} in ${threadId}`
  const words = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
  return onOneLine(`            ${minute(atMs)}  ${who}: ${words === '' ? '(no text)' : words}`)
}

const SHOWN = 100
