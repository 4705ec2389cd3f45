import { type Find, mergeFinds, toSource } from './find.ts'
import { findCards } from './find-cards.ts'
import { findCodes, findDoorCodes } from './find-codes.ts'
import { findEmails } from './find-emails.ts'
import { findIbans } from './find-ibans.ts'
import { findKeys } from './find-keys.ts'
import { findOwn, findOwnInSource, type OwnPattern } from './find-own.ts'
import { findPasswords } from './find-passwords.ts'
import { findPhones } from './find-phones.ts'
import { findSsns } from './find-ssns.ts'
import { type Reading, read } from './reading.ts'

/** What becomes of a kind: nothing, a placeholder in its place, or the whole message is not to leave. */
export const REDACT_ACTIONS = ['off', 'mask', 'skip'] as const
export type RedactAction = (typeof REDACT_ACTIONS)[number]

/** The kinds that are known, the most serious first. */
export const REDACT_KINDS = ['card', 'iban', 'ssn', 'password', 'code', 'email', 'phone'] as const
export type RedactKind = (typeof REDACT_KINDS)[number]

export type RedactRules = Readonly<Record<RedactKind, RedactAction>> & {
  readonly patterns: readonly (OwnPattern & { readonly action: RedactAction })[]
}

/** The same with patterns as they are written. */
export type RedactSettings = Readonly<Record<RedactKind, RedactAction>> & {
  readonly patterns: readonly { readonly name: string; readonly pattern: string; readonly action: RedactAction }[]
}

export type Redacted = {
  /** With a placeholder such as `[card]` for each find; all else is the source, to the byte. */
  readonly text: string
  /** How often each kind was found. */
  readonly found: Readonly<Record<string, number>>
  /** The kind for which the message must not leave at all. */
  readonly skip?: string
}

/** The rules of the settings; whoever knows patterns compiles them. */
export const compileRedactRules = (
  settings: RedactSettings,
  compilePattern: (source: string) => Pick<OwnPattern, 'findAll'>,
): RedactRules => ({
  ...settings,
  patterns: settings.patterns.map(({ name, pattern, action }) => ({
    name,
    action,
    findAll: action === 'off' ? () => [] : compilePattern(pattern).findAll,
  })),
})

/**
 * Takes secrets out of a text, as a person would read it. Never throws; linear in the length of the text; doing it again
 * changes nothing.
 */
export const redact = (source: string, rules: RedactRules): Redacted => {
  const detectors = detectorsOf(rules)
  const found: Record<string, number> = {}
  let text = source
  // What a placeholder leaves behind may look like something new.
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const finds = mergeFinds(detectors.finds(text), detectors.order)
    if (finds.length === 0) break
    for (const { kind } of finds) found[kind] = (found[kind] ?? 0) + 1
    text = replace(text, finds)
  }
  const skip = detectors.order.find(kind => detectors.actionOf(kind) === 'skip' && found[kind] !== undefined)
  return { text, found, ...(skip !== undefined && { skip }) }
}

const MOST_PASSES = 4

const DETECTORS: Readonly<Record<RedactKind, (reading: Reading) => Find[]>> = {
  card: findCards,
  iban: findIbans,
  ssn: findSsns,
  password: reading => [...findKeys(reading), ...findPasswords(reading), ...findDoorCodes(reading)],
  code: findCodes,
  email: findEmails,
  phone: findPhones,
}

const detectorsOf = (rules: RedactRules) => {
  const kinds = REDACT_KINDS.filter(kind => rules[kind] !== 'off')
  const own = rules.patterns.filter(({ action }) => action !== 'off')
  const order = [...kinds, ...own.map(({ name }) => name)]
  const placeholders = [...new Set([...REDACT_KINDS, ...rules.patterns.map(({ name }) => name)])].map(placeholderOf)
  const actions = new Map<string, RedactAction>([
    ...own.map(({ name, action }) => [name, action] as const),
    ...kinds.map(kind => [kind, rules[kind]] as const),
  ])
  return {
    order,
    actionOf: (kind: string) => actions.get(kind),
    finds: (whole: string): Find[] =>
      inWindows(whole, text => {
        const reading = read(text, placeholders)
        const inReading = [
          ...kinds.flatMap(kind => DETECTORS[kind](reading)),
          ...own.flatMap(pattern => findOwn(pattern, reading)),
        ]
        return [
          ...inReading.map(find => toSource(find, reading)),
          ...own.flatMap(pattern => findOwnInSource(pattern, text, placeholders)),
        ]
      }),
  }
}

/**
 * A very long text is read a window at a time, with what stands before it and behind: nobody calls a secret by its name from
 * further away, no secret is longer, and a megabyte in one reading would take hundreds of them of memory.
 */
const inWindows = (text: string, findIn: (text: string) => Find[]): Find[] => {
  if (text.length <= WINDOW) return findIn(text)
  const finds: Find[] = []
  for (let from = 0; from < text.length; from += WINDOW) {
    const shift = Math.max(0, from - BEFORE)
    for (const { kind, start, end } of findIn(text.slice(shift, from + WINDOW + BEHIND))) {
      const at = start + shift
      if (at >= from && at < from + WINDOW) finds.push({ kind, start: at, end: end + shift })
    }
  }
  return finds
}

const WINDOW = 50_000
const BEFORE = 2_000
/** A token of the longest kind has 14,000 characters. */
const BEHIND = 20_000

const replace = (text: string, finds: readonly Find[]): string => {
  let from = 0
  const parts = finds.map(({ kind, start, end }) => {
    const part = text.slice(from, start) + placeholderOf(kind)
    from = end
    return part
  })
  return parts.join('') + text.slice(from)
}

const placeholderOf = (kind: string): string => `[${kind}]`
