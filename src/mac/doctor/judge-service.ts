import { shellQuote } from '../../agent/core/shell-quote.ts'
import type { Installed } from '../install/read-installed.ts'
import { explainExit } from '../launchd/explain-exit.ts'
import type { ServiceState } from '../launchd/launchctl.ts'
import type { ToolEnd } from '../macos/run-tool.ts'
import { type Check, NOT_HERE, verdictsOf } from './check.ts'
import type { PlistFile, ServiceFacts } from './look-at-service.ts'
import { quote } from './quote.ts'
import { howItEnded, succeeded } from './tool-words.ts'

const { ok, warning, failed, skipped } = verdictsOf('service')

/** `expected`: the plist as it would be written now, undefined where that cannot be said. */
export const judgeService = (
  facts: ServiceFacts,
  { installed, expected }: { readonly installed: Installed; readonly expected: string | undefined },
): readonly Check[] => {
  const { plist, job } = facts
  if (job.kind === 'no-launchd' && plist === undefined) return [skipped('service', NOT_HERE)]
  return [
    ...(plist === undefined ? [judgeMissing(facts)] : judgePlist(plist, facts, expected)),
    ...judgeInstalled(installed),
    judgeEnabled(facts),
    ...judgeJob(job, facts),
  ]
}

const INSTALL = 'edge-agent install'

const judgeMissing = ({ plistFile, job }: ServiceFacts): Check =>
  job.kind === 'loaded'
    ? failed(
        'plist',
        `launchd has the job, but ${plistFile} is gone: the service will not start at the next login`,
        INSTALL,
      )
    : warning('plist', `${plistFile} does not exist: no service is installed`, INSTALL)

const judgePlist = (plist: PlistFile, facts: ServiceFacts, expected: string | undefined): readonly Check[] => {
  const { plistFile, uid, lint } = facts
  const isMine = plist.uid === uid
  const isOpen = (plist.mode & 0o022) !== 0
  const mode = plist.mode.toString(8)
  return [
    isMine && !isOpen
      ? ok('plist_mode', `owner ${plist.uid}, mode ${mode}`)
      : failed(
          'plist_mode',
          isMine
            ? `mode ${mode}: launchd ignores it if others can write it`
            : `it belongs to user ${plist.uid}, not to ${uid}: launchd ignores it`,
          isMine ? `chmod 644 ${shellQuote(plistFile)}` : `sudo chown ${uid} ${shellQuote(plistFile)}`,
        ),
    judgeLint(plist, lint, plistFile),
    judgeProgram(plist),
    judgeCurrent(plist, expected, plistFile),
  ]
}

const judgeLint = (plist: PlistFile, lint: ToolEnd, plistFile: string): Check => {
  if (plist.text === undefined)
    return failed('plist_syntax', `${plistFile} cannot be read`, `ls -l ${shellQuote(plistFile)}`)
  if (lint.kind === 'not-found') {
    return plist.program.length > 0
      ? skipped('plist_syntax', `plutil is ${NOT_HERE}`)
      : failed('plist_syntax', `${plistFile} names no program`, INSTALL)
  }
  if (lint.kind === 'timed-out')
    return warning('plist_syntax', howItEnded('plutil', lint), `plutil -lint ${shellQuote(plistFile)}`)
  return succeeded(lint)
    ? ok('plist_syntax', 'well-formed')
    : failed('plist_syntax', howItEnded('plutil', lint), INSTALL)
}

const judgeProgram = ({ program, missing }: PlistFile): Check => {
  if (missing.length > 0)
    return failed('plist_program', `it starts ${quote(missing.join(' and '))}, which does not exist`, INSTALL)
  const guarded = program.find(each => GUARDED.test(each))
  if (guarded !== undefined) {
    return failed(
      'plist_program',
      `${quote(guarded)} is in a folder that macOS protects: under launchd, the program may hang on its own files`,
      `${INSTALL} (copies the program to its own folder)`,
    )
  }
  return program.length === 0
    ? skipped('plist_program', 'cannot be read here')
    : ok('plist_program', quote(program.join(' ')))
}

const GUARDED = /^(\/Users\/[^/]+\/(Documents|Desktop|Downloads|Library\/Mobile Documents)\/|\/Volumes\/)/

const judgeCurrent = ({ text }: PlistFile, expected: string | undefined, plistFile: string): Check => {
  if (expected === undefined || text === undefined) return skipped('plist_current', 'nothing to compare it with')
  const [is, ought] = [linesOf(text), linesOf(expected)]
  const differing = [...ought.filter(line => !is.includes(line)), ...is.filter(line => !ought.includes(line))].length
  return differing === 0
    ? ok('plist_current', 'up to date')
    : warning(
        'plist_current',
        `${plistFile} differs from what this version writes (${differing} lines)`,
        `${INSTALL} --upgrade (with --dry-run, it shows what it would write)`,
      )
}

/** Without comments and indentation, which mean nothing to launchd. */
const linesOf = (text: string): readonly string[] =>
  text
    .replace(/<!--.*?-->/gs, '')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')

