import type { AgentStatus } from '../agent/agent.ts'
import { askAgent } from '../agent/control/ask-agent.ts'
import { controlSocketPath } from '../agent/control/socket-path.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadStateDir } from '../config/load-config.ts'
import { zonedTime } from './local-time.ts'
import { showState } from './show-state.ts'
import { toJson } from './to-json.ts'
import { withoutControls } from './without-controls.ts'

/** Asks the running agent and prints what it says. Throws an EdgeError with exit code 3 when none runs. */
export const printStatus = async (input: ConfigInput, { json }: { readonly json: boolean }): Promise<void> => {
  const answer = await askAgent(controlSocketPath(loadStateDir(input)), 'status')
  // Both ends are this very program, of one version: the agent answered with its own type.
  const status = answer as AgentStatus
  const lines = describe(status).map(withoutControls)
  process.stdout.write(json ? `${toJson(status, 2)}\n` : `${lines.join('\n')}\n`)
}

const describe = (status: AgentStatus): string[] => {
  const { agent, connection, messages, bubbles, reflex, latenciesMs, permissions } = status
  return [
    row('agent', `${agent.id}, pid ${agent.pid}, up ${duration(agent.uptimeSeconds)}, version ${agent.version}`),
    row('connection', describeConnection(connection)),
    row('chat.db', status.chatDb.readable ? 'readable' : 'NOT READABLE'),
    row('permissions', `Full Disk Access ${permissions.fullDiskAccess}, Automation ${permissions.automation}`),
    row('you are', status.ownAddresses.length === 0 ? 'not known yet' : status.ownAddresses.join(', ')),
    row(
      'last message',
      status.lastMessage ? `${zonedTime(status.lastMessage.at)}, ${status.lastMessage.state}` : 'none yet',
    ),
    row('messages', counts(messages)),
    row('skipped', counts(status.skipped)),
    row('bubbles', counts(bubbles)),
    row('commands', counts(status.commands)),
    row('scheduled', describeScheduled(status)),
    row('reflexes', counts(reflex)),
    ...describeHolds(status.held),
    row('commit → POST', latency(latenciesMs.commitToPost)),
    row('sending', describeSending(status.sending)),
    row('frame → osascript', latency(latenciesMs.frameToOsascript)),
    row('frame → job', latency(latenciesMs.frameToJob)),
    row('POST → answer', latency(latenciesMs.postToAnswer)),
    row('memory, cpu', `${Math.round(agent.rssBytes / 1e6)} MB, ${agent.cpuSeconds.toFixed(1)} s`),
    ...(status.problems.length === 0 ? [row('problems', 'none')] : ['', 'Problems:']),
    ...status.problems.flatMap(({ code, message, remedy, sinceMs }) => [
      `  ${code}, since ${zonedTime(sinceMs)}`,
      `    ${message}`,
      `    ${remedy}`,
    ]),
  ]
}

const describeHolds = ({ everywhere, paused, takeover, loop, quietHours }: AgentStatus['held']): string[] => {
  const until = (time: string | null, otherwise: string): string =>
    time === null ? otherwise : `until ${zonedTime(time)}`
  const threads = (what: string, { threads: n, until: time }: typeof paused): string[] =>
    n === 0 ? [] : [`${n} ${n === 1 ? 'thread' : 'threads'} ${what} (${until(time, 'until resumed')})`]
  const held = [
    ...(everywhere === null ? [] : [`EVERYONE paused ${until(everywhere.until, 'until resumed')}`]),
    ...threads('paused', paused),
    ...threads('where the owner is writing by hand', takeover),
    ...threads('in a reply loop with another bot', loop),
    ...(quietHours === null ? [] : [`quiet hours ${until(quietHours.until, 'all day')}`]),
  ]
  return held.length === 0 ? [] : [row('on hold', held.join('; '))]
}

const row = (name: string, value: string): string => `${name.padEnd(18)} ${value}`

const describeConnection = (connection: AgentStatus['connection']): string => {
  const since = `since ${zonedTime(connection.since)}`
  if (connection.state === 'open')
    return `open ${since}${connection.rttMs === undefined ? '' : `, ${connection.rttMs.toFixed(1)} ms`}`
  const error = connection.lastError
  return [`${connection.state} ${since}`, error?.message, error?.remedy].filter(part => part !== undefined).join('; ')
}

const counts = (numbers: Readonly<Record<string, number>>): string => {
  const known = Object.entries(numbers).filter(([, n]) => n > 0)
  return known.length === 0 ? 'none' : known.map(([name, n]) => `${n} ${showState(name)}`).join(', ')
}

const describeSending = ({
  setting,
  state,
  reason,
  until,
  standing,
  readyMs,
  sent,
}: AgentStatus['sending']): string => {
  const words = {
    off: 'a fresh osascript for each text (send.warm is "off")',
    untried: 'a fresh osascript for each text; the warm way was not tried yet',
    trying: 'a fresh osascript for each text; the warm way is being tried',
    in_use: `warm: ${standing} osascript ${standing === 1 ? 'stands' : 'stand'} ready`,
    failed: 'a fresh osascript for each text; this Mac failed a trial of the warm way',
    fallen_back: 'FELL BACK to a fresh osascript for each text',
  }[state]
  const why = reason === undefined ? '' : `: ${reason}`
  const next = until === undefined ? '' : `; warm again from ${zonedTime(until)}`
  const ready = readyMs === undefined ? '' : `; ready after ${readyMs} ms when it was tried`
  const counts =
    setting === 'off'
      ? ''
      : `; ${sent.warm} sent warm, ${sent.cold} cold${sent.wentCold === 0 ? '' : `, ${sent.wentCold} of these after a warm try`}`
  return `${words}${why}${next}${ready}${counts}`
}

const describeScheduled = ({ scheduled, nextScheduled }: AgentStatus): string =>
  nextScheduled === undefined ? counts(scheduled) : `${counts(scheduled)}; next at ${zonedTime(nextScheduled)}`

const latency = ({ count, p50, p99 }: AgentStatus['latenciesMs']['commitToPost']): string =>
  count === 0
    ? 'not measured yet'
    : `median ${p50} ms, p99 ${p99} ms (${count === 1 ? '1 sample' : `${count} samples`})`

const duration = (seconds: number): string => {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
