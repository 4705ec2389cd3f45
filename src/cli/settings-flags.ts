import { homedir } from 'node:os'
import { type Command, Option } from 'commander'
import type { ConfigInput } from '../config/inspect-config.ts'
import { parseProfile } from '../config/places.ts'

/**
 * Adds the flags of the settings to a command. The function that it returns collects, inside the command's action, what
 * `loadConfig` wants.
 */
export const addSettingsFlags = (command: Command): (() => ConfigInput) =>
  addFlags(command, Object.keys(SETTINGS_FLAGS))

/** As `addSettingsFlags`, for commands about the service: it sees what is in the settings file, and no other flag. */
export const addServiceFlags = (command: Command): (() => ConfigInput) => addFlags(command, ['config', 'profile'])

const addFlags = (command: Command, keys: readonly string[]): (() => ConfigInput) => {
  for (const key of keys) {
    const { value = '', description } = SETTINGS_FLAGS[key] ?? {}
    command.addOption(new Option(`--${key.replaceAll('_', '-')} <${value}>`, description).helpGroup('Settings:'))
  }
  return () => ({
    flags: Object.fromEntries(keys.map(key => [key, command.opts()[camelCase(key)]])),
    env: process.env,
    homedir: homedir(),
    platform: process.platform,
    isTTY: process.stdout.isTTY === true,
    profile: parseProfile(command.opts()['profile'], process.env['EDGE_PROFILE']),
  })
}

/** Settings that have a flag. They stand apart from the schema, which takes longer to load than all of the help. */
export const SETTINGS_FLAGS: Readonly<Record<string, { readonly value: string; readonly description: string }>> = {
  config: { value: 'file', description: 'the settings file' },
  profile: { value: 'name', description: 'a separate agent with its own settings and state' },
  backend_url: { value: 'url', description: 'URL of the backend' },
  agent_id: { value: 'id', description: 'name by which the backend knows this agent' },
  chat_db: { value: 'file', description: 'the Messages database' },
  state_dir: { value: 'folder', description: "folder for the agent's own data" },
  osascript: { value: 'program', description: 'program that hands texts to Messages' },
  log_level: { value: 'level', description: 'trace, debug, info, warn, error or fatal' },
  log_format: { value: 'format', description: 'json or pretty' },
  log_file: { value: 'file', description: 'log to this file, rotated (default: standard output)' },
  max_message_age: { value: 'duration', description: 'record older messages without answering them, such as 6h' },
}

/** As commander names a flag's value: `--backend-url` is `backendUrl`. */
const camelCase = (key: string): string => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
