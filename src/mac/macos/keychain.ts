import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import { isSecret, trimLineEnd } from '../../agent/core/secret-text.ts'
import { runTool, type ToolEnd } from './run-tool.ts'

/** A generic password of the login keychain: `service` is the service's label, `account` the agent id. */
export type KeychainItem = { readonly service: string; readonly account: string }

/** Every way in which the Keychain can fail, as the codes of errors and problems. */
export const KEYCHAIN_CODES = [
  'keychain_no_item',
  'keychain_locked',
  'keychain_refused',
  'keychain_unanswered',
  'keychain_missing',
  'keychain_unusable',
  'keychain_failed',
] as const
type KeychainCode = (typeof KEYCHAIN_CODES)[number]

/**
 * The secret of an item.
 *
 * @throws EdgeError with one of KEYCHAIN_CODES
 */
export const readKeychain = async (item: KeychainItem, timeoutMs = 10_000): Promise<string> => {
  const args = ['find-generic-password', '-a', item.account, '-s', item.service, '-w']
  const end = await runTool('security', args, { timeoutMs })
  if (end.kind !== 'exited' || end.code !== 0) throw failure(end, item, timeoutMs)
  const secret = decode(trimLineEnd(end.stdout))
  if (isSecret(secret)) return secret
  throw keychainError('keychain_unusable', `${named(item)} contains no secret that fits into an HTTP header`)
}

/**
 * Writes the secret into an item, in place of the one that was there, and reads it back: the exit code of `security -i`
 * is not about the command that it was given. A person may have to answer a prompt meanwhile.
 *
 * @throws EdgeError with one of KEYCHAIN_CODES
 */
export const writeKeychain = async (item: KeychainItem, secret: string, timeoutMs = 60_000): Promise<void> => {
  const encoded = encode(secret)
  // By standard input: the arguments of a process can be seen by others.
  const command = `add-generic-password -U -a "${item.account}" -s "${item.service}" -w "${encoded}"\n`
  if (Buffer.byteLength(command) >= MAX_LINE) {
    throw keychainError('keychain_unusable', 'the secret is too long for the Keychain')
  }
  const end = await runTool('security', ['-i'], { input: command, timeoutMs })
  if (end.kind !== 'exited' || end.code !== 0) throw failure(withoutSecret(end, secret, encoded), item, timeoutMs)
  const found = await readKeychain(item, timeoutMs).catch((error: unknown) => {
    // What `security` said to the command explains more than that nothing was found.
    if (!(error instanceof EdgeError && error.code === 'keychain_no_item')) throw error
    throw failure({ ...withoutSecret(end, secret, encoded), code: returned(end.stderr) }, item, timeoutMs)
  })
  if (found !== secret) throw keychainError('keychain_failed', `${named(item)} still contains another secret`)
}

/** Removes the item; false where there was none. */
export const removeKeychain = async (item: KeychainItem, timeoutMs = 60_000): Promise<boolean> => {
  const args = ['delete-generic-password', '-a', item.account, '-s', item.service]
  const end = await runTool('security', args, { timeoutMs })
  if (end.kind === 'exited' && end.code === 0) return true
  const error = failure(end, item, timeoutMs)
  if (error.code === 'keychain_no_item') return false
  throw error
}

/** `security` reads lines of this length, and prints as hexadecimal what is not printable. */
const MAX_LINE = 4096
const ENCODED = 'base64:'

/** What the quoting of `security -i` could change is written as base64; a usual token stays what a person can read. */
const encode = (secret: string): string =>
  /^[A-Za-z0-9._~+/=@%-]+$/.test(secret) ? secret : ENCODED + Buffer.from(secret).toString('base64')

const decode = (encoded: string): string =>
  encoded.startsWith(ENCODED) ? Buffer.from(encoded.slice(ENCODED.length), 'base64').toString() : encoded

const withoutSecret = <T extends ToolEnd>(end: T, ...secrets: readonly string[]): T =>
  end.kind === 'not-found'
    ? end
    : { ...end, stderr: secrets.reduce((text, secret) => text.replaceAll(secret, '(hidden)'), end.stderr) }

/** `security -i` says "…: returned 36" of a command that failed. */
const returned = (stderr: string): number | undefined => {
  const code = /returned (-?\d+)/.exec(stderr)?.[1]
  return code === undefined ? undefined : Number(code) & 0xff
}

const failure = (end: ToolEnd, item: KeychainItem, timeoutMs: number): EdgeError => {
  if (end.kind === 'not-found') {
    return keychainError('keychain_missing', 'this system has no Keychain: "security" was not found on PATH')
  }
  if (end.kind === 'timed-out') {
    return keychainError('keychain_unanswered', `the Keychain did not answer within ${timeoutMs / 1000} s`)
  }
  const said = end.stderr.trim().split('\n').at(-1)?.slice(0, 200)
  const seen = `security ended with ${end.code ?? 'a signal'}${said ? `: ${said}` : ''}`
  const code = (end.code !== undefined && CODES[end.code]) || 'keychain_failed'
  const what: Readonly<Record<string, string>> = {
    keychain_no_item: `${named(item)} does not exist`,
    keychain_locked: `the Keychain is locked, or may not ask (${seen})`,
    keychain_refused: `the Keychain refuses ${named(item)} (${seen})`,
  }
  return keychainError(code, what[code] ?? `the Keychain cannot be used: ${seen}`)
}

/** By exit code, which is the low byte of an OSStatus: -25300, -25308, -25293, -128. */
const CODES: Readonly<Record<number, KeychainCode>> = {
  44: 'keychain_no_item',
  36: 'keychain_locked',
  51: 'keychain_refused',
  128: 'keychain_refused',
}

const named = ({ service, account }: KeychainItem): string => `the Keychain item ${service} of account ${account}`

const USE_FILE = 'or keep the secret in a file: edge-agent init --secret-store file'
const STORE_ANEW = 'store the secret again: edge-agent init --secret-store keychain'

const REMEDIES: Readonly<Record<KeychainCode, string>> = {
  keychain_no_item: `On this Mac, ${STORE_ANEW}.`,
  keychain_locked: `Log in at the Mac's own screen (an SSH session has no open Keychain), or run "security unlock-keychain"; ${USE_FILE}.`,
  keychain_refused: `Allow it with "Always Allow" when macOS asks, or ${STORE_ANEW}.`,
  keychain_unanswered: `Probably a prompt is waiting on the Mac's screen: answer it with "Always Allow"; ${USE_FILE}.`,
  keychain_missing: 'Keep the secret in a file: edge-agent init --secret-store file.',
  keychain_unusable: `Use printable ASCII characters without spaces and ${STORE_ANEW}; ${USE_FILE}.`,
  keychain_failed: `Check the item in Keychain Access, and ${STORE_ANEW}; ${USE_FILE}.`,
}

const keychainError = (code: KeychainCode, message: string): EdgeError =>
  new EdgeError(code, message, { remedy: REMEDIES[code], exit: EXIT.config })
