import { setTimeout as sleep } from 'node:timers/promises'

/** What `look` finds, as soon as it does; undefined after `timeoutMs`. Throws the reason of `signal` when that aborts. */
export const until = async <T>(
  look: () => T | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<T | undefined> => {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    signal.throwIfAborted()
    const found = look()
    if (found !== undefined || performance.now() >= deadline) return found
    await sleep(LOOK_EVERY_MS)
  }
}

/** Waits; throws the reason of `signal` when that aborts. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await until(() => undefined, ms, signal)
}

const LOOK_EVERY_MS = 5
