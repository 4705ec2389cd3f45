/**
 * Where Messages has put a conversation or a message, by name. unrecognised: a value that nobody here knows; what it means may be
 * the worst.
 */
export const CATEGORIES = ['known', 'unknown', 'junk', 'blocked', 'transactions', 'promotions', 'unrecognised'] as const
export type Category = (typeof CATEGORIES)[number]

/** What chat.db says of it; a column that it has not, or that is NULL, is 0. */
export type CategoryMarks = {
  /** chat.is_filtered */
  readonly filtered: number
  /** chat.is_blackholed */
  readonly blackholed: number
  /** chat.is_pending_review, from macOS 26 on */
  readonly pendingReview: number
  /** message.is_spam */
  readonly spam: number
  /** filter_action, of the message filters that people install */
  readonly filterAction: number
}

/** The one that lets the least out counts. */
export const categoryOf = (marks: CategoryMarks): Category => {
  const found = new Set((Object.keys(MEANINGS) as Mark[]).map(mark => MEANINGS[mark][marks[mark]] ?? 'unrecognised'))
  return STRICTEST_FIRST.find(category => found.has(category)) ?? 'known'
}

type Mark = keyof CategoryMarks
const MEANINGS: Readonly<Record<Mark, Readonly<Record<number, Category>>>> = {
  filtered: { 0: 'known', 1: 'unknown', 2: 'junk', 3: 'transactions', 4: 'promotions' },
  blackholed: { 0: 'known', 1: 'blocked' },
  pendingReview: { 0: 'known', 1: 'unknown' },
  spam: { 0: 'known', 1: 'junk' },
  filterAction: { 0: 'known', 1: 'known', 2: 'junk', 3: 'promotions', 4: 'transactions' },
}

const STRICTEST_FIRST: readonly Category[] = [
  'blocked',
  'junk',
  'unrecognised',
  'transactions',
  'promotions',
  'unknown',
  'known',
]

export type KeptCategory = Exclude<Category, 'known' | 'unknown'>

/** These never leave this Mac unless a rule names them. */
export const isKeptBack = (category: Category): category is KeptCategory =>
  category !== 'known' && category !== 'unknown'

/** Where each mark stands in chat.db. */
export const MARK_COLUMNS: Readonly<Record<Mark, readonly [table: 'chat' | 'message', column: string]>> = {
  filtered: ['chat', 'is_filtered'],
  blackholed: ['chat', 'is_blackholed'],
  pendingReview: ['chat', 'is_pending_review'],
  spam: ['message', 'is_spam'],
  filterAction: ['message', 'filter_action'],
}

/** Whether a value of that mark is one whose meaning is known. */
export const isKnownValue = (mark: keyof CategoryMarks, value: number): boolean => Object.hasOwn(MEANINGS[mark], value)

/**
 * Whether an address is that of a machine: a short code, a sender that is a word, a business, or one with a note of the network's in
 * brackets, as in `56249(smsfp)`. People have numbers and e-mail addresses.
 */
export const isMachine = (address: string): boolean => {
  const plain = address.trim()
  if (/\([a-z_]+\)$/i.test(plain)) return true
  if (plain.includes('@')) return false
  const digits = plain.replace(/[\s().\-/\u2010-\u2015]/g, '')
  return /^\+?\d+$/.test(digits) ? !digits.startsWith('+') && digits.length <= LONGEST_SHORT_CODE : plain !== ''
}

const LONGEST_SHORT_CODE = 6
