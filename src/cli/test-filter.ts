import { text as readAll } from 'node:stream/consumers'
import { styleText } from 'node:util'
import { z } from 'zod'
import { CATEGORIES, isMachine } from '../agent/core/category.ts'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import type { Criterion, FilterDecision, FilterMessage, FilterStep } from '../agent/core/filter.ts'
import { foldText } from '../agent/core/fold-text.ts'
import type { Composed } from '../agent/flows/compose-message.ts'
import { createNormaliser } from '../agent/matching/normalise-address.ts'
import type { Config } from '../config/config.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadConfigHere } from '../config/load-config.ts'
import { createComposeHere } from './create-compose-here.ts'
import { createFilterHere } from './create-filter-here.ts'
import { onOneLine } from './on-one-line.ts'
import { toJson } from './to-json.ts'

/**
 * Prints what would happen with the message that the options describe.
 *
 * @throws EdgeError `usage`; ConfigError
 */
export const testFilter = async (input: ConfigInput, rawOptions: unknown): Promise<void> => {
  const options = parseOptions(rawOptions)
  const config = loadConfigHere(input)
  const text = options.text === '-' ? (await readAll(process.stdin)).replace(/\r?\n$/, '') : (options.text ?? '')
  const message = toMessage(options, text, config)
  if (message.text === '' && !options.attachment) throw usage('a message needs --text, --attachment or both')
  const decision = createFilterHere(config)(message)
  const composed = decision.action === 'forward' ? createComposeHere(config)(message) : undefined
  const answer = {
    action: composed && 'skip' in composed ? 'skip' : decision.action,
    rule: decision.rule,
    ...(decision.action === 'skip' && { reason: decision.reason }),
    ...(composed && 'skip' in composed && { reason: composed.skip }),
    steps: decision.steps.map(({ unmet, ...step }) => ({ ...step, ...(unmet && { unmet: settingOf(unmet) }) })),
    ...(composed && 'body' in composed && { body: JSON.parse(composed.body) }),
    ...(composed && { payload: config.payload, redacted: composed.redacted }),
  }
  if (options.json) process.stdout.write(`${toJson(answer, 2)}\n`)
  else process.stdout.write(`${describe(decision, { message, config }, composed).join('\n')}\n`)
}

