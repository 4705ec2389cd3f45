import { readKeychain } from '../mac/macos/keychain.ts'
import { readSecret, type SecretSource } from './secret.ts'

/**
 * The secret as it is now, wherever it is kept; undefined where there is none. The Keychain gets `timeoutMs` to answer.
 *
 * @throws EdgeError with one of KEYCHAIN_CODES
 */
export const lookUpSecret = async (
  from: { readonly secret: SecretSource },
  timeoutMs?: number,
): Promise<string | undefined> =>
  from.secret.kind === 'keychain' ? await readKeychain(from.secret, timeoutMs) : readSecret(from)()
