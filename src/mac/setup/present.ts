import { existsSync } from 'node:fs'
import type { Fault } from '../../config/config-error.ts'
import { type ConfigInput, inspectConfig, judgeValue } from '../../config/inspect-config.ts'
import { listSettings } from '../../config/list-settings.ts'
import { lookUpSecret } from '../../config/look-up-secret.ts'
import { placesOf } from '../../config/places.ts'
import { readSettingsFile } from '../../config/read-settings-file.ts'
import { settingsFor } from '../../config/settings.ts'

/** What is there already, and where the new things go. */
export type Present = {
  readonly file: string
  readonly exists: boolean
  readonly secretFile: string
  readonly stateDir: string
  /** As the file has them, by key. */
  readonly settings: ReadonlyMap<string, unknown>
  /** Lines of the file that are not taken over. */
  readonly faults: readonly Fault[]
}

export const findPresent = (input: ConfigInput): Present => {
  const { file, rows } = inspectConfig(input)
  const host = { ...input, isTTY: false }
  const settings = listSettings(settingsFor(host))
  const found = readSettingsFile(file.path, settings, { askedForBy: undefined, homedir: input.homedir })
  const judged = [...found.given].map(([key, given]) => ({ key, given, fault: judgeValue(host, key, given) }))
  const isOwn = file.path === placesOf(input).configFile
  return {
    file: file.path,
    exists: existsSync(file.path),
    // Beside the file, under a name that no other settings file there would use.
    secretFile: isOwn ? placesOf(input).secretFile : file.path.replace(/(\.toml)?$/, '.secret'),
    stateDir: String(rows.find(({ key }) => key === 'state_dir')?.value ?? placesOf(input).stateDir),
    settings: new Map(judged.flatMap(({ key, given, fault }) => (fault ? [] : [[key, given.value] as const]))),
    faults: [...found.faults, ...judged.flatMap(({ fault }) => fault ?? [])],
  }
}

export const presentSecret = async (input: ConfigInput): Promise<string | undefined> => {
  const { config } = inspectConfig({ ...input, flags: { config: input.flags['config'] }, env: withoutSettings(input) })
  return config && (await lookUpSecret(config).catch(() => undefined))
}

const withoutSettings = ({ env }: ConfigInput): ConfigInput['env'] =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('EDGE_') || name === 'EDGE_CONFIG'))
