import type { Config } from './config.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigInput, inspectConfig, isOfBackend } from './inspect-config.ts'

/**
 * The settings, the file that they were looked for in, and what in them looks like a mistake. Throws a ConfigError that
 * holds all faults.
 */
export const loadConfig = (
  input: ConfigInput,
): { readonly config: Config; readonly file: string; readonly warnings: readonly string[] } => {
  const { config, warnings, faults, file } = inspectConfig(input)
  if (!config) throw new ConfigError(faults)
  return { config, file: file.path, warnings }
}

/** The state folder alone, for commands that have no use for a backend. Throws a ConfigError where it is in doubt. */
export const loadStateDir = (input: ConfigInput): string => {
  const { rows, faults } = inspectConfig(input)
  const doubts = faults.filter(({ key }) => key === 'config' || key === 'state_dir')
  const stateDir = rows.find(({ key }) => key === 'state_dir')?.value
  if (doubts.length > 0 || typeof stateDir !== 'string') throw new ConfigError(doubts)
  return stateDir
}

/** Of which country numbers without a plus are, whatever else is wrong. */
export const countryOf = (input: ConfigInput): string => {
  const country = inspectConfig(input).rows.find(({ key, fits }) => key === 'country' && fits)?.value
  return typeof country === 'string' ? country.toUpperCase() : 'US'
}

/** The settings for work on this Mac alone, whatever is said of the backend. Throws a ConfigError with the other faults. */
export const loadConfigHere = (input: ConfigInput): Config => {
  const { configHere, faults } = inspectConfig(input)
  if (!configHere) throw new ConfigError(faults.filter(fault => !isOfBackend(fault)))
  return configHere
}
