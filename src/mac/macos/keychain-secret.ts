import { EdgeError } from '../../agent/core/errors.ts'

/** A secret of the Keychain as the running agent uses it: asked for at every use, read seldom. */
export type KeychainSecret = {
  /** The last one that could be read. */
  readonly current: () => string | undefined
  /** Resolves when the first reading has ended, in whatever way, or with `stop`. */
  readonly ready: Promise<void>
  /** Reads it again: a sleep may have gone by, with a change of it. */
  readonly reread: () => void
  readonly stop: () => void
}

/**
 * Reads the secret at once and, once per `everyMs`, again while there is none or while the backend refuses the one that
 * there is: `security` is a process, and may raise a prompt.
 *
 * `onProblem` hears why it cannot be read where that matters, and undefined when it does not matter any more.
 */
export const createKeychainSecret = ({
  read,
  isRefused,
  onProblem,
  everyMs = 60_000,
}: {
  readonly read: () => Promise<string>
  readonly isRefused: () => boolean
  readonly onProblem: (problem: EdgeError | undefined) => void
  readonly everyMs?: number
}): KeychainSecret => {
  const stopped = new AbortController()
  let secret: string | undefined
  let reading: Promise<void> | undefined
  const isNeeded = (): boolean => secret === undefined || isRefused()

  const readOnce = async (): Promise<void> => {
    try {
      secret = await read()
      if (!stopped.signal.aborted) onProblem(undefined)
    } catch (error) {
      if (!stopped.signal.aborted && isNeeded()) onProblem(asEdgeError(error))
    }
  }
  const reread = (): Promise<void> => {
    reading ??= readOnce().finally(() => {
      reading = undefined
    })
    return reading
  }
  const timer = setInterval(() => {
    if (isNeeded()) void reread()
    else onProblem(undefined)
  }, everyMs).unref()

  const end = Promise.withResolvers<void>()
  stopped.signal.addEventListener('abort', () => end.resolve(), { once: true })
  return {
    current: () => secret,
    ready: Promise.race([reread(), end.promise]),
    reread: () => void reread(),
    stop: () => {
      clearInterval(timer)
      stopped.abort()
    },
  }
}

const asEdgeError = (error: unknown): EdgeError =>
  error instanceof EdgeError
    ? error
    : new EdgeError('keychain_failed', `the Keychain cannot be read: ${String(error)}`, { cause: error })
