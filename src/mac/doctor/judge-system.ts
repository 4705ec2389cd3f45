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
        'this is an SSH session: what it may read or control says nothing about the agent in launchd',
        "For permissions, prompts and loading the service, use a terminal at the Mac's screen, or Screen Sharing.",
      )
    : ok('terminal', 'a terminal on this machine'),
  judgeSleep(facts.pmset, facts.battery),
  judgeRestart(facts.fileVault),
]

/** The versions that this program was written for. */
const OLDEST = 13
const NEWEST = 27

const judgeMacos = (end: ToolEnd): Check => {
  if (end.kind === 'not-found') return skipped('macos', 'this is not a Mac; checks that need one are skipped')
  const version = succeeded(end) ? /\d+(\.\d+)*/.exec(outputOf(end))?.[0] : undefined
  if (version === undefined) return warning('macos', howItEnded('sw_vers', end), 'Try it by hand: sw_vers')
  const major = Number.parseInt(version, 10)
  if (major < OLDEST) {
    return failed('macos', `macOS ${version} is too old, ${OLDEST} or newer is needed`, 'softwareupdate --list')
  }
  if (major > NEWEST) {
    return warning(
      'macos',
      `macOS ${version} is newer than ${NEWEST}, the newest that this edge-agent knows`,
      'If something does not work, look for a newer edge-agent.',
    )
  }
  return ok('macos', `macOS ${version}`)
}

const judgeArch = ({ arch, swVers, translated }: SystemFacts): Check => {
  if (swVers.kind !== 'not-found' && succeeded(translated) && outputOf(translated) === '1') {
    return warning(
      'architecture',
      `${arch}, an Intel build running under Rosetta`,
      'Install the arm64 build of Node (https://nodejs.org), then: edge-agent install',
    )
  }
  return ok('architecture', arch)
}

const judgeUser = (uid: number | undefined): Check =>
  uid === 0
    ? warning(
        'user',
        'you are root, but Messages, its permissions and the service belong to an ordinary user',
        'Run this again as the user of Messages, without sudo.',
      )
    : ok('user', `user id ${uid ?? 'unknown'}`)

const judgeSleep = (pmset: ToolEnd, battery: ToolEnd): Check => {
  if (pmset.kind === 'not-found') return skipped('sleep', NOT_HERE)
  const setting = (name: string) => new RegExp(`^\\s*${name}\\s+(\\d+)(.*)$`, 'm').exec(outputOf(pmset))
  const sleep = setting('sleep')
  if (!succeeded(pmset) || sleep === null) {
    return skipped('sleep', succeeded(pmset) ? 'pmset does not mention sleep' : howItEnded('pmset', pmset))
  }
  const [, minutes, note = ''] = sleep
  const isLaptop = /InternalBattery/.test(outputOf(battery))
  const lid = isLaptop && setting('SleepDisabled')?.[1] !== '1' ? '; with its lid closed, it sleeps anyway' : ''
  if (minutes === '0') return ok('sleep', `this Mac does not go to sleep on its own${lid}`)
  const seen = `this Mac goes to sleep after ${minutes} idle minutes`
  if (/prevented by/i.test(note))
    return ok('sleep', `${seen}, but is being kept awake: ${quote(note.replace(/[()]/g, ''))}${lid}`)
  const wakes = setting('womp')?.[1] === '1' ? '' : ', and does not wake for the network'
  return warning('sleep', `${seen}; while asleep, it answers nobody${wakes}${lid}`, 'sudo pmset -a sleep 0 disksleep 0')
}

const judgeRestart = (fileVault: ToolEnd): Check => {
  if (fileVault.kind === 'not-found') return skipped('restart', NOT_HERE)
  const answer = /FileVault\D*?\b(on|off)\b/i.exec(outputOf(fileVault))?.[1]?.toLowerCase()
  if (answer === undefined) return skipped('restart', howItEnded('fdesetup', fileVault))
  return answer === 'on'
    ? ok('restart', 'FileVault is on: after a restart, nothing runs until somebody logs in at the screen')
    : ok('restart', 'FileVault is off: with automatic login, the agent starts by itself after a power cut')
}
