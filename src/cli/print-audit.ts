import { styleText } from 'node:util'
import type { Audit, AuditedMessage } from '../agent/core/audit.ts'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { type AuditSummary, sumUpAudit } from '../agent/core/sum-up-audit.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadStateDir } from '../config/load-config.ts'
import { askOrOpen } from './ask-or-open.ts'
import { localTime } from './local-time.ts'
import { parseSince, SINCE_HINT } from './since-option.ts'
import { toJson } from './to-json.ts'
import { withoutControls } from './without-controls.ts'

type Answer = { readonly audit: Audit; readonly list?: readonly AuditedMessage[] }
type Asked = { readonly since: string; readonly list: string | true | undefined; readonly json: boolean }

/** Throws EdgeError `usage` (64) where the time or the number is none. */
export const printAudit = async (input: ConfigInput, { since, list, json }: Asked): Promise<void> => {
  const sinceMs = toTime(since, Date.now())
  const most = list === undefined ? undefined : toNumber(list)
  const asked = { sinceMs, ...(most !== undefined && { list: most }) }
  const answer = await askOrOpen<Answer>(loadStateDir(input), 'audit', asked, ({ audits }) => ({
    audit: audits.read(sinceMs, Date.now()),
    ...(most !== undefined && { list: audits.list(sinceMs, most) }),
  }))
  const summary = sumUpAudit(answer.audit)
  if (json) {
    const listed = answer.list?.map(({ id, seenMs, ...row }) => ({ id: `m${id}`, seen: iso(seenMs), ...row }))
    process.stdout.write(`${toJson({ ...summary, ...(listed && { list: listed }) }, 2)}\n`)
    return
  }
  const lines = [...describe(summary), ...(answer.list ? describeList(answer.list, summary) : [])]
  process.stdout.write(`${lines.join('\n')}\n`)
}

const iso = (ms: number): string => new Date(ms).toISOString()

const toTime = (written: string, nowMs: number): number => {
  const time = parseSince(written, nowMs)
  if (time !== undefined) return time
  throw new EdgeError('usage', `--since ${withoutControls(written)} is no time in the past`, {
    exit: EXIT.usage,
    remedy: SINCE_HINT,
  })
}

const toNumber = (written: string | true): number => {
  if (written === true) return 100
  const number = Number(written)
  if (Number.isInteger(number) && number >= 1 && number <= MOST) return number
  throw new EdgeError('usage', `--list takes a whole number from 1 to ${MOST}`, { exit: EXIT.usage })
}

const MOST = 10_000

const describe = (summary: AuditSummary): string[] => [
  ...describeSpan(summary),
  ...describeMessages(summary),
  ...describePosts(summary),
  ...describeRedacted(summary),
  ...describeBubbles(summary),
  ...describeCommands(summary),
]

const bold = (text: string): string => styleText('bold', text, { stream: process.stdout })
const dim = (text: string): string => styleText('dim', text, { stream: process.stdout })

const row = (n: number, what: string, words = ''): string => {
  const name = withoutControls(what)
  return `  ${String(n).padStart(7)}  ${words === '' || words === name ? name : `${name.padEnd(24)}  ${dim(withoutControls(words))}`}`
}

const indent = (lines: readonly string[]): string[] => lines.map(line => `  ${line}`)

const describeSpan = ({ from, to, completeFrom, older }: AuditSummary): string[] => {
  const time = (text: string) => localTime(Date.parse(text))
  const retired = total(older.messages)
  const isPartial = Date.parse(from) < Date.parse(completeFrom)
  return [
    `From ${time(from)} to ${time(to)}, by the clock of this Mac.`,
    ...(isPartial
      ? [`The record is complete from ${time(completeFrom)} on; nothing before that is in these numbers.`]
      : []),
    ...(retired === 0
      ? []
      : [`Of what ended more than 30 days ago only the number is left: ${plural(retired, 'message')}.`]),
    '',
  ]
}

const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((all, n) => all + n, 0)

const describeMessages = ({ messages }: AuditSummary): string[] => {
  const { left, kept, waiting, dead } = messages
  return [
    bold(`${plural(messages.total, 'message')} came in`),
    ...(messages.events === 0
      ? []
      : [
          `  ${messages.events} of these ${messages.events === 1 ? 'is the edit or withdrawal' : 'are edits or withdrawals'} of messages that the backend has (payload "extended").`,
        ]),
    row(left.total, 'left this Mac', 'POSTed to the backend at least once over a connection'),
    ...indent(left.byRule.map(({ name, words, messages }) => row(messages, name, words))),
    row(kept.total, 'did not leave', 'passed over for good'),
    ...indent(kept.byReason.map(({ name, words, messages }) => row(messages, name, words))),
    row(waiting.total, 'have not left yet', 'wait for their POST, or for a connection'),
    ...indent(waiting.byReason.map(({ name, words, messages }) => row(messages, name, words))),
    row(dead.total, 'were given up', 'dead letters that never left; a person decides (edge-agent queue)'),
    ...indent(dead.byReason.map(({ name, words, messages }) => row(messages, name, words))),
    ...(left.total === 0
      ? []
      : [
          `  Of those that left, ${left.now.answered} are answered, ${left.now.underWay} under way, ${left.now.dead} dead letters, ${left.now.givenUp} given up by a person.`,
        ]),
    `  What is sent from this account, by you or by the agent, is never forwarded; ${messages.own.total} such rows since the first start.`,
    '',
  ]
}

