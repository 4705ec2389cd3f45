import { resolve } from 'node:path'
import type { z } from 'zod'
import { closest } from './closest.ts'
import { type Config, toConfig } from './config.ts'
import type { Fault } from './config-error.ts'
import { type ConfigRow, describeConfig } from './describe-config.ts'
import { faultsBetween, strangeEntries } from './filter-settings.ts'
import { listSettings, type Setting } from './list-settings.ts'
import { expandHome, type Host, placesOf } from './places.ts'
import { type Given, readSettingsFile } from './read-settings-file.ts'
import { findSecret, type SecretSource } from './secret.ts'
import { settingsFor } from './settings.ts'
import { showFound } from './show-found.ts'

/** What the settings are read from, beside the file. */
export type ConfigInput = Host & {
  /** Values of flags by the setting's key, and `config` for the file's path. */
  readonly flags: Readonly<Record<string, string | undefined>>
}

export type Inspection = {
  readonly file: { readonly path: string; readonly exists: boolean }
  /** Every setting with its value and origin, the faulty ones too. */
  readonly rows: readonly ConfigRow[]
  readonly faults: readonly Fault[]
  /** What looks like a mistake and does no harm. */
  readonly warnings: readonly string[]
  /** What fits, and may yet be a slip of the pen. */
  readonly doubts: readonly string[]
  /** Where the secret is, as far as that can be told. */
  readonly secret: SecretSource
  /** Undefined where there is a fault. */
  readonly config: Config | undefined
  /** The same for work that has nothing to do with the backend: undefined only where a fault is of the rest. */
  readonly configHere: Config | undefined
}

/** Everything there is to know about the settings. A flag counts before a variable, a variable before the file. */
export const inspectConfig = (input: ConfigInput): Inspection => {
  const schema = settingsFor(input)
  const settings = listSettings(schema)
  const { path, askedForBy } = configFile(input)
  const file = readSettingsFile(path, settings, { askedForBy, homedir: input.homedir })
  const given = new Map([...file.given, ...fromVariables(settings, input), ...fromFlags(settings, input)])
  const written = (key: string): unknown => given.get(key)?.value

  const backendUrl = schema.shape.backend_url.safeParse(written('backend_url')).data
  const secretFile = schema.shape.secret_file.safeParse(written('secret_file')).data
  const insecureIsFine = schema.shape.backend.shape.allow_insecure_http.safeParse(written(ALLOW_HTTP)).data === true
  const secretFileGiven = given.get('secret_file')
  const agentId = schema.shape.agent_id.safeParse(written('agent_id')).data
  const inKeychain = schema.shape.secret_store.safeParse(written('secret_store')).data === 'keychain'
  const secret = findSecret(
    input.env['EDGE_SECRET'],
    inKeychain && agentId !== undefined ? { service: placesOf(input).label, account: agentId } : undefined,
    secretFile && secretFileGiven ? { path: secretFile, given: secretFileGiven } : undefined,
  )

  const faults = [
    ...file.faults,
    // Of a file that cannot be read nobody knows what is not in it.
    ...settings.flatMap(setting =>
      file.faults.some(({ key }) => key === 'config') && !given.has(setting.key)
        ? []
        : judge(setting, given.get(setting.key), path),
    ),
    ...judgeFilter(schema, given),
    ...judgeHttp(backendUrl, insecureIsFine, given.get('backend_url')),
    ...secret.faults,
    ...judgeSecrecy(backendUrl, secret.source.kind === 'none' && !secretFileGiven && !inKeychain),
  ]
  const parse = (values: ReadonlyMap<string, Given>): Config =>
    toConfig(schema.parse(nest(settings, values)), secret.source)
  return {
    file: { path, exists: file.exists },
    rows: describeConfig(settings, given, secret.source),
    faults,
    warnings: [...unknownVariables(settings, input), ...(inKeychain && secretFileGiven ? [FILE_IGNORED] : [])],
    doubts: doubtful(schema, given),
    secret: secret.source,
    config: faults.length > 0 ? undefined : parse(given),
    configHere: faults.every(isOfBackend) ? parse(new Map([...given, ...NO_BACKEND])) : undefined,
  }
}

/** Whether a fault is one of the backend and of what it asks for. */
export const isOfBackend = ({ key }: Fault): boolean => key === 'secret' || NO_BACKEND.has(key)

const NO_BACKEND: ReadonlyMap<string, Given> = new Map(
  Object.entries({
    backend_url: 'http://localhost',
    agent_id: 'edge_none',
    secret_file: undefined,
    secret_store: 'file',
    'backend.allow_insecure_http': false,
  }).map(([key, value]) => [key, { value, origin: 'nowhere' }]),
)

const FILE_IGNORED = 'secret_file is ignored, because secret_store is "keychain"'

/** What is wrong with one value of one setting, if anything; `origin` is where it was written. */
export const judgeValue = (host: Host, key: string, given: Given): Fault | undefined => {
  const setting = listSettings(settingsFor(host)).find(setting => setting.key === key)
  return setting && judge(setting, given, '')[0]
}

const configFile = ({ flags, env, homedir, ...host }: ConfigInput) => {
  const named = flags['config'] || env['EDGE_CONFIG']
  if (!named) return { path: placesOf({ env, homedir, ...host }).configFile, askedForBy: undefined }
  return { path: resolve(expandHome(named, homedir)), askedForBy: flags['config'] ? '--config' : 'EDGE_CONFIG' }
}

