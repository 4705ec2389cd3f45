import { setTimeout as sleep } from 'node:timers/promises'

/** What `check` finds, as soon as it does; undefined after `timeoutMs`. Throws the reason of `stop` when that aborts. */
export const until = async <T>(
  check: () => Promise<T | undefined> | T | undefined,
  stop: AbortSignal,
  timeoutMs: number,
): Promise<T | undefined> => {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline) {
    stop.throwIfAborted()
    const found = await check()
    if (found !== undefined) return found
    await sleep(LOOK_MS)
  }
  return undefined
}

const LOOK_MS = 10