const describePosts = ({ posts, destinations, payloads }: AuditSummary): string[] => {
  if (posts.total === 0) return [bold('No POST was made'), '']
  return [
    bold(`${plural(posts.total, 'POST')} were made`),
    ...posts.byOutcome.map(({ outcome, words, posts }) => row(posts, outcome, words)),
    ...(posts.notTold === 0 ? [] : [row(posts.notTold, 'not told', 'under way, or of a message that is only counted')]),
    posts.withoutConnection === 0
      ? '  Each of them came to a connection, as far as is known.'
      : `  In ${posts.withoutConnection} of them no connection came about: nothing left.`,
    ...destinations.map(({ backend, posts }) => `  To ${withoutControls(backend)}: ${plural(posts, 'POST')}.`),
    ...payloads.map(
      ({ kind, fields, messages }) =>
        `  Told of ${plural(messages, 'message')}: ${withoutControls(fields.join(', '))} (payload "${kind}").`,
    ),
    '',
  ]
}

const describeRedacted = ({ redacted }: AuditSummary): string[] => {
  if (redacted.length === 0) return [bold('Nothing was taken out of any text'), '']
  return [
    bold('Found in texts, and not sent'),
    ...redacted.map(({ kind, things, inForwarded, inKept }) =>
      row(
        things,
        kind,
        `${inForwarded.things} taken out of ${plural(inForwarded.messages, 'message')} that left, ${inKept.things} in ${plural(inKept.messages, 'message')} that did not`,
      ),
    ),
    '',
  ]
}

const KINDS: Readonly<Record<string, string>> = {
  answer: 'bubbles of answers',
  reflex: 'reflexes',
  own: 'lines of edge-agent selftest',
  send_message_now: 'commands to send at once',
  schedule_message: 'scheduled messages',
}

const describeBubbles = ({ bubbles }: AuditSummary): string[] => [
  bold(`${plural(bubbles.total, 'bubble')} for people; ${bubbles.sent} sent, in ${plural(bubbles.threads, 'thread')}`),
  ...bubbles.byKind.map(({ kind, bubbles, sent, failed, parked, waiting }) =>
    row(bubbles, KINDS[kind] ?? kind, `${sent} sent, ${failed} failed, ${parked} in doubt, ${waiting} waiting`),
  ),
  ...indent(
    bubbles.notSent.map(({ kind, state, reason, words, bubbles }) =>
      row(bubbles, reason === null ? state : `${state}, ${reason}`, `${KINDS[kind] ?? kind}: ${words}`),
    ),
  ),
  '',
]

const describeCommands = ({ commands, acks }: AuditSummary): string[] => [
  bold(`${plural(commands.total, 'command')} from the backend`),
  row(commands.sent, 'carried out'),
  row(commands.deduplicated, 'not sent twice', 'reflexes that the answer brought by another road'),
  row(commands.underWay, 'under way'),
  row(commands.failed, 'refused or failed'),
  ...indent(commands.byError.map(({ error, words, commands }) => row(commands, error, words))),
  `  The backend has the acks of ${acks.delivered}; ${acks.owed} are still to be delivered. Commands came again ${acks.repeats} times, and were not carried out again.`,
]

const describeList = (list: readonly AuditedMessage[], { messages }: AuditSummary): string[] => [
  '',
  bold(list.length < messages.total ? `The last ${list.length} of ${messages.total} messages` : 'The messages'),
  ...list.map(({ id, threadId, seenMs, state, reason, rule, redacted, posts, unconnected }) => {
    const what = posts > unconnected ? 'left' : state === 'skipped' ? 'kept' : state === 'dead' ? 'dead' : 'waits'
    const why = what === 'left' ? (rule ?? '-') : (reason ?? rule ?? '-')
    const taken = Object.entries(redacted).map(([kind, n]) => `${n} ${kind}`)
    const cells = [
      localTime(seenMs),
      `m${id}`.padEnd(7),
      (threadId ?? '-').padEnd(18),
      what.padEnd(5),
      state.padEnd(8),
      why,
    ]
    return `  ${withoutControls([...cells, ...taken].join('  '))}`
  }),
]

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
