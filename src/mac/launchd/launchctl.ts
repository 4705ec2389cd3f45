import { EdgeError } from '../../agent/core/errors.ts'
import { shellQuote } from '../../agent/core/shell-quote.ts'
import type { RunTool, ToolEnd } from '../macos/run-tool.ts'

/** What launchd says of a job, as far as it says it. */
export type ServiceState =
  | { readonly kind: 'not-loaded' }
  | {
      readonly kind: 'loaded'
      /** Such as `running`, `not running`, `spawn scheduled`. */
      readonly state: string | undefined
      readonly pid: number | undefined
      /** Undefined before its first end. */
      readonly lastExitCode: number | undefined
      /** What ended it last time, as `Killed: 9`. */
      readonly lastSignal?: string | undefined
      /** How often it was started since it was loaded. */
      readonly runs: number | undefined
      /** The plist that it was loaded from. */
      readonly plist: string | undefined
      readonly program: string | undefined
    }
  /** Nobody is logged in at the screen: over SSH, say. */
  | { readonly kind: 'no-session' }
  | { readonly kind: 'no-launchd' }
  | { readonly kind: 'unclear'; readonly said: string; readonly code?: number | undefined }

export type Launchctl = ReturnType<typeof createLaunchctl>

/**
 * launchctl for the agents of one logged-in user (`gui/UID`). Its verbs are stable, the text of `print` is not: it is
 * read for the lines that are known, and for nothing else.
 */
export const createLaunchctl = (needs: {
  readonly run: RunTool
  readonly uid: number
  readonly sleep: (ms: number) => Promise<unknown>
}) => {
  const { run, sleep } = needs
  const domain = `gui/${needs.uid}`
  const target = (label: string): string => `${domain}/${label}`
  /** Jobs that were booted out here: their last life may still be ending. */
  const left = new Set<string>()

  /** Runs a verb until it succeeds or is refused for good; while a job is still going away launchd says 5, 36 or 37. */
  const persist = async (
    args: readonly string[],
    patienceMs: number,
    isDone: (end: ToolEnd) => boolean | Promise<boolean>,
  ): Promise<void> => {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const end = await run('launchctl', args, { timeoutMs: 30_000 })
      if (await isDone(end)) return
      const isBusy = end.kind === 'exited' && end.code !== undefined && BUSY.has(end.code)
      if (!isBusy || performance.now() > deadline) throw refused(args, end)
      await sleep(RETRY_MS)
    }
  }

  const print = async (label: string): Promise<ServiceState> => {
    const end = await run('launchctl', ['print', target(label)])
    if (end.kind === 'not-found') return { kind: 'no-launchd' }
    if (end.kind === 'timed-out') return { kind: 'unclear', said: 'launchctl print does not finish' }
    if (end.code === 0) return parsePrint(end.stdout, label) ?? { kind: 'unclear', said: said(end) }
    if (isNoSession(end)) return { kind: 'no-session' }
    if (end.code === 113 || end.code === 3 || /could not find service/i.test(end.stderr)) return { kind: 'not-loaded' }
    return { kind: 'unclear', said: said(end), code: end.code }
  }

  return {
    domain,
    /** The commands that load a job, as a person would type them. */
    loading: (label: string, plist: string): readonly string[] => [
      `launchctl enable ${target(label)}`,
      `launchctl bootstrap ${domain} ${shellQuote(plist)}`,
    ],
    print,
    /** Whether a person, or `disable`, has switched it off: then it is not started at login. */
    isDisabled: async (label: string): Promise<boolean | undefined> => {
      const end = await run('launchctl', ['print-disabled', domain])
      if (end.kind !== 'exited' || end.code !== 0) return undefined
      const line = end.stdout.split('\n').find(each => each.includes(`"${label}"`))
      return line !== undefined && /=>\s*(true|disabled)/.test(line)
    },
    /**
     * Whether somebody is logged in at the screen, whose agents there can be; undefined where launchd does not tell.
     * Throws an EdgeError where it does not answer.
     */
    hasSession: async (): Promise<boolean | undefined> => {
      const end = await run('launchctl', ['print', domain])
      if (isNoSession(end)) return false
      if (end.kind === 'timed-out') throw silent(`launchctl print ${domain}`)
      return end.kind === 'exited' && end.code === 0 ? true : undefined
    },
    enable: (label: string): Promise<void> => persist(['enable', target(label)], SHORT_MS, succeeded),
    /** Not started at login any more, until `enable`. */
    disable: (label: string): Promise<void> => persist(['disable', target(label)], SHORT_MS, succeeded),
    /** @throws EdgeError `launchd_*` with what to do about it. */
    bootstrap: async (label: string, plist: string): Promise<void> => {
      const isLoaded = async () => (await print(label)).kind === 'loaded'
      // It also says 5 or 37 where the job is there already.
      await persist(['bootstrap', domain, plist], left.has(label) ? DRAIN_MS : SHORT_MS, async end =>
        succeeded(end) || isAlreadyThere(end) ? true : end.kind === 'exited' && !isNoSession(end) && (await isLoaded()),
      )
      left.delete(label)
      const state = await print(label)
      if (state.kind !== 'loaded' && state.kind !== 'unclear') {
        throw new EdgeError('launchd_not_loaded', `launchd accepted ${plist}, but has no job ${label}`, {
          remedy: `To look: launchctl print ${target(label)}`,
        })
      }
    },
    /** Stops and unloads it and waits until it is gone; fine where it was not loaded. */
    bootout: async (label: string): Promise<void> => {
      left.add(label)
      const deadline = performance.now() + DRAIN_MS
      await persist(
        ['bootout', target(label)],
        DRAIN_MS,
        end => succeeded(end) || isNotThere(end) || isNoSession(end) || isInProgress(end) || end.kind === 'timed-out',
      )
      for (;;) {
        if ((await print(label)).kind !== 'loaded') return
        if (performance.now() > deadline) break
        await sleep(RETRY_MS)
      }
      throw new EdgeError('launchd_not_unloaded', `launchd still has the job ${label} after bootout`, {
        remedy: 'Wait a moment and run this again. If this persists, log out and in.',
      })
    },
    /** Starts a loaded job, or with `again` ends it first. It does not read the plist anew. */
    kickstart: (label: string, { again }: { readonly again: boolean }): Promise<void> =>
      persist(['kickstart', ...(again ? ['-k'] : []), target(label)], SHORT_MS, succeeded),
  }
}

