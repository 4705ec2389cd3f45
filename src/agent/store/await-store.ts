import pRetry from 'p-retry'
import { EdgeError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { openStore, type Store } from './open-store.ts'

/**
 * Opens the store once whoever holds it has ended: the last life may still be ending, as launchd starts the next one at
 * once. A service waits for as long as it takes, or launchd would start it again every ten seconds.
 *
 * @throws EdgeError as `openStore` does.
 */
export const awaitStore = (dir: string, isService: boolean, log: Log): Promise<Store> =>
  pRetry(() => openStore(dir), {
    retries: isService ? Number.POSITIVE_INFINITY : 4,
    minTimeout: 100,
    maxTimeout: LONGEST_WAIT_MS,
    shouldRetry: ({ error }) => error instanceof EdgeError && error.code === 'already_running',
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (isService && attemptNumber === LOUD_ATTEMPT && error instanceof EdgeError)
        log.warn({ code: error.code, remedy: error.remedy }, `${error.message}: waiting for it to end`)
    },
  })

const LONGEST_WAIT_MS = 30_000
/** The tries before it are for a last life that is still ending. */
const LOUD_ATTEMPT = 5
