import { type Category, isKeptBack, isMachine, type KeptCategory } from './category.ts'
import { beginsWithWord, foldText, hasWord, readText } from './fold-text.ts'

/** A rule of the user's own: its criteria must all hold; of a list, one entry. Without any it holds for every message. */
export type FilterRule = {
  readonly name: string
  readonly action: 'forward' | 'skip'
  /** Senders: addresses, or names of people. */
  readonly from?: readonly string[] | undefined
  readonly thread?: readonly string[] | undefined
  readonly chat?: 'direct' | 'group' | undefined
  /** Small letters: imessage, sms, rcs. */
  readonly service?: readonly string[] | undefined
  readonly unknownSender?: boolean | undefined
  readonly category?: readonly Category[] | undefined
  readonly machine?: boolean | undefined
  readonly attachmentsOnly?: boolean | undefined
  readonly mentioned?: boolean | undefined
  readonly startsWith?: readonly string[] | undefined
  readonly words?: readonly string[] | undefined
  readonly pattern?: string | undefined
}

export type Criterion = Exclude<keyof FilterRule, 'name' | 'action'>

export type FilterSettings = {
  /** Threads, senders, and names of people; empty means everybody. */
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  readonly groups: 'none' | 'mentioned' | 'start_word' | 'all'
  /** Words by which the assistant is mentioned. */
  readonly names: readonly string[]
  readonly startWords: readonly string[]
  readonly rules: readonly FilterRule[]
  /** The addresses of each person by the person's name. */
  readonly people: Readonly<Record<string, readonly string[]>>
}

/** What the rules look at. */
export type FilterMessage = {
  readonly threadId: string
  readonly sender: string
  /** Other addresses of the same person, as far as Messages knows them. */
  readonly senderAliases: readonly string[]
  readonly isGroup: boolean
  readonly service: string
  /** Empty where there are attachments only. */
  readonly text: string
  /** Where Messages keeps it. */
  readonly category: Category
  /** Addresses of those whom it @-mentions. */
  readonly mentions: readonly string[]
  readonly ownAddresses: readonly string[]
}

export type FilterTools = {
  /** One form for all ways in which an address is written. */
  readonly normalise: (address: string) => string
  readonly compilePattern: (source: string) => { readonly test: (text: string) => boolean }
}

/** One rule that was tried, in order. */
export type FilterStep = {
  readonly rule: string
  readonly holds: boolean
  /** Of a rule of the user's own that does not hold: the first of its criteria that does not. */
  readonly unmet?: Criterion
}

export type FilterReason =
  | 'denied'
  | 'attachment_only'
  | 'not_allowed'
  | 'group'
  | 'machine'
  | KeptCategory
  | `rule:${string}`

/** `rule` is that which decided, the last of the steps. */
export type FilterDecision = { readonly rule: string; readonly steps: readonly FilterStep[] } & (
  | { readonly action: 'forward' }
  | { readonly action: 'skip'; readonly reason: FilterReason }
)

export type Filter = (message: FilterMessage) => FilterDecision

/**
 * The rules of what leaves this Mac, the first that holds decides: `forward.deny`, the user's own, `forward.allow`, then
 * `forward.groups` for groups; direct chats are forwarded. Some are kept unless a rule of the user's own names what they are:
 * those without words (`attachmentsOnly`), junk and the like (`category`), those of machines (`machine`, or the address).
 */
export const createFilter = (settings: FilterSettings, tools: FilterTools): Filter => {
  const addresses = createAddresses(settings.people, tools.normalise)
  const denied = addresses.oneOf(settings.deny)
  const allowed = addresses.oneOf(settings.allow)
  const isMentioned = createMentions(settings.names, addresses.same)
  const startWords = settings.startWords.map(foldText)
  const rules = settings.rules.map(rule => ({ rule, unmet: createCriteria(rule, { addresses, isMentioned, tools }) }))

  return message => {
    const text = readTwice(message.text)
    const steps: FilterStep[] = []
    const holds = (rule: string, isSo: boolean): boolean => {
      steps.push({ rule, holds: isSo })
      return isSo
    }
    const forward = (rule: string): FilterDecision => ({ action: 'forward', rule, steps })
    const skip = (rule: string, reason: FilterReason): FilterDecision => ({ action: 'skip', rule, reason, steps })

    const { threadId, sender, senderAliases, isGroup } = message
    const thread = isGroup ? [threadId] : [threadId, sender, ...senderAliases]
    if (holds('forward.deny', denied([threadId, sender, ...senderAliases]))) return skip('forward.deny', 'denied')

    for (const { rule, unmet } of rules) {
      const name = `rule:${rule.name}` as const
      const criterion = unmet(message, text)
      steps.push({ rule: name, holds: criterion === undefined, ...(criterion !== undefined && { unmet: criterion }) })
      if (criterion === undefined) return rule.action === 'forward' ? forward(name) : skip(name, name)
    }
    if (message.text === '' && holds('attachment_only', true)) return skip('attachment_only', 'attachment_only')
    const { category } = message
    if (isKeptBack(category) && holds('category', true)) return skip('category', category)
    if (isMachine(sender) && !(settings.allow.length > 0 && allowed(thread)) && holds('machine', true)) {
      return skip('machine', 'machine')
    }
    if (settings.allow.length > 0) {
      return holds('forward.allow', allowed(thread)) ? forward('forward.allow') : skip('forward.allow', 'not_allowed')
    }
    if (!isGroup && holds('default', true)) return forward('default')

    const isForUs = {
      none: () => false,
      mentioned: () => isMentioned(message, text),
      start_word: () => startWords.some(word => beginsWithWord(text.folded, word)),
      all: () => true,
    }[settings.groups]()
    return holds('forward.groups', isForUs) ? forward('forward.groups') : skip('forward.groups', 'group')
  }
}