/** An empty variable counts as none: there is no other way to unset one in many a place. */
const fromVariables = (settings: readonly Setting[], { env }: ConfigInput): [string, Given][] =>
  settings.flatMap(({ key, variable }): [string, Given][] => {
    const value = variable === undefined ? undefined : env[variable]
    return value && variable ? [[key, { value, origin: variable }]] : []
  })

const fromFlags = (settings: readonly Setting[], { flags }: ConfigInput): [string, Given][] =>
  settings.flatMap(({ key }): [string, Given][] => {
    const value = flags[key]
    return value === undefined ? [] : [[key, { value, origin: `--${key.replaceAll('_', '-')}` }]]
  })

const judge = (setting: Setting, given: Given | undefined, file: string): Fault[] => {
  const { key, expects: expected, variable, schema, faultsIn } = setting
  if (schema.safeParse(given?.value).success) return []
  const parts = given && faultsIn ? faultsIn(given.value) : []
  if (given && parts.length > 0) {
    return parts.map(({ at, ...part }) => ({ key: `${key}${at}`, origin: given.origin, ...part }))
  }
  if (given) return [{ key, origin: given.origin, expected, found: showFound(key, given.value) }]
  return [{ key, origin: undefined, expected, found: `nothing (set ${variable}, or ${key} in ${file})` }]
}

/** What is wrong with the filter's settings only when they are seen together. */
const judgeFilter = ({ shape }: ReturnType<typeof settingsFor>, given: ReadonlyMap<string, Given>): Fault[] => {
  const read = <T extends z.ZodType>(schema: T, key: string) => schema.safeParse(given.get(key)?.value).data
  const { forward } = shape
  const faults = faultsBetween({
    country: read(shape.country, 'country'),
    groups: read(forward.shape.groups, 'forward.groups'),
    startWords: read(forward.shape.start_words, 'forward.start_words'),
    rules: read(forward.shape.rules, 'forward.rules'),
    people: read(shape.people, 'people'),
  })
  return faults.map(({ at, ...part }) => {
    const [setting] = [...given.keys()].filter(key => at === key || at.startsWith(`${key}.`))
    return { key: at, origin: given.get(setting ?? '')?.origin, ...part }
  })
}

/** A name that nobody in [people] has is a sender of just that name, which hardly anybody is. */
const doubtful = ({ shape }: ReturnType<typeof settingsFor>, given: ReadonlyMap<string, Given>): string[] => {
  const read = <T extends z.ZodType>(schema: T, key: string) => schema.safeParse(given.get(key)?.value).data
  const { forward, send } = shape
  const people = read(shape.people, 'people')
  const allow = read(send.shape.allow, 'send.allow')
  const lists: (readonly [key: string, list: readonly string[]])[] = [
    ['forward.allow', read(forward.shape.allow, 'forward.allow') ?? []],
    ['forward.deny', read(forward.shape.deny, 'forward.deny') ?? []],
    ['send.allow', Array.isArray(allow) ? allow : []],
    ...(read(forward.shape.rules, 'forward.rules') ?? []).map(
      ({ name, thread = [] }) => [`forward.rules.${name}.thread`, thread] as const,
    ),
  ]
  return lists.flatMap(([key, list]) =>
    strangeEntries(list, people).map(
      at =>
        `${key}: entry ${at} is not a number, e-mail address, chat identifier or name in [people]; is that intended?`,
    ),
  )
}

const ALLOW_HTTP = 'backend.allow_insecure_http'

const judgeHttp = (backendUrl: string | undefined, isFine: boolean, given: Given | undefined): Fault[] => {
  if (backendUrl === undefined || isFine || isLoopback(backendUrl) || !backendUrl.startsWith('http:')) return []
  const expected = `https, because the secret and all texts would travel unencrypted (${ALLOW_HTTP} = true allows http)`
  return [{ key: 'backend_url', origin: given?.origin, expected, found: showFound('backend_url', backendUrl) }]
}

const judgeSecrecy = (backendUrl: string | undefined, isMissing: boolean): Fault[] => {
  if (backendUrl === undefined || isLoopback(backendUrl) || !isMissing) return []
  const expected = 'the secret that the backend knows'
  return [{ key: 'secret', origin: undefined, expected, found: 'none (set EDGE_SECRET or secret_file)' }]
}

/** Whether a URL, one that is fit to be a setting, stays on this machine. */
export const isLoopback = (url: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)

const unknownVariables = (settings: readonly Setting[], { env }: ConfigInput): string[] => {
  const known = [
    'EDGE_CONFIG',
    'EDGE_PROFILE',
    'EDGE_SECRET',
    'EDGE_FAILPOINT',
    ...settings.flatMap(setting => setting.variable ?? []),
  ]
  return Object.keys(env)
    .filter(name => name.startsWith('EDGE_') && !known.includes(name))
    .map(name => {
      const meant = closest(name, known)
      return `the variable ${name} is not a setting${meant ? `: did you mean ${meant}?` : ''}`
    })
}

/** `send.timeout` back into its table. Every table is there, so that its defaults are. */
const nest = (settings: readonly Setting[], given: ReadonlyMap<string, Given>): Record<string, unknown> => {
  const root: Record<string, unknown> = {}
  for (const { key } of settings) {
    const [name = key, leaf] = key.split('.')
    const value = given.get(key)?.value
    root[name] = leaf === undefined ? value : { ...(root[name] ?? {}), [leaf]: value }
  }
  return root
}