const judgeInstalled = (installed: Installed): readonly Check[] => {
  if (installed.kind === 'none') return []
  return installed.kind === 'whole'
    ? [ok('service_files', `version ${installed.manifest.version} is installed`)]
    : [failed('service_files', `the installation is incomplete: ${installed.why}`, INSTALL)]
}

const judgeEnabled = ({ disabled, domain, label, job }: ServiceFacts): Check => {
  if (disabled === undefined) {
    return skipped('service_enabled', job.kind === 'no-launchd' ? NOT_HERE : 'launchctl print-disabled does not say')
  }
  return disabled
    ? failed(
        'service_enabled',
        'the service is switched off, in System Settings > General > Login Items & Extensions or by launchctl disable',
        `launchctl enable ${domain}/${label}; in Login Items switch it on: open "x-apple.systempreferences:com.apple.LoginItems-Settings.extension"`,
      )
    : ok('service_enabled', 'not switched off')
}

const judgeJob = (job: ServiceState, { label, domain, plist, plistFile, overSsh }: ServiceFacts): readonly Check[] => {
  switch (job.kind) {
    case 'no-launchd':
      return [skipped('service_loaded', NOT_HERE)]
    case 'no-session': {
      const seen = "nobody is logged in at the screen, so launchd cannot run a user's agent (125)"
      return [
        failed(
          'service_loaded',
          seen,
          'Log in as this user, at the screen or by Screen Sharing. On an unattended Mac, turn on automatic login.',
        ),
      ]
    }
    case 'not-loaded':
      return plist === undefined
        ? [skipped('service_loaded', 'no service is installed')]
        : [
            failed(
              'service_loaded',
              `launchd does not have the job ${label} (113)`,
              `launchctl enable ${domain}/${label} && launchctl bootstrap ${domain} ${shellQuote(plistFile)}`,
            ),
          ]
    case 'unclear': {
      const said = explainLaunchd(job)
      const cure = overSsh ? "Run this again at the Mac's screen." : said.cure
      return [warning('service_loaded', `launchctl does not report the job's state: ${said.seen}`, cure)]
    }
    case 'loaded':
      return [judgeState(job, `${domain}/${label}`), judgeEnd(job)]
  }
}

type Loaded = Extract<ServiceState, { readonly kind: 'loaded' }>

const judgeState = ({ state, pid, runs }: Loaded, target: string): Check => {
  const often = runs === undefined ? '' : `, ${runs === 1 ? 'started once' : `started ${runs} times`}`
  if (pid !== undefined) return ok('service_loaded', `loaded and running, pid ${pid}${often}`)
  if (state === undefined) {
    return warning('service_loaded', 'loaded; launchctl print does not say whether it runs', 'edge-agent status')
  }
  return failed('service_loaded', `loaded, but not running (${quote(state)}${often})`, `launchctl kickstart ${target}`)
}

const judgeEnd = ({ lastExitCode, lastSignal, pid, runs = 0 }: Loaded): Check => {
  if (lastExitCode === undefined && lastSignal === undefined) {
    return ok('service_last_exit', 'it has not exited since it was loaded')
  }
  const { meaning, remedy } = explainExit(lastExitCode ?? -1)
  const seen =
    lastExitCode === undefined
      ? `a signal ended it last time: ${quote(lastSignal ?? '')}`
      : `it last exited with ${lastExitCode}: ${meaning}`
  if (pid !== undefined) {
    // It came up again: only one that ends time and again is something to act on.
    return lastExitCode === 0 || runs < 4
      ? ok('service_last_exit', seen)
      : warning('service_last_exit', `${seen} (${runs} starts)`, remedy)
  }
  const verdict = verdictsOf(GROUP_OF_EXIT.get(lastExitCode ?? -1) ?? 'service')
  return (lastExitCode === 0 ? warning : verdict.failed)('service_last_exit', seen, remedy)
}

/** One cause counts as one kind of failure. */
const GROUP_OF_EXIT = new Map([[77, 'permissions' as const]])

/** What launchctl itself answers, by its number. */
const explainLaunchd = ({ said, code }: Extract<ServiceState, { readonly kind: 'unclear' }>) => {
  const [meaning, cure = code === undefined ? 'Run this again.' : `launchctl error ${code}`] =
    ANSWERS.get(code ?? -1) ?? []
  const seen = said !== '' ? quote(said) : code === undefined ? 'it prints nothing' : `exit code ${code}`
  return { seen: meaning === undefined ? seen : `${seen} (${code}: ${meaning})`, cure }
}

const ANSWERS = new Map<number, readonly [meaning: string, cure: string]>([
  [5, ['it is already loaded or still ending, its plist is refused, or nobody is logged in at the screen', INSTALL]],
  [36, ['the previous one is still ending', 'Wait a minute and run this again.']],
  [37, ['it is already being loaded', 'Wait a minute and run this again.']],
  [78, ['a file or folder that the plist names cannot be used', INSTALL]],
])
