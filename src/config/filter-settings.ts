import { z } from 'zod'
import { CATEGORIES } from '../agent/core/category.ts'
import { foldText } from '../agent/core/fold-text.ts'
import { compilePattern, PATTERN_EXPECTS } from '../agent/matching/compile-pattern.ts'
import { createNormaliser, isCountry } from '../agent/matching/normalise-address.ts'
import { about, type FaultyPart } from './about.ts'
import { showFound } from './show-found.ts'
import { aboutPart, namedTables } from './tables.ts'

/** Of which country a number without a plus is. */
export const countrySetting = z
  .string()
  .regex(/^[A-Za-z]{2}$/)
  .toUpperCase()
  .refine(isCountry)
  .prefault('US')
  .register(about, {
    description: 'The country of phone numbers written without +.',
    expects: 'the two letters of a country (ISO 3166), such as "US" or "DE"',
  })

/** A list of words; a variable has them with commas between. */
export const wordsSetting = (description: string) =>
  z
    .union([z.array(z.string()), z.string().transform(text => text.split(',').filter(part => part.trim() !== ''))])
    .pipe(z.array(z.string().trim().refine(hasWords)).max(1_000))
    .prefault([])
    .register(about, { description, expects: 'a list of words' })

function hasWords(text: string): boolean {
  return foldText(text) !== ''
}

const oneOrMore = <T extends string>(entry: z.ZodType<T, string>) =>
  z.union([z.array(entry).min(1).max(1_000), entry.transform(single => [single])]).optional()

const entries = (expects: string) =>
  oneOrMore(z.string().trim().refine(hasWords)).register(aboutPart, {
    expects: `${expects}; leave it out to match all`,
  })
const flag = () => z.boolean().optional().register(aboutPart, { expects: 'true or false' })
const choice = <const T extends readonly [string, ...string[]]>(choices: T) =>
  z.enum(choices).register(aboutPart, { expects: choices.map(choice => `"${choice}"`).join(' or ') })

export const ruleName = z
  .string()
  .trim()
  .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N} _.-]{0,39}$/u)
  .register(aboutPart, { expects: 'a name of up to 40 letters, digits, spaces, hyphens and dots' })

/** A regular expression that has to compile. */
export const patternPart = z
  .string()
  .min(1)
  .refine(source => faultIn(source) === undefined)
  .register(aboutPart, {
    expects: PATTERN_EXPECTS,
    foundIn: source => (typeof source === 'string' && source !== '' ? faultIn(source) : undefined),
  })

