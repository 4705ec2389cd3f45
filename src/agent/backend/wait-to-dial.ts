import type { SocketTimings } from './socket-timings.ts'
import { watchForWake } from './watch-for-wake.ts'

/**
 * Waits `delayMs`, or less where dialling at once makes sense: after a sleep, and when the secret is not the one any
 * more that was dialled with. Resolves with what ended the wait, and never rejects.
 */
export const waitToDial = ({
  delayMs,
  dialledSecret,
  readSecret,
  timings,
  signal,
  now,
  onWake,
}: {
  readonly delayMs: number
  readonly dialledSecret: string | undefined
  readonly readSecret: () => string | undefined
  readonly timings: SocketTimings
  readonly signal: AbortSignal
  readonly now: () => number
  readonly onWake: () => void
}): Promise<'due' | 'woke' | 'secret-changed' | 'stopped'> => {
  const { promise, resolve } = Promise.withResolvers<'due' | 'woke' | 'secret-changed' | 'stopped'>()
  if (signal.aborted) resolve('stopped')

  const wake = watchForWake({
    ...timings,
    now,
    onWake: () => {
      resolve('woke')
      onWake()
    },
  })
  const due = setTimeout(() => {
    if (!wake.justWoke()) resolve('due')
  }, delayMs)
  const poll = setInterval(() => {
    if (readSecret() !== dialledSecret) resolve('secret-changed')
  }, timings.secretPollMs)
  const stop = (): void => resolve('stopped')
  signal.addEventListener('abort', stop)

  return promise.finally(() => {
    wake.stop()
    clearTimeout(due)
    clearInterval(poll)
    signal.removeEventListener('abort', stop)
  })
}
