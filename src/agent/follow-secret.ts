import { KEYCHAIN_CODES, type KeychainItem, readKeychain } from '../mac/macos/keychain.ts'
import { createKeychainSecret } from '../mac/macos/keychain-secret.ts'
import type { Problems } from './core/problems.ts'

/** The secret of now, from wherever it is kept. Where that is the Keychain, what is wrong with it is a problem. */
export const followSecret = ({
  readSecret,
  keychainItem,
  isRefused,
  problems,
}: {
  readonly readSecret: () => string | undefined
  readonly keychainItem: KeychainItem | undefined
  /** Whether the backend refuses the one that we have. */
  readonly isRefused: () => boolean
  readonly problems: Problems
}) => {
  const keychain =
    keychainItem &&
    createKeychainSecret({
      read: () => readKeychain(keychainItem),
      isRefused,
      onProblem: problem => problems.replace(KEYCHAIN_CODES, problem),
    })
  const current = keychain?.current ?? readSecret
  let timer: NodeJS.Timeout | undefined
  return {
    current,
    /** The same work, begun when the Keychain has answered, in whatever way. */
    whenReady:
      <A, R>(work: (argument: A) => Promise<R>): ((argument: A) => Promise<R>) =>
      async argument => {
        await keychain?.ready
        return await work(argument)
      },
    /** A sleep may have gone by, with a change of it. */
    reread: (): void => keychain?.reread(),
    /** Calls back at each change, so that a new one is tried at once. */
    watch: (onChange: () => void): void => {
      let known = current()
      timer = setInterval(() => {
        const secret = current()
        if (secret === known) return
        known = secret
        onChange()
      }, POLL_MS)
    },
    stop: (): void => {
      clearInterval(timer)
      keychain?.stop()
    },
  }
}

const POLL_MS = 5_000
