import type { AutomationProbe } from '../../agent/core/probes.ts'
import { shellQuote } from '../../agent/core/shell-quote.ts'
import { type Check, NOT_HERE, verdictsOf } from './check.ts'
import type { AgentFacts, AskedOfAgent } from './look-at-agent.ts'
import { quote } from './quote.ts'

const { ok, warning, failed, skipped } = verdictsOf('permissions')

export type PermissionFacts = AskedOfAgent & {
  /** `readable`, or the error's code. */
  readonly readByUs: string
  readonly chatDb: string
  /** The program that macOS judges. */
  readonly node: string
}

/** Both are asked of the running agent: macOS judges the program that launchd started, not this terminal. */
export const judgePermissions = (facts: PermissionFacts): readonly Check[] => [
  judgeChatDb(facts),
  judgeAutomation(facts),
]

const FULL_DISK_ACCESS =
  'open "x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?Privacy_AllFiles"'
const AUTOMATION = 'open "x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?Privacy_Automation"'

const judgeChatDb = ({ agent, isMac, readByUs, chatDb, node }: PermissionFacts): Check => {
  const grant = `${FULL_DISK_ACCESS}, add ${node} there (+, then ⌘⇧G), then: edge-agent restart`
  if (agent.kind === 'running') {
    const { chatDb: probe, status } = agent
    const readable = probe.kind === 'told' ? probe.answer.readable : status.chatDb.readable
    if (readable) return ok('chat_db', `the agent (pid ${status.agent.pid}) reads ${chatDb}`)
    const problem =
      probe.kind === 'told' ? probe.answer.problem : status.problems.find(({ code }) => code.startsWith('chat_db'))
    const isForbidden = problem === undefined || problem.code === 'chat_db_forbidden'
    return failed(
      'chat_db',
      `the agent cannot read ${chatDb}: ${problem === undefined ? 'no reason given' : quote(problem.message)}`,
      isForbidden ? grant : problem.remedy,
    )
  }
  if (readByUs === 'ENOENT') {
    if (!isMac) return skipped('chat_db', `${NOT_HERE}: ${chatDb} does not exist`)
    return failed(
      'chat_db',
      `${chatDb} does not exist`,
      'Sign in to Messages once, so that it creates one: open -b com.apple.MobileSMS',
    )
  }
  const here = readByUs === 'readable' ? 'this terminal can read it' : `this terminal cannot read it (${readByUs})`
  if (!isMac) {
    return readByUs === 'readable'
      ? ok('chat_db', `${chatDb} is readable`)
      : failed('chat_db', `${chatDb}: ${here}`, `ls -l ${shellQuote(chatDb)}`)
  }
  return warning(
    'chat_db',
    `cannot tell whether the agent may read ${chatDb}, ${whyUntold(agent)}; ${here}, but that says nothing about the agent`,
    `${startIt(agent)} and run this again; if it cannot read: ${grant}`,
  )
}

const whyUntold = ({ kind }: AgentFacts): string =>
  kind === 'silent' ? 'because it does not answer' : 'because none is running'

const startIt = ({ kind }: AgentFacts): string => (kind === 'silent' ? 'edge-agent restart' : 'Start the agent')

const judgeAutomation = ({ agent, isMac, node }: PermissionFacts): Check => {
  if (agent.kind !== 'running') {
    return isMac
      ? warning(
          'automation',
          `cannot tell whether the agent may control Messages, ${whyUntold(agent)}`,
          `${startIt(agent)} and run this again.`,
        )
      : skipped('automation', NOT_HERE)
  }
  const { automation } = agent
  if (automation.kind === 'untold') {
    return warning(
      'automation',
      `cannot tell whether the agent may control Messages: ${quote(automation.why)}`,
      'edge-agent restart',
    )
  }
  return judgeProbe(automation.answer, isMac, node)
}

const judgeProbe = (probe: AutomationProbe, isMac: boolean, node: string): Check => {
  const { state, errorNumber, said } = probe
  const number = errorNumber === undefined ? '' : ` (${errorNumber})`
  switch (state) {
    case 'granted':
      return ok('automation', 'the agent may control Messages')
    case 'denied':
      return errorNumber === -1744
        ? failed(
            'automation',
            `the agent needs permission to control Messages, but macOS cannot ask for it now${number}`,
            `Log in at the screen and run this again there, then: ${AUTOMATION}`,
          )
        : failed(
            'automation',
            `macOS does not let the agent control Messages${number}`,
            `${AUTOMATION}, switch on Messages below ${node}; if it is not listed: tccutil reset AppleEvents, then edge-agent doctor`,
          )
    case 'unanswered':
      return failed(
        'automation',
        `Messages did not answer the agent in time${number}: probably a prompt is waiting on screen, or Messages hangs`,
        `Answer the prompt on the Mac's screen and run this again. If there is none: ${AUTOMATION}, then quit and reopen Messages.`,
      )
    case 'unclear': {
      const seen = `it is unclear whether the agent may control Messages${number}${said === undefined ? '' : `: ${quote(said)}`}`
      if (!isMac && errorNumber === undefined) return skipped('automation', `${NOT_HERE}; ${seen}`)
      return failed('automation', seen, REMEDIES.get(errorNumber ?? 0) ?? AUTOMATION)
    }
  }
}

/** By the number: the texts are localised. */
const REMEDIES = new Map([
  [-600, 'open -gj -b com.apple.MobileSMS'],
  [-609, 'Messages has quit. Open it and run this again: open -gj -b com.apple.MobileSMS'],
  [-10810, 'macOS could not start Messages: unlock the screen, open it by hand, and run this again.'],
  [-1719, 'Sign in: Messages > Settings > iMessage.'],
  [-1728, 'Sign in: Messages > Settings > iMessage.'],
])
