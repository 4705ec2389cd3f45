import { formatDuration } from './duration.ts'
import type { Setting } from './list-settings.ts'
import type { Given } from './read-settings-file.ts'
import type { SecretSource } from './secret.ts'
import { showFound } from './show-found.ts'

/** One setting as a listing shows it. */
export type ConfigRow = {
  readonly key: string
  /** Durations as they are written; null where nothing is set; of the secret only where it comes from. */
  readonly value: unknown
  /** A file's path, a variable, a flag, `default`, or `not set`. */
  readonly origin: string
  /** Undefined for what only the file can hold. */
  readonly variable: string | undefined
  readonly description: string
  readonly fits: boolean
}

/** Every setting, and the secret, with its value and where that comes from. */
export const describeConfig = (
  settings: readonly Setting[],
  given: ReadonlyMap<string, Given>,
  secret: SecretSource,
): readonly ConfigRow[] => [
  ...settings.map((setting): ConfigRow => {
    const { key, variable, description } = setting
    const found = given.get(key)
    const parsed = setting.schema.safeParse(found?.value)
    const value = parsed.success ? written(setting, parsed.data) : found ? showFound(key, found.value) : null
    const origin = found?.origin ?? (value === null ? 'not set' : 'default')
    return { key, value, origin, variable, description, fits: parsed.success }
  }),
  describeSecret(secret),
]

/** The setting that a fault's key is of: a fault in a table has the table's name behind it. */
export const settingOf = (key: string, rows: readonly ConfigRow[]): string | undefined =>
  rows.find(row => key === row.key || (row.variable === undefined && key.startsWith(row.key)))?.key

const written = (setting: Setting, value: unknown): unknown =>
  setting.isDuration && typeof value === 'number' ? formatDuration(value) : (value ?? null)

const describeSecret = (secret: SecretSource): ConfigRow => {
  const origin = { none: 'not set', variable: 'EDGE_SECRET', file: 'secret_file', keychain: 'secret_store' }[
    secret.kind
  ]
  return {
    key: 'secret',
    value: showSecret(secret),
    origin,
    variable: 'EDGE_SECRET',
    description:
      'The secret that the backend knows. Not in the settings file: use EDGE_SECRET, secret_file or the Keychain.',
    fits: true,
  }
}

const showSecret = (secret: SecretSource): string | null => {
  switch (secret.kind) {
    case 'none':
      return null
    case 'variable':
      return 'set (from EDGE_SECRET)'
    case 'file':
      return `set (from ${secret.path})`
    case 'keychain':
      return `in the Keychain (${secret.service}, ${secret.account})`
  }
}
