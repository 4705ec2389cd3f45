import type { ToolEnd } from '../macos/run-tool.ts'
import { type Check, NOT_HERE, verdictsOf } from './check.ts'
import type { SystemFacts } from './look-at-system.ts'
import { quote } from './quote.ts'
import { howItEnded, outputOf, succeeded } from './tool-words.ts'

const { ok, warning, failed, skipped } = verdictsOf('system')

export const judgeSystem = (facts: SystemFacts): readonly Check[] => [
  judgeMacos(facts.swVers),
  judgeArch(facts),
  judgeUser(facts.uid),
  facts.overSsh
    ? warning(
        'terminal',
        'this terminal came over SSH: what it may read or control itself says nothing of the agent in launchd',
        "For permissions, prompts and loading the service use a terminal at the Mac's screen, or Screen Sharing.",
      )
    : ok('terminal', 'a terminal of this machine'),
  judgeSleep(facts.pmset, facts.battery),
  judgeRestart(facts.fileVault),
]

/** The versions that this program was written for. */
const OLDEST = 13
const NEWEST = 27

const judgeMacos = (end: ToolEnd): Check => {
  if (end.kind === 'not-found') return skipped('macos', 'this is not a Mac: what needs one is skipped')
  const version = succeeded(end) ? /\d+(\.\d+)*/.exec(outputOf(end))?.[0] : undefined
  if (version === undefined) return warning('macos', howItEnded('sw_vers', end), 'Try it by hand: sw_vers')
  const major = Number.parseInt(version, 10)
  if (major < OLDEST) {
    return failed('macos', `macOS ${version}, and ${OLDEST} or newer is needed`, 'softwareupdate --list')
  }
  if (major > NEWEST) {
    return warning(
      'macos',
      `macOS ${version}, newer than ${NEWEST}, the newest that was known when this program was made`,
      'If something does not work, look for a newer edge-agent.',
    )
  }
  return ok('macos', `macOS ${version}`)
}

const judgeArch = ({ arch, swVers, translated }: SystemFacts): Check => {
  if (swVers.kind !== 'not-found' && succeeded(translated) && outputOf(translated) === '1') {
    return warning(
      'architecture',
      `${arch}, an Intel build that Rosetta translates`,
      'Install the arm64 build of Node (https://nodejs.org), then: edge-agent install',
    )
  }
  return ok('architecture', arch)
}

const judgeUser = (uid: number | undefined): Check =>
  uid === 0
    ? warning(
        'user',
        'this runs as root: Messages, its permissions and the service belong to an ordinary user',
        'Say it again as the user whose Messages it is, without sudo.',
      )
    : ok('user', `user id ${uid ?? 'unknown'}`)

const judgeSleep = (pmset: ToolEnd, battery: ToolEnd): Check => {
  if (pmset.kind === 'not-found') return skipped('sleep', NOT_HERE)
  const setting = (name: string) => new RegExp(`^\\s*${name}\\s+(\\d+)(.*)$`, 'm').exec(outputOf(pmset))
  const sleep = setting('sleep')
  if (!succeeded(pmset) || sleep === null) {
    return skipped('sleep', succeeded(pmset) ? 'pmset says nothing of sleep' : howItEnded('pmset', pmset))
  }
  const [, minutes, held = ''] = sleep
  const isLaptop = /InternalBattery/.test(outputOf(battery))
  const lid = isLaptop && setting('SleepDisabled')?.[1] !== '1' ? '; with its lid closed it sleeps all the same' : ''
  if (minutes === '0') return ok('sleep', `this Mac does not fall asleep by itself${lid}`)
  const seen = `this Mac sleeps after ${minutes} idle minutes${lid}`
  if (/prevented by/i.test(held))
    return ok('sleep', `${seen}, but is kept awake now: ${quote(held.replace(/[()]/g, ''))}`)
  const wakes = setting('womp')?.[1] === '1' ? '' : '; it does not wake for the network either'
  return warning('sleep', `${seen}; asleep it answers nobody${wakes}`, 'sudo pmset -a sleep 0 disksleep 0')
}

const judgeRestart = (fileVault: ToolEnd): Check => {
  if (fileVault.kind === 'not-found') return skipped('restart', NOT_HERE)
  const answer = /FileVault\D*?\b(on|off)\b/i.exec(outputOf(fileVault))?.[1]?.toLowerCase()
  if (answer === undefined) return skipped('restart', howItEnded('fdesetup', fileVault))
  return answer === 'on'
    ? ok('restart', 'FileVault is on: after a restart nothing runs until somebody logs in at the screen')
    : ok('restart', 'FileVault is off: with automatic login the agent comes back by itself after a power cut')
}
