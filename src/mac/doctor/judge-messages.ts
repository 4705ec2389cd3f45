import type { ToolEnd } from '../macos/run-tool.ts'
import { type Check, NOT_HERE, verdictsOf } from './check.ts'
import { type AgentFacts, type AskedOfAgent, automationOf, isBehind } from './look-at-agent.ts'
import { howItEnded } from './tool-words.ts'

const { ok, warning, failed, skipped } = verdictsOf('messages')

export type MessagesFacts = AskedOfAgent & {
  /** `pgrep -x Messages`. */
  readonly pgrep: ToolEnd
  readonly now: number
}

export const judgeMessages = (facts: MessagesFacts): readonly Check[] => [
  judgeRunning(facts),
  judgeAccounts(facts.agent),
  judgeArrival(facts),
  judgeColumns(facts.agent),
  judgeOwner(facts.agent),
]

const OPEN_MESSAGES = 'open -gj -b com.apple.MobileSMS'

const judgeRunning = ({ pgrep, isMac }: MessagesFacts): Check => {
  if (pgrep.kind === 'not-found' || !isMac) return skipped('messages_running', NOT_HERE)
  if (pgrep.kind === 'exited' && pgrep.code === 0) return ok('messages_running', 'Messages is running')
  if (pgrep.kind === 'exited' && pgrep.code === 1) {
    return failed(
      'messages_running',
      'Messages is not running: nothing arrives, and sending has to start it',
      OPEN_MESSAGES,
    )
  }
  return warning('messages_running', howItEnded('pgrep', pgrep), OPEN_MESSAGES)
}

const judgeAccounts = (agent: AgentFacts): Check => {
  const probe = automationOf(agent)
  if (probe?.state !== 'granted')
    return skipped('messages_signed_in', 'only an agent that may control Messages can check this')
  const { accounts, enabledAccounts = accounts } = probe
  if (enabledAccounts === undefined) return skipped('messages_signed_in', 'Messages did not report its accounts')
  return enabledAccounts === 0
    ? failed(
        'messages_signed_in',
        `Messages is signed out: 0 of ${accounts ?? 0} accounts in use`,
        'Messages > Settings > iMessage > Sign In',
      )
    : ok('messages_signed_in', `${enabledAccounts} of ${accounts ?? enabledAccounts} accounts in use`)
}

/** No message for a while has three causes: the agent is deaf, Messages is deaf, or nobody has written. */
const judgeArrival = ({ agent, pgrep, isMac, now }: MessagesFacts): Check => {
  const probe = agent.kind === 'running' && agent.chatDb.kind === 'told' ? agent.chatDb.answer : undefined
  if (agent.kind !== 'running' || probe === undefined || !probe.readable) {
    return skipped('messages_arriving', 'only an agent that can read chat.db can check this')
  }
  const later = agent.chatDbLater?.kind === 'told' ? agent.chatDbLater.answer : undefined
  if (agent.chatDbLater !== undefined && isBehind(agent.chatDbLater) && later?.seenRowid === probe.seenRowid) {
    const behind = (later?.highestRowid ?? 0) - (later?.seenRowid ?? 0)
    return failed(
      'messages_arriving',
      `the agent is ${behind} rows behind chat.db, and not catching up`,
      'edge-agent restart',
    )
  }
  const quiet = probe.newestIncomingMs === undefined ? undefined : now - probe.newestIncomingMs
  const last = quiet === undefined ? 'no message has ever arrived' : `the newest message arrived ${span(quiet)} ago`
  const signedOut = automationOf(agent)?.enabledAccounts === 0
  const notRunning = isMac && pgrep.kind === 'exited' && pgrep.code === 1
  if (signedOut || notRunning) {
    const why = signedOut ? 'is signed out' : 'is not running'
    return warning('messages_arriving', `nothing arrives, because Messages ${why}: ${last}`, 'See the checks above.')
  }
  if (quiet === undefined || quiet > LONG_MS) {
    return warning(
      'messages_arriving',
      `${last}; the agent is up to date, so nobody has written or Messages is not receiving`,
      'Write to this Mac from another phone, and check whether Messages shows it.',
    )
  }
  return ok('messages_arriving', `the agent is up to date; ${last}`)
}

/** A value that nobody knew when this version was made may mean junk as well as anything else. */
const judgeColumns = (agent: AgentFacts): Check => {
  const probe = agent.kind === 'running' && agent.chatDb.kind === 'told' ? agent.chatDb.answer : undefined
  if (probe?.unknownValues === undefined) {
    return skipped('messages_columns', 'only an agent that can read chat.db can check this')
  }
  return probe.unknownValues.length === 0
    ? ok('messages_columns', 'this version knows all that chat.db says of who writes')
    : warning(
        'messages_columns',
        `chat.db has values that this version does not know: ${probe.unknownValues.join(', ')}; such messages are not forwarded`,
        'See what they are in Messages. To forward them: a rule with category = "unrecognised". Please report the values.',
      )
}

const judgeOwner = (agent: AgentFacts): Check => {
  const addresses = agent.kind === 'running' ? agent.status.ownAddresses : undefined
  if (addresses === undefined) return skipped('messages_owner', 'only a running agent can check this')
  return addresses.length === 0
    ? skipped('messages_owner', 'no address of yours is known yet; the next messages tell them (or set own_addresses)')
    : ok('messages_owner', `${addresses.length} addresses are known to be yours: ${addresses.join(', ')}`)
}

const LONG_MS = 7 * 24 * 60 * 60_000

const span = (ms: number): string => {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