/** The text in the two forms in which it is looked at, each made when it is first asked for. */
type ReadText = { readonly written: string; readonly read: string; readonly folded: string }

const readTwice = (written: string): ReadText => {
  let folded: string | undefined
  let read: string | undefined
  return {
    written,
    get read() {
      read ??= readText(written)
      return read
    },
    get folded() {
      folded ??= foldText(written)
      return folded
    },
  }
}

type Addresses = ReturnType<typeof createAddresses>

/** Addresses are compared by whom they belong to; nothing is normalised before there is something to compare. */
const createAddresses = (people: FilterSettings['people'], normalise: FilterTools['normalise']) => {
  const persons = Object.entries(people).map(([name, handles]) => ({ id: `person:${foldText(name)}`, name, handles }))
  const names = new Map(persons.map(({ id, name }) => [foldText(name), id]))
  const owners = once(
    () => new Map(persons.flatMap(({ id, handles }) => handles.map(handle => [normalise(handle), id] as const))),
  )
  const identify = (address: string): string => {
    const normal = normalise(address)
    return owners().get(normal) ?? normal
  }
  return {
    /** Whether one of some addresses is in the list, in which people stand by their names as well. */
    oneOf: (list: readonly string[]) => {
      const listed = once(() => new Set(list.map(entry => names.get(foldText(entry)) ?? identify(entry))))
      return (each: readonly string[]): boolean =>
        list.length > 0 && each.some(address => listed().has(identify(address)))
    },
    same: (one: string, other: string): boolean => one === other || identify(one) === identify(other),
  }
}

/** Whether an address is in a list of addresses and of names of `people`, however it is written. */
export const createIsListed = (people: FilterSettings['people'], normalise: FilterTools['normalise']) => {
  const addresses = createAddresses(people, normalise)
  const lists = new WeakMap<readonly string[], ReturnType<Addresses['oneOf']>>()
  return (list: readonly string[], address: string): boolean => {
    const isIn = lists.get(list) ?? addresses.oneOf(list)
    lists.set(list, isIn)
    return list.includes(address) || isIn([address])
  }
}

const createMentions = (names: readonly string[], same: Addresses['same']) => {
  const folded = names.map(foldText)
  return ({ mentions, ownAddresses }: FilterMessage, text: ReadText): boolean =>
    mentions.some(mention => ownAddresses.some(own => same(mention, own))) ||
    folded.some(name => hasWord(text.folded, name))
}

type Parts = {
  readonly addresses: Addresses
  readonly isMentioned: ReturnType<typeof createMentions>
  readonly tools: FilterTools
}

/** The first criterion of the rule that does not hold; undefined where all do. */
const createCriteria = (rule: FilterRule, { addresses, isMentioned, tools }: Parts) => {
  const from = addresses.oneOf(rule.from ?? [])
  const thread = addresses.oneOf(rule.thread ?? [])
  const startsWith = rule.startsWith?.map(foldText) ?? []
  const words = rule.words?.map(foldText) ?? []
  const pattern = rule.pattern === undefined ? undefined : tools.compilePattern(rule.pattern)

  type Check = (message: FilterMessage, text: ReadText) => boolean
  const checks: Readonly<Record<Criterion, Check>> = {
    chat: ({ isGroup }) => isGroup === (rule.chat === 'group'),
    service: ({ service }) => rule.service?.includes(foldService(service)) === true,
    unknownSender: ({ category }) => (category !== 'known') === rule.unknownSender,
    category: ({ category }) => rule.category?.includes(category) === true,
    machine: ({ sender }) => isMachine(sender) === rule.machine,
    attachmentsOnly: ({ text }) => (text === '') === rule.attachmentsOnly,
    thread: ({ threadId, sender, senderAliases, isGroup }) =>
      thread(isGroup ? [threadId] : [threadId, sender, ...senderAliases]),
    from: ({ sender, senderAliases }) => from([sender, ...senderAliases]),
    mentioned: (message, text) => isMentioned(message, text) === rule.mentioned,
    startsWith: (_, { folded }) => startsWith.some(word => beginsWithWord(folded, word)),
    words: (_, { folded }) => words.some(word => hasWord(folded, word)),
    // Both as it was written and as it is read: neither odd characters nor a pattern that looks for such are to be missed.
    pattern: (_, { written, read }) =>
      pattern?.test(written) === true || (read !== written && pattern?.test(read) === true),
  }
  const inUse = (Object.keys(checks) as Criterion[]).filter(criterion => rule[criterion] !== undefined)

  return (message: FilterMessage, text: ReadText): Criterion | undefined => {
    // Words are what a rule lets out; attachments alone only where it says so.
    if (rule.action === 'forward') {
      if (message.text === '' && rule.attachmentsOnly !== true) return 'attachmentsOnly'
      // What Messages holds for the worst, and what no person wrote, only a rule that says so.
      if (isKeptBack(message.category) && !namesCategory(rule, message.category)) return 'category'
      if (isMachine(message.sender) && !namesMachine(rule)) return 'machine'
    }
    return inUse.find(criterion => !checks[criterion](message, text))
  }
}

/** Transactions and promotions are what machines write. */
const namesCategory = (rule: FilterRule, category: KeptCategory): boolean =>
  rule.category !== undefined || ((category === 'transactions' || category === 'promotions') && namesMachine(rule))

const namesMachine = (rule: FilterRule): boolean =>
  rule.machine === true ||
  rule.from !== undefined ||
  rule.thread !== undefined ||
  rule.category?.some(isKeptBack) === true

/** By satellite it is iMessageLite. */
const foldService = (service: string): string => service.toLowerCase().replace(/lite$/, '')

const once = <T extends object>(make: () => T): (() => T) => {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
