import { setTimeout as sleep } from 'node:timers/promises'

type Run = (
  program: string,
  args: readonly string[],
  options: { readonly timeoutMs: number },
) => Promise<{ readonly kind: string; readonly code?: number | undefined }>

/**
 * While macOS forbids chat.db: finds out whether a new process of this very program may read what we may not, as macOS tells
 * some grants to new processes only. Calls `onNewOnly` then. Runs until `signal` aborts; never rejects.
 */
export const watchForGrant = async ({
  path,
  isForbidden,
  run,
  onNewOnly,
  signal,
  everyMs = EVERY_MS,
  graceMs = GRACE_MS,
}: {
  readonly path: string
  readonly isForbidden: () => boolean
  readonly run: Run
  readonly onNewOnly: () => void
  readonly signal: AbortSignal
  readonly everyMs?: number
  /** How long we have to see the grant ourselves. */
  readonly graceMs?: number
}): Promise<void> => {
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {})
  while (!signal.aborted) {
    await pause(everyMs)
    if (signal.aborted || !isForbidden()) continue
    if (!(await mayNewProcessRead(path, run))) continue
    await pause(graceMs)
    if (!signal.aborted && isForbidden()) onNewOnly()
  }
}

/** Whether a fresh child of the program that we are may open and read it. */
const mayNewProcessRead = async (path: string, run: Run): Promise<boolean> => {
  const end = await run(process.execPath, ['-e', READ, path], { timeoutMs: TIMEOUT_MS })
  return end.kind === 'exited' && end.code === 0
}

/** macOS may allow open() and refuse read(): both. */
const READ = `
  const fs = require('node:fs')
  try { process.exit(fs.readSync(fs.openSync(process.argv[1], 'r'), Buffer.alloc(16)) > 0 ? 0 : 1) } catch { process.exit(1) }`

const EVERY_MS = 30_000
/** We try ourselves every second. */
const GRACE_MS = 3_000
const TIMEOUT_MS = 10_000
