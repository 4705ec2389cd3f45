import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { ConfigError, type Fault } from '../config/config-error.ts'
import type { ConfigRow } from '../config/describe-config.ts'
import { type ConfigInput, inspectConfig } from '../config/inspect-config.ts'
import { type KeychainItem, readKeychain } from '../mac/macos/keychain.ts'

type Output = { readonly json: boolean }

/**
 * The faults are this command's answer, so in JSON they go to standard output. Throws a ConfigError in plain text.
 * A secret in the Keychain is read, to see whether that works.
 */
export const checkConfig = async (input: ConfigInput, { json }: Output): Promise<void> => {
  const { file, config, ...found } = inspectConfig(input)
  const warnings = [...found.warnings, ...found.doubts]
  const faults = config?.secret.kind === 'keychain' ? await judgeKeychain(config.secret) : found.faults
  if (json) {
    printJson({ ok: faults.length === 0, file: file.path, faults, warnings })
    if (faults.length > 0) process.exitCode = EXIT.config
    return
  }
  for (const warning of warnings) process.stderr.write(`edge-agent: ${warning}\n`)
  if (faults.length > 0) throw new ConfigError(faults)
  process.stdout.write(`the settings are valid (${file.exists ? file.path : `no file at ${file.path}`})\n`)
}

const judgeKeychain = async (item: KeychainItem): Promise<Fault[]> => {
  try {
    await readKeychain(item)
    return []
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error
    const found = error.remedy === undefined ? error.message : `${error.message}\n    ${error.remedy}`
    return [{ key: 'secret', origin: 'secret_store', expected: 'a readable secret', found }]
  }
}

/** Prints what there is even where some of it is wrong, then throws a ConfigError. */
export const showConfig = (input: ConfigInput, { json }: Output): void => {
  const { file, rows, faults } = inspectConfig(input)
  if (json) printJson({ file: file.path, settings: rows })
  else process.stdout.write(`${renderRows(rows)}\n`)
  if (faults.length > 0) throw new ConfigError(faults)
}

const renderRows = (rows: readonly ConfigRow[]): string => {
  const cells = rows.map(({ key, value, origin, fits }) => [key, render(value), fits ? origin : `${origin} (wrong)`])
  const width = (column: number): number => Math.max(...cells.map(row => row[column]?.length ?? 0))
  const [keyWidth, valueWidth] = [width(0), Math.min(width(1), 50)]
  return cells
    .map(([key = '', value = '', origin = ''], at) =>
      [
        `${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  ${origin}`,
        ...tablesOf(rows[at]?.value).map(table => `  ${JSON.stringify(table)}`),
      ].join('\n'),
    )
    .join('\n')
}

/** Each of several tables has a line of its own. */
const tablesOf = (value: unknown): readonly object[] =>
  Array.isArray(value) ? value.filter(entry => typeof entry === 'object' && entry !== null) : []

const render = (value: unknown): string => {
  if (value === null) return '-'
  const tables = tablesOf(value).length
  if (tables > 0) return `${tables} ${tables === 1 ? 'table' : 'tables'}, in this order:`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
