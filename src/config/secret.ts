import { readFileSync, statSync } from 'node:fs'
import { isSecret, SECRET_EXPECTS, trimLineEnd } from '../agent/core/secret-text.ts'
import type { Config } from './config.ts'
import type { Fault } from './config-error.ts'
import type { Given } from './read-settings-file.ts'

/** Where the secret is. Never the secret as a plain value: a config that is printed by mistake must not show it. */
export type SecretSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'variable'; readonly reveal: () => string }
  | { readonly kind: 'file'; readonly path: string }
  /** A generic password of the Keychain. */
  | { readonly kind: 'keychain'; readonly service: string; readonly account: string }

/**
 * The secret as it is at each call, undefined where there is none. A file is read anew every time, so that a changed
 * secret counts without a restart; while it cannot be read, half-written say, the last good one goes on. Never throws.
 * That of the Keychain is none here: it takes a process and time to read it.
 */
export const readSecret = ({ secret }: Pick<Config, 'secret'>): (() => string | undefined) => {
  if (secret.kind === 'none' || secret.kind === 'keychain') return () => undefined
  if (secret.kind === 'variable') return secret.reveal
  let last: string | undefined
  return () => {
    try {
      const written = trimLineEnd(readFileSync(secret.path, 'utf8'))
      if (isSecret(written)) last = written
    } catch {
      // The backend's 401 will say so, should the last good one be out of date.
    }
    return last
  }
}

/** Where the secret comes from, EDGE_SECRET before the Keychain and that before a file, and what is wrong with it. */
export const findSecret = (
  variable: string | undefined,
  keychainItem: { readonly service: string; readonly account: string } | undefined,
  file: { readonly path: string; readonly given: Given } | undefined,
): { readonly source: SecretSource; readonly faults: readonly Fault[] } => {
  if (variable) {
    const written = trimLineEnd(variable)
    const fault: Fault = {
      key: 'secret',
      origin: 'EDGE_SECRET',
      expected: SECRET_EXPECTS,
      found: 'something else (hidden)',
    }
    return { source: { kind: 'variable', reveal: () => written }, faults: isSecret(written) ? [] : [fault] }
  }
  if (keychainItem) return { source: { kind: 'keychain', ...keychainItem }, faults: [] }
  if (!file) return { source: { kind: 'none' }, faults: [] }
  const misfit = checkSecretFile(file.path)
  const faults = misfit ? [{ key: 'secret_file', origin: file.given.origin, ...misfit }] : []
  return { source: { kind: 'file', path: file.path }, faults }
}

const checkSecretFile = (path: string): Pick<Fault, 'expected' | 'found'> | undefined => {
  try {
    const { mode } = statSync(path)
    if (mode & 0o077) {
      const open = (mode & 0o777).toString(8).padStart(3, '0')
      return { expected: `a file that only its owner can read (chmod 600 ${path})`, found: `mode ${open}` }
    }
    const fits = isSecret(trimLineEnd(readFileSync(path, 'utf8')))
    return fits ? undefined : { expected: `${SECRET_EXPECTS} in ${path}`, found: 'something else (hidden)' }
  } catch (error) {
    return { expected: 'a readable file', found: `${path}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}` }
  }
}