const faultIn = (source: string): string | undefined => {
  try {
    compilePattern(source)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const SERVICES = ['imessage', 'sms', 'rcs'] as const

export const rulesSetting = namedTables(
  {
    name: ruleName,
    action: choice(['forward', 'skip']),
    from: entries('a list of phone numbers, e-mail addresses or names in [people]'),
    thread: entries('a list of phone numbers, e-mail addresses, chat identifiers or names in [people]'),
    chat: z.enum(['direct', 'group']).optional().register(aboutPart, { expects: '"direct" or "group"' }),
    service: oneOrMore(z.string().trim().toLowerCase().pipe(z.enum(SERVICES))).register(aboutPart, {
      expects: '"iMessage", "SMS" or "RCS", or a list of these',
    }),
    unknown_sender: flag(),
    category: oneOrMore(z.string().trim().toLowerCase().pipe(z.enum(CATEGORIES))).register(aboutPart, {
      expects: `"${CATEGORIES.join('", "')}", or a list of these`,
    }),
    machine: flag(),
    attachments_only: flag(),
    mentioned: flag(),
    starts_with: entries('a list of words'),
    words: entries('a list of words'),
    pattern: patternPart.optional().register(aboutPart, aboutPart.get(patternPart) ?? { expects: PATTERN_EXPECTS }),
  },
  {
    description:
      'Your own rules, of which the first match decides; see filter.md. Written as tables [[forward.rules]].',
    expects: 'a list of tables [[forward.rules]]',
  },
)

const handles = z.array(z.string().trim().min(1)).min(1).max(100)
const personName = z
  .string()
  .trim()
  .refine(name => hasWords(name) && name.length <= 60 && !isAddress(name))

/** Whether a text is written as an address rather than as somebody's name. */
function isAddress(text: string): boolean {
  return /@|^urn:/.test(text) || /^\+?[\d\s().\-/]*\d[\d\s().\-/]*(\(\w+\))?$/.test(text)
}

export const peopleSetting = z
  .record(personName, handles)
  .prefault({})
  .register(about, {
    description: 'The addresses of each person, under a name that forward.rules, allow and deny can use.',
    expects: 'a table [people] of names, each with a list of addresses',
    faultsIn: people => faultsInPeople(people),
  })

const faultsInPeople = (people: unknown): FaultyPart[] => {
  if (typeof people !== 'object' || people === null || Array.isArray(people)) {
    return [{ at: '', expected: 'a table', found: showFound('', people) }]
  }
  return Object.entries(people).flatMap(([name, value]): FaultyPart[] => {
    const at = `.${name.slice(0, 60)}`
    if (!personName.safeParse(name).success)
      return [{ at, expected: 'a name that is not an address', found: showFound('', name) }]
    if (handles.safeParse(value).success) return []
    return [{ at, expected: 'a list of phone numbers or e-mail addresses', found: showFound('', value) }]
  })
}

/** The settings of the filter that were understood, for what only shows when they are seen together. */
export type FilterParts = {
  readonly country: string | undefined
  readonly groups: string | undefined
  readonly startWords: readonly string[] | undefined
  readonly rules: readonly { readonly name: string; readonly from?: readonly string[] | undefined }[] | undefined
  readonly people: Readonly<Record<string, readonly string[]>> | undefined
}

/** What is wrong between settings, each with the whole key of one of them. */
export const faultsBetween = ({ country, groups, startWords, rules, people }: FilterParts): readonly FaultyPart[] => {
  const names = new Set(Object.keys(people ?? {}).map(foldText))
  const strangers = (rules ?? []).flatMap(({ name, from = [] }) =>
    from
      .filter(entry => people !== undefined && !isAddress(entry) && !names.has(foldText(entry)))
      .map(entry => ({
        at: `forward.rules.${name}.from`,
        expected: 'a phone number, an e-mail address, or a name in [people]',
        found: showFound('', entry),
      })),
  )
  const wordless = groups === 'start_word' && startWords?.length === 0
  return [
    ...(wordless
      ? [{ at: 'forward.start_words', expected: 'words, because forward.groups is "start_word"', found: 'none' }]
      : []),
    ...strangers,
    ...sharedAddresses(people ?? {}, country ?? 'US'),
  ]
}

/** Of a list of addresses and names the entries that may be slips of the pen, from 1 on. */
export const strangeEntries = (list: readonly string[], people: FilterParts['people']): readonly number[] => {
  const names = new Set(Object.keys(people ?? {}).map(foldText))
  const isPlain = (entry: string): boolean =>
    isAddress(entry) || /^(chat)?[0-9a-f]*\d[0-9a-f]*$/i.test(entry) || entry.includes(';')
  return list.flatMap((entry, at) => (isPlain(entry) || names.has(foldText(entry)) ? [] : [at + 1]))
}

const sharedAddresses = (people: NonNullable<FilterParts['people']>, country: string): FaultyPart[] => {
  if (Object.keys(people).length < 2) return []
  const normalise = createNormaliser(country)
  const owners = new Map<string, string>()
  return Object.entries(people).flatMap(([name, handles]) =>
    handles.flatMap((handle): FaultyPart[] => {
      const owner = owners.get(normalise(handle)) ?? name
      owners.set(normalise(handle), owner)
      if (owner === name) return []
      return [
        {
          at: `people.${name}`,
          expected: 'addresses that no one else has',
          found: `${showFound('', handle)}, which ${owner} has`,
        },
      ]
    }),
  )
}