const BUSY: ReadonlySet<number> = new Set([5, 36, 37])
const RETRY_MS = 500
/** For as long as launchd lets a job take to end (ExitTimeOut), and ten seconds. */
const DRAIN_MS = 40_000
/** Where nothing of ours was there before, 5 is no matter of patience. */
const SHORT_MS = 10_000

const succeeded = (end: ToolEnd): boolean => end.kind === 'exited' && end.code === 0

const text = (end: ToolEnd): string => (end.kind === 'not-found' ? '' : `${end.stdout}\n${end.stderr}`)

const isAlreadyThere = (end: ToolEnd): boolean =>
  end.kind === 'exited' && (end.code === 130 || /already (loaded|bootstrapped|exists)/i.test(text(end)))

const isNotThere = (end: ToolEnd): boolean =>
  end.kind === 'exited' && (end.code === 3 || end.code === 113 || /no such process|could not find/i.test(text(end)))

const isInProgress = (end: ToolEnd): boolean => end.kind === 'exited' && end.code === 36

const isNoSession = (end: ToolEnd): boolean =>
  end.kind === 'exited' && (end.code === 125 || /could not find domain|domain does not support/i.test(text(end)))

const said = (end: ToolEnd): string => text(end).trim().split('\n')[0] ?? ''

const refused = (args: readonly string[], end: ToolEnd): EdgeError => {
  const command = `launchctl ${args.join(' ')}`
  if (end.kind === 'not-found') {
    return new EdgeError('no_launchd', 'there is no launchctl on this system', {
      remedy: 'A service needs macOS. Elsewhere, run "edge-agent start", or see what install would do with --dry-run.',
    })
  }
  if (end.kind === 'timed-out') return silent(command)
  if (isNoSession(end)) {
    return new EdgeError(
      'launchd_no_session',
      `nobody is logged in at this Mac's screen, so launchd refuses: ${said(end)}`,
      {
        remedy:
          'Log in as this user at the screen (or by Screen Sharing), and run this again there. SSH is not enough.',
      },
    )
  }
  const { code } = end
  return new EdgeError(`launchd_${code ?? 'signal'}`, `"${command}" failed with ${code ?? 'a signal'}: ${said(end)}`, {
    remedy: REMEDIES[code ?? -1] ?? `To see what that means: launchctl error ${code ?? ''}`.trim(),
  })
}

const silent = (command: string): EdgeError =>
  new EdgeError('launchd_silent', `"${command}" does not finish`, {
    remedy: 'launchd hangs: log out and in, or restart the Mac, and run this again.',
  })

const REMEDIES: Readonly<Record<number, string>> = {
  5: 'Either its plist is refused, the job is switched off in System Settings > General > Login Items, or the previous one is still ending. To see which: edge-agent doctor.',
  78: 'A file or folder named in the plist cannot be opened. To see which: edge-agent doctor.',
}

/** Undefined where there is neither a line that is known nor the job's name, which is enough to say that it is loaded. */
const parsePrint = (printed: string, label: string): ServiceState | undefined => {
  // Only the job's own lines: those of its parts are indented further.
  const field = (name: string): string | undefined =>
    new RegExp(`^\\t?[ ]{0,4}${name} = (.*)$`, 'm').exec(printed)?.[1]?.trim()
  const number = (name: string): number | undefined => {
    const value = /^-?\d+/.exec(field(name) ?? '')?.[0]
    return value === undefined ? undefined : Number(value)
  }
  const found = {
    state: field('state'),
    pid: number('pid'),
    lastExitCode: number('last exit code'),
    lastSignal: field('last terminating signal'),
    runs: number('runs'),
    plist: field('path'),
    program: field('program'),
  }
  const isKnown = printed.includes(label) || Object.values(found).some(value => value !== undefined)
  return isKnown ? { kind: 'loaded', ...found } : undefined
}
