import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { closest } from './closest.ts'
import type { Fault } from './config-error.ts'
import type { Setting } from './list-settings.ts'
import { expandHome } from './places.ts'

/** A value as it was written, and where: a file's path, a variable's name, or a flag. */
export type Given = { readonly value: unknown; readonly origin: string }

export type SettingsFile = {
  readonly given: ReadonlyMap<string, Given>
  readonly faults: readonly Fault[]
  readonly exists: boolean
}

/** What a TOML file says. A missing file says nothing, which is a fault only where it was asked for by name. */
export const readSettingsFile = (
  path: string,
  settings: readonly Setting[],
  { askedForBy, homedir }: { readonly askedForBy: string | undefined; readonly homedir: string },
): SettingsFile => {
  const fault = (expected: string, found: string): SettingsFile => ({
    given: new Map(),
    faults: [{ key: 'config', origin: askedForBy ? `${askedForBy} ${path}` : path, expected, found }],
    exists: true,
  })
  try {
    const entries = flatten(parse(readFileSync(path, 'utf8')), '', settings)
    const { known, unknown } = sort(entries, settings, path)
    const given = known.map(([setting, value]) => {
      const fromFolder = setting.isPath && typeof value === 'string' && value !== ''
      const placed = fromFolder ? resolve(dirname(path), expandHome(value, homedir)) : value
      return [setting.key, { value: placed, origin: path }] as const
    })
    return { given: new Map(given), faults: unknown, exists: true }
  } catch (error) {
    // The rest of its message quotes the lines around, which may hold a secret.
    if (error instanceof TomlError) return fault('TOML', `an error in line ${error.line}, column ${error.column}`)
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    if (code === 'ENOENT' && !askedForBy) return { given: new Map(), faults: [], exists: false }
    return fault('a readable file', code === 'ENOENT' ? 'none' : code)
  }
}

const sort = (entries: readonly Entry[], settings: readonly Setting[], path: string) => {
  const known: [Setting, unknown][] = []
  const unknown: Fault[] = []
  for (const [key, value] of entries) {
    const setting = settings.find(setting => setting.key === key)
    if (setting) known.push([setting, value])
    else unknown.push({ key, origin: path, ...judgeUnknown(key, settings) })
  }
  return { known, unknown }
}

const judgeUnknown = (key: string, settings: readonly Setting[]): Pick<Fault, 'expected' | 'found'> => {
  if (key === 'secret') {
    return { expected: 'the variable EDGE_SECRET, or secret_file with the path of a file', found: 'a secret (hidden)' }
  }
  const keys = settings.map(setting => setting.key)
  if (keys.some(known => known.startsWith(`${key}.`))) return { expected: 'a table', found: 'a single value' }
  const meant = closest(key, keys)
  return { expected: meant ? `a known setting (did you mean ${meant}?)` : 'a known setting', found: 'an unknown one' }
}

type Entry = readonly [key: string, value: unknown]

/** Tables are taken apart, down to those that are a setting as they are. */
const flatten = (table: object, prefix: string, settings: readonly Setting[]): Entry[] =>
  Object.entries(table).flatMap(([name, value]): Entry[] => {
    const key = `${prefix}${name}`
    const isWhole = settings.some(setting => setting.key === key && setting.faultsIn !== undefined)
    return isTable(value) && !isWhole ? flatten(value, `${key}.`, settings) : [[key, value]]
  })

const isTable = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
