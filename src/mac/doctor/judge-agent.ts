import type { Problem } from '../../agent/core/problems.ts'
import type { ServiceState } from '../launchd/launchctl.ts'
import { type Check, type Group, verdictsOf } from './check.ts'
import type { AgentFacts, Status } from './look-at-agent.ts'
import { quote } from './quote.ts'

const { ok, warning, failed } = verdictsOf('agent')

/** `job`: what launchd says of our service. */
export const judgeAgent = (
  facts: AgentFacts,
  { job, hasService, version }: { readonly job: ServiceState; readonly hasService: boolean; readonly version: string },
): readonly Check[] => {
  const jobPid = job.kind === 'loaded' ? job.pid : undefined
  if (facts.kind === 'not-running') {
    const seen = 'no agent is running with this state folder'
    if (!hasService)
      return [
        warning('agent_running', seen, 'edge-agent install (as a service), or edge-agent start (in this terminal)'),
      ]
    // Why it does not run is told by the service's own checks, unless launchd believes that it does.
    return jobPid === undefined
      ? [warning('agent_running', seen, 'See the service checks.')]
      : [failed('agent_running', `launchd runs it (pid ${jobPid}), but it does not answer`, 'edge-agent restart')]
  }
  if (facts.kind === 'silent') {
    return [failed('agent_running', `the agent does not answer: ${quote(facts.said)}`, 'edge-agent restart')]
  }
  const { agent, messages, bubbles, held } = facts.status
  const byLaunchd = jobPid === agent.pid || agent.label !== undefined
  const up = `pid ${agent.pid}, up ${Math.floor(agent.uptimeSeconds / 60)} minutes`
  return [
    hasService && !byLaunchd
      ? warning(
          'agent_running',
          `an agent is running (${up}) that launchd did not start: it has the permissions of its terminal, not of the service`,
          `Stop it (Ctrl-C in its terminal, or kill ${agent.pid}), then: edge-agent restart`,
        )
      : ok('agent_running', `${up}${byLaunchd ? ', started by launchd' : ', started by hand'}`),
    agent.version === version
      ? ok('agent_version', agent.version)
      : warning(
          'agent_version',
          `version ${agent.version} is running, but ${version} is installed`,
          'edge-agent restart',
        ),
    ...judgeSending(facts.status.sending),
    judgeQueue({ dead: messages['dead'] ?? 0, parked: bubbles['parked'] ?? 0 }),
    ...(held?.everywhere ? [warning('paused', describePause(held.everywhere), 'edge-agent resume')] : []),
    ...facts.status.problems.map(judgeProblem),
  ]
}

/** Which way bubbles go: by an osascript that stands ready, or by one started for each. An older agent does not say. */
const judgeSending = (sending: Status['sending']): readonly Check[] => {
  if (sending === undefined) return []
  const { state, reason = 'it does not say why' } = sending
  switch (state) {
    case 'in_use':
      return [ok('sending', 'an osascript stands ready where a reply is expected')]
    case 'failed':
      return [
        warning('sending', `each text waits for an osascript of its own: a trial failed (${quote(reason)})`, RETRY),
      ]
    case 'fallen_back':
      return [warning('sending', `fell back to an osascript for each text: ${quote(reason)}`, RETRY)]
    case 'off':
      return [ok('sending', 'an osascript for each text, as send.warm is "off"')]
    default:
      return [ok('sending', 'an osascript for each text until a trial has shown that one can stand ready')]
  }
}

const RETRY = 'It is tried again by itself. To see why: edge-agent selftest --to NUMBER --ways'

const judgeQueue = ({ dead, parked }: { readonly dead: number; readonly parked: number }): Check =>
  dead + parked === 0
    ? ok('queue', 'nothing has failed or is uncertain')
    : warning(
        'queue',
        `${dead} dead ${dead === 1 ? 'letter' : 'letters'}, ${parked} uncertain ${parked === 1 ? 'bubble' : 'bubbles'}`,
        'edge-agent queue',
      )

const describePause = ({ until }: { readonly until: string | null }): string =>
  `sending is paused for everyone ${until === null ? 'until resumed' : `until ${until}`}`

/** With the group that it belongs to, so that one cause counts as one kind of failure. */
const judgeProblem = ({ code, message, remedy, sinceMs }: Problem): Check => {
  const verdict = verdictsOf(GROUP_OF_PROBLEM.find(([pattern]) => pattern.test(code))?.[1] ?? 'agent')
  // What the backend answered may repeat what it was asked.
  const said = code === 'backend_refuses' ? message.replace(/(refuses all messages: \S+).*$/s, '$1') : message
  const seen = `${quote(said.split('\n')[0] ?? code)} (since ${new Date(sinceMs).toISOString()})`
  return (PASSING.has(code) ? verdict.warning : verdict.failed)(`problem_${code}`, seen, remedy || 'edge-agent status')
}

const GROUP_OF_PROBLEM: readonly (readonly [RegExp, Group])[] = [
  [/^(chat_db|automation|permission)/, 'permissions'],
  [/^(messages|account)/, 'messages'],
  [/^(backend|connection|second_agent|secret|unauthorized)/, 'backend'],
  [/^state/, 'state'],
]

/** They tell of something that is over, or ends by itself. */
const PASSING = new Set(['state_started_over', 'chat_db_busy', 'loop_breaker'])
