import { styleText } from 'node:util'
import type { Audit, AuditedMessage } from '../agent/core/audit.ts'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { type AuditSummary, sumUpAudit } from '../agent/core/sum-up-audit.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadStateDir } from '../config/load-config.ts'
import { askOrOpen } from './ask-or-open.ts'
import { localTime } from './local-time.ts'
import { showState } from './show-state.ts'
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
  throw new EdgeError('usage', `--since ${withoutControls(written)} is not a time in the past`, {
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
    `From ${time(from)} to ${time(to)}, by this Mac's clock.`,
    ...(isPartial ? [`The records begin at ${time(completeFrom)}; nothing before that is counted here.`] : []),
    ...(retired === 0
      ? []
      : [`Messages that ended more than 30 days ago are only counted: ${plural(retired, 'message')}.`]),
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
          `  ${messages.events} of these ${messages.events === 1 ? 'is an edit or unsend' : 'are edits or unsends'} of messages that the backend has (payload "extended").`,
        ]),
    row(left.total, 'left this Mac', 'POSTed to the backend at least once'),
    ...indent(left.byRule.map(({ name, words, messages }) => row(messages, name, words))),
    row(kept.total, 'did not leave', 'skipped for good'),
    ...indent(kept.byReason.map(({ name, words, messages }) => row(messages, name, words))),
    row(waiting.total, 'have not left yet', 'waiting for a POST or a connection'),
    ...indent(waiting.byReason.map(({ name, words, messages }) => row(messages, name, words))),
    row(dead.total, 'failed', 'dead letters that never left; you decide (edge-agent queue)'),
    ...indent(dead.byReason.map(({ name, words, messages }) => row(messages, name, words))),
    ...(left.total === 0
      ? []
      : [
          `  Of those that left: ${left.now.answered} answered, ${left.now.underWay} in progress, ${left.now.dead} dead letters, ${left.now.givenUp} dropped.`,
        ]),
    `  Messages from this account, sent by you or by the agent, are never forwarded: ${messages.own.total} since the first start.`,
    '',
  ]
}

const describePosts = ({ posts, destinations, payloads }: AuditSummary): string[] => {
  if (posts.total === 0) return [bold('No POSTs'), '']
  return [
    bold(plural(posts.total, 'POST')),
    ...posts.byOutcome.map(({ outcome, words, posts }) => row(posts, outcome, words)),
    ...(posts.notTold === 0
      ? []
      : [row(posts.notTold, 'not listed', 'in progress, or beyond the first 100 POSTs of a message')]),
    posts.withoutConnection === 0
      ? '  As far as is known, each of them reached a connection.'
      : `  ${posts.withoutConnection} of them got no connection: nothing left this Mac.`,
    ...destinations.map(({ backend, posts }) => `  To ${withoutControls(backend)}: ${plural(posts, 'POST')}.`),
    ...payloads.map(
      ({ kind, fields, messages }) =>
        `  Fields sent for ${plural(messages, 'message')}: ${withoutControls(fields.join(', '))} (payload "${kind}").`,
    ),
    '',
  ]
}

const describeRedacted = ({ redacted }: AuditSummary): string[] => {
  if (redacted.length === 0) return [bold('Nothing was redacted'), '']
  return [
    bold('Redacted: found in texts, and not sent'),
    ...redacted.map(({ kind, things, inForwarded, inKept }) =>
      row(
        things,
        kind,
        [
          ...(inForwarded.things > 0
            ? [`${inForwarded.things} replaced in ${plural(inForwarded.messages, 'message')} that left`]
            : []),
          ...(inKept.things > 0
            ? [`${inKept.things} found in ${plural(inKept.messages, 'message')} that did not leave`]
            : []),
        ].join(', '),
      ),
    ),
    '',
  ]
}

const KINDS: Readonly<Record<string, string>> = {
  answer: 'bubbles from answers',
  reflex: 'reflexes',
  own: 'lines from edge-agent selftest',
  send_message_now: 'commands to send now',
  schedule_message: 'scheduled messages',
}

const describeBubbles = ({ bubbles }: AuditSummary): string[] => [
  bold(`${plural(bubbles.total, 'bubble')} for people; ${bubbles.sent} sent, in ${plural(bubbles.threads, 'thread')}`),
  ...bubbles.byKind.map(({ kind, bubbles, sent, failed, parked, waiting }) =>
    row(bubbles, KINDS[kind] ?? kind, `${sent} sent, ${failed} failed, ${parked} uncertain, ${waiting} waiting`),
  ),
  ...indent(
    bubbles.notSent.map(({ kind, state, reason, words, bubbles }) =>
      row(
        bubbles,
        reason === null ? showState(state) : `${showState(state)}, ${reason}`,
        `${KINDS[kind] ?? kind}: ${words}`,
      ),
    ),
  ),
  '',
]

const describeCommands = ({ commands, acks }: AuditSummary): string[] => [
  bold(`${plural(commands.total, 'command')} from the backend`),
  row(commands.sent, 'carried out'),
  row(commands.deduplicated, 'not sent again', 'reflexes that the answer had already brought'),
  row(commands.underWay, 'in progress'),
  row(commands.failed, 'refused or failed'),
  ...indent(commands.byError.map(({ error, words, commands }) => row(commands, error, words))),
  `  Acks: the backend has ${acks.delivered}, ${acks.owed} are still to be delivered. Repeated commands, not carried out again: ${acks.repeats}.`,
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
