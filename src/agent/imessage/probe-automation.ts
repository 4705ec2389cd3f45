import { fileURLToPath } from 'node:url'
import type { AutomationProbe } from '../core/probes.ts'

/** How a program ended, with what it wrote. */
type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number | undefined; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'not-found' }

/**
 * Whether macOS lets us control Messages, by a question that sends nothing. It never rejects and takes ten seconds at most;
 * who asks while one is under way gets its answer, so that there is never more than one prompt.
 */
export const createAutomationProbe = ({
  osascript,
  run,
}: {
  readonly osascript: string
  /** Has to end all that it started when the time is up: a prompt that nobody answers blocks osascript for ever. */
  readonly run: (
    program: string,
    args: readonly string[],
    options: { readonly timeoutMs: number },
  ) => Promise<ProgramEnd>
}): (() => Promise<AutomationProbe>) => {
  let underWay: Promise<AutomationProbe> | undefined
  const probe = async (): Promise<AutomationProbe> => {
    const began = performance.now()
    const end = await run(osascript, [SCRIPT], { timeoutMs: TIMEOUT_MS })
    return { ...judge(end, osascript), tookMs: Math.round(performance.now() - began) }
  }
  return () => {
    underWay ??= probe().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}

const SCRIPT = fileURLToPath(new URL('./probe-automation.applescript', import.meta.url))
const TIMEOUT_MS = 10_000

const judge = (end: ProgramEnd, osascript: string): Omit<AutomationProbe, 'tookMs'> => {
  if (end.kind === 'not-found') return { state: 'unclear', said: `there is no program ${osascript}` }
  if (end.kind === 'timed-out') return { state: 'unanswered' }
  if (end.code === 0) return { state: 'granted', ...readCounts(end.stdout) }
  const said = lastLine(`${end.stdout}\n${end.stderr}`)
  // The texts are localised, the number at the end is not.
  const number = /\((-\d{1,6})\)\s*$/.exec(said)?.[1]
  const errorNumber = number === undefined ? undefined : Number(number)
  return {
    state: stateOf(errorNumber),
    ...(errorNumber !== undefined && { errorNumber }),
    said: said === '' ? `exit ${end.code ?? 'by a signal'}` : said,
  }
}

const stateOf = (errorNumber: number | undefined): AutomationProbe['state'] => {
  // -1743: not allowed. -1744: would have to ask, and may not.
  if (errorNumber === -1743 || errorNumber === -1744) return 'denied'
  // -1712: no answer in time. Messages may hang as well; a prompt is likelier.
  return errorNumber === -1712 ? 'unanswered' : 'unclear'
}

const readCounts = (stdout: string): { readonly accounts?: number; readonly enabledAccounts?: number } => {
  const [accounts, enabledAccounts] = stdout.match(/\d+/g)?.map(Number) ?? []
  return { ...(accounts !== undefined && { accounts }), ...(enabledAccounts !== undefined && { enabledAccounts }) }
}

const lastLine = (text: string): string => (text.trim().split('\n').at(-1) ?? '').trim().slice(0, MAX_SAID)
const MAX_SAID = 300