const parseOptions = (raw: unknown) => {
  const parsed = optionsSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw usage(parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'))
}

const usage = (message: string): EdgeError =>
  new EdgeError('usage', message, { remedy: 'See edge-agent filter test --help.', exit: EXIT.usage })

const optionsSchema = z.object({
  from: z.string().trim().min(1, 'a number or an e-mail address'),
  text: z.string().optional(),
  thread: z.string().trim().min(1, 'a number, an e-mail address or a chat identifier').optional(),
  group: z.boolean().default(false),
  service: z
    .string()
    .regex(/^(iMessage|SMS|RCS)(Lite)?$/i, 'iMessage, SMS or RCS')
    .default('iMessage'),
  unknownSender: z.boolean().default(false),
  category: z.enum(CATEGORIES).optional(),
  attachment: z.boolean().default(false),
  mention: z.boolean().default(false),
  json: z.boolean().default(false),
})

type Options = z.output<typeof optionsSchema>

const toMessage = (
  { from, thread, group, service, unknownSender, category, mention }: Options,
  text: string,
  { people, country }: Config,
): FilterMessage => {
  const normalise = createNormaliser(country)
  /** As chat.db would have it: of a person in [people] the first address, of a number all its digits. */
  const toAddress = (typed: string): string => {
    const [, [first] = []] = Object.entries(people).find(([name]) => foldText(name) === foldText(typed)) ?? []
    const normal = normalise(first ?? typed)
    return normal.startsWith('+') ? normal : (first ?? typed)
  }
  const sender = toAddress(from)
  const isGroup = group || (thread !== undefined && /^(\w+;\+;|chat\d)/i.test(thread))
  return {
    threadId: isGroup ? (thread?.replace(/^\w+;[+-];/, '') ?? 'chat0') : toAddress(thread ?? from),
    sender,
    senderAliases: [],
    isGroup,
    service,
    text,
    category: category ?? (unknownSender ? 'unknown' : 'known'),
    mentions: mention ? [ME] : [],
    ownAddresses: [ME],
  }
}

/** Nobody can have this address. */
const ME = 'you (filter test)'

type Words = { readonly message: FilterMessage; readonly config: Config }

const describe = (decision: FilterDecision, words: Words, composed: Composed | undefined): string[] => {
  const { action, rule, steps } = decision
  const { sender, isGroup, threadId, service } = words.message
  const paint = (format: 'green' | 'yellow', said: string) => styleText(format, said, { stream: process.stdout })
  const width = Math.max(...steps.map(step => step.rule.length))
  const kept = composed !== undefined && 'skip' in composed ? composed.skip : undefined
  const verdict =
    action === 'forward'
      ? kept === undefined
        ? `${paint('green', 'forwarded')} to the backend, by ${rule}`
        : `${paint('yellow', 'skipped')}, ${kept}: its content must not leave this Mac`
      : `${paint('yellow', 'skipped')}, by ${rule}${decision.reason === rule ? '' : ` (${decision.reason})`}`
  const rest = [
    `Message: from ${sender}, ${isGroup ? `in group ${threadId}` : `direct, in ${threadId}`}, via ${service}`,
    'Rules in order, up to the one that decides:',
    ...steps.map(step => `  ${step.rule.padEnd(width)}  ${step.holds ? 'yes' : 'no '}  ${why(step, words)}`),
    ...(composed === undefined ? [] : ['', `Found in the text: ${countsOf(composed.redacted)}`]),
    ...(composed !== undefined && 'body' in composed
      ? ['', 'This would be POSTed:', `  ${composed.body}`, ...(words.config.payload === 'extended' ? EXTENDED : [])]
      : []),
  ]
  return [verdict, '', ...rest.map(onOneLine)]
}

const EXTENDED = [
  '  With payload = "extended" there are more fields: message_id, timestamp, service, names of the group and of attached',
  "  files (redacted like the text), and the participants' addresses. docs/protocol.md lists them.",
]

/** The name under which a criterion stands in the settings. */
const settingOf = (criterion: Criterion): string => criterion.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

const countsOf = (redacted: Composed['redacted']): string =>
  Object.entries(redacted)
    .map(([kind, count]) => `${kind} (${count})`)
    .join(', ') || 'nothing to redact'

const why = ({ rule, holds, unmet }: FilterStep, { message, config: { forward } }: Words): string => {
  if (unmet !== undefined) return UNMET[unmet](message)
  if (rule.startsWith('rule:')) return 'all its criteria match'
  switch (rule) {
    case 'forward.deny':
      if (forward.deny.length === 0) return 'the list is empty'
      return holds ? 'the thread or the sender is listed' : 'neither the thread nor the sender is listed'
    case 'attachment_only':
      return 'there is no text, and no rule forwards attachments alone'
    case 'category':
      return `Messages keeps it apart (${message.category}), and no rule names that`
    case 'machine':
      return 'the sender is no person, and no rule names it'
    case 'forward.allow':
      if (message.isGroup) return holds ? 'the thread is listed' : 'this group is not listed'
      return holds ? 'the thread or the sender is listed' : 'neither the thread nor the sender is listed'
    case 'forward.groups':
      return `the setting is "${forward.groups}"${GROUPS[forward.groups](holds)}`
    default:
      return 'direct messages are forwarded, unless a rule above decides otherwise'
  }
}

const GROUPS: Readonly<Record<Config['forward']['groups'], (holds: boolean) => string>> = {
  none: () => ': groups are not forwarded',
  all: () => ': groups are forwarded',
  mentioned: holds =>
    holds
      ? ', and you or one of forward.names is mentioned'
      : ', and neither you nor one of forward.names is mentioned',
  start_word: holds => `, and it begins with ${holds ? 'one' : 'none'} of forward.start_words`,
}

/** Why a rule does not hold, by the first of its criteria that does not. */
const UNMET: Readonly<Record<Criterion, (message: FilterMessage) => string>> = {
  from: () => 'from: the sender is not one of these',
  thread: () => 'thread: the thread is not one of these',
  chat: ({ isGroup }) => `chat: it is ${isGroup ? 'a group' : 'a direct chat'}`,
  service: ({ service }) => `service: it came via ${service}`,
  unknownSender: ({ category }) =>
    `unknown_sender: the sender is ${category === 'known' ? 'not ' : ''}filtered as unknown`,
  category: ({ category }) => `category: it is "${category}", which a rule that forwards has to name`,
  machine: ({ sender }) =>
    isMachine(sender)
      ? 'machine: the sender is no person, which a rule that forwards has to name'
      : 'machine: the sender may be a person',
  attachmentsOnly: ({ text }) =>
    text === '' ? 'attachments_only: it has no text, but the rule is for texts' : 'attachments_only: it has text',
  mentioned: () => 'mentioned: the opposite is true',
  startsWith: () => 'starts_with: it starts with none of these',
  words: () => 'words: it contains none of these as a whole word',
  pattern: () => 'pattern: the text does not match',
}
