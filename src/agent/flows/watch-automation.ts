import type { AutomationProbe } from '../core/probes.ts'
import type { Problems } from '../core/problems.ts'
import type { Timers } from '../core/timers.ts'

/**
 * Whether macOS lets us control Messages: known from the harmless probe and from every send. While it does not, nothing is
 * sent, a problem says so, and the probe finds out when it does again.
 */
export const createAutomationWatch = ({
  probe,
  onFree,
  timers,
  problems,
  program,
}: {
  readonly probe: () => Promise<AutomationProbe>
  /** What waited for the permission may go on. */
  readonly onFree: () => void
  readonly timers: Timers
  readonly problems: Pick<Problems, 'set' | 'clear'>
  /** The path of the program that macOS asks about. */
  readonly program: string
}) => {
  let state: 'granted' | 'missing' | 'unknown' = 'unknown'
  /** Nothing is sent before the next probe has found out. */
  let isWaiting = false
  let callOff = () => {}
  let stopped = false
  /** How often a send was refused: what a probe found that began before the last time is out of date. */
  let refusals = 0

  const ask = async (): Promise<AutomationProbe> => {
    const before = refusals
    const found = await probe()
    if (!stopped && before === refusals) take(found)
    return found
  }

  const take = ({ state: found }: AutomationProbe): void => {
    if (found === 'granted') allowed()
    else if (found === 'denied') denied()
    else if (found === 'unanswered') unanswered()
    else unclear()
  }

  const allowed = (): void => {
    state = 'granted'
    callOff()
    for (const code of ['automation_denied', 'automation_unanswered']) problems.clear(code)
    free()
  }
  const denied = (): void => {
    state = 'missing'
    problems.clear('automation_unanswered')
    problems.set(
      'automation_denied',
      'macOS does not let this program control Messages: nothing can be sent',
      `System Settings > Privacy & Security > Automation: allow ${program} to control Messages. Sending then resumes automatically.`,
    )
    wait()
  }
  const unanswered = (): void => {
    problems.set(
      'automation_unanswered',
      'Messages does not answer, so nothing is sent: a macOS prompt is waiting on screen, or Messages hangs',
      `Allow ${program} to control Messages, on this Mac's screen. Sending then resumes automatically.`,
    )
    wait()
  }
  /** Something else is wrong, or this osascript cannot be asked: a send has to find out. */
  const unclear = (): void => {
    if (state === 'granted') state = 'unknown'
    problems.clear('automation_unanswered')
    free()
  }

  const wait = (): void => {
    if (stopped) return
    isWaiting = true
    callOff()
    callOff = timers.after(ASK_EVERY_MS, () => void ask())
  }
  const free = (): void => {
    if (!isWaiting) return
    isWaiting = false
    onFree()
  }

  return {
    state: () => state,
    /** How many sends may run at once: while macOS refuses, one is enough to find out when it does no more. */
    atOnce: (): number => (isWaiting ? 0 : state === 'missing' ? 1 : Number.POSITIVE_INFINITY),
    ask,
    /** What a send found. */
    learn: (isAllowed: boolean): void => {
      if (!isAllowed) refusals += 1
      if (isAllowed) allowed()
      else denied()
    },
    stop: (): void => {
      stopped = true
      callOff()
    },
  }
}

const ASK_EVERY_MS = 30_000
