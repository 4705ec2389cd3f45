import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import { isSecret, SECRET_EXPECTS, trimLineEnd } from '../../agent/core/secret-text.ts'
import { ConfigError } from '../../config/config-error.ts'
import { type ConfigInput, isLoopback, judgeValue } from '../../config/inspect-config.ts'
import type { Terminal } from './open-dialogue.ts'
import type { Present } from './present.ts'

export type InitOptions = {
  /** A file with the secret, or `-` for standard input. */
  readonly secretFile?: string
  readonly secretStore?: 'file' | 'keychain'
  readonly allowInsecureHttp?: true
  readonly test: boolean
  readonly force?: true
  readonly yes?: true
  readonly json?: true
}

/** What is to be written. */
export type Answers = {
  readonly backendUrl: string
  readonly allowInsecureHttp: boolean
  readonly agentId: string
  readonly secret: string | undefined
  readonly secretStore: 'file' | 'keychain'
}

/** What is known before the first question. */
export type Known = {
  readonly [K in keyof Answers]?: Answers[K] | undefined
}

/** What flags and variables say; throws what is wrong with them. */
export const readFlags = async (options: InitOptions, input: ConfigInput, terminal: Terminal): Promise<Known> => {
  const { flags, env } = input
  const { config: _, profile: __, ...values } = flags
  const given = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value, origin: `--${key.replaceAll('_', '-')}` }],
  )
  const secret =
    options.secretFile === undefined
      ? env['EDGE_SECRET'] || undefined
      : await readSecretFrom(options.secretFile, terminal)
  const faults = given.flatMap(({ key, ...value }) => judgeValue(input, key, value) ?? [])
  if (secret !== undefined && !isSecret(trimLineEnd(secret))) {
    faults.push({
      key: 'secret',
      origin: options.secretFile === undefined ? 'EDGE_SECRET' : `--secret-file ${options.secretFile}`,
      expected: SECRET_EXPECTS,
      found: trimLineEnd(secret) === '' ? 'nothing' : 'something else (hidden)',
    })
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    backendUrl: flags['backend_url'],
    agentId: flags['agent_id'],
    secret: secret === undefined ? undefined : trimLineEnd(secret),
    secretStore: options.secretStore,
    allowInsecureHttp: options.allowInsecureHttp,
  }
}

const readSecretFrom = async (file: string, { input }: Terminal): Promise<string> => {
  if (file === '-') {
    if (input.isTTY)
      throw usage('standard input is a terminal', 'Leave out --secret-file and type the secret when asked.')
    return await text(input)
  }
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw usage(`cannot read the secret from ${file}: ${code ?? String(cause)}`, 'Check --secret-file.')
  }
}

const usage = (message: string, remedy: string): EdgeError =>
  new EdgeError('usage', message, { exit: EXIT.usage, remedy })

/** Without a terminal nothing is guessed; throws what is missing, all of it at once. */
export const demandAll = (
  flags: Known,
  { yes, force, json }: InitOptions,
  present: Present,
  input: ConfigInput,
): Answers => {
  const known = {
    backendUrl: input.env['EDGE_BACKEND_URL'] || undefined,
    agentId: input.env['EDGE_AGENT_ID'] || undefined,
    ...defined(flags),
  }
  const agentId = known.agentId ?? (yes ? inventId() : undefined)
  const needsSecret = known.secret === undefined && (known.backendUrl === undefined || !isLocal(known.backendUrl))
  const missing = [
    ...(known.backendUrl === undefined ? ['--backend-url'] : []),
    ...(agentId === undefined ? ['--agent-id'] : []),
    ...(needsSecret ? ['--secret-file (or EDGE_SECRET)'] : []),
  ]
  if (missing.length > 0) {
    const why = yes ? '--yes' : json ? '--json' : 'no terminal'
    throw new EdgeError('init_incomplete', `cannot prompt (${why}); missing: ${missing.join(', ')}`, {
      exit: EXIT.usage,
      remedy: 'Add these flags, or run edge-agent init in a terminal. See edge-agent init --help.',
    })
  }
  const { backendUrl = '', secret, secretStore = 'file', allowInsecureHttp = false } = known
  const faults = [
    ...Object.entries({ backend_url: backendUrl, agent_id: agentId }).flatMap(
      ([key, value]) => judgeValue(input, key, { value, origin: `--${key.replaceAll('_', '-')}` }) ?? [],
    ),
  ]
  if (faults.length > 0) throw new ConfigError(faults)
  if (isInsecure(backendUrl) && !allowInsecureHttp) {
    throw usage(
      'the backend URL is plain http to another machine: the secret and all texts would travel unencrypted',
      'Use https, or allow http with --allow-insecure-http.',
    )
  }
  if (present.exists && !force && !yes) {
    throw new EdgeError('init_exists', `there are already settings in ${present.file}`, {
      exit: EXIT.usage,
      remedy: 'To replace them, add --force (the old file is kept as .bak). To use another file, add --config.',
    })
  }
  return { backendUrl, agentId: agentId ?? '', secret, secretStore, allowInsecureHttp }
}

const isLocal = (url: string): boolean => URL.canParse(url) && isLoopback(url)

export const isInsecure = (url: string): boolean => url.startsWith('http:') && !isLoopback(url)

export const inventId = (): string => `edge_1${String(randomInt(10 ** 10)).padStart(10, '0')}`

export const defined = (known: Known): Known =>
  Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
